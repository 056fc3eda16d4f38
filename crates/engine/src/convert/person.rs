//! People: what of them changed, as WhatsApp tells those who know them.

use super::{group::group_jid, known, seen, seen_all};
use wacore::types::events::{
    BusinessStatusUpdate, BusinessUpdateType, ContactNumberChanged, PictureUpdate,
};
use wacore_binary::Server;
use wharf_domain::inbound::{GroupChange, Inbound, NameSource, Origin};

/// A number change as a notification tells it.
pub(crate) fn number_changed(change: &ContactNumberChanged) -> Option<Inbound> {
    let old = seen_all(
        [Some(&change.old_jid), change.old_lid.as_ref()]
            .into_iter()
            .flatten(),
    );
    let new = seen_all(
        [Some(&change.new_jid), change.new_lid.as_ref()]
            .into_iter()
            .flatten(),
    );
    (known(&old) && known(&new)).then_some(Inbound::NumberChanged { old, new })
}

/// Somebody's picture, or a group's.
pub(crate) fn picture(update: &PictureUpdate) -> Option<Inbound> {
    if update.jid.server == Server::Group {
        return Some(Inbound::GroupChanged {
            jid: group_jid(&update.jid)?,
            by: update.author.as_ref().map(seen).filter(known),
            change: GroupChange::Picture,
            at: update.timestamp.timestamp_millis(),
        });
    }
    let who = seen(&update.jid);
    known(&who).then_some(Inbound::PictureChanged { who })
}

/// A business has another verified name, or is none any more.
pub(crate) fn business(update: &BusinessStatusUpdate) -> Option<Inbound> {
    let name = match update.update_type {
        BusinessUpdateType::RemovedAsBusiness => String::new(),
        BusinessUpdateType::VerifiedNameChanged => update.verified_name.clone()?,
        _ => return None,
    };
    let who = seen(update.target_jid.as_ref().unwrap_or(&update.jid));
    known(&who).then_some(Inbound::Name {
        who,
        source: NameSource::Business,
        name,
        origin: Origin::Live,
    })
}
