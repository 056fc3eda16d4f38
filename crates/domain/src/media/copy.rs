//! A stored message's file as content of a new one: where a copy cannot use the upload it was made from, since files
//! lie open in channels and encrypted everywhere else.

use crate::{
    Domain, Result,
    messages::MessageAt,
    outbox::{MediaContent, MediaKind, What},
    ports::{blobs::Blob, store::StoreExt},
    sessions::SessionScope,
    show::Show,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use wharf_types::ChatJid;

/// What the message says of its file.
struct Said {
    kind: MediaKind,
    caption: String,
    media: Value,
}

impl Domain {
    /// The file of a message to be passed on between a channel and a chat that is none; `None` when there is none, or
    /// when the copy can use the upload there is.
    pub(crate) async fn copied_file(
        &self,
        scope: SessionScope,
        of: &MessageAt,
        to: &ChatJid,
    ) -> Result<Option<What>> {
        let (at, into) = (of.clone(), matches!(to, ChatJid::Channel(_)));
        let said = self.store.read(move |view| {
            let (chat, row) = Show::new(view, scope)?.find(&at)?;
            if (chat.kind == "channel") == into || row.deleted || row.extra.view_once {
                return Ok(None);
            }
            let kind = MediaKind::parse(&row.kind);
            Ok(kind.zip(row.extra.media).map(|(kind, media)| Said {
                kind,
                caption: row.body,
                media,
            }))
        });
        let Some(said) = said.await? else {
            return Ok(None);
        };
        let file = self.message_media(scope, of.clone()).await?;
        let blob = Blob {
            sha256: file.sha256,
            size: file.size,
        };
        let thumbnail = match said.kind {
            MediaKind::Image | MediaKind::Video => self.media.blobs.copy(&blob.sha256).await?,
            _ => None,
        };
        let thumbnail = match (thumbnail, said.kind) {
            (None, _) => Vec::new(),
            (Some(copy), MediaKind::Image) => {
                self.media.studio.picture(copy.path()).await.thumbnail
            }
            (Some(copy), _) => self.media.studio.film(copy.path()).await.thumbnail,
        };
        let number = |name: &str| {
            let number = said.media.get(name).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        Ok(Some(What::Media(Box::new(MediaContent {
            kind: said.kind,
            mimetype: file.mimetype,
            caption: said.caption,
            filename: file.filename,
            key: self.new_key(&scope, &blob),
            size: blob.size,
            sha256: blob.sha256,
            width: number("width"),
            height: number("height"),
            seconds: number("seconds"),
            waveform: Vec::new(),
            thumbnail: STANDARD.encode(thumbnail),
            voice: said.media.get("kind").and_then(Value::as_str) == Some("voice"),
            view_once: false,
            animated: said.media.get("animated").and_then(Value::as_bool) == Some(true),
        }))))
    }
}
