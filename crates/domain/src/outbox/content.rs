//! The finished content of a send, fixed when it is accepted: a crash resends the same content under the same id.

use crate::inbound::{MessageExtra, SealedVote, Seen};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What a send says, whatever its kind, and what surrounds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What is said.
    #[serde(flatten)]
    pub what: What,
    /// JIDs mentioned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// The message replied to, resolved when accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Quoted>,
    /// How often it was passed on, this time included; 0 = an original.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forwarded: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The kinds of content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum What {
    /// Plain text.
    Text {
        /// ≤ 65,536 bytes.
        text: String,
        /// What its first link leads to, fetched when accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview: Option<Preview>,
    },
    /// A question with answers to choose from.
    Poll {
        /// The question.
        name: String,
        /// 2–12, distinct.
        options: Vec<String>,
        /// How many may be chosen; 0 = any number.
        selectable: u32,
    },
    /// A place.
    Location {
        /// −90 … 90.
        latitude: f64,
        /// −180 … 180.
        longitude: f64,
        /// "" if none.
        name: String,
        /// "" if none.
        address: String,
    },
    /// A person's card.
    Contact {
        /// As shown.
        name: String,
        /// The card itself.
        vcard: String,
    },
    /// A file in our media store, uploaded to WhatsApp when it is sent.
    Media(Box<MediaContent>),
    /// A message as it once came, passed on without a new upload.
    Forward {
        /// The id its sealed form is bound to.
        wa_id: String,
        /// The whole of it, sealed by the engine.
        sealed: String,
        /// Its caption as it stands now, of what has one: an edit leaves the sealed form as it came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
    },
    /// New words for an own text.
    Edit {
        /// Which.
        target: Target,
        /// 1–65,536 bytes.
        text: String,
    },
    /// A message deleted for everyone.
    Revoke {
        /// Which.
        target: Target,
    },
    /// An emoji on a message.
    Reaction {
        /// Which.
        target: Target,
        /// "" takes the former back.
        emoji: String,
    },
    /// A choice in a poll; replaces the former.
    Vote {
        /// Which poll.
        target: Target,
        /// Places in its options.
        options: Vec<usize>,
        /// The choice as it travels.
        vote: SealedVote,
    },
}

/// The message that something is done to, as WhatsApp names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Our row.
    pub message: i64,
    /// WhatsApp's id.
    pub wa_id: String,
    /// By the account itself.
    pub from_me: bool,
    /// Its author.
    pub author: Seen,
    /// The number the server gave it, of a channel's post; 0 = not known.
    #[serde(default, skip_serializing_if = "is_unnumbered")]
    pub number: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_unnumbered(number: &u64) -> bool {
    *number == 0
}

/// What a link leads to, as the sender saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The link as it stands in the text.
    pub url: String,
    /// The page's title.
    pub title: String,
    /// The page's description, "" if none.
    pub description: String,
    /// A small JPEG, base64, "" if none.
    pub thumbnail: String,
}

/// The kinds of media, by the contract's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each names itself")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

impl MediaKind {
    /// From the contract's `type`.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Image,
            Self::Video,
            Self::Audio,
            Self::Document,
            Self::Sticker,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
    }

    /// The contract's `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// A file to send. Its bytes are in the media store under their hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MediaContent {
    /// How it is shown.
    pub kind: MediaKind,
    /// Its MIME type.
    pub mimetype: String,
    /// "" if none.
    #[serde(default)]
    pub caption: String,
    /// "" if none.
    #[serde(default)]
    pub filename: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the plain bytes, hex: where they are in the media store.
    pub sha256: String,
    /// Pixels, of what has them.
    #[serde(default)]
    pub width: Option<u32>,
    /// Pixels, of what has them.
    #[serde(default)]
    pub height: Option<u32>,
    /// Length of what plays.
    #[serde(default)]
    pub seconds: Option<u32>,
    /// 64 loudness values (0–100) of a voice note, empty if unknown.
    #[serde(default)]
    pub waveform: Vec<u8>,
    /// A small JPEG, base64, "" if none.
    #[serde(default)]
    pub thumbnail: String,
    /// A voice note.
    #[serde(default)]
    pub voice: bool,
    /// Shown once.
    #[serde(default)]
    pub view_once: bool,
    /// A sticker that moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub animated: bool,
    /// The 32-byte media key, sealed, base64: part of the finished content.
    pub key: String,
}

/// A quoted message, as much as WhatsApp needs to show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Its id.
    pub wa_id: String,
    /// Its author's JID.
    pub sender_jid: String,
    /// Its text.
    pub body: String,
    /// The message as it came, sealed by the engine; "" when it was a text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sealed: String,
}

impl From<What> for Content {
    fn from(what: What) -> Self {
        Self {
            what,
            mentions: Vec::new(),
            quoted: None,
            forwarded: 0,
        }
    }
}

impl Content {
    /// Plain text without anything around it.
    pub fn text(text: impl Into<String>) -> Self {
        What::Text {
            text: text.into(),
            preview: None,
        }
        .into()
    }

    /// The message that this is done to; `None` for what is a message of its own.
    pub const fn target(&self) -> Option<&Target> {
        match &self.what {
            What::Edit { target, .. }
            | What::Revoke { target }
            | What::Reaction { target, .. }
            | What::Vote { target, .. } => Some(target),
            _ => None,
        }
    }

    /// Whether the session's rates count it: messages are counted, what is done to messages is not.
    pub const fn counted(&self) -> bool {
        self.target().is_none()
    }

    /// How many characters a person would have typed for it; `None` for what nobody types.
    pub fn characters(&self) -> Option<usize> {
        let text = match &self.what {
            What::Text { text, .. } => text,
            What::Poll { name, .. } => name,
            What::Media(media) => &media.caption,
            What::Location { .. } | What::Contact { .. } => "",
            _ => return None,
        };
        Some(text.chars().count())
    }
}

/// A message's kind, body and particular parts, as they are stored and shown.
pub(super) struct Shown {
    pub kind: String,
    pub body: String,
    pub extra: MessageExtra,
}

impl Content {
    /// The message that callers see of it; `None` where the content itself does not say.
    pub(super) fn shown(&self) -> Option<Shown> {
        let (kind, body, mut extra) = self.what.shown()?;
        extra.mentions.clone_from(&self.mentions);
        if let Some(quoted) = &self.quoted {
            extra.quoted_id.clone_from(&quoted.wa_id);
        }
        Some(Shown {
            kind: kind.into(),
            body,
            extra,
        })
    }
}

impl What {
    fn shown(&self) -> Option<(&'static str, String, MessageExtra)> {
        let mut extra = MessageExtra::default();
        let (kind, body) = match self {
            Self::Text { text, .. } => ("text", text),
            Self::Poll {
                name,
                options,
                selectable,
            } => {
                extra.poll = Some(json!({
                    "name": name,
                    "options": options,
                    "selectableCount": selectable,
                }));
                ("poll", name)
            }
            Self::Location {
                latitude,
                longitude,
                name,
                address,
            } => {
                extra.location = Some(json!({
                    "latitude": latitude,
                    "longitude": longitude,
                    "name": name,
                    "address": address,
                }));
                ("location", if name.is_empty() { address } else { name })
            }
            Self::Contact { name, vcard } => {
                extra.contact = Some(json!({
                    "name": name,
                    "phone": crate::vcard::phone(vcard),
                    "vcard": vcard,
                }));
                ("contact", name)
            }
            Self::Media(media) => {
                let kind = if media.voice {
                    "voice"
                } else {
                    media.kind.as_str()
                };
                extra.media = Some(json!({
                    "caption": media.caption,
                    "filename": media.filename,
                    "height": media.height,
                    "kind": kind,
                    "mimetype": media.mimetype,
                    "seconds": media.seconds,
                    "size": media.size,
                    "width": media.width,
                }));
                extra.file.clone_from(&media.sha256);
                extra.view_once = media.view_once;
                (media.kind.as_str(), &media.caption)
            }
            _ => return None,
        };
        Some((kind, body.clone(), extra))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_first_schema_still_read() {
        let old = r#"{"type":"text","text":"hi","mentions":["1@lid"],
            "quoted":{"wa_id":"Q","sender_jid":"1@lid","body":"b"}}"#;
        let read: Content = serde_json::from_str(old).unwrap();
        assert_eq!(read.mentions, ["1@lid"]);
        assert_eq!(read.quoted.unwrap().body, "b");
        let bare: Content =
            serde_json::from_str(r#"{"type":"text","text":"hi","mentions":[],"quoted":null}"#)
                .unwrap();
        assert_eq!(bare, Content::text("hi"));
    }

    fn target() -> Target {
        Target {
            message: 7,
            wa_id: "A".into(),
            from_me: false,
            author: Seen {
                lid: "1@lid".parse().ok(),
                phone: None,
            },
            number: 0,
        }
    }

    #[test]
    fn every_kind_comes_back_from_the_store_as_it_went() {
        let media = MediaContent {
            kind: MediaKind::Audio,
            mimetype: "audio/ogg".into(),
            caption: String::new(),
            filename: String::new(),
            size: 1 << 40,
            sha256: "ab".into(),
            width: None,
            height: None,
            seconds: Some(3),
            waveform: vec![0, 100],
            thumbnail: String::new(),
            voice: true,
            view_once: true,
            animated: true,
            key: "AA==".into(),
        };
        let kinds = [
            What::Text {
                text: "x".into(),
                preview: Some(Preview {
                    url: "https://example.com".into(),
                    title: "t".into(),
                    description: String::new(),
                    thumbnail: String::new(),
                }),
            },
            What::Poll {
                name: "q".into(),
                options: vec!["a".into(), "b".into()],
                selectable: 0,
            },
            What::Location {
                latitude: -33.856_784_3,
                longitude: 151.215_296_7,
                name: "o".into(),
                address: String::new(),
            },
            What::Contact {
                name: "n".into(),
                vcard: "BEGIN:VCARD".into(),
            },
            What::Media(Box::new(media)),
            What::Forward {
                wa_id: "A".into(),
                sealed: "AA==".into(),
                caption: Some("c".into()),
            },
            What::Edit {
                target: target(),
                text: "new".into(),
            },
            What::Revoke { target: target() },
            What::Reaction {
                target: target(),
                emoji: String::new(),
            },
            What::Vote {
                target: target(),
                options: vec![],
                vote: SealedVote {
                    payload: "AA==".into(),
                    iv: "AA==".into(),
                },
            },
        ];
        for what in kinds {
            let content = Content {
                forwarded: 2,
                ..what.into()
            };
            let text = serde_json::to_string(&content).unwrap();
            assert_eq!(
                serde_json::from_str::<Content>(&text).unwrap(),
                content,
                "{text}"
            );
        }
    }
}
