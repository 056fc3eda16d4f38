//! What the domain asks of the connection to WhatsApp, and what it is told by it.
//!
//! Data travels one way at a time: commands go down through [`Engine`], facts come up through [`Inbox`].

use crate::{
    Error,
    chats::settings::Setting,
    inbound::{ChannelRole, InChannel, Inbound, SealedVote, Seen},
    live::Passing,
    outbox::Outgoing,
    ports::{
        groups::Groups,
        passkey::{Passkey, Passkeys},
    },
    sessions::SessionScope,
};
use async_trait::async_trait;
use wharf_types::{Address, ChannelJid, Lid, Millis, Phone};

/// A code a person scans or types, and when it stops being valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkCode {
    /// Raw QR text, or `ABCD-1234`.
    pub code: String,
    /// After this it is refused.
    pub expires_at: Millis,
}

/// One answer of `check`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberCheck {
    /// The number asked about.
    pub phone: Phone,
    /// Whether WhatsApp knows it.
    pub on_whatsapp: bool,
    /// Its LID, when WhatsApp says.
    pub lid: Option<Lid>,
}

/// What became of handing one send to WhatsApp's server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// Acknowledged without error; the server's time.
    Acknowledged(Millis),
    /// The same of a channel's post, with the number the server gave it.
    Posted {
        /// The server's time.
        at: Millis,
        /// Counts up within the channel.
        number: u64,
    },
    /// Refused for good.
    Refused(Refusal),
    /// The socket went before an answer: the same id and content go again later.
    Unknown,
}

/// Why WhatsApp refused: `details.reason` of a 502.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `recipient_not_on_whatsapp`, `reachout_timelocked`, `account_restricted`, `rate_overlimit`, `rejected` …
    pub reason: &'static str,
    /// In words a user can act on.
    pub message: String,
    /// Until when, where WhatsApp says.
    pub until: Option<Millis>,
}

/// What others see of the account in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// Writes.
    Composing,
    /// Records a voice message.
    Recording,
    /// Neither.
    Paused,
}

impl Typing {
    /// From the contract's text.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "composing" => Self::Composing,
            "recording" => Self::Recording,
            "paused" => Self::Paused,
            _ => return None,
        })
    }
}

/// Messages of one author that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReceipt {
    /// The chat's JID, in the form in which the messages came.
    pub chat: String,
    /// Their author, in a group.
    pub author: Option<String>,
    /// WhatsApp's ids.
    pub wa_ids: Vec<String>,
}

/// A file that WhatsApp is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaAsked {
    /// WhatsApp's id of its message.
    pub wa_id: String,
    /// The message's chat.
    pub chat_jid: String,
    /// The message's author.
    pub sender_jid: String,
    /// The account itself wrote it.
    pub from_me: bool,
    /// The chat is a group.
    pub in_group: bool,
    /// The message as it came, sealed by the engine.
    pub sealed: String,
    /// The id it is sealed for.
    pub sealed_as: String,
}

/// A poll, as much as its votes are encrypted with.
#[derive(Debug, Clone, Copy)]
pub struct PollSecret<'a> {
    /// WhatsApp's id of the poll.
    pub wa_id: &'a str,
    /// Who asked.
    pub author: &'a Seen,
    /// The poll's 32-byte secret.
    pub secret: &'a [u8],
}

/// What hangs on a message by its secret. Pure: asks nobody, needs no connection.
pub trait Addons: Send + Sync {
    /// The secret within a message's sealed form; `None` when there is none.
    fn message_secret(&self, session: &SessionScope, wa_id: &str, sealed: &str) -> Option<Vec<u8>>;
    /// A vote of `voter` for options by their texts.
    fn seal_vote(
        &self,
        poll: PollSecret<'_>,
        voter: &Seen,
        options: &[String],
    ) -> Option<SealedVote>;
    /// SHA-256 (hex) of the texts a vote names; `None` when it is not a vote of `voter` in this poll.
    fn open_vote(
        &self,
        poll: PollSecret<'_>,
        voter: &Seen,
        vote: &SealedVote,
    ) -> Option<Vec<String>>;
}

/// Commands to the sessions' connections. Every call has its own deadline inside.
#[async_trait]
pub trait Engine: Addons + Groups + Passkeys {
    /// Connects (paired) or begins QR pairing (unpaired). Repeating is a no-op.
    async fn start(&self, session: &SessionScope) -> Result<(), Error>;
    /// Closes the socket, keeps the device. Repeating is a no-op.
    async fn stop(&self, session: &SessionScope) -> Result<(), Error>;
    /// Unlinks the device at WhatsApp and wipes its keys.
    async fn logout(&self, session: &SessionScope) -> Result<(), Error>;
    /// Stops and forgets without telling WhatsApp (the session's row goes).
    async fn forget(&self, session: &SessionScope) -> Result<(), Error>;
    /// The QR code to show now, if pairing has one ready.
    fn qr(&self, session: &SessionScope) -> Option<LinkCode>;
    /// Asks for a pairing code for this number.
    async fn pairing_code(&self, session: &SessionScope, phone: &Phone) -> Result<LinkCode, Error>;
    /// Whether the socket is open, logged in and has shown life within the keepalive period.
    fn connected(&self, session: &SessionScope) -> bool;
    /// Hands one send to WhatsApp and waits for the server's word on it.
    async fn send(&self, session: &SessionScope, outgoing: &Outgoing) -> Handed;
    /// Asks for app state newer than what is stored; returns once what came is stored.
    async fn catch_up(&self, session: &SessionScope) -> Result<(), Error>;
    /// Sets one setting of a chat for all of the account's devices, as said at `at`; returns once the server has
    /// taken it.
    async fn set_chat(
        &self,
        session: &SessionScope,
        chat: &str,
        setting: Setting,
        at: Millis,
    ) -> Result<(), Error>;
    /// Fetches the whole address book again; returns once what came is stored.
    async fn pull_contacts(&self, session: &SessionScope) -> Result<(), Error>;
    /// Fetches all groups with their members again; returns once they are stored.
    async fn pull_groups(&self, session: &SessionScope) -> Result<(), Error>;
    /// Shows the account as typing in a chat.
    async fn typing(&self, session: &SessionScope, chat: &str, state: Typing) -> Result<(), Error>;
    /// Tells an author that messages were read.
    async fn read(&self, session: &SessionScope, receipt: &ReadReceipt) -> Result<(), Error>;
    /// Shows the account as there or not.
    async fn presence(&self, session: &SessionScope, available: bool) -> Result<(), Error>;
    /// Asks for a person's presence to be told from now on.
    async fn subscribe_presence(&self, session: &SessionScope, of: &Address) -> Result<(), Error>;
    /// Rejects a call that rings; not found when none of this id does.
    async fn reject_call(&self, session: &SessionScope, id: &str) -> Result<(), Error>;
    /// Fetches a file from WhatsApp, decrypted; its hash is for the caller to check. Asks the phone to upload it again when
    /// it is gone: `media_expired` when that does not help.
    async fn fetch_media(
        &self,
        session: &SessionScope,
        asked: &MediaAsked,
    ) -> Result<crate::ports::blobs::Scratch, Error>;
    /// Whether numbers are on WhatsApp.
    async fn check_numbers(
        &self,
        session: &SessionScope,
        phones: &[Phone],
    ) -> Result<Vec<NumberCheck>, Error>;
    /// `(id, url)` of a profile picture; `None` when none is visible.
    async fn picture(
        &self,
        session: &SessionScope,
        of: &Address,
    ) -> Result<Option<(String, String)>, Error>;
    /// Makes a channel, owned by the account.
    async fn create_channel(
        &self,
        session: &SessionScope,
        name: &str,
        description: &str,
    ) -> Result<InChannel, Error>;
    /// Follows a channel: what it is. Repeating is a no-op.
    async fn follow_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
    ) -> Result<InChannel, Error>;
    /// Follows it no more; forbidden to its owner and to who does not follow it.
    async fn unfollow_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
    ) -> Result<(), Error>;
    /// Whether a channel's posts notify; forbidden to who has nothing to do with it.
    async fn mute_channel(
        &self,
        session: &SessionScope,
        channel: &ChannelJid,
        role: ChannelRole,
        muted: bool,
    ) -> Result<(), Error>;
    /// Brings the stored posts of a channel up to date; returns once what came is stored.
    async fn fetch_posts(&self, session: &SessionScope, channel: &ChannelJid) -> Result<(), Error>;
    /// Blocks a person or no longer does. Repeating is a no-op.
    async fn block(&self, session: &SessionScope, who: &Seen, blocked: bool) -> Result<(), Error>;
    /// Whom the account blocks.
    async fn blocked(&self, session: &SessionScope) -> Result<Vec<Seen>, Error>;
    /// The about text; `None` when hidden.
    async fn about(&self, session: &SessionScope, of: &Address) -> Result<Option<String>, Error>;
}

/// What the engine tells. A call returns after the commit; an error means nothing was stored and
/// WhatsApp must not be told otherwise.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Facts from the wire, in order, stored in one transaction with their events.
    async fn ingest(&self, session: &SessionScope, facts: Vec<Inbound>) -> Result<(), Error>;
    /// There is a QR code, or another one than before: told to live readers, never stored.
    fn qr(&self, _session: &SessionScope, _code: &LinkCode) {}
    /// A passkey is demanded, or there is a code to compare: told to live readers, never stored.
    fn passkey(&self, _session: &SessionScope, _passkey: &Passkey) {}
    /// Word that passes: told to live readers, never stored.
    async fn passing(&self, session: &SessionScope, passing: Passing) -> Result<(), Error>;
    /// The ids of everybody in the account's address book, as stored.
    async fn address_book(&self, session: &SessionScope) -> Result<Vec<Seen>, Error>;
    /// The file of an own message is uploaded: the message's finished form, sealed, by which it can be fetched and passed
    /// on later. Nothing depends on its being kept.
    async fn uploaded(
        &self,
        _session: &SessionScope,
        _wa_id: &str,
        _sealed: String,
    ) -> Result<(), Error> {
        Ok(())
    }
    /// The connection's state changed: stored on the session row, logged as `session.status`.
    async fn connection(&self, session: &SessionScope, state: Connection) -> Result<(), Error>;
}

/// Evidence about a session's connection, in the contract's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// Dialling, or dialling again after a loss.
    Connecting {
        /// A socket was open before.
        again: bool,
    },
    /// A QR or pairing code waits for the phone.
    AwaitingScan,
    /// WhatsApp links only after a passkey's assertion, or (`compared`) after two codes were compared.
    AwaitingPasskey {
        /// The assertion is through.
        compared: bool,
    },
    /// The passkey's time is over.
    PasskeyTimeout,
    /// WhatsApp or the phone turned the passkey down.
    PasskeyRefused,
    /// Linked: who this session now is. The account may still be syncing.
    Paired {
        /// The account's number.
        phone: Phone,
        /// The account's LID.
        lid: Option<Lid>,
        /// The account's own push name, "" when unknown.
        push_name: String,
    },
    /// The account's own push name became known or changed.
    Named {
        /// As WhatsApp shows it to others.
        push_name: String,
    },
    /// Logged in and answering.
    Connected,
    /// All QR codes were shown and none scanned.
    QrTimeout,
    /// Stopped by command.
    Stopped,
    /// Unlinked.
    LoggedOut,
    /// Another client took this device's place; no reconnect.
    Replaced,
    /// WhatsApp refuses this client version (405).
    Outdated,
    /// Temporarily banned.
    Banned {
        /// Until when, if told.
        until: Option<Millis>,
    },
    /// The first history sync is complete and stored, or (false) still lacks parts after a crash.
    History {
        /// Nothing is missing.
        complete: bool,
    },
}
