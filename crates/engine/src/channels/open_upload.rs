//! A file for a channel: uploaded as it is, under the hash of its bytes.
//!
//! The library uploads encrypted files only. Paths and answer as whatsmeow has them (`upload.go`): `/newsletter/newsletter-…`,
//! and a `handle` that the post names.

use crate::{actor::Actor, media::Place};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use std::{fs::File, io::BufReader, time::Duration};
use wacore::net::{HttpClient, HttpRequest};
use wharf_domain::{
    outbox::MediaContent,
    ports::{
        blobs::Scratch,
        engine::{Handed, Refusal},
    },
};

const BUFFER: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 16 << 10;

/// An uploaded file.
pub(super) struct Opened {
    pub place: Place,
    /// By which the post names the upload, "" if the server gave none.
    pub handle: String,
}

#[derive(Deserialize)]
struct Answer {
    url: String,
    direct_path: String,
    #[serde(default)]
    handle: String,
}

fn refused(message: &str) -> Handed {
    Handed::Refused(Refusal {
        reason: "rejected",
        message: message.to_owned(),
        until: None,
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

impl Actor {
    /// Brings the file of a post to WhatsApp.
    pub(super) async fn open_upload(&self, media: &MediaContent) -> Result<Opened, Handed> {
        let file = match self.shared.blobs.copy(&media.sha256).await {
            Ok(Some(file)) => file,
            Ok(None) => return Err(refused("the file is no longer stored")),
            Err(error) => {
                tracing::warn!(session = %self.scope.id, %error, "media not read");
                return Err(Handed::Unknown);
            }
        };
        let sha256 = bytes(&media.sha256).ok_or_else(|| refused("the file has no hash"))?;
        let patience = PATIENCE + Duration::from_secs(media.size / SLOWEST);
        let upload = self.upload_openly(media, &sha256, &file);
        let answer = tokio::time::timeout(patience, upload)
            .await
            .unwrap_or(Err(Handed::Unknown))?;
        Ok(Opened {
            place: Place {
                url: answer.url,
                direct_path: answer.direct_path,
                sha256,
                length: media.size,
                seal: None,
            },
            handle: answer.handle,
        })
    }

    /// Tries one host after another, once more with new credentials when the old ones are stale.
    async fn upload_openly(
        &self,
        media: &MediaContent,
        sha256: &[u8],
        file: &Scratch,
    ) -> Result<Answer, Handed> {
        let token = URL_SAFE_NO_PAD.encode(sha256);
        for fresh in [false, true] {
            let hosts = self.client.refresh_media_conn(fresh).await;
            let hosts = hosts.map_err(|error| {
                tracing::warn!(session = %self.scope.id, %error, "no media host known");
                Handed::Unknown
            })?;
            for host in &hosts.hosts {
                let url = format!(
                    "https://{}/newsletter/newsletter-{}/{token}?auth={}&token={token}",
                    host.hostname,
                    media.kind.as_str(),
                    hosts.auth,
                );
                match self.upload_to(url, file, media.size).await {
                    Some((200, body)) => {
                        return serde_json::from_slice(&body)
                            .map_err(|_| refused("the media host's answer could not be read"));
                    }
                    Some((413, _)) => {
                        return Err(refused("WhatsApp says that the file is too large"));
                    }
                    Some((415, _)) => {
                        return Err(refused("WhatsApp does not take this kind of file"));
                    }
                    Some((status, _)) => {
                        tracing::warn!(session = %self.scope.id, status, "media not uploaded");
                    }
                    None => {}
                }
            }
        }
        Err(Handed::Unknown)
    }

    async fn upload_to(&self, url: String, file: &Scratch, size: u64) -> Option<(u16, Vec<u8>)> {
        let http = self.http.clone();
        let path = file.path().to_owned();
        let exchange = tokio::task::spawn_blocking(move || {
            let request = HttpRequest::post(url)
                .with_header("Content-Type", "application/octet-stream")
                .with_header("Origin", "https://web.whatsapp.com");
            let body = BufReader::with_capacity(BUFFER, File::open(path)?);
            http.execute_upload(request, Box::new(body), size)
        });
        match exchange.await {
            Ok(Ok(answer)) => Some((answer.status_code, answer.body)),
            Ok(Err(error)) => {
                tracing::warn!(session = %self.scope.id, %error, "media not uploaded");
                None
            }
            Err(_) => None,
        }
    }
}
