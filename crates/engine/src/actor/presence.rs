//! Who is shown as online. The library says "available" after each login and whenever it learns the account's push
//! name; an account that is always available silences its phone. So unless the session's owner wants it, we take
//! that back. What they said since (`presence`) counts for more than the row.

use super::Actor;
use std::{
    sync::{PoisonError, Weak},
    time::Duration,
};
use wharf_domain::ports::store::StoreExt;

/// The library speaks from tasks of its own; ours must be the last word.
const AFTER: Duration = Duration::from_secs(2);

/// Sets the presence that the session's row asks for.
pub(super) async fn settle(actor: Weak<Actor>) {
    tokio::time::sleep(AFTER).await;
    let Some(actor) = actor.upgrade().filter(|a| a.connected()) else {
        return;
    };
    let scope = actor.scope;
    let row = actor
        .shared
        .store
        .read(move |view| view.session(&scope.org, &scope.id))
        .await;
    let wish = *actor.wish.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(Some(row)) = row else { return };
    if !wish.unwrap_or(row.mark_online)
        && let Err(error) = actor.client.presence().set_unavailable().await
    {
        tracing::debug!(session = %scope.id, %error, "presence not taken back");
    }
}
