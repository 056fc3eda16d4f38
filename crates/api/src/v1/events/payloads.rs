//! What the types of events say, where it is not an object that REST shows too: schemas of the domain's own payloads
//! (`wharf_domain::events`), as in [`crate::v1::contacts`]. The end-to-end tests hold every event to them.

use crate::v1::{contacts::Contact, messages::SendState, sessions::SessionState};
use serde_json::Value;
use utoipa::ToSchema;

/// Somebody, wherever an event names a person.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EventPerson {
    /// Row id, which stays when a number is learnt; 0 for the account itself as long as it is no row of its own.
    #[schema(minimum = 0)]
    pub contact_id: i64,
    /// `…@lid`; `""` while unknown.
    pub lid: String,
    /// Digits; `""` while only the LID is known.
    pub phone_number: String,
    /// The best known, `""` if none.
    pub name: String,
}

/// Where a session stands now.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SessionStatusPayload {
    /// As in Session.
    pub status: SessionState,
    /// Machine code, `""` when well.
    pub reason: String,
    /// Since when.
    pub since: i64,
}

/// What was added in bulk, in place of an event a row.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SyncedPayload {
    /// By what.
    pub source: SyncSource,
    /// People.
    pub contacts: u64,
    /// Chats.
    pub chats: u64,
    /// Messages.
    pub messages: u64,
    /// Groups.
    pub groups: u64,
}

/// What brings many rows at once.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SyncSource {
    /// The phone's messages of before, after linking.
    History,
    /// Address book and chat settings.
    AppState,
    /// All groups, after each connecting.
    Groups,
    /// A backup.
    Import,
}

/// A code to link by.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct LinkCodePayload {
    /// The QR's text, or what is entered on the phone.
    pub code: String,
    /// Until when it is good.
    pub expires_at: i64,
}

/// Where a send stands now: a SendResult, and what names it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageStatusPayload {
    /// Row id of its chat.
    pub chat_id: i64,
    /// Its chat.
    pub chat_jid: String,
    /// Why it failed, `""` otherwise.
    pub error: String,
    /// `sync`, `async`, or `""` for what the phone sent.
    #[schema(pattern = "^(sync|async|)$")]
    pub mode: String,
    /// `out_…`; `""` for what the phone sent.
    pub outbox_id: String,
    /// The caller's own, `""` if none.
    pub reference: String,
    /// As in SendResult.
    pub replayed: bool,
    /// Never goes back.
    pub status: SendState,
    /// When it became so.
    pub timestamp: i64,
    /// WhatsApp's id.
    pub wa_message_id: String,
}

/// Somebody's emoji on a message.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct MessageReactionPayload {
    /// Row id of the chat.
    pub chat_id: i64,
    /// The chat.
    pub chat_jid: String,
    /// The message.
    pub wa_message_id: String,
    /// `""` = taken back.
    pub emoji: String,
    /// Whose.
    pub sender: EventPerson,
}

/// The whole of somebody's choice in a poll.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PollVotePayload {
    /// Row id of the chat.
    pub chat_id: i64,
    /// The chat.
    pub chat_jid: String,
    /// The poll.
    pub wa_message_id: String,
    /// Who voted.
    pub voter: EventPerson,
    /// Texts of the options; empty = cleared.
    pub options: Vec<String>,
}

/// Two rows turned out to be one person.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ContactMergedPayload {
    /// The row id that stays.
    pub contact_id: i64,
    /// The row that stays.
    pub kept: EventPerson,
    /// The row that went; its ids lead to the kept one for ever.
    pub dropped: EventPerson,
    /// Who they are together.
    pub contact: Contact,
}

/// Members of a group came, left or changed rank.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GroupMembersPayload {
    /// The group.
    pub group_jid: String,
    /// What happened.
    pub action: MembersAction,
    /// To whom.
    pub members: Vec<EventPerson>,
    /// Who did it; `null` when WhatsApp does not tell.
    #[schema(required)]
    pub by: Option<EventPerson>,
}

/// What happens to members of a group.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum MembersAction {
    /// They are in.
    Joined,
    /// They are out, by their own will or not.
    Left,
    /// They are admins.
    Promoted,
    /// They are no longer.
    Demoted,
}

/// Who is there, and who types.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PresencePayload {
    /// Row id; `null` for somebody who is not stored.
    #[schema(required)]
    pub contact_id: Option<i64>,
    /// Who.
    pub who: PresentPerson,
    /// Where they type; else their direct chat.
    pub chat_jid: String,
    /// What they do.
    pub state: PresenceState,
    /// When they were last there, where they let it be known.
    #[schema(required)]
    pub last_seen: Option<i64>,
}

/// A person who may not be stored.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PresentPerson {
    /// Row id; `null` for somebody who is not stored.
    #[schema(required)]
    pub contact_id: Option<i64>,
    /// `…@lid`; `""` while unknown.
    pub lid: String,
    /// Digits; `""` while unknown.
    pub phone_number: String,
    /// The best known, `""` if none.
    pub name: String,
}

/// What somebody does now.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum PresenceState {
    /// Is there.
    Available,
    /// Is not.
    Unavailable,
    /// Types.
    Composing,
    /// Records a voice message.
    Recording,
    /// No longer does either.
    Paused,
}

/// Word of a call.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CallPayload {
    /// WhatsApp's id: what `:reject` takes.
    pub id: String,
    /// Row id of who calls.
    pub contact_id: i64,
    /// Who calls.
    pub from: EventPerson,
    /// In which group; `""` for a call between two.
    pub group_jid: String,
    /// `audio`, `video`, `""` when WhatsApp does not tell.
    #[schema(pattern = "^(audio|video|)$")]
    pub kind: String,
    /// Where it stands.
    pub state: CallStanding,
    /// Why it ended: `accepted_elsewhere`, `rejected_elsewhere`, `rejected`; else `""`.
    #[schema(pattern = "^(accepted_elsewhere|rejected_elsewhere|rejected|)$")]
    pub reason: String,
    /// When.
    pub timestamp: i64,
}

/// Where a call stands.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum CallStanding {
    /// It rings.
    Offer,
    /// Nobody took it, or it rang while the session was away.
    Missed,
    /// It is over.
    Ended,
}

/// WhatsApp limits or bans the account.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AccountRestrictedPayload {
    /// `banned`, `reachout_timelocked`, `account_restricted`.
    pub reason: String,
    /// Until when; `null` when not told.
    #[schema(required)]
    pub until: Option<i64>,
}

/// A webhook is told nothing any more.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WebhookDisabledPayload {
    /// `wh_…`.
    pub webhook_id: String,
    /// `gone` (it answered 410) or `failing` (nothing but failures for days).
    pub reason: String,
}

/// Of a test event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WebhookTestPayload {
    /// `wh_…`.
    pub webhook_id: String,
}

/// What WhatsApp asks a passkey for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct PasskeyPayload {
    /// The options of a WebAuthn assertion, as WhatsApp sent them.
    #[schema(value_type = Object)]
    pub public_key: Value,
    /// Until when it is waited for.
    pub expires_at: i64,
}

/// In place of what an event said: the session was deleted, or the person it was about erased.
#[derive(ToSchema)]
pub struct ErasedPayload {
    /// Always `true`.
    pub erased: bool,
}
