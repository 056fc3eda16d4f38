//! History sync: what the phone hands a newly linked device. Conversations are read one at a time, so that a chunk
//! of any size costs the memory of one conversation.

use super::{
    BATCH, Converter, chat, deeds::About, known, message::Envelope, millis, parse, seen, seen_all,
};
use wacore::types::events::LazyHistorySync;
use wacore_binary::Jid;
use waproto::whatsapp as wa;
use wharf_domain::inbound::{ChatState, InChat, Inbound, NameSource, Origin, Party, Seen};
use wharf_types::Millis;

/// A push name the phone does not know.
const NO_NAME: &str = "-";

impl Converter {
    /// Reads a chunk and gives its facts away batch by batch; `give` returns whether to go on.
    pub(crate) fn history(
        &self,
        chunk: &LazyHistorySync,
        mut give: impl FnMut(Vec<Inbound>) -> bool,
    ) -> Result<bool, String> {
        let mut facts = Vec::new();
        let mut stream = chunk.stream();
        while let Some(conversation) = stream.next_conversation().map_err(|e| e.to_string())? {
            self.conversation(&conversation, &mut facts);
            while facts.len() >= BATCH {
                let rest = facts.split_off(BATCH);
                if !give(std::mem::replace(&mut facts, rest)) {
                    return Ok(false);
                }
            }
        }
        self.rest(&stream.remainder().map_err(|e| e.to_string())?, &mut facts);
        for batch in super::batches(facts) {
            if !give(batch) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn conversation(&self, c: &wa::Conversation, facts: &mut Vec<Inbound>) {
        let Some(jid) = parse(&c.id) else { return };
        let others: Vec<Jid> = [&c.pn_jid, &c.lid_jid]
            .into_iter()
            .filter_map(|jid| jid.as_deref().and_then(parse))
            .collect();
        let Some(mut place) = chat(&jid, None) else {
            return;
        };
        if let InChat::Person(who) = &mut place {
            *who = seen_all(std::iter::once(&jid).chain(&others));
            if let (Some(lid), Some(phone)) = (who.lid.clone(), who.phone.clone()) {
                facts.push(Inbound::SamePerson { lid, phone });
            }
        }
        let last = c
            .conversation_timestamp
            .or(c.last_msg_timestamp)
            .and_then(time);
        facts.push(Inbound::Chat {
            chat: place.clone(),
            state: ChatState {
                archived: c.archived,
                pinned: c.pinned.map(|since| since > 0),
                muted_until: c.mute_end_time.map(|until| {
                    i64::try_from(until)
                        .ok()
                        .map(millis)
                        .filter(|until| *until > 0)
                }),
                unread: c.unread_count,
                name: c.name.clone().filter(|name| !name.is_empty()),
                last_at: last,
            },
            at: None,
            origin: Origin::Bulk,
        });
        // The phone sends newest first; stored in order of writing they read naturally.
        for message in c.messages.iter().rev() {
            if let Some(info) = message.message.as_option() {
                self.past(&place, info, facts);
            }
        }
    }

    fn past(&self, place: &InChat, info: &wa::WebMessageInfo, facts: &mut Vec<Inbound>) {
        let (Some(key), Some(message)) = (info.key.as_option(), info.message.as_option()) else {
            return;
        };
        let message = &with_secret(message, info);
        let from_me = key.from_me.unwrap_or(false);
        let author = info.participant.as_deref().or(key.participant.as_deref());
        let sender = if from_me {
            self.own.clone()
        } else {
            match (place, author.and_then(parse)) {
                (_, Some(jid)) => seen(&jid),
                (InChat::Person(who), None) => who.clone(),
                _ => Seen::default(),
            }
        };
        let Some(wa_id) = key.id.clone().filter(|_| known(&sender)) else {
            return;
        };
        let ack_level = if from_me { level(info.status) } else { 0 };
        let push_name = info
            .push_name
            .clone()
            .filter(|name| !from_me && name != NO_NAME);
        let envelope = Envelope {
            chat: place.clone(),
            sender,
            from_me,
            wa_id,
            at: info.message_timestamp.and_then(time).unwrap_or(0),
            push_name: push_name.unwrap_or_default(),
            origin: Origin::Bulk,
            ack_level,
        };
        let target = About {
            chat: place,
            wa_id: &envelope.wa_id.clone(),
            author: match from_me {
                true => Party::Own,
                false => Party::Other(envelope.sender.clone()),
            },
        };
        self.say(envelope, message, facts);
        self.hung_on(&target, info, facts);
    }

    fn rest(&self, rest: &wa::HistorySync, facts: &mut Vec<Inbound>) {
        for pair in &rest.phone_number_to_lid_mappings {
            let jids: Vec<Jid> = [&pair.pn_jid, &pair.lid_jid]
                .into_iter()
                .filter_map(|jid| jid.as_deref().and_then(parse))
                .collect();
            if let Seen {
                lid: Some(lid),
                phone: Some(phone),
            } = seen_all(&jids)
            {
                facts.push(Inbound::SamePerson { lid, phone });
            }
        }
        for named in &rest.pushnames {
            let (Some(jid), Some(name)) =
                (named.id.as_deref().and_then(parse), named.pushname.clone())
            else {
                continue;
            };
            let who = seen(&jid);
            if known(&who) && !name.is_empty() && name != NO_NAME && !self.is_own(&who) {
                facts.push(Inbound::Name {
                    who,
                    source: NameSource::Push,
                    name,
                    origin: Origin::Bulk,
                });
            }
        }
        for info in &rest.status_v3_messages {
            self.past(&InChat::Status, info, facts);
        }
    }
}

/// Newer phones keep a message's secret beside it.
fn with_secret(message: &wa::Message, info: &wa::WebMessageInfo) -> wa::Message {
    let mut message = message.clone();
    if let Some(secret) = &info.message_secret {
        let context = message.message_context_info.get_or_insert_default();
        if context.message_secret.is_none() {
            context.message_secret = Some(secret.clone());
        }
    }
    message
}

fn time(seconds: u64) -> Option<Millis> {
    i64::try_from(seconds).ok().map(millis)
}

/// What history knows of an own message's way.
fn level(status: Option<wa::web_message_info::Status>) -> i8 {
    use wa::web_message_info::Status;
    match status {
        Some(Status::SERVER_ACK) => 1,
        Some(Status::DELIVERY_ACK) => 2,
        Some(Status::READ) => 3,
        Some(Status::PLAYED) => 4,
        _ => 0,
    }
}
