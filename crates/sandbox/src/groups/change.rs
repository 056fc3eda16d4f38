//! What people do to groups. Each function checks the right, changes the world and tells those concerned.
//!
//! Refusals as WhatsApp words them: no such group 404, not a member 403, a member who would have to be an admin 401,
//! an outdated description 409, an impossible value 406. Errors about one of several people do not fail the whole:
//! they stand beside that person.

use anyhow::{Context, Result, anyhow};

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

/// What happened to one of several people: None = done, else the code WhatsApp puts beside them.
pub type Outcome = Option<u16>;

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

    fn group_for_admin(&self, gid: &str, by: Phone) -> Result<Group, IqError> {
        let (group, member) = self.group_for(gid, by)?;
        if member.role.is_admin() {
            Ok(group)
        } else {
            Err(NOT_AUTHORIZED.into())
        }
    }

    fn group_for_editor(&self, gid: &str, by: Phone) -> Result<Group, IqError> {
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

    /// Adds people; who is in already, or on no account, gets a code beside their name.
    pub fn add_to_group(
        &mut self,
        gid: &str,
        by: Phone,
        phones: &[Phone],
    ) -> Result<Vec<Outcome>, IqError> {
        let (g, member) = self.group_for(gid, by)?;
        if g.admin_add && !member.role.is_admin() {
            return Err(NOT_AUTHORIZED.into());
        }
        self.enter_group(g, by, phones, None)
    }

    /// Enters by the invite link.
    pub fn join_group(&mut self, code: &str, who: Phone) -> Result<Group, IqError> {
        let g = self.group_by_invite(code)?.ok_or(GONE)?;
        match self
            .enter_group(g.clone(), who, &[who], Some("invite"))?
            .first()
        {
            Some(None) => Ok(g),
            Some(Some(409)) => Err(CONFLICT.into()),
            _ => Err(FULL.into()),
        }
    }

    fn enter_group(
        &mut self,
        mut g: Group,
        by: Phone,
        phones: &[Phone],
        reason: Option<&'static str>,
    ) -> Result<Vec<Outcome>, IqError> {
        let before = self.group_viewers(&g.gid)?;
        let mut size = self.group_members(&g.gid)?.len();
        let (mut outcomes, mut added) = (Vec::new(), Vec::new());
        for phone in phones {
            let on_whatsapp = self.account(*phone)?.is_some_and(|a| a.on_whatsapp);
            let outcome = match self.group_member(&g.gid, *phone)? {
                Some(_) => Some(409),
                None if !on_whatsapp => Some(404),
                None if size >= MOST_MEMBERS => Some(419),
                None => {
                    self.save_member(&g.gid, *phone, Role::Member, Shown::Always)?;
                    added.push(
                        self.group_member(&g.gid, *phone)?
                            .context("the member just added")?,
                    );
                    size += 1;
                    None
                }
            };
            outcomes.push(outcome);
        }
        if !added.is_empty() {
            let old = self.next_version(&mut g)?;
            self.tell_group(
                &g,
                &before,
                by,
                &News::Participants {
                    tag: "add",
                    before: old,
                    whom: &added,
                    reason,
                },
            )?;
            let new: Vec<Phone> = added.iter().map(|m| m.who.phone).collect();
            self.tell_group(
                &g,
                &new,
                by,
                &News::Joined {
                    kind: None,
                    reason,
                    key: None,
                },
            )?;
        }
        Ok(outcomes)
    }

    /// Removes people. Nobody removes the superadmin.
    pub fn remove_from_group(
        &mut self,
        gid: &str,
        by: Phone,
        phones: &[Phone],
    ) -> Result<Vec<Outcome>, IqError> {
        let g = self.group_for_admin(gid, by)?;
        let (mut outcomes, mut gone) = (Vec::new(), Vec::new());
        for phone in phones {
            outcomes.push(match self.group_member(gid, *phone)? {
                None => Some(404),
                Some(m) if m.role == Role::SuperAdmin => Some(403),
                Some(m) => {
                    gone.push(m);
                    None
                }
            });
        }
        self.take_out(g, by, &gone)?;
        Ok(outcomes)
    }

    pub fn leave_group(&mut self, gid: &str, who: Phone) -> Result<(), IqError> {
        let (g, member) = self.group_for(gid, who)?;
        self.take_out(g, who, &[member])?;
        Ok(())
    }

    fn take_out(&mut self, mut g: Group, by: Phone, gone: &[Member]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let viewers = self.group_viewers(&g.gid)?;
        for m in gone {
            self.delete_member(&g.gid, m.who.phone)?;
        }
        // Whoever left must not read on: every key of the group is told anew.
        self.drop_sender_keys(&g.gid)?;
        let old = self.next_version(&mut g)?;
        self.tell_group(
            &g,
            &viewers,
            by,
            &News::Participants {
                tag: "remove",
                before: old,
                whom: gone,
                reason: None,
            },
        )?;
        self.crown_somebody(g, by)
    }

    /// A group without an admin gets one, as WhatsApp does when the last one leaves.
    fn crown_somebody(&mut self, mut g: Group, by: Phone) -> Result<()> {
        let members = self.group_members(&g.gid)?;
        let Some(heir) = members.first().copied().filter(|m| !m.role.is_admin()) else {
            return Ok(());
        };
        let heir = Member {
            role: Role::Admin,
            ..heir
        };
        self.save_member(&g.gid, heir.who.phone, heir.role, Shown::Always)?;
        let old = self.next_version(&mut g)?;
        self.tell_members(
            &g,
            by,
            &News::Participants {
                tag: "promote",
                before: old,
                whom: &[heir],
                reason: None,
            },
        )
    }

    /// Promotes to admin or demotes to member. The superadmin stays what they are.
    pub fn set_group_role(
        &mut self,
        gid: &str,
        by: Phone,
        phones: &[Phone],
        role: Role,
    ) -> Result<Vec<Outcome>, IqError> {
        let mut g = self.group_for_admin(gid, by)?;
        let tag = if role.is_admin() { "promote" } else { "demote" };
        let (mut outcomes, mut changed) = (Vec::new(), Vec::new());
        for phone in phones {
            outcomes.push(match self.group_member(gid, *phone)? {
                None => Some(404),
                Some(m) if m.role == Role::SuperAdmin => Some(403),
                Some(m) => {
                    if m.role != role {
                        self.save_member(gid, *phone, role, Shown::Always)?;
                        changed.push(Member { role, ..m });
                    }
                    None
                }
            });
        }
        if !changed.is_empty() {
            let old = self.next_version(&mut g)?;
            self.tell_members(
                &g,
                by,
                &News::Participants {
                    tag,
                    before: old,
                    whom: &changed,
                    reason: None,
                },
            )?;
        }
        Ok(outcomes)
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

    /// Moves the participant version on and returns the one before.
    fn next_version(&mut self, g: &mut Group) -> Result<i64> {
        let before = g.version;
        g.version = (self.now_ms() * 1000).max(before + 1);
        self.save_group(g)?;
        Ok(before)
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
