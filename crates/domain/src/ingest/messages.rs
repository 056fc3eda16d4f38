//! Messages: stored once by (chat, sender, id), edited, revoked, advanced.

use super::{Batch, channels::CHANNEL, push_name, receipts::note_recipients};
use crate::{
    Result,
    events::{Log, MessageStatusPayload},
    inbound::{InChat, InMessage, Origin, Seen},
    ports::store::{ChatPeer, ChatRow, MessageRow, PersonRow, Tx},
    sessions::SessionScope,
    show::{Own, Show},
};
use wharf_types::{Millis, SendStatus};

/// The sender of the account's own messages.
pub(super) const OWN: i64 = 0;

/// In a direct chat whoever writes is whose chat it is: each side may know an id the other lacks.
pub(super) fn one_person(chat: &Seen, sender: &Seen) -> Option<Seen> {
    let agree = |a: bool, b: bool| a || b;
    let same = agree(
        chat.lid.is_none() || sender.lid.is_none(),
        chat.lid == sender.lid,
    ) && agree(
        chat.phone.is_none() || sender.phone.is_none(),
        chat.phone == sender.phone,
    );
    same.then(|| Seen {
        lid: chat.lid.clone().or_else(|| sender.lid.clone()),
        phone: chat.phone.clone().or_else(|| sender.phone.clone()),
    })
}

/// The status a delivery level stands for.
pub(super) fn status_of(level: i8) -> SendStatus {
    match level {
        ..=1 => SendStatus::Sent,
        2 => SendStatus::Delivered,
        3 => SendStatus::Read,
        _ => SendStatus::Played,
    }
}

impl Batch<'_> {
    pub(super) fn message(&mut self, mut message: InMessage) -> Result<()> {
        let is_post = Self::is_post(&message);
        let sender = match is_post {
            true => None,
            false => self.sender(&mut message)?,
        };
        let was = self.chat(&message.chat)?;
        let live = message.origin == Origin::Live;
        if let (InChat::Group(jid), Some(sender)) = (&message.chat, &sender) {
            let group = self.group_row(jid)?;
            self.seen_in_group(&group, sender, message.at, live)?;
        }
        // Finding the chat may have joined the sender with somebody.
        let sender_id = match sender {
            Some(person) => self.people.current(self.tx, person.id)?.id,
            None if is_post && !message.from_me => CHANNEL,
            None => OWN,
        };
        let known = match is_post {
            true => self.post_by_id(&was, &message.wa_id)?,
            false => self
                .tx
                .message_by_wa_id(self.s, was.id, sender_id, &message.wa_id)?,
        };
        if let Some(known) = known {
            let known = self.numbered(known, message.extra.number)?;
            return self.known_message(&known, &message);
        }
        let mut is = was.clone();
        is.last_at = is.last_at.max(Some(message.at));
        if live {
            is.unread = if message.from_me {
                0
            } else {
                is.unread.saturating_add(1)
            };
        }
        let row = MessageRow {
            id: self.message_ids.give(self.tx)?,
            chat_id: is.id,
            sender_id,
            wa_id: message.wa_id,
            from_me: message.from_me,
            at: message.at,
            created_at: self.now,
            kind: message.kind,
            body: message.body,
            extra: message.extra,
            // What is told of here has left the phone: the server has it.
            ack_level: if message.from_me {
                message.ack_level.max(1)
            } else {
                0
            },
            status: message.from_me.then(|| status_of(message.ack_level)),
            error: String::new(),
            edited: false,
            deleted: false,
        };
        self.tx.put_message(self.s, &row)?;
        if row.extra.number > 0 {
            self.tx
                .put_post(self.s, row.chat_id, row.extra.number, row.id)?;
        }
        self.save_chat(&was, &is)?;
        self.added.messages += 1;
        if let InChat::Group(jid) = &message.chat
            && row.from_me
        {
            note_recipients(self.tx, self.s, jid, row.id)?;
        }
        if live {
            let shown = self.shown(&is, row.clone())?;
            self.log.message(self.tx, &shown)?;
        }
        self.catch_up(&row)
    }

    /// Resolves the sender (`None` for the account itself) and learns their push name.
    fn sender(&mut self, message: &mut InMessage) -> Result<Option<PersonRow>> {
        if message.from_me {
            return Ok(None);
        }
        if let InChat::Person(peer) = &message.chat
            && let Some(both) = one_person(peer, &message.sender)
        {
            message.sender = both.clone();
            message.chat = InChat::Person(both);
        }
        let mut sender = self.people.resolve(self.tx, &message.sender)?;
        if let InChat::Person(peer) = &message.chat
            && *peer != message.sender
        {
            // Resolving the other side may have joined the two.
            self.people.resolve(self.tx, peer)?;
            sender = self.people.resolve(self.tx, &message.sender)?;
        }
        let quiet = message.origin == Origin::Bulk;
        if let Some((source, name)) = push_name(&sender.names.push, &message.push_name, quiet) {
            sender = self.people.name(self.tx, sender.id, source, name)?;
        }
        Ok(Some(sender))
    }

    /// Seen before: history may know how far an own message got, and an echo proves that the server has it.
    fn known_message(&mut self, known: &MessageRow, message: &InMessage) -> Result<()> {
        if known.from_me {
            self.advance(known, status_of(message.ack_level))?;
        }
        Ok(())
    }

    /// Moves an own message on, never back. When its send had not been acknowledged yet, this is where it is
    /// known to be sent.
    pub(super) fn advance(&mut self, row: &MessageRow, status: SendStatus) -> Result<()> {
        if row.status == Some(SendStatus::Queued)
            && !self.quiet
            && let Some(chat) = self.tx.chat(self.s, row.chat_id)?
        {
            let sent = MessageRow {
                status: Some(status),
                ack_level: status.ack_level(),
                ..row.clone()
            };
            let shown = self.shown(&chat, sent)?;
            self.log.message(self.tx, &shown)?;
        }
        let log = (!self.quiet).then_some(&mut self.log);
        advance(
            self.tx, self.scope, &self.own, log, row.id, status, "", self.now,
        )
        .map(|_| ())
    }

    pub(super) fn shown(
        &self,
        chat: &ChatRow,
        row: MessageRow,
    ) -> Result<crate::messages::Message> {
        let show = self.show();
        let jid = show.chat_jid(chat)?;
        show.message(row, &jid)
    }
}

/// Moves an own message and its send on to `status`, and logs `message.status`; `false` when it was there already
/// or further. The one way a status changes, whoever learnt of it.
#[expect(
    clippy::too_many_arguments,
    reason = "one fact of one message, within somebody's transaction"
)]
pub fn advance(
    tx: &mut dyn Tx,
    scope: SessionScope,
    own: &Own,
    log: Option<&mut Log>,
    message_id: i64,
    status: SendStatus,
    error: &str,
    now: Millis,
) -> Result<bool> {
    let Some(mut row) = tx.message(scope.no, message_id)?.filter(|row| row.from_me) else {
        return Ok(false);
    };
    let was = row.status.unwrap_or(SendStatus::Queued);
    if !was.may_become(status) {
        return Ok(false);
    }
    row.status = Some(status);
    row.ack_level = status.ack_level();
    row.error = error.to_owned();
    tx.put_message(scope.no, &row)?;
    let mut send = tx.outbox_by_message(scope.no, row.id)?;
    if let Some(send) = &mut send
        && send.status.may_become(status)
    {
        send.status = status;
        send.updated_at = now;
        tx.put_outbox(scope.no, send)?;
    }
    let chat = tx.chat(scope.no, row.chat_id)?;
    let sent = was == SendStatus::Queued && row.ack_level > 0;
    if let Some(ChatPeer::Jid(jid)) = chat.as_ref().map(|chat| &chat.peer)
        && sent
        && let Ok(group) = jid.parse()
    {
        note_recipients(tx, scope.no, &group, row.id)?;
    }
    let Some(log) = log else {
        return Ok(true);
    };
    let show = Show::with(tx.view(), scope, own.clone());
    let told = chat.map(|chat| show.chat(&chat)).transpose()?;
    let chat_jid = told
        .as_ref()
        .map(|chat| chat.jid.clone())
        .unwrap_or_default();
    if let Some(told) = told.filter(|_| sent) {
        log.chat_updated(tx, &told)?;
    }
    let payload = MessageStatusPayload {
        chat_id: row.chat_id,
        chat_jid,
        error: row.error,
        mode: send
            .as_ref()
            .map_or("", |send| if send.sync { "sync" } else { "async" }),
        outbox_id: Log::outbox_id(send.as_ref().map(|send| &send.id)),
        reference: send.map(|send| send.reference).unwrap_or_default(),
        replayed: false,
        status,
        timestamp: now,
        wa_message_id: row.wa_id,
    };
    log.message_status(tx, &payload)?;
    Ok(true)
}
