//! The parts of a transfer, each a `HistorySync`.

use anyhow::{Context, Result};
use std::collections::HashMap;
use waproto::whatsapp::{self as wa, history_sync::HistorySyncType, web_message_info::Status};

use super::{
    archive::{Chat, KnownChat, KnownPerson, Past},
    marks::Place,
    plan::{Phase, Plan},
};
use crate::{
    groups::model::{Group, Role, View},
    ids::Phone,
    world::{World, account::Account},
};

/// Messages of each chat in the bootstrap.
pub(super) const NEWEST: u32 = 1;
/// Chats of one bootstrap part, messages of one recent part, people of one part.
const CHATS: u32 = 2000;
const MESSAGES: u32 = 4000;
const PEOPLE: usize = 20_000;

/// A part and where the transfer stands after it.
pub(super) struct Part {
    pub sync: wa::HistorySync,
    pub after: Plan,
    /// Time of the oldest message in it, Unix seconds.
    pub oldest: Option<i64>,
}

impl World<'_> {
    /// The next part of a transfer.
    pub(super) fn history_part(&self, plan: &Plan) -> Result<Part> {
        let mut after = plan.clone();
        let mut sync = match plan.phase {
            Phase::Bootstrap => self.bootstrap(plan, &mut after)?,
            Phase::PushNames => self.push_names(plan, &mut after)?,
            Phase::NonBlocking => self.non_blocking(plan, &mut after)?,
            Phase::Recent => self.recent(plan, &mut after)?,
            Phase::Done => anyhow::bail!("a transfer that is done has no parts"),
        };
        sync.chunk_order = Some(plan.chunk);
        if after.phase == plan.phase {
            after.chunk += 1;
        }
        let messages = sync.conversations.iter().flat_map(|c| &c.messages);
        let times = messages.filter_map(|m| m.message.as_option()?.message_timestamp);
        let oldest = times.min().and_then(|t| i64::try_from(t).ok());
        Ok(Part {
            sync,
            after,
            oldest,
        })
    }

    fn bootstrap(&self, plan: &Plan, after: &mut Plan) -> Result<wa::HistorySync> {
        let view = Owner::of(self, plan.device.phone)?;
        let chats = self.archive_chats(view.me.phone, plan.chat, CHATS)?;
        let mut sync = empty(HistorySyncType::INITIAL_BOOTSTRAP, 100);
        for chat in &chats {
            let messages = self.archive_messages(chat.seq, 0, NEWEST)?;
            after.sent += u32::try_from(messages.len())?;
            sync.conversations
                .extend(view.conversation(self, chat, &messages)?);
        }
        sync.phone_number_to_lid_mappings = mappings(&sync.conversations);
        if plan.chunk == 1 {
            sync.global_settings = buffa::MessageField::some(wa::GlobalSettings {
                chat_db_lid_migration_timestamp: view.me.lid_migrated.then_some(view.me.created_at),
                ..Default::default()
            });
        }
        match chats.last() {
            Some(last) if chats.len() == CHATS as usize => after.chat = last.seq,
            _ => after.advance(),
        }
        Ok(sync)
    }

    fn push_names(&self, plan: &Plan, after: &mut Plan) -> Result<wa::HistorySync> {
        let mut sync = empty(HistorySyncType::PUSH_NAME, 100);
        for p in self.people_from(plan, after, |p| !p.name.is_empty())? {
            let jid = if p.number_shown {
                p.phone.jid()
            } else {
                p.lid.jid()
            };
            sync.pushnames.push(wa::Pushname {
                id: Some(jid.to_string()),
                pushname: Some(p.name),
            });
        }
        Ok(sync)
    }

    /// Numbers and LIDs of people met only in groups: the rest are beside their chats.
    fn non_blocking(&self, plan: &Plan, after: &mut Plan) -> Result<wa::HistorySync> {
        let mut sync = empty(HistorySyncType::NON_BLOCKING_DATA, 100);
        for p in self.people_from(plan, after, |p| p.number_shown && !p.direct)? {
            sync.phone_number_to_lid_mappings
                .push(wa::PhoneNumberToLIDMapping {
                    pn_jid: Some(p.phone.jid().to_string()),
                    lid_jid: Some(p.lid.jid().to_string()),
                });
        }
        Ok(sync)
    }

    fn people_from(
        &self,
        plan: &Plan,
        after: &mut Plan,
        of: fn(&KnownPerson) -> bool,
    ) -> Result<Vec<KnownPerson>> {
        let mut people = self.archive_people(plan.device.phone)?;
        people.retain(of);
        let skip = plan.skip as usize;
        if people.len() > skip + PEOPLE {
            after.skip = u32::try_from(skip + PEOPLE)?;
        } else {
            after.advance();
        }
        Ok(people.into_iter().skip(skip).take(PEOPLE).collect())
    }

    /// What the bootstrap left, chat after chat, cut where a part is full.
    fn recent(&self, plan: &Plan, after: &mut Plan) -> Result<wa::HistorySync> {
        let view = Owner::of(self, plan.device.phone)?;
        let mut sync = empty(HistorySyncType::RECENT, 0);
        let mut room = MESSAGES;
        // `chat` is the last one that is through, `skip` what is through of the one after it.
        'full: loop {
            let chats = self.archive_chats(view.me.phone, after.chat, CHATS)?;
            for chat in &chats {
                let done = after.skip.max(NEWEST);
                let messages = self.archive_messages(chat.seq, done, room)?;
                let got = u32::try_from(messages.len())?;
                if got > 0 {
                    sync.conversations
                        .extend(view.conversation(self, chat, &messages)?);
                    after.sent += got;
                }
                if got == room {
                    after.skip = done + got;
                    break 'full;
                }
                room -= got;
                (after.chat, after.skip) = (chat.seq, 0);
            }
            if chats.len() < CHATS as usize {
                after.advance();
                break;
            }
        }
        sync.phone_number_to_lid_mappings = mappings(&sync.conversations);
        let through = u64::from(after.sent) * 100 / u64::from(plan.total.max(1));
        sync.progress = Some(if after.phase == Phase::Done {
            100
        } else {
            u32::try_from(through.min(99))?
        });
        Ok(sync)
    }

    /// Older messages of one chat, as asked for.
    pub(super) fn history_before(
        &self,
        owner: Phone,
        chat: &Chat,
        messages: &[Past],
    ) -> Result<wa::HistorySync> {
        let mut sync = empty(HistorySyncType::ON_DEMAND, 100);
        if let Some(known) = self.archive_chat(owner, chat)? {
            sync.conversations
                .extend(Owner::of(self, owner)?.conversation(self, &known, messages)?);
        }
        sync.phone_number_to_lid_mappings = mappings(&sync.conversations);
        Ok(sync)
    }

    /// One message of the archive, as history shows it.
    pub(super) fn history_message(
        &self,
        owner: Phone,
        chat: &Chat,
        id: &str,
    ) -> Result<Option<wa::WebMessageInfo>> {
        let Some(known) = self.archive_chat(owner, chat)? else {
            return Ok(None);
        };
        let Some(past) = self.archive_message(known.seq, id)? else {
            return Ok(None);
        };
        let conversation = Owner::of(self, owner)?.conversation(self, &known, &[past])?;
        Ok(conversation.and_then(|c| c.messages.into_iter().next()?.message.into_option()))
    }
}

fn empty(sync_type: HistorySyncType, progress: u32) -> wa::HistorySync {
    wa::HistorySync {
        sync_type,
        progress: Some(progress),
        ..Default::default()
    }
}

/// Both names of everybody a chat is held with.
fn mappings(conversations: &[wa::Conversation]) -> Vec<wa::PhoneNumberToLIDMapping> {
    let both = |c: &wa::Conversation| {
        let (pn_jid, lid_jid) = (c.pn_jid.clone()?, c.lid_jid.clone()?);
        Some(wa::PhoneNumberToLIDMapping {
            pn_jid: Some(pn_jid),
            lid_jid: Some(lid_jid),
        })
    };
    conversations.iter().filter_map(both).collect()
}

/// Whose phone it is.
struct Owner {
    me: Account,
    /// Somebody wrote to them since the world began: the words of such messages are in the inbox.
    wrote: bool,
}

impl Owner {
    fn of(w: &World<'_>, phone: Phone) -> Result<Self> {
        Ok(Self {
            me: w.account(phone)?.context("the owner of a history")?,
            wrote: w.has_inbox(phone)?,
        })
    }

    /// None: the other side is not there any more.
    fn conversation(
        &self,
        w: &World<'_>,
        known: &KnownChat,
        messages: &[Past],
    ) -> Result<Option<wa::Conversation>> {
        let mut c = wa::Conversation {
            unread_count: Some(known.unread),
            conversation_timestamp: messages.first().and_then(|m| u64::try_from(m.at).ok()),
            ..Default::default()
        };
        let group = match &known.chat {
            Chat::Direct(phone) => {
                let Some(them) = w.account(*phone)? else {
                    return Ok(None);
                };
                // The chat goes by the LID once the account is migrated; the other name stands beside it.
                let (pn, lid) = (them.pn_jid().to_string(), them.lid_jid().to_string());
                c.id = if self.me.lid_migrated {
                    lid.clone()
                } else {
                    pn.clone()
                };
                c.pn_jid = Some(pn);
                c.lid_jid = Some(lid);
                c.display_name = Some(them.name);
                None
            }
            Chat::Group(gid) => {
                let Some(group) = w.group(gid)? else {
                    return Ok(None);
                };
                self.describe(w, &group, &mut c)?;
                Some(group)
            }
        };
        let mut senders = HashMap::new();
        for m in messages {
            let (participant, push_name) = match &group {
                Some(group) if m.sender != self.me.phone => senders
                    .entry(m.sender)
                    .or_insert(w.participant(group, self.me.phone, m.sender)?)
                    .clone(),
                _ => (None, None),
            };
            let told = if self.wrote {
                w.told_again(self.me.phone, &known.chat.key(), &m.id)?
            } else {
                None
            };
            let told = told.unwrap_or_else(|| wa::Message {
                conversation: Some(m.text.clone()),
                ..Default::default()
            });
            let mut past = self.message((&c.id, m, told), participant, push_name)?;
            if self.wrote
                && let Some(info) = past.message.as_option_mut()
            {
                let place = Place {
                    owner: self.me.phone,
                    chat: &known.chat,
                    group: group.as_ref(),
                    jid: &c.id,
                };
                let marks = w.marks(&place, &m.id)?;
                info.reactions = marks.reactions;
                info.poll_updates = marks.votes;
            }
            c.messages.push(past);
        }
        Ok(Some(c))
    }

    fn describe(&self, w: &World<'_>, group: &Group, c: &mut wa::Conversation) -> Result<()> {
        c.id.clone_from(&group.gid);
        c.name = Some(group.subject.clone());
        c.created_at = u64::try_from(group.created_at).ok();
        c.description = group.description.as_ref().map(|d| d.text.clone());
        let view = View {
            group,
            viewer: self.me.phone,
        };
        for m in w.group_members(&group.gid)? {
            let rank = match m.role {
                Role::Member => wa::group_participant::Rank::REGULAR,
                Role::Admin => wa::group_participant::Rank::ADMIN,
                Role::SuperAdmin => wa::group_participant::Rank::SUPERADMIN,
            };
            c.participant.push(wa::GroupParticipant {
                user_jid: view.jid(&m.who).to_string(),
                rank: Some(rank),
                ..Default::default()
            });
        }
        Ok(())
    }

    fn message(
        &self,
        (chat, m, told): (&str, &Past, wa::Message),
        participant: Option<String>,
        push_name: Option<String>,
    ) -> Result<wa::HistorySyncMsg> {
        let from_me = m.sender == self.me.phone;
        let info = wa::WebMessageInfo {
            key: buffa::MessageField::some(wa::MessageKey {
                remote_jid: Some(chat.to_owned()),
                from_me: Some(from_me),
                id: Some(m.id.clone()),
                participant: participant.clone(),
            }),
            message_secret: told.message_context_info.message_secret.clone(),
            message: buffa::MessageField::some(told),
            message_timestamp: Some(u64::try_from(m.at)?),
            status: from_me.then_some(Status::READ),
            participant,
            push_name,
            ..Default::default()
        };
        Ok(wa::HistorySyncMsg {
            message: buffa::MessageField::some(info),
            msg_order_id: u64::try_from(m.at).ok(),
        })
    }
}

impl World<'_> {
    /// How a group names the sender of a message, and the name they show.
    fn participant(
        &self,
        group: &Group,
        viewer: Phone,
        sender: Phone,
    ) -> Result<(Option<String>, Option<String>)> {
        let who = self.identity(&group.gid, sender)?;
        let jid = who.map(|who| View { group, viewer }.jid(&who).to_string());
        Ok((jid, self.account(sender)?.map(|a| a.name)))
    }
}
