//! Channels: which there are, and the posts that were missed, once after each login; reactions to own posts as they come.
//!
//! The library acknowledges a channel's post before anything is stored, and the server never sends it again. So what is
//! behind the newest stored number is fetched. Live counts of reactions are an order that lapses (`live_updates`); it is
//! renewed for channels the account writes in, since those are few and theirs are the counts that matter.

use super::Actor;
use crate::convert::{BATCH, channel};
use std::{sync::Arc, sync::atomic::Ordering, time::Duration};
use wacore_binary::Jid;
use wharf_domain::{
    inbound::{Inbound, Origin},
    ports::store::{ChatPeer, StoreExt},
};
use wharf_types::ChannelJid;
use whatsapp_rust::features::NewsletterMessage;

/// Posts asked for at once, and how often: what is older stays unknown.
const PAGE: u32 = 50;
const MOST_PAGES: usize = 10;
/// Between two channels, so that many of them are no storm.
const PAUSE: Duration = Duration::from_millis(50);
const SHORTEST: Duration = Duration::from_secs(30);
const ROWS: usize = 500;

/// Brings channels and posts up to date, and keeps counts coming while this login lasts.
pub(super) async fn follow(actor: Arc<Actor>) {
    let login = actor.logins.load(Ordering::Acquire);
    let here = || actor.connected() && actor.logins.load(Ordering::Acquire) == login;
    let mut wait = Duration::from_secs(2);
    while here() {
        // One at a time, whatever logins follow each other.
        let turn = actor.channels_turn.lock().await;
        if !here() {
            return;
        }
        match fetch_all(&actor).await {
            Ok(()) => break,
            Err(error) => tracing::warn!(session = %actor.scope.id, error, "channels not fetched"),
        }
        drop(turn);
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(300));
    }
    while here() {
        let lasts = watch(&actor).await;
        tokio::time::sleep(lasts.max(SHORTEST)).await;
    }
}

async fn fetch_all(actor: &Actor) -> Result<(), String> {
    let found = actor.channels().await.map_err(|error| error.to_string())?;
    let known: Vec<ChannelJid> = found.iter().map(|channel| channel.jid.clone()).collect();
    let mut facts: Vec<Inbound> = found
        .into_iter()
        .map(|channel| Inbound::Channel {
            channel: Box::new(channel),
            origin: Origin::Bulk,
        })
        .collect();
    facts.push(Inbound::ChannelsComplete {
        known: known.clone(),
    });
    if !actor.ingest(facts).await {
        return Err("not stored".into());
    }
    for channel in known {
        if !actor.connected() {
            return Err("the connection went".into());
        }
        if let Err(error) = actor.fetch_posts(&channel).await {
            tracing::warn!(session = %actor.scope.id, error, "posts of a channel not fetched");
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Orders counts of reactions for channels the account writes in; how long the order lasts.
async fn watch(actor: &Actor) -> Duration {
    let mut lasts = Duration::from_secs(300);
    let s = actor.scope.no;
    let rows = actor
        .shared
        .store
        .read(move |view| view.channels(s, "", ROWS));
    for row in rows.await.unwrap_or_default() {
        if !row.role.writes() {
            continue;
        }
        if let Some(seconds) = actor.watch_channel(&row.jid).await {
            lasts = lasts.min(Duration::from_secs(seconds).mul_f64(0.9));
        }
        tokio::time::sleep(PAUSE).await;
    }
    lasts
}

impl Actor {
    /// Orders counts of one channel; for how many seconds.
    pub(crate) async fn watch_channel(&self, channel: &ChannelJid) -> Option<u64> {
        let jid: Jid = channel.as_str().parse().ok()?;
        let newsletter = self.client.newsletter();
        let asked = newsletter.subscribe_live_updates(jid);
        match tokio::time::timeout(self.shared.config.timings.live, asked).await {
            Ok(Ok(seconds)) => Some(seconds),
            Ok(Err(error)) => {
                tracing::debug!(session = %self.scope.id, %error, "no live counts");
                None
            }
            Err(_) => None,
        }
    }

    /// Fetches the posts behind the newest that is stored; of a channel without any, the newest page.
    pub(crate) async fn fetch_posts(&self, channel: &ChannelJid) -> Result<(), String> {
        let jid: Jid = channel.as_str().parse().map_err(|_| "no JID")?;
        let (s, peer) = (self.scope.no, ChatPeer::Jid(channel.as_str().to_owned()));
        let newest = self
            .shared
            .store
            .read(move |view| match view.chat_of(s, &peer)? {
                Some(chat) => view.newest_post(s, chat.id),
                None => Ok(None),
            });
        let newest = newest.await.map_err(|error| error.to_string())?;
        let as_of = self.shared.clock.now();
        let mut posts: Vec<NewsletterMessage> = Vec::new();
        let mut before = None;
        for _ in 0..MOST_PAGES {
            let newsletter = self.client.newsletter();
            let asked = newsletter.get_messages(jid.clone(), PAGE, before);
            let page = tokio::time::timeout(self.shared.config.timings.live, asked)
                .await
                .map_err(|_| "no answer")?
                .map_err(|error| error.to_string())?;
            let oldest = page.iter().map(|post| post.server_id).min();
            posts.extend(page);
            let (Some(oldest), Some(newest)) = (oldest, newest) else {
                break;
            };
            if oldest <= newest || before == Some(oldest) {
                break;
            }
            before = Some(oldest);
        }
        posts.sort_unstable_by_key(|post| post.server_id);
        posts.dedup_by_key(|post| post.server_id);
        let converter = self.converter();
        let mut facts = Vec::with_capacity(posts.len());
        for post in &posts {
            // What there was before the channel was first met is no news.
            let origin = match newest {
                Some(newest) if post.server_id > newest => Origin::Live,
                _ => Origin::Bulk,
            };
            facts.extend(channel::fetched(&converter, channel, post, as_of, origin));
        }
        for batch in crate::convert::batches(facts) {
            debug_assert!(batch.len() <= BATCH);
            if !self.ingest(batch).await {
                return Err("not stored".into());
            }
        }
        Ok(())
    }
}
