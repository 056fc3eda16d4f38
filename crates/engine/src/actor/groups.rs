//! Groups: all of them once a life, one when a notification cannot say enough.

use super::Actor;
use crate::convert::{BATCH, group::group};
use std::{sync::Arc, time::Duration};
use wacore_binary::Jid;
use wharf_domain::inbound::{Inbound, Origin};

/// A facts batch holds this many members at most; a group is never split.
const MEMBERS: usize = 2000;

/// Asks for all groups and stores them; tries again while the connection lasts.
pub(super) async fn all(actor: Arc<Actor>) {
    let mut wait = Duration::from_secs(2);
    while actor.connected() {
        match fetch_all(&actor).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(session = %actor.scope.id, error, "groups not fetched"),
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(300));
    }
}

pub(crate) async fn fetch_all(actor: &Actor) -> Result<(), String> {
    let found = actor
        .client
        .groups()
        .get_participating()
        .await
        .map_err(|e| e.to_string())?;
    let mut joined = Vec::with_capacity(found.len());
    let (mut facts, mut members) = (Vec::new(), 0);
    for group in found.into_values().filter_map(|metadata| group(&metadata)) {
        joined.push(group.jid.clone());
        members += group.members.len();
        facts.push(Inbound::Group {
            group: Box::new(group),
            origin: Origin::Bulk,
        });
        if (facts.len() >= BATCH || members >= MEMBERS)
            && !actor.ingest(std::mem::take(&mut facts)).await
        {
            return Err("not stored".into());
        }
        if facts.is_empty() {
            members = 0;
        }
    }
    facts.push(Inbound::GroupsComplete { joined });
    facts.push(Inbound::Synced { source: "groups" });
    if actor.ingest(facts).await {
        Ok(())
    } else {
        Err("not stored".into())
    }
}

/// Asks for one group that is new to the account.
pub(super) async fn one(actor: Arc<Actor>, jid: Jid) {
    let groups = actor.client.groups();
    let ask = groups.get_metadata(&jid);
    match tokio::time::timeout(actor.shared.config.timings.live, ask).await {
        Ok(Ok(metadata)) => {
            if let Some(group) = group(&metadata) {
                actor
                    .ingest(vec![Inbound::Group {
                        group: Box::new(group),
                        origin: Origin::Live,
                    }])
                    .await;
            }
        }
        Ok(Err(error)) => tracing::warn!(session = %actor.scope.id, %error, "group not fetched"),
        Err(_) => tracing::warn!(session = %actor.scope.id, "group not fetched in time"),
    }
}
