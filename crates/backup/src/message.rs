//! Rows of messages and what was done to them, as facts.

use crate::{kinds, kinds::Kind};
use rusqlite::Row;
use serde_json::json;
use std::collections::HashMap;
use wharf_domain::{
    inbound::{Act, Deed, InChat, InMessage, Inbound, MessageExtra, Origin, Party, Seen},
    vcard,
};
use wharf_types::{Address, ChatJid};

/// Bytes of an id: WhatsApp's have some thirty.
const LONGEST_ID: usize = 128;

/// Some texts for each message.
pub(crate) type Texts = HashMap<i64, Vec<String>>;

/// What stands in other tables about the messages of a piece.
pub(crate) struct Beside {
    pub mentions: Texts,
    pub options: Texts,
    pub cards: Texts,
}

/// A row of `message` and what stands beside it.
pub(crate) struct Stored {
    pub id: i64,
    chat: String,
    sender: String,
    from_me: bool,
    key: String,
    at: i64,
    kind: i64,
    text: String,
    status: i64,
    mimetype: String,
    filename: String,
    caption: String,
    seconds: Option<i64>,
    size: Option<i64>,
    width: Option<i64>,
    height: Option<i64>,
    quoted: String,
    latitude: Option<f64>,
    longitude: Option<f64>,
    place: String,
    address: String,
    selectable: i64,
    edited_at: i64,
}

impl Stored {
    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            chat: text(row, 1)?,
            sender: text(row, 2)?,
            from_me: number(row, 3)?.unwrap_or(0) != 0,
            key: text(row, 4)?,
            at: number(row, 5)?.unwrap_or(0),
            kind: number(row, 6)?.unwrap_or(-1),
            text: text(row, 7)?,
            status: number(row, 8)?.unwrap_or(0),
            mimetype: text(row, 9)?,
            filename: text(row, 10)?,
            caption: text(row, 11)?,
            seconds: number(row, 12)?,
            size: number(row, 13)?,
            width: number(row, 14)?,
            height: number(row, 15)?,
            quoted: text(row, 16)?,
            latitude: row.get(17).unwrap_or(None),
            longitude: row.get(18).unwrap_or(None),
            place: text(row, 19)?,
            address: text(row, 20)?,
            selectable: number(row, 21)?.unwrap_or(0),
            edited_at: number(row, 22)?.unwrap_or(0),
        })
    }

    /// Nothing for what nobody said, and for what names no chat, nobody or no time.
    pub(crate) fn facts(self, beside: &mut Beside) -> Vec<Inbound> {
        let (kind, deleted) = match kinds::of(self.kind) {
            Kind::Said(kind) => (kind, false),
            Kind::Deleted => ("unknown", true),
            Kind::Notice => return Vec::new(),
        };
        let Some(message) = self.message(kind, beside) else {
            return Vec::new();
        };
        let revoked = deleted.then(|| {
            let author = match message.from_me {
                true => Party::Own,
                false => Party::Other(message.sender.clone()),
            };
            Inbound::Deed(Box::new(Deed {
                chat: message.chat.clone(),
                wa_id: message.wa_id.clone(),
                by: author.clone(),
                author,
                act: Act::Revoked,
                at: message.at,
                origin: Origin::Bulk,
            }))
        });
        let message = Inbound::Message(Box::new(message));
        [message].into_iter().chain(revoked).collect()
    }

    fn message(self, kind: &str, beside: &mut Beside) -> Option<InMessage> {
        let chat = chat(&self.chat)?;
        let sender = match (&chat, self.from_me) {
            (_, true) => Seen::default(),
            (InChat::Person(seen), false) => seen.clone(),
            (_, false) => person(&self.sender)?,
        };
        if self.key.is_empty() || self.key.len() > LONGEST_ID || self.at <= 0 {
            return None;
        }
        let (body, extra) = self.content(kind, beside);
        Some(InMessage {
            chat,
            sender,
            from_me: self.from_me,
            wa_id: self.key,
            at: self.at,
            push_name: String::new(),
            kind: kind.to_owned(),
            body,
            extra,
            origin: Origin::Bulk,
            ack_level: match self.from_me {
                true => kinds::ack_level(self.status),
                false => 0,
            },
        })
    }

    fn content(&self, kind: &str, beside: &mut Beside) -> (String, MessageExtra) {
        let mut extra = MessageExtra {
            quoted_id: self.quoted.clone(),
            mentions: beside.mentions.remove(&self.id).unwrap_or_default(),
            view_once: kinds::view_once(self.kind),
            edited_at: self.edited_at.max(0),
            ..MessageExtra::default()
        };
        let body = match kind {
            "image" | "video" | "audio" | "document" | "sticker" => {
                let caption = if self.caption.is_empty() {
                    &self.text
                } else {
                    &self.caption
                };
                extra.media = Some(json!({
                    "caption": caption, "filename": self.filename, "height": self.height, "kind": kind,
                    "mimetype": self.mimetype, "seconds": self.seconds, "size": self.size, "width": self.width,
                }));
                caption.clone()
            }
            "location" => {
                extra.location = Some(json!({
                    "latitude": self.latitude, "longitude": self.longitude,
                    "name": self.place, "address": self.address,
                }));
                if self.place.is_empty() {
                    self.address.clone()
                } else {
                    self.place.clone()
                }
            }
            "contact" => {
                let card = beside.cards.remove(&self.id).unwrap_or_default().join("\n");
                let name = if self.text.is_empty() {
                    vcard::name(&card)
                } else {
                    self.text.clone()
                };
                extra.contact =
                    Some(json!({ "name": name, "phone": vcard::phone(&card), "vcard": card }));
                name
            }
            "poll" => {
                let options = beside.options.remove(&self.id).unwrap_or_default();
                extra.poll = Some(json!({
                    "name": self.text, "options": options, "selectableCount": self.selectable,
                }));
                self.text.clone()
            }
            _ => self.text.clone(),
        };
        (body, extra)
    }
}

pub(crate) fn deed(row: &Row<'_>) -> rusqlite::Result<Option<Inbound>> {
    let (in_chat, wa_id) = (text(row, 1)?, text(row, 2)?);
    let (own_message, author) = (number(row, 3)?.unwrap_or(0) != 0, text(row, 4)?);
    let (own_deed, by) = (number(row, 5)?.unwrap_or(0) != 0, text(row, 6)?);
    let (emoji, at) = (text(row, 7)?, number(row, 8)?.unwrap_or(0));
    let Some(chat) = chat(&in_chat) else {
        return Ok(None);
    };
    let party = |own, jid: &str| match (own, &chat, person(jid)) {
        (true, ..) => Party::Own,
        (false, InChat::Person(seen), _) => Party::Other(seen.clone()),
        (false, _, Some(seen)) => Party::Other(seen),
        (false, _, None) => Party::Unknown,
    };
    let (author, by) = (party(own_message, &author), party(own_deed, &by));
    if emoji.is_empty() || wa_id.is_empty() || by == Party::Unknown {
        return Ok(None);
    }
    Ok(Some(Inbound::Deed(Box::new(Deed {
        chat,
        wa_id,
        author,
        by,
        act: Act::Reacted { emoji },
        at,
        origin: Origin::Bulk,
    }))))
}

pub(crate) fn chat(jid: &str) -> Option<InChat> {
    Some(match jid.parse().ok()? {
        ChatJid::Person(address) => InChat::Person(seen(address)),
        ChatJid::Group(group) => InChat::Group(group),
        ChatJid::Channel(channel) => InChat::Channel(channel),
        ChatJid::Status => InChat::Status,
    })
}

pub(crate) fn person(jid: &str) -> Option<Seen> {
    jid.contains('@').then(|| jid.parse().ok().map(seen))?
}

pub(crate) fn seen(address: Address) -> Seen {
    match address {
        Address::Phone(phone) => Seen {
            phone: Some(phone),
            lid: None,
        },
        Address::Lid(lid) => Seen {
            lid: Some(lid),
            phone: None,
        },
    }
}

/// Text, "" for anything else a stranger may have put there.
pub(crate) fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    let value = row.get_ref(at)?;
    Ok(value
        .as_str()
        .map(|text| text.replace('\0', ""))
        .unwrap_or_default())
}

pub(crate) fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<i64>> {
    Ok(row.get_ref(at)?.as_i64().ok())
}
