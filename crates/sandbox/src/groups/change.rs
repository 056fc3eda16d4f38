//! What people do to groups. Each function checks the right, changes the world and tells those concerned.
//!
//! Refusals as WhatsApp words them: no such group 404, not a member 403, a member who would have to be an admin 401,
//! an outdated description 409, an impossible value 406. Who is in a group changes in [`super::members`].

use anyhow::{Result, anyhow};

use super::{
    model::{Description, Group, LONGEST_SUBJECT, MOST_MEMBERS, Member, Role, Shown},
    tell::News,
};
use crate::{
    ids::Phone,
    iq::{FORBIDDEN, IqError, NOT_ACCEPTABLE, NOT_FOUND, Refusal},
    world::World,
};

pub const NOT_AUTHORIZED: Refusal = Refusal {
    code: 401,
    text: "not-authorized",
};
pub const CONFLICT: Refusal = Refusal {
    code: 409,
    text: "conflict",
};
pub const GONE: Refusal = Refusal {
    code: 410,
    text: "gone",
};
pub const FULL: Refusal = Refusal {
    code: 419,
    text: "resource-limit",
};

pub struct NewMember {
    pub phone: Phone,
    pub role: Role,
    pub number: Shown,
}

impl NewMember {
    pub fn plain(phone: Phone) -> Self {
        Self {
            phone,
            role: Role::Member,
            number: Shown::Always,
        }
    }
}

pub struct NewGroup {
    /// Drawn when None.
    pub gid: Option<String>,
    pub owner: Phone,
    pub subject: String,
    pub description: Option<String>,
    pub announce: bool,
    pub locked: bool,
    pub admin_add: bool,
    pub approval: bool,
    pub by_lid: bool,
    pub hide_numbers: bool,
    pub ephemeral: u32,
    /// Now when None.
    pub created_at: Option<i64>,
    /// Without the owner or with them: they are a member either way.
    pub members: Vec<NewMember>,
    /// The id the creator's client gave its request.
    pub key: Option<String>,
}

impl NewGroup {
    pub fn plain(owner: Phone, subject: String, members: Vec<NewMember>) -> Self {
        Self {
            gid: None,
            owner,
            subject,
            description: None,
            announce: false,
            locked: false,
            admin_add: false,
            approval: false,
            by_lid: true,
            hide_numbers: false,
            ephemeral: 0,
            created_at: None,
            members,
            key: None,
        }
    }
}

fn check_subject(subject: &str) -> Result<(), Refusal> {
    let length = subject.chars().count();
    if length == 0 || length > LONGEST_SUBJECT {
        Err(NOT_ACCEPTABLE)
    } else {
        Ok(())
    }
}

impl World<'_> {
    /// Makes a group and tells its members. Everyone named must have an account; the caller reports who has none.
    pub fn create_group(&mut self, new: NewGroup) -> Result<Group, IqError> {
        check_subject(&new.subject)?;
        let now = self.now();
        let at = new.created_at.unwrap_or(now);
        let gid = new.gid.unwrap_or_else(|| {
            format!(
                "120363{:012}@g.us",
                rand::random::<u64>() % 1_000_000_000_000
            )
        });
        if self.group(&gid)?.is_some() {
            return Err(CONFLICT.into());
        }
        let others: Vec<&NewMember> = new
            .members
            .iter()
            .filter(|m| m.phone != new.owner)
            .collect();
        if others.len() >= MOST_MEMBERS {
            return Err(FULL.into());
        }
        let group = Group {
            owner: new.owner,
            created_at: at,
            subject: new.subject,
            subject_by: new.owner,
            subject_at: at,
            description: new.description.map(|text| Description {
                id: self.stanza_id(),
                text,
                by: new.owner,
                at,
            }),
            announce: new.announce,
            locked: new.locked,
            admin_add: new.admin_add,
            approval: new.approval,
            by_lid: new.by_lid || new.hide_numbers,
            hide_numbers: new.hide_numbers,
            ephemeral: new.ephemeral,
            version: self.now_ms() * 1000,
            gid,
        };
        self.save_group(&group)?;
        self.save_member(&group.gid, new.owner, Role::SuperAdmin, Shown::Always)?;
        for m in others {
            self.save_member(&group.gid, m.phone, m.role, m.number)?;
        }
        self.tell_members(
            &group,
            new.owner,
            &News::Joined {
                kind: Some("new"),
                reason: None,
                key: new.key.as_deref(),
            },
        )?;
        Ok(group)
    }

    /// The group, if there is one and `by` is in it.
    pub fn group_for(&self, gid: &str, by: Phone) -> Result<(Group, Member), IqError> {
        let group = self.group(gid)?.ok_or(NOT_FOUND)?;
        let member = self.group_member(gid, by)?.ok_or(FORBIDDEN)?;
        Ok((group, member))
    }

    /// As [`World::group_for`], for an admin.
    pub fn group_for_admin(&self, gid: &str, by: Phone) -> Result<Group, IqError> {
        let (group, member) = self.group_for(gid, by)?;
        if member.role.is_admin() {
            Ok(group)
        } else {
            Err(NOT_AUTHORIZED.into())
        }
    }

    /// As [`World::group_for`], for who may change name, description and picture.
    pub(super) fn group_for_editor(&self, gid: &str, by: Phone) -> Result<Group, IqError> {
        let (group, member) = self.group_for(gid, by)?;
        if group.locked && !member.role.is_admin() {
            Err(NOT_AUTHORIZED.into())
        } else {
            Ok(group)
        }
    }

    pub fn set_group_subject(
        &mut self,
        gid: &str,
        by: Phone,
        subject: &str,
    ) -> Result<(), IqError> {
        let mut g = self.group_for_editor(gid, by)?;
        check_subject(subject)?;
        (g.subject, g.subject_by, g.subject_at) = (subject.to_owned(), by, self.now());
        self.save_group(&g)?;
        Ok(self.tell_members(&g, by, &News::Subject)?)
    }

    /// `prev` is the id the client believes to be current; another one there is a conflict. `id` is the client's.
    pub fn set_group_description(
        &mut self,
        gid: &str,
        by: Phone,
        id: Option<String>,
        prev: Option<&str>,
        text: Option<String>,
    ) -> Result<(), IqError> {
        let mut g = self.group_for_editor(gid, by)?;
        if g.description.as_ref().map(|d| d.id.as_str()) != prev {
            return Err(CONFLICT.into());
        }
        let id = id.unwrap_or_else(|| self.stanza_id());
        g.description = text.map(|text| Description {
            id: id.clone(),
            text,
            by,
            at: self.now(),
        });
        self.save_group(&g)?;
        Ok(self.tell_members(&g, by, &News::Description { id: &id })?)
    }

    /// Settings only admins change. Nothing is told when nothing changes.
    pub fn change_group(
        &mut self,
        gid: &str,
        by: Phone,
        news: &News<'_>,
        change: impl FnOnce(&mut Group),
    ) -> Result<(), IqError> {
        let before = self.group_for_admin(gid, by)?;
        let mut g = before.clone();
        change(&mut g);
        if g == before {
            return Ok(());
        }
        self.save_group(&g)?;
        Ok(self.tell_members(&g, by, news)?)
    }

    /// The invite link's code, drawn when there is none or `reset`.
    pub fn group_invite(&mut self, gid: &str, by: Phone, reset: bool) -> Result<String, IqError> {
        let g = self.group_for_admin(gid, by)?;
        if let Some(code) = self.invite_code(gid)?.filter(|_| !reset) {
            return Ok(code);
        }
        let code = invite_code();
        self.set_invite_code(gid, &code)?;
        if reset {
            self.tell_members(&g, by, &News::Invite { code: &code })?;
        }
        Ok(code)
    }
}

/// 22 letters and digits, as WhatsApp's.
fn invite_code() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..22)
        .filter_map(|_| LETTERS.get(rand::random::<u64>() as usize % LETTERS.len()))
        .map(|b| char::from(*b))
        .collect()
}

/// The form `iq` and the control API read a group JID from: `<digits>@g.us` or `<digits>-<digits>@g.us`.
pub fn parse_gid(text: &str) -> Result<String> {
    let user = text
        .strip_suffix("@g.us")
        .ok_or_else(|| anyhow!("{text:?} is not a group JID"))?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let fits = match user.split_once('-') {
        Some((a, b)) => digits(a) && digits(b),
        None => digits(user),
    };
    if fits {
        Ok(text.to_owned())
    } else {
        Err(anyhow!("{text:?} is not a group JID"))
    }
}
