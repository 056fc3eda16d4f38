//! Contacts: the people a session has seen.
//!
//! The answers are the domain's own values; the types here are their schemas. The tests hold every answer
//! against its schema.

pub mod about;
pub mod block;
pub mod blocked;
pub mod check;
pub mod check_many;
pub mod erase;
pub mod get;
pub mod list;
pub mod picture;
pub mod unblock;

use utoipa::ToSchema;

/// A person this session has seen.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Contact {
    /// Verified business name, `""` if none.
    pub business_name: String,
    /// Like `205227043110953@lid`; `""` while unknown.
    pub lid: String,
    /// The best known: address-book name, else verified business name, else push name.
    pub name: String,
    /// Digits; `""` while only the LID is known.
    pub phone_number: String,
    /// The `source` asked for; else `dm` if there is a direct chat, else `group`.
    pub source: Source,
}

/// Somebody the account blocks.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Blocked {
    /// Like `205227043110953@lid`; `""` while unknown.
    pub lid: String,
    /// The best known, `""` while unknown.
    pub name: String,
    /// Digits; `""` while only the LID is known.
    pub phone_number: String,
}

/// A list of people.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Source {
    /// Has a direct chat.
    Dm,
    /// Seen in a group, ever.
    Group,
    /// In the account's address book.
    Addressbook,
}

/// All that is known of one person.
#[derive(ToSchema)]
pub struct ContactDetail {
    /// There is a direct chat.
    pub dm: bool,
    /// Groups they were seen in, now or before.
    pub groups: Vec<ContactGroup>,
    /// Who they are.
    pub identity: Identity,
}

/// A person's place in one group.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ContactGroup {
    /// The group.
    pub jid: String,
    /// When last seen in it.
    pub last_seen: i64,
    /// The group's subject.
    pub name: String,
    /// `member`, `admin` or `superadmin`.
    pub role: String,
    /// Nickname in that group, `""` if none.
    pub tag: String,
}

/// Who a person is.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Identity {
    /// Verified business name, `""` if none.
    pub business_name: String,
    /// When first seen.
    pub first_seen_at: i64,
    /// Row id: the order in which people were first seen.
    pub id: i64,
    /// `…@lid`; `""` while unknown.
    pub lid: String,
    /// The best known name.
    pub name: String,
    /// `…@s.whatsapp.net`; `""` while unknown.
    pub phone_jid: String,
    /// Digits; `""` while unknown.
    pub phone_number: String,
    /// When the row last changed.
    pub updated_at: i64,
}
