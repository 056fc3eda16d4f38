//! From what a caller asks for to the finished content: what it names is looked up (404), what cannot be done to it
//! is refused (400, 403). Reads only.

use super::{
    Content, NewAct, NewForward, NewSend, Quoted, Target, Wanted, What,
    accept::{Job, Wish},
    content::Shown,
    message_secret,
};
use crate::{
    Error, Result,
    inbound::{MessageExtra, SealedVote, Seen},
    ingest::poll_options,
    messages::{Author, MessageAt},
    ports::{
        engine::PollSecret,
        store::{ChatPeer, ChatRow, MessageRow, View},
    },
    show::{Own, Show},
};
use std::collections::HashSet;
use wharf_types::{ChannelJid, ChatJid, GroupJid, Millis, SendStatus};

/// A send about to be stored.
pub(super) struct Ready {
    /// Where it goes, as WhatsApp takes it.
    pub to: String,
    /// The stored chat of what is done to a message, else 0.
    pub chat_id: i64,
    pub content: Content,
    /// The message it becomes, and in which chat; `None` for what is done to a message.
    pub message: Option<(ChatJid, Shown)>,
    pub reference: String,
    pub send_at: Option<Millis>,
    pub expires_at: Option<Millis>,
}

impl Job {
    /// `None` when there is nothing to do.
    pub(super) fn prepare(&self, view: &dyn View) -> Result<Option<Ready>> {
        let show = Show::new(view, self.scope)?;
        match &self.wish {
            Wish::Message(new) => message(&show, new).map(Some),
            Wish::Forward(new) => forward(&show, new).map(Some),
            Wish::Act(new) => self.act(&show, new),
        }
    }

    fn act(&self, show: &Show<'_>, new: &NewAct) -> Result<Option<Ready>> {
        let (chat, row) = match &new.act {
            Wanted::Edit(_) => own_first(show, &new.of)?,
            // Nobody is told who wrote a post: its id is enough.
            Wanted::Revoke if matches!(new.of.chat, Some(ChatJid::Channel(_))) => {
                show.find(&MessageAt {
                    sender: Author::Any,
                    ..new.of.clone()
                })?
            }
            _ => show.find(&new.of)?,
        };
        if row.deleted {
            return Err(Error::invalid("mid", "was deleted"));
        }
        if matches!(row.status, Some(SendStatus::Failed | SendStatus::Cancelled)) {
            return Err(Error::invalid("mid", "was never sent"));
        }
        let target = target(show, &row)?;
        let channel: Option<ChannelJid> = match &chat.peer {
            ChatPeer::Jid(jid) => jid.parse().ok(),
            ChatPeer::Person(_) => None,
        };
        if let Some(channel) = channel {
            act_on_post(show, channel, &new.act, &target)?;
        }
        let what = match &new.act {
            Wanted::Edit(text) => {
                editable(&row)?;
                What::Edit {
                    target,
                    text: text.clone(),
                }
            }
            Wanted::Revoke => {
                if !row.from_me && chat.kind != "channel" {
                    revocable(show, &chat)?;
                }
                What::Revoke { target }
            }
            Wanted::React(emoji) => What::Reaction {
                target,
                emoji: emoji.as_str().to_owned(),
            },
            Wanted::Unreact => {
                if !reacted(show, &row)? {
                    return Ok(None);
                }
                What::Reaction {
                    target,
                    emoji: String::new(),
                }
            }
            Wanted::Vote(texts) => {
                let options = chosen(&row, texts)?;
                let vote = self.vote(show, &row, &target, texts)?;
                What::Vote {
                    target,
                    options,
                    vote,
                }
            }
        };
        Ok(Some(Ready {
            to: show.chat_jid(&chat)?,
            chat_id: chat.id,
            content: what.into(),
            message: None,
            reference: String::new(),
            send_at: None,
            expires_at: None,
        }))
    }

    /// The choice, encrypted for those who have the poll.
    fn vote(
        &self,
        show: &Show<'_>,
        row: &MessageRow,
        target: &Target,
        texts: &[String],
    ) -> Result<SealedVote> {
        let engine = self
            .engine
            .as_ref()
            .ok_or_else(|| Error::Unavailable("this process holds no sessions".into()))?;
        let secret = message_secret(show.view, &self.scope, &**engine, &*self.secrets, row)?;
        let sealed = secret.and_then(|secret| {
            let poll = PollSecret {
                wa_id: &row.wa_id,
                author: &target.author,
                secret: &secret,
            };
            engine.seal_vote(poll, &own_ids(&show.own), texts)
        });
        sealed
            .ok_or_else(|| Error::invalid("mid", "is a poll whose key this session never received"))
    }
}

/// What channels allow: their writers change posts, everybody reacts. Reactions name a post by its number.
fn act_on_post(show: &Show<'_>, channel: ChannelJid, act: &Wanted, target: &Target) -> Result<()> {
    match act {
        Wanted::Edit(_) | Wanted::Revoke => may_post(show, &ChatJid::Channel(channel)),
        Wanted::React(_) | Wanted::Unreact if target.number == 0 => Err(Error::invalid(
            "mid",
            "is a post whose number WhatsApp has not told yet",
        )),
        // The server counts these votes itself, in a form of its own.
        Wanted::Vote(_) => Err(Error::invalid(
            "mid",
            "is a poll of a channel: votes in it are not sent from here",
        )),
        Wanted::React(_) | Wanted::Unreact => Ok(()),
    }
}

fn own_ids(own: &Own) -> Seen {
    Seen {
        lid: own.lid.clone(),
        phone: own.phone.clone(),
    }
}

/// Only its owner and admins write in a channel. Of one that is not stored here the server decides.
fn may_post(show: &Show<'_>, to: &ChatJid) -> Result<()> {
    let ChatJid::Channel(jid) = to else {
        return Ok(());
    };
    match show.view.channel(show.no(), jid)? {
        Some(channel) if !channel.role.writes() => Err(Error::Forbidden("not_channel_admin")),
        _ => Ok(()),
    }
}

fn message(show: &Show<'_>, new: &NewSend) -> Result<Ready> {
    may_post(show, &new.to)?;
    let once = matches!(&new.what, What::Media(file) if file.view_once);
    if once && matches!(new.to, ChatJid::Channel(_)) {
        return Err(Error::invalid("viewOnce", "is not for channels"));
    }
    let quoted = match &new.reply_to {
        None => None,
        Some(wa_id) => Some(quoted(show, &new.to, wa_id)?),
    };
    let content = Content {
        mentions: new.mentions.clone(),
        quoted,
        ..new.what.clone().into()
    };
    let shown = content
        .shown()
        .ok_or_else(|| Error::Internal("a message that shows nothing".into()))?;
    Ok(Ready {
        to: new.to.jid(),
        chat_id: 0,
        content,
        message: Some((new.to.clone(), shown)),
        reference: new.reference.clone(),
        send_at: new.send_at,
        expires_at: new.expires_at,
    })
}

/// The message replied to, as much of it as WhatsApp shows.
fn quoted(show: &Show<'_>, to: &ChatJid, wa_id: &str) -> Result<Quoted> {
    let missing = || Error::NotFound("message");
    let chat = show.chat_at(to)?.ok_or_else(missing)?;
    let row = show
        .view
        .messages_by_wa_id(show.no(), chat.id, wa_id)?
        .into_iter()
        .next()
        .ok_or_else(missing)?;
    let sealed = match row.extra.sealed_as.is_empty() {
        true => row.extra.sealed.clone(),
        false => String::new(),
    };
    let message = show.message(row, &show.chat_jid(&chat)?)?;
    Ok(Quoted {
        wa_id: wa_id.to_owned(),
        sender_jid: message.sender_jid,
        body: message.body,
        sealed,
    })
}

/// A copy of what is stored: of a message that came in its sealed form, of one sent from here its content.
fn forward(show: &Show<'_>, new: &NewForward) -> Result<Ready> {
    may_post(show, &new.to)?;
    let (_, row) = show.find(&new.of)?;
    if row.deleted {
        return Err(Error::invalid("mid", "was deleted"));
    }
    if row.extra.view_once {
        return Err(Error::invalid("mid", "is to be seen once only"));
    }
    let mut shown = Shown {
        kind: row.kind.clone(),
        body: row.body.clone(),
        extra: copied(&row),
    };
    let content = if let Some(file) = new.file.clone() {
        let content = Content {
            forwarded: 1,
            ..file.into()
        };
        shown = content.shown().unwrap_or(shown);
        content
    } else if row.edited && row.kind == "text" {
        // The sealed form holds the words from before.
        text(&row.body)
    } else if row.extra.sealed.is_empty() {
        match show.view.outbox_by_message(show.no(), row.id)? {
            Some(send) if send.content.target().is_none() => Content {
                mentions: Vec::new(),
                quoted: None,
                forwarded: send.content.forwarded + 1,
                what: captioned(send.content.what, &row.body),
            },
            _ if row.kind == "text" => text(&row.body),
            _ => return Err(Error::invalid("mid", "is not stored in full")),
        }
    } else {
        What::Forward {
            wa_id: shown.extra.sealed_as.clone(),
            sealed: row.extra.sealed,
            caption: has_caption(&row.kind).then_some(row.body),
        }
        .into()
    };
    Ok(Ready {
        to: new.to.jid(),
        chat_id: 0,
        content,
        message: Some((new.to.clone(), shown)),
        reference: String::new(),
        send_at: None,
        expires_at: None,
    })
}

/// The kinds whose body is a caption, which an edit may have changed since.
fn has_caption(kind: &str) -> bool {
    matches!(kind, "image" | "video" | "document")
}

fn captioned(what: What, body: &str) -> What {
    match what {
        What::Media(mut media) if has_caption(media.kind.as_str()) => {
            body.clone_into(&mut media.caption);
            What::Media(media)
        }
        other => other,
    }
}

fn text(words: &str) -> Content {
    Content {
        forwarded: 1,
        ..Content::text(words)
    }
}

/// What goes along with a copy: not whom it answered, what was said about it, or who voted.
fn copied(row: &MessageRow) -> MessageExtra {
    let sealed_as = match (row.extra.sealed.is_empty(), row.extra.sealed_as.is_empty()) {
        (true, _) => String::new(),
        (false, true) => row.wa_id.clone(),
        (false, false) => row.extra.sealed_as.clone(),
    };
    MessageExtra {
        media: row.extra.media.clone(),
        file: row.extra.file.clone(),
        poll: row.extra.poll.clone(),
        location: row.extra.location.clone(),
        contact: row.extra.contact.clone(),
        sealed: row.extra.sealed.clone(),
        sealed_as,
        ..MessageExtra::default()
    }
}

fn target(show: &Show<'_>, row: &MessageRow) -> Result<Target> {
    let author = if row.from_me {
        own_ids(&show.own)
    } else {
        show.person(row.sender_id)?
            .map(|person| Seen {
                lid: person.lid,
                phone: person.phone,
            })
            .unwrap_or_default()
    };
    Ok(Target {
        message: row.id,
        wa_id: row.wa_id.clone(),
        from_me: row.from_me,
        author,
        number: row.extra.number,
    })
}

/// Only own messages are edited: an id that others have too means the own one.
fn own_first(show: &Show<'_>, of: &MessageAt) -> Result<(ChatRow, MessageRow)> {
    let own = MessageAt {
        sender: Author::Own,
        ..of.clone()
    };
    match show.find(&own) {
        Err(Error::NotFound("message")) => show.find(of),
        found => found,
    }
}

fn editable(row: &MessageRow) -> Result<()> {
    if !row.from_me {
        return Err(Error::invalid("mid", "is somebody else's message"));
    }
    if row.kind != "text" {
        return Err(Error::invalid("mid", "is not a text"));
    }
    Ok(())
}

/// Others' messages are taken back by a group's admins only.
fn revocable(show: &Show<'_>, chat: &ChatRow) -> Result<()> {
    let group: Option<GroupJid> = match &chat.peer {
        ChatPeer::Jid(jid) => jid.parse().ok(),
        ChatPeer::Person(_) => None,
    };
    let Some(group) = group else {
        return Err(Error::invalid(
            "sender",
            "others' messages can be taken back in groups only",
        ));
    };
    let refused = || Error::Forbidden("not_group_admin");
    let group = show.view.group(show.no(), &group)?.ok_or_else(refused)?;
    let mut own = None;
    if let Some(lid) = &show.own.lid {
        own = show.view.person_by_lid(show.no(), lid)?;
    }
    if let (None, Some(phone)) = (own, &show.own.phone) {
        own = show.view.person_by_phone(show.no(), phone)?;
    }
    let member = match own {
        Some(own) => show.view.member(show.no(), group.id, own)?,
        None => None,
    };
    match member {
        Some(member) if member.present && member.role != "member" => Ok(()),
        _ => Err(refused()),
    }
}

/// Whether the account has a reaction on the message, or one under way.
fn reacted(show: &Show<'_>, row: &MessageRow) -> Result<bool> {
    if let Some(send) = show.view.outbox_reaction(show.no(), row.id)?
        && let What::Reaction { emoji, .. } = &send.content.what
    {
        return Ok(!emoji.is_empty());
    }
    let mut reactions = row.extra.reactions.iter();
    Ok(reactions.any(|reaction| reaction.by == 0 && !reaction.emoji.is_empty()))
}

/// The places of the options chosen.
fn chosen(row: &MessageRow, texts: &[String]) -> Result<Vec<usize>> {
    let Some(poll) = row.extra.poll.as_ref().filter(|_| row.kind == "poll") else {
        return Err(Error::invalid("mid", "is not a poll"));
    };
    let options = poll_options(Some(poll));
    let most = poll
        .get("selectableCount")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or(0);
    let mut places = HashSet::new();
    for (at, text) in texts.iter().enumerate() {
        let place = options.iter().position(|option| option == text);
        let Some(place) = place else {
            return Err(Error::invalid(
                format!("options[{at}]"),
                "is not an option of this poll",
            ));
        };
        if !places.insert(place) {
            return Err(Error::invalid("options", "must be distinct"));
        }
    }
    if most > 0 && places.len() as u64 > most {
        return Err(Error::invalid(
            "options",
            format!("must be at most {most}: the poll allows no more"),
        ));
    }
    let mut places: Vec<usize> = places.into_iter().collect();
    places.sort_unstable();
    Ok(places)
}
