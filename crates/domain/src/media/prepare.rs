//! From what a send names to finished content: the bytes kept, their type settled, what phones show made, the key fixed.

use super::{
    LARGEST_DATA, key_context,
    kinds::{self, VOICE},
    sources,
    upload::Known,
};
use crate::{
    Domain, Error, Result,
    outbox::{Idempotency, MediaContent, MediaKind, What},
    ports::{
        blobs::{Blob, Scratch},
        store::StoreExt,
        studio::{Heard, Seen},
    },
    sessions::SessionScope,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

const STICKER: &str = "image/webp";

/// Where the bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// Base64 or a `data:` URI.
    Data(String),
    /// Somewhere on the web.
    Url(String),
    /// Uploaded before.
    Id(String),
}

/// A file to send, as the caller describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMedia {
    /// How it is shown.
    pub kind: MediaKind,
    /// Where the bytes are.
    pub source: MediaSource,
    /// "" if not said.
    pub mimetype: String,
    /// "" if none.
    pub caption: String,
    /// "" if none.
    pub filename: String,
    /// A voice note.
    pub voice: bool,
    /// Shown once.
    pub view_once: bool,
}

impl NewMedia {
    /// What stands in a send until its file is prepared. It never goes out: the engine finds no file under it.
    pub fn unprepared(&self) -> What {
        What::Media(Box::new(MediaContent {
            kind: self.kind,
            mimetype: String::new(),
            caption: String::new(),
            filename: String::new(),
            size: 0,
            sha256: String::new(),
            width: None,
            height: None,
            seconds: None,
            waveform: Vec::new(),
            thumbnail: String::new(),
            voice: false,
            view_once: false,
            animated: false,
            key: String::new(),
        }))
    }
}

/// The bytes in a scratch file, and what else the source says.
struct Got {
    file: Scratch,
    mimetype: Option<String>,
    filename: String,
}

impl Domain {
    /// Makes finished content of a file to send. `None` when the idempotency key is known already: the answer is a replay
    /// or a refusal, and nothing shall be fetched for it again.
    pub async fn prepare_media(
        &self,
        scope: SessionScope,
        new: NewMedia,
        sync: bool,
        key: Option<&Idempotency>,
    ) -> Result<Option<What>> {
        let said = kinds::named(&new.mimetype)?;
        let key = key.map(|key| key.key.clone());
        let (known, paired) = self
            .store
            .read(move |view| {
                let known = match &key {
                    Some(key) => view.idempotency(&scope.org, key)?.is_some(),
                    None => false,
                };
                let session = view.session(&scope.org, &scope.id)?;
                Ok((known, session.ok_or(Error::NotFound("session"))?.paired()))
            })
            .await?;
        if known {
            return Ok(None);
        }
        // What would be refused anyway is not worth fetching a file for.
        if !paired {
            return Err(Error::NotPaired);
        }
        if sync && !self.engine().is_ok_and(|engine| engine.connected(&scope)) {
            return Err(Error::NotConnected);
        }
        let got = self.get(&scope, new.source.clone()).await?;
        if got.file.size() == 0 {
            return Err(Error::invalid("media", "is empty"));
        }
        let sniffed = self.media.studio.sniff(got.file.path()).await;
        let said = said.or(got.mimetype);
        let mut mimetype = kinds::settle(new.kind, said.as_deref(), sniffed)?;
        let studio = &self.media.studio;
        let mut file = got.file;
        if new.voice && kinds::is_opus(sniffed) {
            mimetype = VOICE.to_owned();
        } else if new.voice {
            let made = self.media.blobs.scratch();
            if studio.voice(file.path(), made.path()).await {
                (file, mimetype) = (made, VOICE.to_owned());
            }
        }
        if new.kind == MediaKind::Sticker && mimetype != STICKER {
            let made = self.media.blobs.scratch();
            if studio.sticker(file.path(), made.path()).await {
                (file, mimetype) = (made, STICKER.to_owned());
            }
        }
        let mut seen = Seen::default();
        let mut heard = Heard::default();
        match new.kind {
            MediaKind::Image => seen = studio.picture(file.path()).await,
            MediaKind::Sticker => {
                seen = studio.picture(file.path()).await;
                seen.thumbnail.clear();
            }
            MediaKind::Video => seen = studio.film(file.path()).await,
            MediaKind::Audio => heard = studio.sound(file.path(), new.voice).await,
            MediaKind::Document => {}
        }
        let blob = self.media.blobs.keep(file).await?;
        let filename = match (new.filename.is_empty(), new.kind) {
            (false, _) => new.filename,
            (true, MediaKind::Document) => got.filename,
            (true, _) => String::new(),
        };
        Ok(Some(What::Media(Box::new(MediaContent {
            kind: new.kind,
            mimetype,
            caption: new.caption,
            filename,
            key: self.new_key(&scope, &blob),
            size: blob.size,
            sha256: blob.sha256,
            width: seen.width,
            height: seen.height,
            seconds: seen.seconds.or(heard.seconds),
            waveform: heard.waveform,
            thumbnail: STANDARD.encode(seen.thumbnail),
            voice: new.voice,
            view_once: new.view_once,
            animated: new.kind == MediaKind::Sticker && seen.moves,
        }))))
    }

    /// A picture for a profile: a square JPEG of the middle of what the source has.
    pub(crate) async fn portrait(
        &self,
        scope: &SessionScope,
        source: MediaSource,
    ) -> Result<Vec<u8>> {
        let got = self.get(scope, source).await?;
        let jpeg = self.media.studio.portrait(got.file.path()).await;
        if jpeg.is_empty() {
            return Err(Error::invalid("media", "is not a picture that can be read"));
        }
        Ok(jpeg)
    }

    async fn get(&self, scope: &SessionScope, source: MediaSource) -> Result<Got> {
        let blobs = &self.media.blobs;
        match source {
            MediaSource::Data(text) => {
                let (mut body, mimetype) = sources::Base64::new(text)?;
                let mimetype = match mimetype {
                    None => None,
                    Some(mimetype) => kinds::named(&mimetype)
                        .map_err(|_| Error::invalid("media.data", "names no MIME type"))?,
                };
                Ok(Got {
                    file: blobs.fill(&mut body, LARGEST_DATA).await?,
                    mimetype,
                    filename: String::new(),
                })
            }
            MediaSource::Url(url) => {
                let largest = self.media.keeping.largest;
                let answer = self.web.get(&url, largest).await.map_err(sources::of_url)?;
                // What a server says of a file is worth little: the bytes are asked before it.
                let mut body = sources::Fetched(answer.body);
                let file = blobs.fill(&mut body, largest).await?;
                if self.media.studio.sniff(file.path()).await.is_some() {
                    return Ok(Got {
                        file,
                        mimetype: None,
                        filename: name_in(&url),
                    });
                }
                Ok(Got {
                    file,
                    mimetype: kinds::named(&answer.mimetype).unwrap_or(None),
                    filename: name_in(&url),
                })
            }
            MediaSource::Id(id) => {
                let gone =
                    || Error::invalid("media.mediaId", "is not the id of a file that is kept");
                let known = Known::of(&id, scope, &*self.secrets).ok_or_else(gone)?;
                let file = blobs.copy(&known.sha256).await?.ok_or_else(gone)?;
                Ok(Got {
                    file,
                    mimetype: Some(known.mimetype),
                    filename: known.filename,
                })
            }
        }
    }

    /// 32 random bytes, sealed: the same however often the send is repeated.
    pub(super) fn new_key(&self, scope: &SessionScope, blob: &Blob) -> String {
        let mut key = [0; 32];
        self.ids.random(&mut key);
        let sealed = self.secrets.seal(&key_context(scope, &blob.sha256), &key);
        STANDARD.encode(sealed)
    }
}

/// The last part of a URL's path, when it looks like a file's name.
fn name_in(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let good = last.contains('.') && last.len() <= 100 && last.bytes().all(plain);
    if good { last.to_owned() } else { String::new() }
}
