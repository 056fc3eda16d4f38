//! The bytes of a stored message: from what is kept, else from WhatsApp, after which they are kept.
//!
//! A file from WhatsApp is taken whole, its MAC and its hash checked, before the first byte of it is handed on: nobody gets
//! half a file, or one that somebody changed on the way, and is told at the end.

use crate::{
    Domain, Error, Result,
    messages::MessageAt,
    outbox::What,
    ports::{
        blobs::Chunks,
        engine::{MediaAsked, Refusal},
        store::StoreExt,
    },
    sessions::SessionScope,
    show::Show,
};
use serde_json::Value;

/// A part of a file: from a byte on, so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first byte.
    pub from: u64,
    /// How many; never more than there are.
    pub length: u64,
}

/// A message's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// SHA-256 of its bytes, hex: where it is in the store.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// As the message says.
    pub mimetype: String,
    /// As the message says, "" if it does not.
    pub filename: String,
}

/// What the store knows of a message's file.
struct Named {
    /// "" when only the message's sealed form tells.
    sha256: String,
    mimetype: String,
    filename: String,
    asked: MediaAsked,
}

fn text(media: &Value, name: &str) -> String {
    let value = media.get(name).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

fn changed() -> Error {
    Error::Upstream(Refusal {
        reason: "rejected",
        message: "the file that WhatsApp has is not the one the message names".into(),
        until: None,
    })
}

fn gone() -> Error {
    Error::Upstream(Refusal {
        reason: "media_expired",
        message: "the file is no longer kept here, and where WhatsApp has it is not known".into(),
        until: None,
    })
}

impl Domain {
    /// The file of a stored message, kept here from then on.
    pub async fn message_media(&self, scope: SessionScope, at: MessageAt) -> Result<MediaFile> {
        let named = self.store.read(move |view| {
            let show = Show::new(view, scope)?;
            let (chat, row) = show.find(&at)?;
            let media = row.extra.media.clone().ok_or(Error::NotFound("media"))?;
            if row.deleted {
                return Err(Error::NotFound("media"));
            }
            let mut sha256 = row.extra.file.clone();
            if sha256.is_empty()
                && row.from_me
                && let Some(send) = view.outbox_by_message(scope.no, row.id)?
                && let What::Media(sent) = send.content.what
            {
                sha256 = sent.sha256;
            }
            let chat_jid = show.chat_jid(&chat)?;
            let (sealed, from_me, wa_id) =
                (row.extra.sealed.clone(), row.from_me, row.wa_id.clone());
            // A copy that was passed on keeps the form of what it was copied from.
            let sealed_as = Some(row.extra.sealed_as.clone())
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| wa_id.clone());
            let message = show.message(row, &chat_jid)?;
            Ok(Named {
                sha256,
                mimetype: text(&media, "mimetype"),
                filename: text(&media, "filename"),
                asked: MediaAsked {
                    wa_id,
                    in_group: chat_jid.ends_with("@g.us"),
                    chat_jid,
                    sender_jid: message.sender_jid,
                    from_me,
                    sealed,
                    sealed_as,
                },
            })
        });
        let named = named.await?;
        let blobs = &self.media.blobs;
        if !named.sha256.is_empty()
            && let Some(size) = blobs.used(&named.sha256).await?
        {
            return Ok(MediaFile {
                sha256: named.sha256,
                size,
                mimetype: named.mimetype,
                filename: named.filename,
            });
        }
        if named.asked.sealed.is_empty() {
            return Err(gone());
        }
        let file = self.engine()?.fetch_media(&scope, &named.asked).await?;
        let blob = blobs.keep(file).await?;
        if !named.sha256.is_empty() && blob.sha256 != named.sha256 {
            // Under its true name it may be somebody's: the sweep knows.
            return Err(changed());
        }
        Ok(MediaFile {
            sha256: blob.sha256,
            size: blob.size,
            mimetype: named.mimetype,
            filename: named.filename,
        })
    }

    /// The bytes of a file, or a part of them.
    pub async fn media_bytes(&self, file: &MediaFile, part: Part) -> Result<Box<dyn Chunks>> {
        let read = self.media.blobs.read(&file.sha256, part.from, part.length);
        read.await?.ok_or_else(gone)
    }
}
