//! Groups: whole, and what changes in them.

use super::{known, seen_all};
use wacore::{
    iq::groups::GroupInfoResponse,
    protocol::ProtocolNode,
    stanza::groups::{
        GroupNotificationAction as Action, GroupParticipantInfo, GroupParticipantType,
    },
    types::events::GroupUpdate,
};
use wacore_binary::{Jid, Node};
use wharf_domain::inbound::{GroupChange, InGroup, InMember, Inbound, NameSource, Origin, Seen};
use wharf_types::GroupJid;
use whatsapp_rust::features::{GroupMetadata, GroupParticipant};

pub(super) fn group_jid(jid: &Jid) -> Option<GroupJid> {
    jid.to_non_ad_string().parse().ok()
}

fn member(participant: &GroupParticipant) -> Option<InMember> {
    let ids = [
        Some(&participant.jid),
        participant.phone_number.as_ref(),
        participant.lid.as_ref(),
    ];
    let who = seen_all(ids.into_iter().flatten());
    let role = if participant.is_super_admin() {
        "superadmin"
    } else if participant.is_admin() {
        "admin"
    } else {
        "member"
    };
    let tag = participant
        .details
        .as_ref()
        .and_then(|details| details.participant_label.as_deref())
        .unwrap_or_default()
        .to_owned();
    known(&who).then_some(InMember { who, role, tag })
}

/// A group as a metadata answer tells it.
pub(crate) fn group(metadata: &GroupMetadata) -> Option<InGroup> {
    let owner = seen_all(
        [metadata.creator.as_ref(), metadata.creator_pn.as_ref()]
            .into_iter()
            .flatten(),
    );
    Some(InGroup {
        jid: group_jid(&metadata.id)?,
        subject: metadata.subject.clone(),
        description: metadata.description.clone().unwrap_or_default(),
        created_at: metadata
            .creation_time
            .and_then(|secs| i64::try_from(secs).ok())
            .map(|secs| secs * 1000),
        owner: known(&owner).then_some(owner),
        announce: metadata.is_announcement,
        locked: metadata.is_locked,
        members: metadata.participants.iter().filter_map(member).collect(),
    })
}

fn person(participant: &GroupParticipantInfo) -> Seen {
    let ids = [
        Some(&participant.jid),
        participant.phone_number.as_ref(),
        participant.lid.as_ref(),
    ];
    seen_all(ids.into_iter().flatten())
}

fn people(participants: &[GroupParticipantInfo]) -> Vec<Seen> {
    participants.iter().map(person).filter(known).collect()
}

fn joined(participants: &[GroupParticipantInfo]) -> Vec<InMember> {
    participants
        .iter()
        .map(|p| {
            let role = match p.r#type {
                Some(GroupParticipantType::SuperAdmin) => "superadmin",
                Some(GroupParticipantType::Admin) => "admin",
                _ => "member",
            };
            InMember {
                who: person(p),
                role,
                tag: String::new(),
            }
        })
        .filter(|member| known(&member.who))
        .collect()
}

/// What a notification calls for.
pub(crate) enum Word {
    /// Facts to store.
    Facts(Vec<Inbound>),
    /// The group must be asked about as a whole: it is new to the account.
    Fetch(Jid),
}

/// The group a notification tells the account it is in.
fn created(raw: &Node) -> Option<InGroup> {
    let raw = raw.as_node_ref();
    let told = raw.get_optional_child("group")?;
    let metadata = GroupMetadata::from(GroupInfoResponse::try_from_node_ref(told).ok()?);
    group(&metadata).filter(|group| !group.members.is_empty())
}

/// Reads a group notification; `is_own` recognises the account among the participants.
pub(crate) fn update(update: &GroupUpdate, is_own: impl Fn(&Seen) -> bool) -> Word {
    let by = seen_all(
        [update.participant.as_ref(), update.participant_pn.as_ref()]
            .into_iter()
            .flatten(),
    );
    let change = match &update.action {
        // The whole group stands in it: nobody has to be asked.
        Action::Create { raw } => {
            return match created(raw) {
                Some(group) => Word::Facts(vec![Inbound::Group {
                    group: Box::new(group),
                    origin: Origin::Live,
                }]),
                None => Word::Fetch(update.group_jid.clone()),
            };
        }
        Action::Add { participants, .. } => {
            if people(participants).iter().any(&is_own) {
                return Word::Fetch(update.group_jid.clone());
            }
            GroupChange::Joined(joined(participants))
        }
        Action::Remove { participants, .. } => GroupChange::Left(people(participants)),
        Action::Promote { participants } => GroupChange::Promoted(people(participants)),
        Action::Demote { participants } => GroupChange::Demoted(people(participants)),
        Action::Subject { subject, .. } => GroupChange::Subject(subject.clone()),
        Action::Description { description, .. } => {
            GroupChange::Description(description.clone().unwrap_or_default())
        }
        Action::Locked { .. } => GroupChange::Locked(true),
        Action::Unlocked => GroupChange::Locked(false),
        Action::Announce => GroupChange::Announce(true),
        Action::NotAnnounce => GroupChange::Announce(false),
        Action::Delete { .. } => GroupChange::Deleted,
        _ => return Word::Facts(Vec::new()),
    };
    let mut facts = Vec::new();
    if let Some(name) = update.notify.clone().filter(|name| !name.is_empty())
        && known(&by)
        && !is_own(&by)
    {
        facts.push(Inbound::Name {
            who: by.clone(),
            source: NameSource::Push,
            name,
            origin: Origin::Live,
        });
    }
    if let Some(jid) = group_jid(&update.group_jid) {
        facts.push(Inbound::GroupChanged {
            jid,
            by: known(&by).then_some(by),
            change,
            at: update.timestamp.timestamp_millis(),
        });
    }
    Word::Facts(facts)
}
