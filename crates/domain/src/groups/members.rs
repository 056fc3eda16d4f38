//! Who is in a group, as callers change it: people are added, removed, made admins, let in.
//!
//! WhatsApp answers for each person. That somebody is already what they should become is no failure.

use crate::{
    Domain, Error, Result,
    inbound::{GroupChange, InMember, Seen},
    ports::{
        groups::{JoinRequest, MemberChange},
        store::StoreExt,
    },
    sessions::SessionScope,
    show::{Show, lid_text, number},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wharf_types::{Address, GroupJid, Millis};

/// Somebody to whom it could not be done, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDone {
    /// Their JID as they were named.
    pub participant: String,
    /// `recipient_not_on_whatsapp`, `invite_needed`, `blocked`, `left_recently`, `group_full`, `group_owner`,
    /// `not_a_member`, `no_request` or `rejected`.
    pub reason: String,
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract's fields")]
pub struct Asking {
    pub lid: String,
    pub name: String,
    pub phone_number: String,
    pub requested_at: Option<Millis>,
}

/// What of a change took effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MembersChanged {
    /// The JIDs of those to whom it was done, or who were so before, as they were named.
    pub applied: Vec<String>,
    /// The others.
    pub not_done: Vec<NotDone>,
}

/// The code beside somebody who is in already.
const IN_ALREADY: u16 = 409;

/// What WhatsApp's codes say of somebody who cannot be added, as clients read them: 403 their privacy wants an invite,
/// 401 they block the account, 408 they left just now, 404 no such account, 419 and 500 the group is full (whatsmeow
/// `group.go`, Baileys `groupParticipantsUpdate`).
const fn adding(code: u16) -> &'static str {
    match code {
        401 => "blocked",
        403 => "invite_needed",
        404 => "recipient_not_on_whatsapp",
        408 => "left_recently",
        419 | 500 => "group_full",
        _ => "rejected",
    }
}

/// The same of a change: `None` when that is what was wanted anyway.
const fn verdict(change: MemberChange, code: u16) -> Option<&'static str> {
    match (change, code) {
        (MemberChange::Add, IN_ALREADY) | (MemberChange::Remove, 404) => None,
        (MemberChange::Add, code) => Some(adding(code)),
        (MemberChange::Remove | MemberChange::Promote | MemberChange::Demote, 403 | 406) => {
            Some("group_owner")
        }
        (MemberChange::Promote | MemberChange::Demote, 404) => Some("not_a_member"),
        (MemberChange::Approve | MemberChange::Reject, 404) => Some("no_request"),
        (MemberChange::Approve, code) => Some(adding(code)),
        _ => Some("rejected"),
    }
}

impl NotDone {
    /// Those of a new group who are not in it.
    pub(super) fn of(asked: &[Address], outcomes: &[Option<u16>]) -> Vec<Self> {
        let refused = |(who, outcome): (&Address, &Option<u16>)| {
            Some(Self {
                participant: who.jid(),
                reason: adding((*outcome)?).to_owned(),
            })
        };
        asked.iter().zip(outcomes).filter_map(refused).collect()
    }
}

impl Show<'_> {
    /// Somebody by all ids that are known of them.
    pub(super) fn seen(&self, address: &Address) -> Result<Seen> {
        if let Some(row) = self.person_at(address)? {
            return Ok(Seen {
                lid: row.lid,
                phone: row.phone,
            });
        }
        Ok(match address.clone() {
            Address::Phone(phone) => Seen {
                lid: None,
                phone: Some(phone),
            },
            Address::Lid(lid) => Seen {
                lid: Some(lid),
                phone: None,
            },
        })
    }
}

/// What is stored of it; requests that are refused leave no trace here.
fn stored(change: MemberChange, who: Vec<Seen>) -> Option<GroupChange> {
    Some(match change {
        MemberChange::Add | MemberChange::Approve => {
            let member = |who| InMember {
                who,
                role: "member",
                tag: String::new(),
            };
            GroupChange::Joined(who.into_iter().map(member).collect())
        }
        MemberChange::Remove => GroupChange::Left(who),
        MemberChange::Promote => GroupChange::Promoted(who),
        MemberChange::Demote => GroupChange::Demoted(who),
        MemberChange::Reject => return None,
    })
}

impl Domain {
    /// Changes who is in a group, or what they are in it.
    pub async fn change_members(
        self: &Arc<Self>,
        scope: SessionScope,
        jid: GroupJid,
        change: MemberChange,
        people: Vec<Address>,
    ) -> Result<MembersChanged> {
        self.get_group(scope, jid.clone()).await?;
        let named = people.clone();
        let seen = self
            .store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                people
                    .iter()
                    .map(|who| show.seen(who))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        let engine = self.engine()?;
        let outcomes = engine.change_members(&scope, &jid, change, &seen).await?;
        let owners = self.owners(scope, jid.clone(), &seen).await?;
        let mut told = MembersChanged::default();
        let mut done = Vec::new();
        for (place, outcome) in outcomes.into_iter().enumerate() {
            let (Some(address), Some(who)) = (named.get(place), seen.get(place)) else {
                break;
            };
            let owner = owners.get(place).copied().unwrap_or(false);
            let refused = match outcome {
                None => {
                    done.push(who.clone());
                    None
                }
                // Its owner is an admin already.
                Some(_) if owner && change == MemberChange::Promote => None,
                Some(code) => verdict(change, code),
            };
            match refused {
                None => told.applied.push(address.jid()),
                Some(reason) => told.not_done.push(NotDone {
                    participant: address.jid(),
                    reason: reason.to_owned(),
                }),
            }
        }
        if let Some(change) = stored(change, done) {
            self.changed(scope, jid, change).await?;
        }
        Ok(told)
    }

    /// Which of these people own the group, as far as is stored.
    async fn owners(
        &self,
        scope: SessionScope,
        jid: GroupJid,
        people: &[Seen],
    ) -> Result<Vec<bool>> {
        let people = people.to_vec();
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let group = view
                    .group(scope.no, &jid)?
                    .ok_or(Error::NotFound("group"))?;
                let owner = |who: &Seen| {
                    let by_lid = who.lid.clone().map(Address::Lid);
                    let address = by_lid.or_else(|| who.phone.clone().map(Address::Phone));
                    let row = address.map_or(Ok(None), |address| show.person_at(&address))?;
                    let member =
                        row.map_or(Ok(None), |row| view.member(scope.no, group.id, row.id))?;
                    Ok(member.is_some_and(|member| member.present && member.role == "superadmin"))
                };
                people.iter().map(owner).collect()
            })
            .await
    }

    /// Who asks to be let in, by the names that are known of them.
    pub async fn join_requests(&self, scope: SessionScope, jid: GroupJid) -> Result<Vec<Asking>> {
        self.get_group(scope, jid.clone()).await?;
        let asked = self.engine()?.join_requests(&scope, &jid).await?;
        self.store
            .read(move |view| {
                let show = Show::new(view, scope)?;
                let shown = |request: JoinRequest| {
                    let JoinRequest { who, at } = request;
                    let by_lid = who.lid.clone().map(Address::Lid);
                    let address = by_lid.or_else(|| who.phone.clone().map(Address::Phone));
                    let row = address.map_or(Ok(None), |address| show.person_at(&address))?;
                    let (lid, phone) = match &row {
                        Some(row) => (row.lid.clone(), row.phone.clone().or(who.phone)),
                        None => (who.lid, who.phone),
                    };
                    Ok(Asking {
                        lid: lid_text(lid.as_ref()),
                        name: row
                            .map(|row| row.names.shown().to_owned())
                            .unwrap_or_default(),
                        phone_number: number(phone.as_ref()),
                        requested_at: at,
                    })
                };
                asked.into_iter().map(shown).collect()
            })
            .await
    }
}
