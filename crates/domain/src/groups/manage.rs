//! What callers do to groups: make them, change what they are, join and leave.
//!
//! Each goes to WhatsApp first. What it took is stored at once, as a fact of ours, so that whoever was answered finds it;
//! WhatsApp's own word of it comes to this device too and changes nothing then.

use super::{Group, invite, members::NotDone};
use crate::{
    Domain, Error, Result,
    inbound::{GroupChange, InGroup, Inbound, Origin, Seen},
    media::MediaSource,
    outbox::Idempotency,
    ports::{
        groups::{GroupSetting, Joined},
        store::StoreExt,
    },
    sessions::SessionScope,
    show::{Own, Show},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_types::{Address, GroupJid};

/// The most members a group takes.
pub const MOST_MEMBERS: usize = 1_024;
/// The longest name, in characters.
pub const LONGEST_SUBJECT: usize = 100;
/// The longest description, in characters.
pub const LONGEST_DESCRIPTION: usize = 2_048;
/// The timers that WhatsApp's apps offer, in seconds; 0 = none.
pub const TIMERS: [u32; 4] = [0, 86_400, 604_800, 7_776_000];

/// What createGroup answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedGroup {
    /// The group as it is stored.
    #[serde(flatten)]
    pub group: Group,
    /// Who could not be added.
    pub details: Vec<NotDone>,
    /// An answer to a repeated key.
    pub replayed: bool,
}

/// What is remembered of it under a key.
#[derive(Serialize, Deserialize)]
struct Remembered {
    jid: String,
    details: Vec<NotDone>,
}

/// What updateGroup changes, each `None` left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct GroupPatch {
    pub subject: Option<String>,
    pub description: Option<String>,
    pub announce: Option<bool>,
    pub locked: Option<bool>,
    pub join_approval: Option<bool>,
    pub ephemeral_seconds: Option<u32>,
}

/// An update that WhatsApp took in part.
#[derive(Debug)]
pub struct Halfway {
    /// Why it went no further.
    pub error: Error,
    /// The fields that took effect before.
    pub applied: Vec<&'static str>,
}

impl From<Error> for Halfway {
    fn from(error: Error) -> Self {
        Self {
            error,
            applied: Vec::new(),
        }
    }
}

/// What joinGroup answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinedGroup {
    /// `…@g.us`.
    pub group_jid: String,
    /// The request waits for an admin.
    pub pending: bool,
}

impl GroupPatch {
    /// The changes in the contract's order, by the names of their fields.
    fn settings(self) -> Vec<(&'static str, GroupSetting)> {
        use GroupSetting::{
            Announce, Description, EphemeralSeconds, JoinApproval, Locked, Subject,
        };
        [
            ("subject", self.subject.map(Subject)),
            ("description", self.description.map(Description)),
            ("announce", self.announce.map(Announce)),
            ("locked", self.locked.map(Locked)),
            ("joinApproval", self.join_approval.map(JoinApproval)),
            (
                "ephemeralSeconds",
                self.ephemeral_seconds.map(EphemeralSeconds),
            ),
        ]
        .into_iter()
        .filter_map(|(field, setting)| Some((field, setting?)))
        .collect()
    }
}

/// What of a setting is stored here.
fn stored(setting: GroupSetting) -> Option<GroupChange> {
    Some(match setting {
        GroupSetting::Subject(text) => GroupChange::Subject(text),
        GroupSetting::Description(text) => GroupChange::Description(text),
        GroupSetting::Announce(on) => GroupChange::Announce(on),
        GroupSetting::Locked(on) => GroupChange::Locked(on),
        GroupSetting::JoinApproval(_) | GroupSetting::EphemeralSeconds(_) => return None,
    })
}

impl Domain {
    /// Makes a group. Nobody is in it twice, and the account is in it anyway.
    pub async fn create_group(
        self: &Arc<Self>,
        scope: SessionScope,
        name: String,
        people: Vec<Address>,
        key: Option<Idempotency>,
    ) -> Result<CreatedGroup> {
        let make = async {
            let (asked, seen) = self.others(scope, people).await?;
            let engine = self.engine()?;
            let made = engine.create_group(&scope, &name, &seen).await?;
            let details = NotDone::of(&asked, &made.outcomes);
            let jid = made.group.jid.as_str().to_owned();
            self.told_group(scope, made.group).await?;
            Ok(Remembered { jid, details })
        };
        let (made, replayed) = self.once(scope, key, make).await?;
        let jid: GroupJid = made
            .jid
            .parse()
            .map_err(|_| Error::Internal("a group without a group's JID".into()))?;
        Ok(CreatedGroup {
            group: self.get_group(scope, jid).await?,
            details: made.details,
            replayed,
        })
    }

    /// Changes what is given, one operation after the other; the fields that took effect.
    pub async fn update_group(
        self: &Arc<Self>,
        scope: SessionScope,
        jid: GroupJid,
        patch: GroupPatch,
    ) -> Result<Vec<&'static str>, Halfway> {
        self.get_group(scope, jid.clone()).await?;
        let mut applied = Vec::new();
        for (field, setting) in patch.settings() {
            let engine = self.engine()?;
            if let Err(error) = engine.set_group(&scope, &jid, &setting).await {
                return Err(Halfway { error, applied });
            }
            applied.push(field);
            if let Some(change) = stored(setting) {
                self.changed(scope, jid.clone(), change).await?;
            }
        }
        Ok(applied)
    }

    /// The invite link of a group; `anew` makes the former one lead nowhere.
    pub async fn group_invite(
        &self,
        scope: SessionScope,
        jid: GroupJid,
        anew: bool,
    ) -> Result<String> {
        self.get_group(scope, jid.clone()).await?;
        self.engine()?.group_invite(&scope, &jid, anew).await
    }

    /// Leaves a group; what is stored of it stays.
    pub async fn leave_group(self: &Arc<Self>, scope: SessionScope, jid: GroupJid) -> Result<()> {
        self.get_group(scope, jid.clone()).await?;
        self.engine()?.leave_group(&scope, &jid).await?;
        let own = self.own(scope).await?;
        self.changed(scope, jid, GroupChange::Left(vec![own])).await
    }

    /// Follows an invite link.
    pub async fn join_group(
        self: &Arc<Self>,
        scope: SessionScope,
        text: &str,
    ) -> Result<JoinedGroup> {
        let wrong = |what: &str| Error::invalid("invite", what);
        let code = invite::code(text).ok_or_else(|| wrong("must be an invite link or its code"))?;
        let engine = self.engine()?;
        let (jid, pending) = match engine.join_group(&scope, code).await? {
            Joined::Member(jid) => (jid, false),
            Joined::Asked(jid) => (jid, true),
            Joined::Nowhere => return Err(wrong("is expired, revoked or mistyped")),
        };
        if !pending {
            let group = engine.group_now(&scope, &jid).await?;
            self.told_group(scope, group).await?;
        }
        Ok(JoinedGroup {
            group_jid: jid.as_str().to_owned(),
            pending,
        })
    }

    /// Gives a group a picture, cut to a square.
    pub async fn set_group_picture(
        &self,
        scope: SessionScope,
        jid: GroupJid,
        source: MediaSource,
    ) -> Result<()> {
        self.get_group(scope, jid.clone()).await?;
        let engine = self.engine()?;
        if !engine.connected(&scope) {
            return Err(Error::NotConnected);
        }
        let jpeg = self.portrait(&scope, source).await?;
        engine.set_group_picture(&scope, &jid, Some(jpeg)).await
    }

    /// Takes a group's picture away; none is fine.
    pub async fn remove_group_picture(&self, scope: SessionScope, jid: GroupJid) -> Result<()> {
        self.get_group(scope, jid.clone()).await?;
        self.engine()?.set_group_picture(&scope, &jid, None).await
    }

    /// The account itself.
    pub(super) async fn own(&self, scope: SessionScope) -> Result<Seen> {
        let own = self.store.read(move |view| Own::of(view, &scope)).await?;
        Ok(Seen {
            lid: own.lid,
            phone: own.phone,
        })
    }

    /// Each of these people once, without the account itself, by all the ids that are known of them.
    async fn others(
        &self,
        scope: SessionScope,
        people: Vec<Address>,
    ) -> Result<(Vec<Address>, Vec<Seen>)> {
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let (mut asked, mut all) = (Vec::new(), Vec::<Seen>::new());
                for address in people {
                    let seen = show.seen(&address)?;
                    if show.own.is(seen.lid.as_ref(), seen.phone.as_ref()) || all.contains(&seen) {
                        continue;
                    }
                    asked.push(address);
                    all.push(seen);
                }
                Ok((asked, all))
            })
            .await
    }

    /// WhatsApp took a change of ours.
    pub(super) async fn changed(
        self: &Arc<Self>,
        scope: SessionScope,
        jid: GroupJid,
        change: GroupChange,
    ) -> Result<()> {
        let fact = Inbound::GroupChanged {
            jid,
            by: Some(self.own(scope).await?),
            change,
            at: self.clock.now(),
        };
        self.ingest_facts(scope, vec![fact]).await
    }

    /// A group as WhatsApp told it just now.
    async fn told_group(self: &Arc<Self>, scope: SessionScope, group: InGroup) -> Result<()> {
        let fact = Inbound::Group {
            group: Box::new(group),
            origin: Origin::Live,
        };
        self.ingest_facts(scope, vec![fact]).await
    }
}
