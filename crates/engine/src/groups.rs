//! Groups: what is asked of WhatsApp about them.
//!
//! Refusals as clients read them (whatsmeow `group.go`, wacore `iq/groups.rs`): 401 an admin is needed, 403 the account
//! is no member, 404 and 410 there is no such group, 409 it is so already. Beside each of several people stands a code
//! of their own.

use crate::{
    actor::Actor,
    convert::{group, known, seen_all},
    engine::WhatsAppEngine,
    live::upstream,
};
use anyhow::{Result as Parsed, anyhow};
use async_trait::async_trait;
use wacore::{
    iq::{
        groups::{
            GetMembershipRequestsIq, GroupCreateIq, GroupCreateOptions, GroupParticipantOptions,
        },
        spec::IqSpec,
    },
    protocol::ProtocolNode,
    request::InfoQuery,
    types::message::AddressingMode,
};
use wacore_binary::{Jid, NodeRef};
use wharf_domain::{
    Error,
    inbound::{InGroup, Seen},
    ports::groups::{GroupSetting, Groups, JoinRequest, Joined, MadeGroup, MemberChange},
    sessions::SessionScope,
};
use wharf_types::GroupJid;
use whatsapp_rust::{
    IqError,
    features::{
        GroupDescription, GroupError, GroupMetadata, GroupSubject, JoinGroupResult,
        MembershipApprovalMode, ParticipantChangeResponse, PreviousDescription,
    },
};

/// What stands beside somebody about whom WhatsApp said nothing, or nothing readable.
const UNKNOWN: u16 = 0;

fn of_iq(error: IqError) -> Error {
    match error {
        IqError::Timeout => Error::Timeout,
        IqError::ServerError { code: 401, .. } => Error::Forbidden("not_group_admin"),
        IqError::ServerError { code: 403, .. } => Error::Forbidden("not_group_member"),
        IqError::ServerError {
            code: 404 | 410, ..
        } => Error::NotFound("group"),
        IqError::ServerError { code: 429, .. } => upstream(
            "rate_overlimit",
            "WhatsApp says that this account asks too much; ask less, later",
        ),
        IqError::ServerError { code, text, .. } => {
            upstream("rejected", format!("WhatsApp answered {code} {text}"))
        }
        IqError::ParseError(why) => upstream(
            "rejected",
            format!("WhatsApp's answer could not be read: {why}"),
        ),
        _ => Error::NotConnected,
    }
}

fn of_group(error: GroupError) -> Error {
    match error {
        GroupError::Iq(error) => of_iq(error),
        GroupError::DescriptionConflict => upstream(
            "rejected",
            "somebody else changed the description just now; try again",
        ),
        GroupError::InvalidRequest(why) => upstream("rejected", why),
        other => Error::Internal(other.to_string()),
    }
}

fn group_jid(jid: &Jid) -> Result<GroupJid, Error> {
    let text = jid.to_non_ad_string();
    text.parse()
        .map_err(|_| upstream("rejected", "WhatsApp named a group by no group's JID"))
}

fn wire(jid: &GroupJid) -> Result<Jid, Error> {
    jid.as_str()
        .parse()
        .map_err(|_| Error::Internal("a group's JID that is none".into()))
}

/// Somebody by number if it is known, since WhatsApp finds everybody by it.
fn by_number(who: &Seen) -> Option<Jid> {
    let phone = who.phone.as_ref().map(|phone| Jid::pn(phone.as_str()));
    phone.or_else(|| who.lid.as_ref().map(|lid| Jid::lid(lid.as_str())))
}

/// Somebody as the members of a group are named in it.
fn by_lid(who: &Seen) -> Option<Jid> {
    let lid = who.lid.as_ref().map(|lid| Jid::lid(lid.as_str()));
    lid.or_else(|| by_number(who))
}

fn jids(people: &[Seen], name: fn(&Seen) -> Option<Jid>) -> Result<Vec<Jid>, Error> {
    let nobody = || Error::Internal("a person without an id".into());
    people
        .iter()
        .map(|who| name(who).ok_or_else(nobody))
        .collect()
}

/// What stands beside each of the people asked about. They may be answered by their other id; then their places tell.
fn outcomes(asked: &[Jid], answers: &[ParticipantChangeResponse]) -> Vec<Option<u16>> {
    let same = |a: &Jid, b: &Jid| a.user == b.user && a.server == b.server;
    let in_order = asked.len() == answers.len();
    let of = |(place, jid): (usize, &Jid)| {
        let named = answers.iter().find(|answer| {
            let number = answer.phone_number.as_ref();
            same(&answer.jid, jid) || number.is_some_and(|number| same(number, jid))
        });
        let answer = named.or_else(|| answers.get(place).filter(|_| in_order));
        match answer {
            Some(answer) => {
                let code = answer.error.as_deref();
                code.map(|code| code.parse().unwrap_or(UNKNOWN))
            }
            None => Some(UNKNOWN),
        }
    };
    asked.iter().enumerate().map(of).collect()
}

/// Makes a group. The library's own call drops what stands beside those who could not be added and takes them for
/// members.
struct Create(GroupCreateIq);

impl IqSpec for Create {
    type Response = (GroupMetadata, Vec<ParticipantChangeResponse>);

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, response: &NodeRef<'_>) -> Parsed<Self::Response> {
        let told = response
            .get_optional_child("group")
            .ok_or_else(|| anyhow!("no group in the answer"))?;
        let each: Parsed<Vec<_>> = told
            .get_children_by_tag("participant")
            .map(ParticipantChangeResponse::try_from_node_ref)
            .collect();
        let each = each?;
        let mut made = GroupMetadata::from(self.0.parse_response(response)?);
        made.participants.retain(|member| {
            let mut refused = each.iter().filter(|answer| answer.error.is_some());
            !refused.any(|answer| answer.jid == member.jid)
        });
        Ok((made, each))
    }
}

/// Who asks to be let in. The library's own call drops their numbers.
struct Requests(GetMembershipRequestsIq);

impl IqSpec for Requests {
    type Response = Vec<JoinRequest>;

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, response: &NodeRef<'_>) -> Parsed<Self::Response> {
        let all = response
            .get_optional_child("membership_approval_requests")
            .ok_or_else(|| anyhow!("no list of requests in the answer"))?;
        let one = |node: &NodeRef<'_>| {
            let mut attrs = node.attrs();
            let jid = attrs
                .optional_jid("jid")
                .ok_or_else(|| anyhow!("a request of nobody"))?;
            let number = attrs.optional_jid("phone_number");
            let at = attrs.optional_string("request_time");
            let seconds: Option<i64> = at.and_then(|text| text.parse().ok());
            Ok(JoinRequest {
                who: seen_all([Some(&jid), number.as_ref()].into_iter().flatten()),
                at: seconds.map(|seconds| seconds.saturating_mul(1000)),
            })
        };
        let all: Parsed<Vec<JoinRequest>> = all
            .get_children_by_tag("membership_approval_request")
            .map(one)
            .collect();
        Ok(all?.into_iter().filter(|asks| known(&asks.who)).collect())
    }
}

impl Actor {
    async fn create_group(&self, name: &str, people: &[Seen]) -> Result<MadeGroup, Error> {
        let asked = jids(people, by_number)?;
        let mut options = GroupCreateOptions::new(name);
        options.participants = asked
            .iter()
            .map(|jid| GroupParticipantOptions::new(jid.clone()))
            .collect();
        let spec = Create(GroupCreateIq::new(options));
        let (made, each) = self.asked(self.client.execute(spec), of_iq).await?;
        // WhatsApp names first who made it; only the others were asked about.
        let own = self.own();
        let is_own = |jid: &Jid| {
            let who = crate::convert::seen(jid);
            (who.lid.is_some() && who.lid == own.lid)
                || (who.phone.is_some() && who.phone == own.phone)
        };
        let others: Vec<ParticipantChangeResponse> = each
            .into_iter()
            .filter(|answer| !is_own(&answer.jid))
            .collect();
        Ok(MadeGroup {
            outcomes: outcomes(&asked, &others),
            group: group::group(&made)
                .ok_or_else(|| upstream("rejected", "WhatsApp made a group without a JID"))?,
        })
    }

    async fn group_now(&self, jid: &Jid) -> Result<InGroup, Error> {
        let groups = self.client.groups();
        let told = self.asked(groups.get_metadata(jid), of_group).await?;
        group::group(&told).ok_or_else(|| upstream("rejected", "WhatsApp told another group"))
    }

    async fn set_group(&self, jid: &Jid, setting: &GroupSetting) -> Result<(), Error> {
        let groups = self.client.groups();
        let refused = |error: anyhow::Error| GroupError::InvalidRequest(error.to_string());
        let change = async {
            match setting {
                GroupSetting::Subject(text) => {
                    let subject = GroupSubject::new(text).map_err(refused)?;
                    groups.set_subject(jid, subject).await
                }
                GroupSetting::Description(text) => {
                    let text = match text.is_empty() {
                        true => None,
                        false => Some(GroupDescription::new(text).map_err(refused)?),
                    };
                    groups
                        .set_description(jid, text, PreviousDescription::Resolve)
                        .await
                }
                GroupSetting::Announce(on) => groups.set_announce(jid, *on).await,
                GroupSetting::Locked(on) => groups.set_locked(jid, *on).await,
                GroupSetting::JoinApproval(on) => {
                    let mode = match on {
                        true => MembershipApprovalMode::On,
                        false => MembershipApprovalMode::Off,
                    };
                    groups.set_membership_approval(jid, mode).await
                }
                GroupSetting::EphemeralSeconds(seconds) => {
                    groups.set_ephemeral(jid, *seconds).await
                }
            }
        };
        self.asked(change, of_group).await
    }

    async fn change_members(
        &self,
        jid: &Jid,
        change: MemberChange,
        people: &[Seen],
    ) -> Result<Vec<Option<u16>>, Error> {
        let groups = self.client.groups();
        // Who is not in yet is found by number; members go by the ids the group names them by.
        let named_by_lid = async {
            let info = groups.query_info(jid).await?;
            Ok(info.addressing_mode == AddressingMode::Lid)
        };
        let asked = match change {
            MemberChange::Add => jids(people, by_number)?,
            _ if self.asked(named_by_lid, of_group).await? => jids(people, by_lid)?,
            _ => jids(people, by_number)?,
        };
        let done = async {
            match change {
                MemberChange::Add => groups.add_participants(jid, &asked).await,
                MemberChange::Remove => groups.remove_participants(jid, &asked).await,
                MemberChange::Promote => groups.promote_participants(jid, &asked).await,
                MemberChange::Demote => groups.demote_participants(jid, &asked).await,
                MemberChange::Approve => groups.approve_membership_requests(jid, &asked).await,
                MemberChange::Reject => groups.reject_membership_requests(jid, &asked).await,
            }
        };
        let answers = self.asked(done, of_group).await?;
        Ok(outcomes(&asked, &answers))
    }

    async fn join_group(&self, code: &str) -> Result<Joined, Error> {
        let groups = self.client.groups();
        let joined = async {
            match groups.join_with_invite_code(code).await {
                Ok(JoinGroupResult::Joined(jid)) => Ok(Some((jid, true))),
                Ok(JoinGroupResult::PendingApproval(jid)) => Ok(Some((jid, false))),
                // A member already: the link says of which group.
                Err(GroupError::Iq(IqError::ServerError { code: 409, .. })) => {
                    let info = groups.get_invite_info(code).await?;
                    Ok(Some((info.id, true)))
                }
                Err(GroupError::Iq(IqError::ServerError {
                    code: 400 | 404 | 406 | 410,
                    ..
                })) => Ok(None),
                Err(error) => Err(error),
            }
        };
        Ok(match self.asked(joined, of_group).await? {
            Some((jid, true)) => Joined::Member(group_jid(&jid)?),
            Some((jid, false)) => Joined::Asked(group_jid(&jid)?),
            None => Joined::Nowhere,
        })
    }
}

#[async_trait]
impl Groups for WhatsAppEngine {
    async fn create_group(
        &self,
        session: &SessionScope,
        name: &str,
        people: &[Seen],
    ) -> Result<MadeGroup, Error> {
        self.connected_actor(session)?
            .create_group(name, people)
            .await
    }

    async fn group_now(&self, session: &SessionScope, group: &GroupJid) -> Result<InGroup, Error> {
        self.connected_actor(session)?
            .group_now(&wire(group)?)
            .await
    }

    async fn set_group(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        setting: &GroupSetting,
    ) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        actor.set_group(&wire(group)?, setting).await
    }

    async fn change_members(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        change: MemberChange,
        people: &[Seen],
    ) -> Result<Vec<Option<u16>>, Error> {
        let actor = self.connected_actor(session)?;
        actor.change_members(&wire(group)?, change, people).await
    }

    async fn group_invite(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        anew: bool,
    ) -> Result<String, Error> {
        let actor = self.connected_actor(session)?;
        let groups = actor.client.groups();
        actor
            .asked(groups.get_invite_link(wire(group)?, anew), of_group)
            .await
    }

    async fn join_requests(
        &self,
        session: &SessionScope,
        group: &GroupJid,
    ) -> Result<Vec<JoinRequest>, Error> {
        let actor = self.connected_actor(session)?;
        let spec = Requests(GetMembershipRequestsIq::new(&wire(group)?));
        actor.asked(actor.client.execute(spec), of_iq).await
    }

    async fn leave_group(&self, session: &SessionScope, group: &GroupJid) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        let groups = actor.client.groups();
        actor.asked(groups.leave(wire(group)?), of_group).await
    }

    async fn join_group(&self, session: &SessionScope, code: &str) -> Result<Joined, Error> {
        self.connected_actor(session)?.join_group(code).await
    }

    async fn set_group_picture(
        &self,
        session: &SessionScope,
        group: &GroupJid,
        jpeg: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let actor = self.connected_actor(session)?;
        let (groups, jid) = (actor.client.groups(), wire(group)?);
        let change = async {
            match jpeg {
                Some(jpeg) => groups.set_profile_picture(&jid, jpeg).await,
                None => groups.remove_profile_picture(&jid).await,
            }
        };
        actor.asked(change, of_group).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore_binary::builder::NodeBuilder;

    fn answer(jid: &str, number: Option<&str>, error: Option<&str>) -> ParticipantChangeResponse {
        let mut node = NodeBuilder::new("participant").attr("jid", jid);
        for (name, value) in [("phone_number", number), ("error", error)] {
            if let Some(value) = value {
                node = node.attr(name, value);
            }
        }
        let node = node.build();
        ParticipantChangeResponse::try_from_node_ref(&node.as_node_ref()).unwrap()
    }

    #[test]
    fn answers_belong_to_whoever_was_asked_about_whatever_id_names_them() {
        let (one, two) = ("15550000001@s.whatsapp.net", "15550000002@s.whatsapp.net");
        let asked: Vec<Jid> = [one, two].map(|jid| jid.parse().unwrap()).into();
        let by_number = [
            answer("2@lid", Some(two), Some("403")),
            answer("1@lid", Some(one), None),
        ];
        assert_eq!(outcomes(&asked, &by_number), [None, Some(403)]);
        let by_place = [
            answer("1@lid", None, Some("409")),
            answer("2@lid", None, Some("?")),
        ];
        assert_eq!(outcomes(&asked, &by_place), [Some(409), Some(UNKNOWN)]);
        let half = [answer(two, None, None)];
        assert_eq!(outcomes(&asked, &half), [Some(UNKNOWN), None]);
    }
}
