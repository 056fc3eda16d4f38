//! Receipts for own messages, and word that the account read a chat elsewhere.

use super::{chat, known, seen_all};
use wacore::types::{events::Receipt, presence::ReceiptType};
use wharf_domain::inbound::Inbound;

/// The fact a receipt stands for, if it concerns people and not devices.
pub(crate) fn receipt(receipt: &Receipt) -> Option<Inbound> {
    let source = &receipt.source;
    let level = match receipt.r#type {
        ReceiptType::Delivered => 2,
        ReceiptType::Read => 3,
        ReceiptType::Played => 4,
        ReceiptType::ReadSelf => {
            let other = source.recipient_alt.as_ref().or(source.sender_alt.as_ref());
            let other = other.filter(|_| !source.is_group);
            return chat(&source.chat, other).map(|chat| Inbound::ReadElsewhere { chat });
        }
        _ => return None,
    };
    // The account's own devices confirm among themselves; that says nothing about the recipient.
    if source.is_from_me {
        return None;
    }
    let by = seen_all(
        [Some(&source.sender), source.sender_alt.as_ref()]
            .into_iter()
            .flatten(),
    );
    if !known(&by) {
        return None;
    }
    let other = source.sender_alt.as_ref().filter(|_| !source.is_group);
    Some(Inbound::Receipt {
        chat: chat(&source.chat, other)?,
        by,
        wa_ids: receipt.message_ids.clone(),
        level,
        at: receipt.timestamp.timestamp_millis(),
    })
}
