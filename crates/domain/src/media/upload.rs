//! Files a caller sends ahead, to name them in sends later.

use super::{Media, id_context, kinds};
use crate::{
    Domain, Error, Result,
    ports::{
        blobs::{Blob, Chunks},
        secrets::Secrets,
        store::StoreExt,
    },
    sessions::SessionScope,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "media_";
/// Ids are random: an own one is one of few with its text.
const SAME_ID: usize = 100;

/// A file on its way in.
pub struct NewUpload {
    /// What the caller says it is, "" if nothing.
    pub mimetype: String,
    /// What the caller calls it, "" if nothing.
    pub filename: String,
    /// The bytes.
    pub body: Box<dyn Chunks>,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Uploaded {
    pub media_id: String,
    pub mimetype: String,
    pub size: u64,
    pub sha256: String,
}

/// What a `mediaId` says, to us alone.
#[derive(Serialize, Deserialize)]
pub(super) struct Known {
    pub sha256: String,
    pub mimetype: String,
    pub filename: String,
}

impl Known {
    fn id(&self, scope: &SessionScope, secrets: &dyn Secrets) -> Result<String> {
        let plain = serde_json::to_vec(self).map_err(|e| Error::Internal(e.to_string()))?;
        let sealed = secrets.seal(&id_context(scope), &plain);
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The file an id of this session names; whether it is still kept is another question.
    pub(super) fn of(id: &str, scope: &SessionScope, secrets: &dyn Secrets) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let plain = secrets.open(&id_context(scope), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }
}

impl Media {
    /// Keeps a body and sniffs it.
    pub(super) async fn take(
        &self,
        body: &mut dyn Chunks,
        most: u64,
    ) -> Result<(Blob, Option<&'static str>)> {
        let file = self.blobs.fill(body, most).await?;
        if file.size() == 0 {
            return Err(Error::invalid("body", "is empty"));
        }
        let sniffed = self.studio.sniff(file.path()).await;
        Ok((self.blobs.keep(file).await?, sniffed))
    }
}

impl Domain {
    /// Keeps a file for sends of this session. A type that says nothing is replaced by what the bytes show.
    pub async fn upload_media(&self, scope: SessionScope, mut new: NewUpload) -> Result<Uploaded> {
        let said = kinds::named(&new.mimetype)
            .map_err(|_| Error::invalid("Content-Type", "is not a MIME type"))?;
        let largest = self.media.keeping.largest;
        let (blob, sniffed) = self.media.take(&mut *new.body, largest).await?;
        let vague = |said: &String| {
            let essence = kinds::essence(said);
            essence == "application/octet-stream" || essence == "application/x-www-form-urlencoded"
        };
        let mimetype = said
            .filter(|said| !vague(said))
            .or_else(|| match kinds::is_opus(sniffed) {
                true => Some(kinds::VOICE.to_owned()),
                false => sniffed.map(str::to_owned),
            })
            .unwrap_or_else(|| "application/octet-stream".into());
        let known = Known {
            sha256: blob.sha256.clone(),
            mimetype: mimetype.clone(),
            filename: new.filename,
        };
        Ok(Uploaded {
            media_id: known.id(&scope, &*self.secrets)?,
            mimetype,
            size: blob.size,
            sha256: blob.sha256,
        })
    }

    /// Keeps where WhatsApp has the file of an own message, so that it can be had after the store let it go.
    pub(crate) async fn media_uploaded(
        &self,
        scope: SessionScope,
        wa_id: String,
        sealed: String,
    ) -> Result<()> {
        self.store
            .write(move |tx| {
                let rows = tx.messages_anywhere(scope.no, &wa_id, SAME_ID)?;
                for mut row in rows.into_iter().filter(|row| row.from_me && !row.deleted) {
                    row.extra.sealed.clone_from(&sealed);
                    tx.put_message(scope.no, &row)?;
                }
                Ok(())
            })
            .await
    }
}
