//! Channels as callers see them, and what the account does to them.

use crate::{
    Domain, Error, Result,
    cursor::{Binding, Page},
    inbound::{ChannelRole, InChannel, Inbound, Origin},
    messages::Message,
    outbox::Idempotency,
    ports::store::{ChannelRow, StoreExt},
    sessions::SessionScope,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_types::{ChannelJid, ChatJid, Millis};

/// What a link to a channel begins with.
const LINK: &str = "https://whatsapp.com/channel/";

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the API's fields")]
pub struct Channel {
    pub created_at_wa: Option<Millis>,
    pub description: String,
    pub first_seen_at: Millis,
    /// As last told.
    pub followers: u64,
    pub jid: String,
    /// "" while unknown.
    pub link: String,
    pub muted: bool,
    pub name: String,
    /// `owner`, `admin`, `follower`, `guest`.
    pub role: &'static str,
    pub updated_at: Millis,
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        Self {
            created_at_wa: row.created_at_wa,
            description: row.description,
            first_seen_at: row.first_seen_at,
            followers: row.followers,
            jid: row.jid.as_str().to_owned(),
            link: match row.invite.as_str() {
                "" => String::new(),
                code => [LINK, code].concat(),
            },
            muted: row.muted,
            name: row.name,
            role: row.role.as_str(),
            updated_at: row.updated_at,
        }
    }
}

/// A channel just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeChannel {
    /// Its JID.
    pub jid: ChannelJid,
}

impl Domain {
    /// The channels this session owns, follows or has seen, by JID.
    pub async fn list_channels(
        &self,
        scope: SessionScope,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Channel>> {
        let sealer = self.sealer(Binding::new("channels", scope.id));
        let after: Option<String> = sealer.place(cursor)?;
        let rows = self
            .store
            .read(move |view| view.channels(scope.no, &after.unwrap_or_default(), limit + 1))
            .await?;
        sealer.page(
            rows,
            limit,
            |row| row.jid.as_str().to_owned(),
            Channel::from,
        )
    }

    /// Stored posts, newest first; of a channel that is known here.
    pub async fn list_channel_messages(
        &self,
        scope: SessionScope,
        channel: ChannelJid,
        limit: usize,
        cursor: &str,
    ) -> Result<Page<Message>> {
        let chat = ChatJid::Channel(channel);
        match self.list_chat_messages(scope, chat, limit, cursor).await {
            Err(Error::NotFound("chat")) => Err(Error::NotFound("channel")),
            page => page,
        }
    }

    /// Makes a channel; once under a key. Whether the answer is a replay.
    pub async fn create_channel(
        self: &Arc<Self>,
        scope: SessionScope,
        name: &str,
        description: &str,
        key: Option<Idempotency>,
    ) -> Result<(MadeChannel, bool)> {
        let make = async {
            let made = self
                .engine()?
                .create_channel(&scope, name, description)
                .await?;
            let jid = made.jid.clone();
            self.told_of_channel(scope, made).await?;
            Ok(MadeChannel { jid })
        };
        self.once(scope, key, make).await
    }

    /// Follows a channel and fetches its newest posts. Repeating is a no-op.
    pub async fn follow_channel(
        self: &Arc<Self>,
        scope: SessionScope,
        channel: ChannelJid,
    ) -> Result<()> {
        if self
            .channel_role(scope, &channel)
            .await?
            .is_some_and(ChannelRole::writes)
        {
            // Who writes in it follows it anyhow. The connection is asked for all the same.
            return self.connected_to_channels(scope);
        }
        let engine = self.engine()?;
        let told = engine.follow_channel(&scope, &channel).await?;
        self.told_of_channel(scope, told).await?;
        if let Err(error) = engine.fetch_posts(&scope, &channel).await {
            tracing::warn!(session = %scope.id, %error, "posts of a channel not fetched");
        }
        Ok(())
    }

    /// Follows it no more. Repeating is a no-op; its owner cannot.
    pub async fn unfollow_channel(
        self: &Arc<Self>,
        scope: SessionScope,
        channel: ChannelJid,
    ) -> Result<()> {
        let role = self.channel_role(scope, &channel).await?;
        self.connected_to_channels(scope)?;
        if role == Some(ChannelRole::Owner) {
            return Err(Error::Forbidden("channel_owner"));
        }
        match self.engine()?.unfollow_channel(&scope, &channel).await {
            // Nobody leaves what they do not follow.
            Ok(()) | Err(Error::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
        self.changed_channel(scope, channel, |row| row.role = ChannelRole::Guest)
            .await
    }

    /// Whether a channel's posts notify the account's phone. Repeating is a no-op.
    pub async fn mute_channel(
        self: &Arc<Self>,
        scope: SessionScope,
        channel: ChannelJid,
        muted: bool,
    ) -> Result<()> {
        let role = self.channel_role(scope, &channel).await?;
        let asked_as = role.unwrap_or(ChannelRole::Follower);
        let engine = self.engine()?;
        match engine.mute_channel(&scope, &channel, asked_as, muted).await {
            Err(Error::Forbidden(_)) => return Err(Error::Forbidden("not_following")),
            done => done?,
        }
        self.changed_channel(scope, channel, move |row| row.muted = muted)
            .await
    }

    fn connected_to_channels(&self, scope: SessionScope) -> Result<()> {
        match self.engine()?.connected(&scope) {
            true => Ok(()),
            false => Err(Error::NotConnected),
        }
    }

    async fn channel_role(
        &self,
        scope: SessionScope,
        channel: &ChannelJid,
    ) -> Result<Option<ChannelRole>> {
        let channel = channel.clone();
        self.store
            .read(move |view| Ok(view.channel(scope.no, &channel)?.map(|row| row.role)))
            .await
    }

    async fn told_of_channel(self: &Arc<Self>, scope: SessionScope, told: InChannel) -> Result<()> {
        let fact = Inbound::Channel {
            channel: Box::new(told),
            origin: Origin::Live,
        };
        self.ingest_facts(scope, vec![fact]).await
    }

    async fn changed_channel(
        &self,
        scope: SessionScope,
        channel: ChannelJid,
        change: impl FnOnce(&mut ChannelRow) + Send + 'static,
    ) -> Result<()> {
        let now = self.clock.now();
        self.store
            .write(move |tx| {
                let Some(mut row) = tx.channel(scope.no, &channel)? else {
                    return Ok(());
                };
                let was = row.clone();
                change(&mut row);
                if row == was {
                    return Ok(());
                }
                row.updated_at = now;
                tx.put_channel(scope.no, &row)
            })
            .await
    }
}
