//! Receipts for own messages, and word that the account read a chat elsewhere.
//!
//! When the phone reads a direct chat, the server tells the account's other devices by a `read` receipt from the
//! account itself that names the peer in `recipient`. The library, version 0.7.0, leaves that attribute out of its
//! event (its issue 1307, fixed later), so these are read from the stanza.

use super::{chat, known, seen, seen_all};
use wacore::types::{events::Receipt, presence::ReceiptType};
use wacore_binary::OwnedNodeRef;
use wharf_domain::inbound::{Inbound, Seen};

/// Whether a stanza may be a receipt of the account's own. Called for every stanza, so it looks at little.
pub(crate) fn may_be_own(node: &OwnedNodeRef) -> bool {
    let node = node.get();
    node.tag.as_ref() == "receipt" && node.get_attr("recipient").is_some()
}

/// The chat that the account read on another device.
pub(crate) fn own_read(node: &OwnedNodeRef, own: &Seen) -> Option<Inbound> {
    let node = node.get();
    let kind = node.get_attr("type")?;
    if !matches!(
        &*kind.as_str(),
        "read" | "read-self" | "played" | "played-self"
    ) {
        return None;
    }
    let by = seen(&node.get_attr("from")?.to_jid()?);
    let ours =
        (by.lid.is_some() && by.lid == own.lid) || (by.phone.is_some() && by.phone == own.phone);
    let peer = node.get_attr("recipient")?.to_jid()?;
    ours.then(|| chat(&peer, None))?
        .map(|chat| Inbound::ReadElsewhere { chat })
}

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
