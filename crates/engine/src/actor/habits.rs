//! What the session's owner wants done without being asked each time: read receipts for what comes in
//! (`autoRead`), "typing…" before what goes out (`presenceTyping`). The row is read anew each time, so that a
//! change takes effect without a reconnect.

use std::{sync::Arc, time::Duration};
use wacore::types::events::InboundMessage;
use wacore_binary::{Jid, JidExt};
use wharf_domain::{
    outbox::Outgoing,
    ports::store::{Store, StoreExt},
    sessions::{SessionRow, SessionScope},
};
use whatsapp_rust::Client;

/// A person's pace, but nobody waits long for a machine.
const A_CHARACTER: Duration = Duration::from_millis(20);
const LEAST: Duration = Duration::from_millis(300);
const MOST: Duration = Duration::from_secs(2);

async fn row(store: &dyn Store, scope: SessionScope) -> Option<SessionRow> {
    store
        .read(move |view| view.session(&scope.org, &scope.id))
        .await
        .ok()
        .flatten()
}

/// Tells the authors of stored messages that they were read, if that is wanted.
pub(super) async fn read(
    client: Arc<Client>,
    store: Arc<dyn Store>,
    scope: SessionScope,
    batch: Vec<InboundMessage>,
) {
    if !row(&*store, scope).await.is_some_and(|row| row.auto_read) {
        return;
    }
    for message in batch {
        let source = &message.info.source;
        let talk = source.chat.is_pn() || source.chat.is_lid() || source.chat.is_group();
        if source.is_from_me || !talk {
            continue;
        }
        let author = source.chat.is_group().then_some(&source.sender);
        let ids = [message.info.id.as_str()];
        if let Err(error) = client.mark_as_read(&source.chat, author, &ids).await {
            tracing::debug!(session = %scope.id, %error, "read receipt not sent");
        }
    }
}

/// Shows "typing…" for about as long as the text would take, if that is wanted.
pub(crate) async fn typing(
    client: &Client,
    store: &dyn Store,
    scope: SessionScope,
    to: &Jid,
    outgoing: &Outgoing,
) {
    // Nobody types a reaction.
    let Some(characters) = outgoing.content.characters() else {
        return;
    };
    if !row(store, scope)
        .await
        .is_some_and(|row| row.presence_typing)
    {
        return;
    }
    if let Err(error) = client.chatstate().send_composing(to).await {
        tracing::debug!(session = %scope.id, %error, "typing not shown");
        return;
    }
    let characters = u32::try_from(characters).unwrap_or(u32::MAX);
    tokio::time::sleep(A_CHARACTER.saturating_mul(characters).clamp(LEAST, MOST)).await;
}
