//! Facts from WhatsApp in our own words: what the engine converts frames, history and app state into.
//!
//! A fact says what was seen, not what to do about it; `ingest` decides. Within one batch the order matters.

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

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct InMessage {
    /// Where.
    pub chat: InChat,
    /// By whom; the account itself when `from_me`.
    pub sender: Seen,
    /// Written by this account, here or on its phone.
    pub from_me: bool,
    /// WhatsApp's id, unique within chat and sender.
    pub wa_id: String,
    /// When the sender's server took it.
    pub at: Millis,
    /// The sender's push name as the stanza carried it, "" if absent.
    pub push_name: String,
    /// `text`, `image`, `poll`, … the contract's `type`; `unknown` for what we cannot name.
    pub kind: String,
    /// Text, caption, poll question, place or contact name.
    pub body: String,
    /// The rest of the contract's Message that is particular to a kind.
    pub extra: MessageExtra,
    /// Live or bulk.
    pub origin: Origin,
    /// Delivery level history knows of an own message (0–4), 0 when unknown.
    pub ack_level: i8,
}

/// Kind-particular parts of a message, stored as one JSON document.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MessageExtra {
    /// The message replied to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub quoted_id: String,
    /// JIDs mentioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// `{caption, filename, height, kind, mimetype, seconds, size, width}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<serde_json::Value>,
    /// SHA-256 (hex) of its file, when the message names one: where it is in the media store.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// `{name, options, selectableCount}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<serde_json::Value>,
    /// `{latitude, longitude, name, address}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<serde_json::Value>,
    /// `{name, phone, vcard}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<serde_json::Value>,
    /// WhatsApp addressed the author by number, not by LID: answers must do so too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_number: bool,
    /// The raw message with its keys (media key, message secret), sealed by the engine; base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sealed: String,
    /// The WhatsApp id that `sealed` is bound to, where it is not the message's own: a forwarded copy keeps the
    /// form of what it was copied from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sealed_as: String,
    /// Shown once: not to be passed on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub view_once: bool,
    /// When it was last edited, by its author's clock; 0 = never.
    #[serde(skip_serializing_if = "is_zero")]
    pub edited_at: Millis,
    /// The number the server gave it, of a channel's post; 0 = not known.
    #[serde(skip_serializing_if = "is_none")]
    pub number: u64,
    /// How many reacted with what, of a channel's post: who they are is told to nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Counted>,
    /// One a person, taken-back ones included: an older one that comes late must not return.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// One a voter, cleared ones included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub votes: Vec<Votes>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(at: &Millis) -> bool {
    *at == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// How many people reacted with one emoji.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The emoji.
    pub emoji: String,
    /// How many, the account itself among them.
    pub count: u64,
}

/// What somebody is to a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelRole {
    /// Made it.
    Owner,
    /// Writes in it too.
    Admin,
    /// Follows it.
    Follower,
    /// Nothing.
    Guest,
}

impl ChannelRole {
    /// As callers see it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Follower => "follower",
            Self::Guest => "guest",
        }
    }

    /// From the same.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Follower, Self::Guest]
            .into_iter()
            .find(|role| role.as_str() == text)
    }

    /// May post.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// A channel as WhatsApp tells it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InChannel {
    /// Its JID.
    pub jid: ChannelJid,
    /// Its name.
    pub name: String,
    /// "" if none.
    pub description: String,
    /// The code of its link, "" if not told.
    pub invite: String,
    /// What the account is to it.
    pub role: ChannelRole,
    /// Its posts notify nobody; `None` = not told.
    pub muted: Option<bool>,
    /// How many follow it.
    pub followers: u64,
    /// When it was made, if told.
    pub created_at: Option<Millis>,
}

/// A post as the server has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct InPost {
    /// Where.
    pub channel: ChannelJid,
    /// The number the server gave it.
    pub number: u64,
    /// Its author's id for it.
    pub wa_id: String,
    /// By this account.
    pub from_me: bool,
    /// When.
    pub at: Millis,
    /// What it says; `None` = it was taken back.
    pub says: Option<PostContent>,
    /// Reactions to it.
    pub counts: Vec<Counted>,
    /// When the server was asked: what was done since is newer.
    pub as_of: Millis,
    /// Live: one that was missed.
    pub origin: Origin,
}

/// What a post says.
#[derive(Debug, Clone, PartialEq)]
pub struct PostContent {
    /// The contract's `type`.
    pub kind: String,
    /// Text, caption, poll question.
    pub body: String,
    /// The rest.
    pub extra: MessageExtra,
}

/// A reaction on the message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The person's row, 0 for the account itself; ids merged away are followed when read.
    pub by: i64,
    /// "" = taken back.
    pub emoji: String,
    /// By that person's clock.
    pub at: Millis,
}

/// What one person chose in a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// The person's row, 0 for the account itself.
    pub by: i64,
    /// Places in the poll's options; empty = cleared.
    pub options: Vec<usize>,
    /// By that person's clock.
    pub at: Millis,
}

/// Somebody in a fact that names people in the words of whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Party {
    /// The account itself.
    Own,
    /// This person.
    Other(Seen),
    /// Not told.
    Unknown,
}

/// A vote as it travels: encrypted with the poll's secret. Base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedVote {
    /// Ciphertext and tag.
    pub payload: String,
    /// 12 bytes.
    pub iv: String,
}

/// What somebody chose in a poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ballot {
    /// As it travels.
    Sealed(SealedVote),
    /// SHA-256 of the options' texts, hex: as the phone tells it in history.
    Open(Vec<String>),
}

/// What somebody does to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// New words for a text or a caption.
    Edited {
        /// The new text.
        body: String,
        /// JIDs mentioned in it.
        mentions: Vec<String>,
    },
    /// Deleted for everyone.
    Revoked,
    /// An emoji on it; "" takes the former back.
    Reacted {
        /// The emoji.
        emoji: String,
    },
    /// A vote in the poll it is.
    Voted(Ballot),
}

/// Something done to a message. May be told before the message itself is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Where.
    pub chat: InChat,
    /// WhatsApp's id of the message.
    pub wa_id: String,
    /// Whose message it is.
    pub author: Party,
    /// Who does it.
    pub by: Party,
    /// What.
    pub act: Act,
    /// When, by the doer's clock if it says.
    pub at: Millis,
    /// Live or bulk.
    pub origin: Origin,
}

/// A member as metadata or a notification names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InMember {
    /// Who.
    pub who: Seen,
    /// `member`, `admin` or `superadmin`.
    pub role: &'static str,
    /// Their nickname in this group, "" if none.
    pub tag: String,
}

/// What a group is, as a metadata answer tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InGroup {
    /// Its JID.
    pub jid: GroupJid,
    /// Its name.
    pub subject: String,
    /// Its description, "" if none.
    pub description: String,
    /// When it was made, if told.
    pub created_at: Option<Millis>,
    /// Who owns it, if told.
    pub owner: Option<Seen>,
    /// Only admins write.
    pub announce: bool,
    /// Only admins edit.
    pub locked: bool,
    /// All members now.
    pub members: Vec<InMember>,
}

/// What changed in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// A new subject.
    Subject(String),
    /// A new description.
    Description(String),
    /// Only admins write, or all.
    Announce(bool),
    /// Only admins edit, or all.
    Locked(bool),
    /// Joined or were added.
    Joined(Vec<InMember>),
    /// Left or were removed. The account itself among them: it left.
    Left(Vec<Seen>),
    /// Became admins.
    Promoted(Vec<Seen>),
    /// Became plain members.
    Demoted(Vec<Seen>),
    /// A member chose a nickname for this group, "" = none.
    Tagged(Seen, String),
    /// Another picture, or none. It is not stored: whoever keeps a copy must hear of it.
    Picture,
    /// The group is gone.
    Deleted,
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
