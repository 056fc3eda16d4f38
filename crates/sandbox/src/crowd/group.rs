//! Groups of the crowd: who is in them, derived from either side without scanning the other.
//!
//! Every person has a home group (their index modulo the number of groups) as long as it has room; half of those
//! with a direct chat are in it, and all others. Besides, each group draws guests from everyone, low indices far
//! more often, so that some people are in many groups. The account is in every group.

use super::{
    Spec, names,
    person::{self, has_direct_chat},
    rng::{Draws, Kind},
};

/// WhatsApp lets 1024 into a group; guests and the account fit beside the residents.
const HOME_ROOM: u32 = 900;
const GUESTS: u64 = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The account the crowd is made for.
    Account,
    Person(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Member,
    Admin,
    SuperAdmin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    pub who: Who,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub index: u32,
    /// User part of the group JID.
    pub id: String,
    pub subject: String,
    pub description: Option<String>,
    pub announce: bool,
    pub locked: bool,
    /// Participants are addressed by LID; otherwise by number, as in groups from before the migration.
    pub by_lid: bool,
    /// Unix seconds.
    pub created: u64,
    /// The superadmin first, the account always among them, nobody twice.
    pub members: Vec<Membership>,
}

impl Group {
    pub(super) fn derive(spec: &Spec, index: u32) -> Self {
        let draws = draws(spec, index);
        let created = super::EPOCH - 86_400 * (500 + draws.below(1, 900));
        Group {
            index,
            id: format!(
                "120363{:012}",
                (u64::from(index) + draws.below(3, 1 << 20) * 900_000) % 1_000_000_000_000
            ),
            subject: names::subject(draws, index),
            description: draws.percent(4, 40).then(|| names::text(draws, 5)),
            announce: draws.percent(6, 10),
            locked: draws.percent(7, 20),
            by_lid: addressed_by_lid(spec, index),
            created,
            members: members(spec, index),
        }
    }
}

fn draws(spec: &Spec, index: u32) -> Draws {
    Draws::new(spec.seed, Kind::Group, u64::from(index))
}

pub(super) fn addressed_by_lid(spec: &Spec, index: u32) -> bool {
    // The first is always of the new kind, so that the smallest crowd has one.
    index == 0 || !draws(spec, index).percent(8, 15)
}

/// The group a person belongs to by their index, if there is one with room.
pub(super) fn home(spec: &Spec, person: u32) -> Option<u32> {
    let group = person.checked_rem(spec.groups)?;
    (person / spec.groups < HOME_ROOM).then_some(group)
}

fn is_resident(spec: &Spec, person: u32) -> bool {
    !has_direct_chat(spec, person) || person::draws(spec, person).percent(17, 50)
}

fn members(spec: &Spec, index: u32) -> Vec<Membership> {
    let draws = draws(spec, index);
    let residents = (0..HOME_ROOM)
        .map_while(|row| row.checked_mul(spec.groups)?.checked_add(index))
        .take_while(|person| *person < spec.people)
        .filter(|person| is_resident(spec, *person));
    let guests = (0..draws.below(9, GUESTS)).map(|n| {
        let unit = draws.below(100 + n, 1 << 16);
        // The square of an even draw: most guests come from the first few.
        ((unit * unit * u64::from(spec.people)) >> 32) as u32
    });
    let by_lid = addressed_by_lid(spec, index);
    let mut people: Vec<u32> =
        residents
            .chain(guests.filter(|guest| {
                *guest < spec.people && (by_lid || person::shows_number(spec, *guest))
            }))
            .collect();
    people.sort_unstable();
    people.dedup();

    // Whose group it is: the account's (one in eight, and any group with nobody else), or a member's.
    let founder = (!draws.percent(10, 12))
        .then(|| draws.pick(11, &people))
        .filter(|_| !people.is_empty());
    let account_admin = draws.percent(12, 30);
    let account = match founder {
        None => Role::SuperAdmin,
        Some(_) if account_admin => Role::Admin,
        Some(_) => Role::Member,
    };
    let role = |person: u32| match founder {
        Some(f) if f == person => Role::SuperAdmin,
        _ if draws.percent(1_000_000 + u64::from(person), 4) => Role::Admin,
        _ => Role::Member,
    };
    let mut members: Vec<Membership> = std::iter::once(Membership {
        who: Who::Account,
        role: account,
    })
    .chain(people.iter().map(|person| Membership {
        who: Who::Person(*person),
        role: role(*person),
    }))
    .collect();
    members.sort_by_key(|member| member.role != Role::SuperAdmin);
    members
}
