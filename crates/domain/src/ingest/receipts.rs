//! Receipts: how far an own message got. Levels never go back; in a group a level is reached when every member at
//! sending has reached it.

use super::{Batch, messages::status_of};
use crate::{
    Result,
    inbound::{InChat, Seen},
    people::flags,
    ports::store::{MessageRow, Tx, View},
    sessions::SessionNo,
};
use wharf_types::{GroupJid, Millis};

/// Members read at once while they are counted.
const COUNTED_AT_ONCE: usize = 1_000;

impl Batch<'_> {
    pub(super) fn receipt(
        &mut self,
        chat: &InChat,
        by: &Seen,
        wa_ids: &[String],
        level: i8,
        at: Millis,
    ) -> Result<()> {
        let reader = self.people.resolve(self.tx, by)?;
        // The account's own devices get a copy; that says nothing of the other side.
        if reader.flags & flags::SELF != 0 {
            let read = level >= 3 && matches!(chat, InChat::Group(_));
            return if read {
                self.read_elsewhere(chat)
            } else {
                Ok(())
            };
        }
        if !(2..=4).contains(&level) {
            return Ok(());
        }
        let Some(row) = self.known_chat(chat)? else {
            return Ok(());
        };
        let reader = self.people.current(self.tx, reader.id)?;
        for message in self.tx.own_messages(self.s, row.id, wa_ids)? {
            let reached = match chat {
                InChat::Group(group) => self.group_level(group, &message, reader.id, level, at)?,
                _ => level,
            };
            if reached > message.ack_level {
                self.advance(&message, status_of(reached))?;
            }
        }
        Ok(())
    }

    /// The highest level that all recipients have reached once this receipt is recorded.
    fn group_level(
        &mut self,
        group: &GroupJid,
        message: &MessageRow,
        member: i64,
        level: i8,
        at: Millis,
    ) -> Result<i8> {
        let recipients = match self.tx.recipients(self.s, message.id)? {
            Some(known) => known,
            None => note_recipients(self.tx, self.s, group, message.id)?,
        };
        let mut reached = message.ack_level;
        // Who has read has received: each level below is checked too, in order.
        for step in 2..=level {
            let count = self
                .tx
                .record_receipt(self.s, message.id, member, step, at)?;
            if count >= recipients && step > reached {
                reached = step;
            }
        }
        Ok(reached)
    }
}

/// Notes how many others are in the group now, as the number of people a message was sent to.
pub(super) fn note_recipients(
    tx: &mut dyn Tx,
    s: SessionNo,
    group: &GroupJid,
    message: i64,
) -> Result<u32> {
    let others = match tx.group(s, group)? {
        Some(row) => others(tx.view(), s, row.id)?,
        None => 0,
    };
    // Somebody has answered for it or will: a group nobody is known in still has one other member.
    let others = others.max(1);
    tx.set_recipients(s, message, others)?;
    Ok(others)
}

fn others(view: &dyn View, s: SessionNo, group: i64) -> Result<u32> {
    let (mut after, mut count) = (0, 0u32);
    loop {
        let members = view.members(s, group, after, COUNTED_AT_ONCE)?;
        for member in &members {
            let person = view.person(s, member.person_id)?;
            if person.is_some_and(|row| row.flags & flags::SELF == 0) {
                count += 1;
            }
            after = member.id;
        }
        if members.len() < COUNTED_AT_ONCE {
            return Ok(count);
        }
    }
}
