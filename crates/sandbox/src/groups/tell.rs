//! `w:gp2` notifications: each linked device of those concerned is told, with the numbers its owner may see.

use anyhow::Result;
use wacore_binary::{Node, builder::NodeBuilder};

use super::{
    model::{Group, Identity, Member, View},
    nodes,
};
use crate::{ids::Phone, world::World};

/// What a notification says; written out anew for each viewer.
pub enum News<'a> {
    /// To those who just became members: the whole group. `kind` is `new` for a group just made; `key` is the id its
    /// creator's client gave it.
    Joined {
        kind: Option<&'static str>,
        reason: Option<&'static str>,
        key: Option<&'a str>,
    },
    /// `add`, `remove`, `promote`, `demote`; `before` is the participant version they changed.
    Participants {
        tag: &'static str,
        before: i64,
        whom: &'a [Member],
        reason: Option<&'static str>,
    },
    Subject,
    Description {
        id: &'a str,
    },
    /// A child without anything inside: `announcement`, `locked`, `not_ephemeral` and their kind.
    Switch(&'static str),
    Ephemeral,
    AddMode,
    Invite {
        code: &'a str,
    },
    Approval,
    /// To admins: somebody asks to join.
    Asked {
        who: Identity,
    },
    /// To admins: a request was refused or taken back.
    Refused {
        who: Identity,
    },
}

impl World<'_> {
    /// Tells the companions of `viewers` what `actor` did.
    pub fn tell_group(
        &mut self,
        g: &Group,
        viewers: &[Phone],
        actor: Phone,
        news: &News<'_>,
    ) -> Result<()> {
        let mut linked = Vec::new();
        for viewer in viewers {
            if !self.devices(*viewer)?.is_empty() {
                linked.push(*viewer);
            }
        }
        if linked.is_empty() {
            return Ok(());
        }
        let who = self.identity(&g.gid, actor)?;
        let name = self.account(actor)?.map(|a| a.name).unwrap_or_default();
        let (id, now) = (self.stanza_id(), self.now());
        let members = if matches!(news, News::Joined { .. }) {
            self.group_members(&g.gid)?
        } else {
            Vec::new()
        };
        for viewer in linked {
            let view = View { group: g, viewer };
            let child = self.news_node(view, &members, who.as_ref(), news)?;
            let n = nodes::notification(
                view,
                who.as_ref().map(|w| (w, name.as_str())),
                id.clone(),
                now,
                vec![child],
            );
            self.deliver_to_companions(viewer, None, &n)?;
        }
        Ok(())
    }

    /// Tells every member.
    pub fn tell_members(&mut self, g: &Group, actor: Phone, news: &News<'_>) -> Result<()> {
        let all: Vec<Phone> = self.group_viewers(&g.gid)?;
        self.tell_group(g, &all, actor, news)
    }

    /// Members with a linked device: the only ones a notification can reach.
    pub fn group_viewers(&self, gid: &str) -> Result<Vec<Phone>> {
        let mut all: Vec<Phone> = self
            .group_companions(gid)?
            .into_iter()
            .map(|d| d.phone)
            .collect();
        all.dedup();
        Ok(all)
    }

    /// `<group>` as `viewer` sees it.
    pub fn group_node(
        &self,
        g: &Group,
        viewer: Phone,
        with_participants: bool,
        with_description: bool,
    ) -> Result<Node> {
        let members = self.group_members(&g.gid)?;
        self.group_node_of(
            View { group: g, viewer },
            &members,
            with_participants,
            with_description,
        )
    }

    fn group_node_of(
        &self,
        view: View<'_>,
        members: &[Member],
        with_participants: bool,
        with_description: bool,
    ) -> Result<Node> {
        let g = view.group;
        let named = [
            Some(g.owner),
            Some(g.subject_by),
            g.description.as_ref().map(|d| d.by),
        ];
        let named: Vec<Identity> = named
            .into_iter()
            .flatten()
            .filter_map(|p| self.identity(&g.gid, p).transpose())
            .collect::<Result<_>>()?;
        let people = |phone: Phone| named.iter().find(|i| i.phone == phone).copied();
        Ok(nodes::group(&nodes::Full {
            view,
            members,
            people: &people,
            with_participants,
            with_description,
        }))
    }

    fn news_node(
        &self,
        view: View<'_>,
        members: &[Member],
        actor: Option<&Identity>,
        news: &News<'_>,
    ) -> Result<Node> {
        let g = view.group;
        Ok(match news {
            News::Joined { kind, reason, key } => {
                let mut n = NodeBuilder::new("create");
                for (name, value) in [("type", *kind), ("reason", *reason), ("key", *key)] {
                    if let Some(value) = value {
                        n = n.attr(name, value.to_owned());
                    }
                }
                n.children([self.group_node_of(view, members, true, true)?])
                    .build()
            }
            News::Participants {
                tag,
                before,
                whom,
                reason,
            } => nodes::participants_change(tag, view, *before, whom, *reason),
            News::Subject => nodes::subject(view, actor),
            News::Description { id } => nodes::description(g, (*id).to_owned()),
            News::Switch(tag) => nodes::switch(g, tag),
            News::Ephemeral => NodeBuilder::new("ephemeral")
                .attr("expiration", g.ephemeral.to_string())
                .build(),
            News::AddMode => nodes::add_mode(g),
            News::Approval => nodes::approval(g.approval),
            News::Asked { who } => NodeBuilder::new("created_membership_requests")
                .attr("request_method", "invite_link")
                .children([nodes::named("requested_user", view, who)])
                .build(),
            News::Refused { who } => NodeBuilder::new("revoked_membership_requests")
                .children([nodes::named("participant", view, who)])
                .build(),
            News::Invite { code } => NodeBuilder::new("invite")
                .attr("code", (*code).to_owned())
                .build(),
        })
    }
}
