//! A file to be sent: from the store into an encrypted scratch file, and from there to a media server.
//!
//! The key was fixed when the send was accepted, so a repetition makes the same bytes, and the server that has them already
//! takes them as the same upload.

use super::{Place, media_type};
use crate::actor::Actor;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    time::Duration,
};
use wacore::upload::{EncryptedMediaInfo, UploadSource, encrypt_media_streaming_with_key};
use wharf_domain::{
    media::key_context,
    outbox::MediaContent,
    ports::{
        blobs::Scratch,
        engine::{Handed, Refusal},
    },
};
use whatsapp_rust::ErrorChainExt;

const BUFFER: usize = 64 << 10;
/// What a small file may take; large ones as long as 16 KiB/s would.
const PATIENCE: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 16 << 10;

/// An encrypted file of ours.
struct Sealed {
    file: Scratch,
    length: u64,
}

impl UploadSource for Sealed {
    fn len(&self) -> u64 {
        self.length
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(self.file.path())?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
    }
}

fn refused(message: &str) -> Handed {
    Handed::Refused(Refusal {
        reason: "rejected",
        message: message.to_owned(),
        until: None,
    })
}

impl Actor {
    /// Brings the file of a send to WhatsApp.
    pub(crate) async fn upload(&self, media: &MediaContent) -> Result<Place, Handed> {
        let (sealed, info) = self.sealed(media).await?;
        let patience = PATIENCE + Duration::from_secs(media.size / SLOWEST);
        let upload = self
            .client
            .upload_stream(sealed, info, media_type(media.kind));
        match tokio::time::timeout(patience, upload).await {
            Ok(Ok(uploaded)) => Ok(uploaded.into()),
            Ok(Err(error)) => {
                let status = error.http_status();
                tracing::warn!(session = %self.scope.id, status, "media not uploaded");
                Err(match status {
                    Some(413) => refused("WhatsApp says that the file is too large"),
                    Some(415) => refused("WhatsApp does not take this kind of file"),
                    _ => Handed::Unknown,
                })
            }
            Err(_) => Err(Handed::Unknown),
        }
    }

    async fn sealed(&self, media: &MediaContent) -> Result<(Sealed, EncryptedMediaInfo), Handed> {
        let key = STANDARD
            .decode(&media.key)
            .ok()
            .and_then(|key| {
                let context = key_context(&self.scope, &media.sha256);
                self.shared.secrets.open(&context, &key).ok()
            })
            .and_then(|key| <[u8; 32]>::try_from(key).ok())
            .ok_or_else(|| refused("the key of the file cannot be read"))?;
        let blobs = &self.shared.blobs;
        let plain = match blobs.copy(&media.sha256).await {
            Ok(Some(plain)) => plain,
            Ok(None) => return Err(refused("the file is no longer stored")),
            Err(error) => {
                tracing::warn!(session = %self.scope.id, %error, "media not read");
                return Err(Handed::Unknown);
            }
        };
        let (file, kind) = (blobs.scratch(), media_type(media.kind));
        let sealing = tokio::task::spawn_blocking(move || {
            let from = BufReader::with_capacity(BUFFER, File::open(plain.path())?);
            let to = File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(file.path())?;
            let to = BufWriter::with_capacity(BUFFER, to);
            let info = encrypt_media_streaming_with_key(from, to, kind, Some(&key), None)?;
            let length = file.path().metadata()?.len();
            anyhow::Ok((Sealed { file, length }, info))
        });
        match sealing.await {
            Ok(Ok(sealed)) => Ok(sealed),
            Ok(Err(error)) => {
                tracing::warn!(session = %self.scope.id, %error, "media not encrypted");
                Err(Handed::Unknown)
            }
            Err(_) => Err(Handed::Unknown),
        }
    }
}
