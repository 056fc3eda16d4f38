//! Who is in a group: people are added, join by link, are removed, leave, become admins.
//!
//! An error about one of several people does not fail the whole: it stands beside that person.

use anyhow::{Context, Result};

use super::{
    change::{CONFLICT, FULL, GONE, NOT_AUTHORIZED},
    model::{Group, MOST_MEMBERS, Member, Role, Shown},
    tell::News,
};
use crate::{ids::Phone, iq::IqError, world::World};

/// What happened to one of several people: None = done, else the code WhatsApp puts beside them.
pub type Outcome = Option<u16>;

/// Where an invite link led.
pub enum Joined {
    In(Group),
    /// An admin has to grant it.
    Asked(Group),
}

impl World<'_> {
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

    /// Enters by the invite link, or asks to.
    pub fn join_group(&mut self, code: &str, who: Phone) -> Result<Joined, IqError> {
        let g = self.group_by_invite(code)?.ok_or(GONE)?;
        if self.group_member(&g.gid, who)?.is_some() {
            return Err(CONFLICT.into());
        }
        if g.approval {
            self.ask_to_join(&g, who)?;
            return Ok(Joined::Asked(g));
        }
        match self
            .enter_group(g.clone(), who, &[who], Some("invite"))?
            .first()
        {
            Some(None) => Ok(Joined::In(g)),
            _ => Err(FULL.into()),
        }
    }

    pub(super) fn enter_group(
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

    /// Moves the participant version on and returns the one before.
    fn next_version(&mut self, g: &mut Group) -> Result<i64> {
        let before = g.version;
        g.version = (self.now_ms() * 1000).max(before + 1);
        self.save_group(g)?;
        Ok(before)
    }
}
