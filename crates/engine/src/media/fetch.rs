//! The file of a message that came: from a media server into a scratch file, decrypted on the way.
//!
//! The library checks the MAC before it calls a file whole; that the bytes have the hash the message names is checked
//! here, since a MAC only tells that somebody who had the key made them. A file that is gone (404, 410) is asked of the
//! phone again, which uploads it anew and says where.

use crate::actor::Actor;
use std::{fs::File, os::unix::fs::OpenOptionsExt, time::Duration};
use wacore::{download::Downloadable, proto_helpers::MessageExt};
use wacore_binary::Jid;
use waproto::{codec, whatsapp as wa};
use wharf_domain::{
    Error,
    ports::{
        blobs::Scratch,
        engine::{MediaAsked, Refusal},
    },
};
use whatsapp_rust::{
    ErrorChainExt,
    download::DownloadParams,
    features::{MediaRetryResult, MediaReuploadRequest},
};

const PATIENCE: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 16 << 10;

fn refused(reason: &'static str, message: &str) -> Error {
    Error::Upstream(Refusal {
        reason,
        message: message.to_owned(),
        until: None,
    })
}

fn expired() -> Error {
    refused(
        "media_expired",
        "WhatsApp no longer has the file, and the phone did not upload it again",
    )
}

/// The part of a message that names a file.
fn part(message: &wa::Message) -> Option<&dyn Downloadable> {
    let base = message.get_base_message();
    if let Some(part) = base.image_message.as_option() {
        return Some(part);
    }
    for video in [&base.video_message, &base.ptv_message] {
        if let Some(part) = video.as_option() {
            return Some(part);
        }
    }
    if let Some(part) = base.audio_message.as_option() {
        return Some(part);
    }
    if let Some(part) = base.document_message.as_option() {
        return Some(part);
    }
    let sticker = base.sticker_message.as_option()?;
    Some(sticker)
}

fn params(message: &wa::Message) -> Option<DownloadParams> {
    let part = part(message)?;
    Some(DownloadParams {
        direct_path: part.direct_path()?.to_owned(),
        media_key: part.media_key().map(<[u8]>::to_vec),
        file_sha256: part.file_sha256()?.to_vec(),
        file_enc_sha256: part.file_enc_sha256().map(<[u8]>::to_vec),
        file_length: part.file_length().unwrap_or(0),
        media_type: part.app_info(),
    })
}

impl Actor {
    /// Fetches the file of a stored message.
    pub(crate) async fn fetch_media(&self, asked: &MediaAsked) -> Result<Scratch, Error> {
        let raw = self
            .converter()
            .opened(&asked.sealed_as, &asked.sealed)
            .and_then(|raw| codec::message_decode(&raw).ok());
        let mut params = raw.as_ref().and_then(params).ok_or_else(|| {
            refused(
                "media_expired",
                "where the file is was never told to this session",
            )
        })?;
        let file = self.shared.blobs.scratch();
        match self.download(&params, &file).await? {
            true => return Ok(file),
            false => params.direct_path = self.ask_again(asked, &params).await?,
        }
        if self.download(&params, &file).await? {
            Ok(file)
        } else {
            Err(expired())
        }
    }

    /// `false` when the server no longer has it.
    async fn download(&self, params: &DownloadParams, file: &Scratch) -> Result<bool, Error> {
        if !self.connected() {
            return Err(Error::NotConnected);
        }
        let into = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(file.path())
            .map_err(|error| Error::Unavailable(format!("files: {error}")))?;
        let patience = PATIENCE + Duration::from_secs(params.file_length / SLOWEST);
        let download = self.client.download_to_writer(params, into);
        match tokio::time::timeout(patience, download).await {
            Err(_) => Err(Error::Timeout),
            Ok(Ok(_)) => Ok(true),
            Ok(Err(error)) => {
                let status = error.http_status();
                tracing::warn!(session = %self.scope.id, status, "media not fetched");
                match status {
                    Some(404 | 410) => Ok(false),
                    _ => Err(refused(
                        "rejected",
                        "the file could not be fetched from WhatsApp whole and unchanged",
                    )),
                }
            }
        }
    }

    /// Asks the phone to upload the file again; where it is then.
    async fn ask_again(
        &self,
        asked: &MediaAsked,
        params: &DownloadParams,
    ) -> Result<String, Error> {
        let (Some(key), Ok(chat)) = (&params.media_key, asked.chat_jid.parse::<Jid>()) else {
            return Err(expired());
        };
        let author: Option<Jid> = asked.sender_jid.parse().ok();
        let request = MediaReuploadRequest {
            msg_id: &asked.wa_id,
            chat_jid: &chat,
            media_key: key,
            is_from_me: asked.from_me,
            participant: author.as_ref().filter(|_| asked.in_group),
        };
        match self.client.media_reupload().request(&request).await {
            Ok(MediaRetryResult::Success { direct_path }) => Ok(direct_path),
            Ok(_) => Err(expired()),
            Err(error) => {
                tracing::warn!(session = %self.scope.id, %error, "media not uploaded again");
                Err(expired())
            }
        }
    }
}
