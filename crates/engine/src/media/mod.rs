//! Files to and from WhatsApp's media servers. Neither the bytes nor their encrypted form are ever whole in memory.

mod fetch;
mod say;
mod upload;

pub(crate) use say::{Place, message, once};

use wacore::download::MediaType;
use wharf_domain::outbox::MediaKind;

const fn media_type(kind: MediaKind) -> MediaType {
    match kind {
        MediaKind::Image => MediaType::Image,
        MediaKind::Video => MediaType::Video,
        MediaKind::Audio => MediaType::Audio,
        MediaKind::Document => MediaType::Document,
        MediaKind::Sticker => MediaType::Sticker,
    }
}
