//! A group as the server keeps it, and how its members appear to one of them.

use wacore_binary::Jid;

use crate::ids::{Lid, Phone};

/// The most participants a group takes.
pub const MOST_MEMBERS: usize = 1024;
/// The longest subject, in characters.
pub const LONGEST_SUBJECT: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The whole group JID, `<digits>@g.us`.
    pub gid: String,
    pub owner: Phone,
    pub created_at: i64,
    pub subject: String,
    pub subject_by: Phone,
    pub subject_at: i64,
    pub description: Option<Description>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins change subject and description.
    pub locked: bool,
    /// Only admins add.
    pub admin_add: bool,
    /// The invite link leads to a request that an admin grants.
    pub approval: bool,
    /// Participants are addressed by LID, and a number is shown beside it where it may be; else by number.
    pub by_lid: bool,
    /// Members' numbers are shown to nobody but themselves.
    pub hide_numbers: bool,
    /// Seconds after which messages go; 0 = never.
    pub ephemeral: u32,
    /// Rises with every change of the participants.
    pub version: i64,
}

impl Group {
    /// The digits before `@g.us`.
    pub fn user(&self) -> &str {
        self.gid.trim_end_matches("@g.us")
    }
    pub fn jid(&self) -> Jid {
        Jid::group(self.user())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub id: String,
    pub text: String,
    pub by: Phone,
    pub at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Member = 0,
    Admin = 1,
    SuperAdmin = 2,
}

impl Role {
    pub fn of_row(v: i64) -> Self {
        match v {
            2 => Role::SuperAdmin,
            1 => Role::Admin,
            _ => Role::Member,
        }
    }
    /// The `type` of a participant; a plain member has none.
    pub fn wire(self) -> Option<&'static str> {
        match self {
            Role::Member => None,
            Role::Admin => Some("admin"),
            Role::SuperAdmin => Some("superadmin"),
        }
    }
    pub fn is_admin(self) -> bool {
        self != Role::Member
    }
}

/// Whether the others in a group see a member's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Always = 0,
    Never = 1,
    /// Groups do not show it, but it comes to be known: by the mappings of the history, by a direct message.
    Later = 2,
}

/// Somebody as the group names people: both identities and whether the number is anybody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub phone: Phone,
    pub lid: Lid,
    pub hidden: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub who: Identity,
    pub role: Role,
}

/// Who looks at the group: decides whose numbers are shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub group: &'a Group,
    pub viewer: Phone,
}

impl View<'_> {
    /// The JID the group addresses somebody by.
    pub fn jid(&self, who: &Identity) -> Jid {
        if self.group.by_lid {
            who.lid.jid()
        } else {
            who.phone.jid()
        }
    }
    /// The number, where the viewer may see it.
    pub fn number(&self, who: &Identity) -> Option<Jid> {
        let hidden = self.group.by_lid
            && (who.hidden || self.group.hide_numbers)
            && who.phone != self.viewer;
        (!hidden).then(|| who.phone.jid())
    }
    /// The other identity beside [`View::jid`], if it may be shown.
    pub fn other(&self, who: &Identity) -> Option<Jid> {
        if self.group.by_lid {
            self.number(who)
        } else {
            Some(who.lid.jid())
        }
    }
    /// What stands in the place of a hidden number: country code, dots, last two digits.
    pub fn mask(&self, who: &Identity) -> Option<String> {
        if self.number(who).is_some() {
            return None;
        }
        let digits = who.phone.to_string();
        let (head, tail) = (
            digits.get(..2)?,
            digits.get(digits.len().checked_sub(2)?..)?,
        );
        let dots = "\u{2219}".repeat(digits.len().saturating_sub(4));
        Some(format!("+{head}{dots}{tail}"))
    }
}
