//! Channels and their posts.
//!
//! Posts are not encrypted: the server knows who may write, edit and take back, so its word on them is enough. Nobody is
//! told who wrote a post or reacted to it; the author of others' posts is the channel itself.

use super::{Batch, messages::OWN};
use crate::{
    Result,
    inbound::{ChannelRole, Counted, InChannel, InChat, InMessage, InPost, Seen},
    ports::store::{ChannelRow, ChatRow, MessageRow},
};
use wharf_types::{ChannelJid, SendStatus};

/// The sender of a channel's posts that are not the account's own.
pub(crate) const CHANNEL: i64 = -1;
/// Channels read at once.
const PAGE: usize = 200;

impl Batch<'_> {
    pub(super) fn channel(&mut self, told: InChannel) -> Result<()> {
        let known = self.tx.channel(self.s, &told.jid)?;
        let row = ChannelRow {
            jid: told.jid,
            name: told.name,
            description: told.description,
            invite: match (&known, told.invite) {
                (Some(known), invite) if invite.is_empty() => known.invite.clone(),
                (_, invite) => invite,
            },
            role: told.role,
            // Who begins to follow a channel hears nothing of it until they say so.
            muted: told
                .muted
                .unwrap_or_else(|| known.as_ref().is_none_or(|known| known.muted)),
            followers: told.followers,
            created_at_wa: told
                .created_at
                .or(known.as_ref().and_then(|known| known.created_at_wa)),
            first_seen_at: known.as_ref().map_or(self.now, |known| known.first_seen_at),
            updated_at: known.as_ref().map_or(self.now, |known| known.updated_at),
        };
        self.put_channel(known.as_ref(), row)
    }

    fn put_channel(&mut self, known: Option<&ChannelRow>, mut row: ChannelRow) -> Result<()> {
        let chat = InChat::Channel(row.jid.clone());
        let was = match row.role {
            ChannelRole::Guest => self.known_chat(&chat)?,
            _ => Some(self.chat(&chat)?),
        };
        if let Some(was) = was
            && !row.name.is_empty()
        {
            let is = ChatRow {
                name: row.name.clone(),
                ..was.clone()
            };
            self.save_chat(&was, &is)?;
        }
        if known == Some(&row) {
            return Ok(());
        }
        row.updated_at = self.now;
        self.tx.put_channel(self.s, &row)
    }

    /// The account has to do with these channels and no others.
    pub(super) fn channels_complete(&mut self, known: &[ChannelJid]) -> Result<()> {
        let mut after = String::new();
        loop {
            let rows = self.tx.channels(self.s, &after, PAGE)?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            last.jid.as_str().clone_into(&mut after);
            for row in rows {
                if row.role != ChannelRole::Guest && !known.contains(&row.jid) {
                    self.tx.put_channel(
                        self.s,
                        &ChannelRow {
                            role: ChannelRole::Guest,
                            updated_at: self.now,
                            ..row
                        },
                    )?;
                }
            }
        }
    }

    /// A post as the server has it now: one that was missed, one that changed, one that is known.
    pub(super) fn post(&mut self, post: InPost) -> Result<()> {
        let in_chat = InChat::Channel(post.channel.clone());
        let chat = self.chat(&in_chat)?;
        let known = self.known_post(&chat, &post)?;
        match (known, post.says) {
            (None, None) => return Ok(()),
            (Some(row), None) => self.revoked(&chat, row)?,
            (None, Some(says)) => self.message(InMessage {
                chat: in_chat,
                sender: Seen::default(),
                from_me: post.from_me,
                wa_id: post.wa_id,
                at: post.at,
                push_name: String::new(),
                kind: says.kind,
                body: says.body,
                extra: says.extra,
                origin: post.origin,
                ack_level: 0,
            })?,
            (Some(row), Some(says)) => {
                let row = self.numbered(row, post.number)?;
                let row = self.found_own(row, post.from_me)?;
                if !row.deleted && row.body != says.body {
                    let mentions = says.extra.mentions;
                    self.edited(&chat, row, &says.body, &mentions, post.as_of)?;
                }
            }
        }
        self.post_counted(&post.channel, post.number, post.counts)
    }

    fn known_post(&self, chat: &ChatRow, post: &InPost) -> Result<Option<MessageRow>> {
        if let Some(id) = self.tx.post(self.s, chat.id, post.number)?
            && let Some(row) = self.tx.message(self.s, id)?
        {
            return Ok(Some(row));
        }
        self.post_by_id(chat, &post.wa_id)
    }

    /// Within a channel an id names one post, whoever wrote it.
    pub(super) fn post_by_id(&self, chat: &ChatRow, wa_id: &str) -> Result<Option<MessageRow>> {
        let found = self.tx.messages_by_wa_id(self.s, chat.id, wa_id)?;
        Ok(found.into_iter().next())
    }

    /// Writes down which post a message is.
    pub(super) fn numbered(&mut self, mut row: MessageRow, number: u64) -> Result<MessageRow> {
        if number == 0 || row.extra.number == number {
            return Ok(row);
        }
        row.extra.number = number;
        self.tx.put_message(self.s, &row)?;
        self.tx.put_post(self.s, row.chat_id, number, row.id)?;
        Ok(row)
    }

    /// A post that came live does not say that the account's own phone wrote it; fetched, it does.
    fn found_own(&mut self, row: MessageRow, from_me: bool) -> Result<MessageRow> {
        if !from_me || row.from_me {
            return Ok(row);
        }
        let own = MessageRow {
            sender_id: OWN,
            from_me: true,
            ack_level: SendStatus::Sent.ack_level(),
            status: Some(SendStatus::Sent),
            ..row
        };
        self.tx.put_message(self.s, &own)?;
        Ok(own)
    }

    pub(super) fn post_counted(
        &mut self,
        channel: &ChannelJid,
        number: u64,
        counts: Vec<Counted>,
    ) -> Result<()> {
        let Some(chat) = self.known_chat(&InChat::Channel(channel.clone()))? else {
            return Ok(());
        };
        let Some(id) = self.tx.post(self.s, chat.id, number)? else {
            return Ok(());
        };
        let Some(mut row) = self.tx.message(self.s, id)? else {
            return Ok(());
        };
        if row.deleted || row.extra.counts == counts {
            return Ok(());
        }
        row.extra.counts = counts;
        self.tx.put_message(self.s, &row)
    }

    /// Whether a message is to be stored as a post.
    pub(super) const fn is_post(message: &InMessage) -> bool {
        matches!(message.chat, InChat::Channel(_))
    }
}
