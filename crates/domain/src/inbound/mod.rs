//! Facts from WhatsApp in our own words: what the engine converts frames, history and app state into.
//!
//! A fact says what was seen, not what to do about it; `ingest` decides. Within one batch the order matters.

mod channel;
mod deed;
mod group;
mod message;

pub use channel::{ChannelRole, Counted, InChannel, InPost, PostContent};
pub use deed::{Act, Ballot, Deed, Party, Reaction, SealedVote, Votes};
pub use group::{GroupChange, InGroup, InMember};
pub use message::{InMessage, MessageExtra};

use crate::calls::InCall;
use serde::{Deserialize, Serialize};
use wharf_types::{ChannelJid, GroupJid, Lid, Millis, Phone};

/// The ids under which a person was seen. At least one is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Seen {
    /// Their LID.
    pub lid: Option<Lid>,
    /// Their number.
    pub phone: Option<Phone>,
}

/// Where a name comes from; the shown name is the best of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameSource {
    /// The account's own address book.
    AddressBook,
    /// A verified business name.
    Business,
    /// What the person calls themselves.
    Push,
}

/// The chat a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InChat {
    /// A direct chat with this person.
    Person(Seen),
    /// A group.
    Group(GroupJid),
    /// A channel.
    Channel(ChannelJid),
    /// The status feed.
    Status,
}

/// How a fact reached us; decides whether events are written row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// As it happened, or from the offline queue after reconnecting.
    Live,
    /// History sync, first app-state snapshot, first group fetch: no event a row.
    Bulk,
}

/// A chat's state as history or app state tells it; `None` = not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChatState {
    /// In the archive.
    pub archived: Option<bool>,
    /// Pinned to the top.
    pub pinned: Option<bool>,
    /// Muted until then; `Some(None)` = not muted.
    pub muted_until: Option<Option<Millis>>,
    /// Unread messages by the phone's count.
    pub unread: Option<u32>,
    /// The title history gives it.
    pub name: Option<String>,
    /// Last activity history knows of.
    pub last_at: Option<Millis>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// Two ids are one person (LID mapping, usync, `sender_pn`).
    SamePerson {
        /// Their LID.
        lid: Lid,
        /// Their number.
        phone: Phone,
    },
    /// A person changed their number; the row stays.
    NumberChanged {
        /// Under which they were known.
        old: Seen,
        /// Under which they are known now.
        new: Seen,
    },
    /// A person has another profile picture, or none. It is not stored: whoever keeps a copy must hear of it.
    PictureChanged {
        /// Whose.
        who: Seen,
    },
    /// A name learnt; "" = the name is gone (deleted from the address book).
    Name {
        /// Whose.
        who: Seen,
        /// From where.
        source: NameSource,
        /// As received.
        name: String,
        /// Live or bulk.
        origin: Origin,
    },
    /// A message.
    Message(Box<InMessage>),
    /// Receipts for own messages.
    Receipt {
        /// In which chat.
        chat: InChat,
        /// From whom.
        by: Seen,
        /// Which messages.
        wa_ids: Vec<String>,
        /// 2 delivered, 3 read, 4 played.
        level: i8,
        /// When.
        at: Millis,
    },
    /// The account read this chat on another of its devices.
    ReadElsewhere {
        /// Which.
        chat: InChat,
    },
    /// Something was done to a message.
    Deed(Box<Deed>),
    /// A group as it is now: replaces what was known of members.
    Group {
        /// The whole of it.
        group: Box<InGroup>,
        /// Live (single fetch, creation) or bulk (first fetch of all).
        origin: Origin,
    },
    /// All groups the account is in; groups not named were left.
    GroupsComplete {
        /// Their JIDs.
        joined: Vec<GroupJid>,
    },
    /// Something changed in a group.
    GroupChanged {
        /// Which.
        jid: GroupJid,
        /// Who did it, if told.
        by: Option<Seen>,
        /// What.
        change: GroupChange,
        /// When.
        at: Millis,
    },
    /// A channel as it is now.
    Channel {
        /// The whole of it.
        channel: Box<InChannel>,
        /// Live (asked for one) or bulk (fetched with all).
        origin: Origin,
    },
    /// All channels the account has to do with; those not named were left.
    ChannelsComplete {
        /// Their JIDs.
        known: Vec<ChannelJid>,
    },
    /// A channel's post, fetched.
    Post(Box<InPost>),
    /// How many reacted to a post with what.
    PostCounted {
        /// Where.
        channel: ChannelJid,
        /// The post's number.
        number: u64,
        /// All of it.
        counts: Vec<Counted>,
    },
    /// A chat's state.
    Chat {
        /// Which.
        chat: InChat,
        /// What is told of it.
        state: ChatState,
        /// When it was decided, if told: app state tells, history does not.
        at: Option<Millis>,
        /// Live or bulk.
        origin: Origin,
    },
    /// A chat was deleted on the phone.
    ChatDeleted {
        /// Which.
        chat: InChat,
    },
    /// Word of a call.
    Call(Box<InCall>),
    /// What the batch adds is added by this bulk, whatever its facts look like.
    AddedBy {
        /// As in [`Inbound::Synced`].
        source: &'static str,
    },
    /// A bulk source is through: one `session.synced` in place of a flood.
    Synced {
        /// `history`, `app_state`, `groups`, `backfill`, `import`.
        source: &'static str,
    },
}
