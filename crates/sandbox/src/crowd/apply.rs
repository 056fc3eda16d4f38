//! A crowd enters the world: its people get accounts, the account's address book their names, groups their members.
//!
//! Past messages are not written anywhere: the spec is kept, and whoever uploads the history to a new companion
//! derives them again ([`World::crowds_of`]). A companion that is linked already gets no history, as from a real
//! phone: to it the crowd's messages are written live, now and with ids of their own, and they are remembered where
//! live messages are; the crowd's row then says that it has none of its own.

use anyhow::{Context, Result};
use rusqlite::params;
use waproto::whatsapp as wa;

use super::{Crowd, Group, NumberShown, Person, Role, Spec, Who, generate};
use crate::{
    appstate::{Action, action::ContactNames},
    groups::{
        change::{NewGroup, NewMember},
        model::{self, Shown},
    },
    ids::Phone,
    iq::IqError,
    people::write::Writing,
    world::{
        World,
        account::{Account, NewAccount},
    },
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS crowds(
  owner INTEGER NOT NULL, seed INTEGER NOT NULL, people INTEGER NOT NULL, groups INTEGER NOT NULL, messages INTEGER NOT NULL,
  PRIMARY KEY(owner, seed)) WITHOUT ROWID;";

/// Address-book entries handed over at a time: what is held in memory, not what a patch holds.
const AT_ONCE: usize = 5_000;

/// Messages written live to companions that are linked already: each is encrypted one by one.
const LIVE: u64 = 2_000;

#[derive(Debug, thiserror::Error)]
pub enum PopulateError {
    #[error("no account {0}")]
    NoAccount(Phone),
    #[error("the account has a crowd of this seed already")]
    Repeated,
    #[error("number or LID of {0} is taken: choose another seed")]
    Taken(String),
    #[error(
        "{0} messages would have to be written live to a linked companion, at most {LIVE}: populate before linking"
    )]
    TooMuchLive(u64),
    #[error(transparent)]
    Spec(#[from] super::SpecError),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// What entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Populated {
    pub people: u32,
    pub groups: u32,
    pub direct_chats: u32,
    pub saved_contacts: u32,
    pub messages: u64,
}

impl World<'_> {
    /// The crowds around an account, in the order of their seeds.
    pub fn crowds_of(&self, owner: Phone) -> Result<Vec<Crowd>> {
        let mut q = self.db().prepare_cached(
            "SELECT seed, people, groups, messages FROM crowds WHERE owner = ?1 ORDER BY seed",
        )?;
        let specs = q
            .query_map([owner.row()], |r| {
                Ok(Spec {
                    seed: r.get::<_, i64>(0)?.cast_unsigned(),
                    people: r.get(1)?,
                    groups: r.get(2)?,
                    messages: r.get(3)?,
                    account: owner.to_string(),
                })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        specs
            .into_iter()
            .map(|s| generate(s).context("a stored crowd"))
            .collect()
    }

    /// Everything of one crowd, in the caller's transaction.
    pub fn populate(&mut self, owner: Phone, spec: Spec) -> Result<Populated, PopulateError> {
        let me = self
            .account(owner)?
            .ok_or(PopulateError::NoAccount(owner))?;
        let crowd = generate(spec)?;
        let s = crowd.spec();
        let live = self.devices(owner)?.iter().any(|d| d.keys.is_some());
        let new = self
            .db()
            .execute(
                "INSERT OR IGNORE INTO crowds(owner, seed, people, groups, messages) VALUES(?1,?2,?3,?4,?5)",
                params![owner.row(), s.seed.cast_signed(), s.people, s.groups, if live { 0 } else { s.messages }],
            )
            .map_err(anyhow::Error::from)?;
        if new == 0 {
            return Err(PopulateError::Repeated);
        }
        let mut done = Populated {
            people: s.people,
            groups: s.groups,
            ..Populated::default()
        };
        for person in crowd.people() {
            self.enter_person(&person)?;
            done.direct_chats += u32::from(person.direct_chat);
        }
        done.messages = u64::from(done.direct_chats) * u64::from(s.messages);
        done.saved_contacts = self.save_names(owner, &crowd)?;
        for group in crowd.groups() {
            self.enter_group_of(owner, &crowd, &group)?;
        }
        if live && done.messages > LIVE {
            return Err(PopulateError::TooMuchLive(done.messages));
        }
        if live {
            self.write_live(&me, &crowd)?;
        }
        Ok(done)
    }

    fn enter_person(&mut self, p: &Person) -> Result<(), PopulateError> {
        let taken = || PopulateError::Taken(p.phone.clone());
        let phone: Phone = p.phone.parse().map_err(|_| taken())?;
        let lid = p.lid.parse().map_err(|_| taken())?;
        if self.account(phone)?.is_some() || self.account_by_lid(lid)?.is_some() {
            return Err(taken());
        }
        self.add_account(NewAccount {
            lid: Some(lid),
            about: p.about.clone().unwrap_or_default(),
            business: p.verified_name.is_some(),
            ..NewAccount::new(phone, p.push_name.clone().unwrap_or_default())
        })?;
        Ok(())
    }

    fn write_live(&mut self, me: &Account, crowd: &Crowd) -> Result<()> {
        for person in crowd.people().filter(|p| p.direct_chat) {
            let them = self
                .account(person.phone.parse()?)?
                .context("a person just entered")?;
            for m in crowd.messages(&person) {
                let msg = wa::Message {
                    conversation: Some(m.text),
                    ..Default::default()
                };
                let what = Writing {
                    msg: &msg,
                    hide_number: false,
                };
                let (from, to) = if m.from_me { (me, &them) } else { (&them, me) };
                self.person_writes(from, to, &what)?;
            }
        }
        Ok(())
    }

    fn save_names(&mut self, owner: Phone, crowd: &Crowd) -> Result<u32> {
        let now = self.now_ms();
        let (mut actions, mut count) = (Vec::new(), 0);
        for person in crowd.people() {
            let Some(name) = &person.saved_name else {
                continue;
            };
            let (phone, lid): (Phone, crate::ids::Lid) =
                (person.phone.parse()?, person.lid.parse()?);
            let names = ContactNames::from_full(name);
            actions.push(Action::contact(
                Some(&phone.jid()),
                Some(&lid.jid()),
                &names,
                now,
            )?);
            count += 1;
            if actions.len() == AT_ONCE {
                self.author(owner, std::mem::take(&mut actions))?;
            }
        }
        if !actions.is_empty() {
            self.author(owner, actions)?;
        }
        Ok(count)
    }

    fn enter_group_of(&mut self, owner: Phone, crowd: &Crowd, g: &Group) -> Result<()> {
        let member = |m: &super::Membership| -> Result<NewMember> {
            let role = match m.role {
                Role::Member => model::Role::Member,
                Role::Admin => model::Role::Admin,
                Role::SuperAdmin => model::Role::SuperAdmin,
            };
            let (phone, number) = match m.who {
                Who::Account => (owner, Shown::Always),
                Who::Person(i) => {
                    let p = crowd.person(i).context("a member nobody knows")?;
                    let number = match p.number_shown {
                        NumberShown::Always => Shown::Always,
                        NumberShown::Never => Shown::Never,
                        NumberShown::Later => Shown::Later,
                    };
                    (p.phone.parse()?, number)
                }
            };
            Ok(NewMember {
                phone,
                role,
                number,
            })
        };
        let members: Vec<NewMember> = g.members.iter().map(member).collect::<Result<_>>()?;
        let founder = members.first().context("a group of nobody")?.phone;
        let new = NewGroup {
            gid: Some(format!("{}@g.us", g.id)),
            description: g.description.clone(),
            announce: g.announce,
            locked: g.locked,
            by_lid: g.by_lid,
            created_at: Some(i64::try_from(g.created)?),
            ..NewGroup::plain(founder, g.subject.clone(), members)
        };
        match self.create_group(new) {
            Ok(_) => Ok(()),
            Err(IqError::Refused(r)) => Err(anyhow::anyhow!("group {}: {r}", g.id)),
            Err(IqError::Malformed(e)) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{keys::Seed, store, world::Sim};

    const OWNER: &str = "628111111111";

    fn spec(people: u32, seed: u64) -> Spec {
        Spec {
            people,
            groups: 6,
            messages: 2,
            seed,
            account: OWNER.into(),
        }
    }

    fn world() -> (Arc<Sim>, Phone) {
        let sim = Arc::new(Sim::new(store::open(None).unwrap(), Seed::from_u64(1)).unwrap());
        let owner: Phone = OWNER.parse().unwrap();
        sim.act(|w| w.add_account(NewAccount::new(owner, "Owner")))
            .unwrap();
        (sim, owner)
    }

    #[test]
    fn everybody_enters_with_account_groups_and_address_book() {
        let (sim, owner) = world();
        let done = sim.act(|w| w.populate(owner, spec(300, 7))).unwrap();
        assert_eq!((done.people, done.groups), (300, 6));
        assert_eq!(done.messages, u64::from(done.direct_chats) * 2);
        sim.act(|w| {
            let crowd = w.crowds_of(owner)?.remove(0);
            assert_eq!(crowd.spec(), &spec(300, 7));
            for p in crowd.people() {
                let a = w.account(p.phone.parse()?)?.expect("an account");
                assert_eq!(
                    (a.lid.to_string(), a.name),
                    (p.lid, p.push_name.unwrap_or_default())
                );
            }
            let version =
                w.app_state_version(owner, crate::appstate::Collection::CriticalUnblockLow)?;
            assert!(
                version > 0 && done.saved_contacts > 20,
                "names in the address book"
            );
            let groups = w.groups_of(owner)?;
            assert_eq!(groups.len(), 6);
            let hidden = |g: &model::Group| {
                w.group_members(&g.gid)
                    .unwrap()
                    .iter()
                    .filter(|m| m.who.hidden)
                    .count()
            };
            assert!(
                groups.iter().map(hidden).sum::<usize>() > 5,
                "members who hide their number"
            );
            assert!(groups.iter().all(|g| g.by_lid || hidden(g) == 0));
            Ok::<_, anyhow::Error>(())
        })
        .unwrap();
    }

    #[test]
    fn to_a_companion_that_is_linked_already_the_crowd_writes_live() {
        let (sim, owner) = world();
        sim.act(|w| {
            crate::groups::test_client::Client::link(w, owner, 3);
            Ok::<_, anyhow::Error>(())
        })
        .unwrap();
        let done = sim.act(|w| w.populate(owner, spec(20, 7))).unwrap();
        sim.act(|w| {
            let queued: Vec<String> = w
                .waiting(owner.device(1), 0, 1_000)?
                .into_iter()
                .map(|x| x.class)
                .collect();
            let count = |class| queued.iter().filter(|c| *c == class).count();
            assert_eq!(count("message") as u64, done.messages);
            assert!(count("notification") >= 6, "groups and names: {queued:?}");
            assert_eq!(w.inbox(owner)?.len() as u64, done.messages);
            assert!(
                w.crowds_of(owner)?.iter().all(|c| c.spec().messages == 0),
                "no history twice"
            );
            Ok::<_, anyhow::Error>(())
        })
        .unwrap();
        let many = Spec {
            messages: 1_000,
            ..spec(20, 8)
        };
        let refused = sim.act(|w| w.populate(owner, many));
        assert!(matches!(refused, Err(PopulateError::TooMuchLive(_))));
    }

    #[test]
    fn a_seed_enters_once_another_beside_it_and_a_failure_leaves_nothing() {
        let (sim, owner) = world();
        sim.act(|w| w.populate(owner, spec(30, 1))).unwrap();
        assert!(matches!(
            sim.act(|w| w.populate(owner, spec(30, 1))),
            Err(PopulateError::Repeated)
        ));
        sim.act(|w| w.populate(owner, spec(30, 2))).unwrap();
        let crowd = generate(spec(30, 3)).unwrap();
        let last = crowd.person(29).unwrap();
        sim.act(|w| w.add_account(NewAccount::new(last.phone.parse()?, "first")))
            .unwrap();
        assert!(matches!(
            sim.act(|w| w.populate(owner, spec(30, 3))),
            Err(PopulateError::Taken(_))
        ));
        sim.act(|w| {
            assert_eq!(w.crowds_of(owner)?.len(), 2);
            assert!(
                w.account(crowd.person(0).unwrap().phone.parse()?)?
                    .is_none(),
                "rolled back"
            );
            Ok::<_, anyhow::Error>(())
        })
        .unwrap();
    }
}
