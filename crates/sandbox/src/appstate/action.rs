//! What a record says: one constructor for each action the phone writes.
//!
//! Index, collection and version of an action are facts of WhatsApp Web; they are taken from the
//! registry extracted from it (`wacore_appstate::schemas`), by which clients' actions are checked too.

use anyhow::{Context, Result, ensure};
use wacore_appstate::schemas::{self, Schema};
use wacore_binary::Jid;
use waproto::whatsapp::{self as wa, sync_action_value as action};

use super::{Collection, Mutation, Operation};

/// A mutation and where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub collection: Collection,
    pub mutation: Mutation,
}

/// Messages an action on a chat covers: up to this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessage {
    pub id: String,
    pub from_me: bool,
    pub participant: Option<String>,
    /// Unix seconds.
    pub timestamp: i64,
}

/// Both names of a person, as far as the address book knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactNames<'a> {
    pub full_name: &'a str,
    pub first_name: &'a str,
}

impl<'a> ContactNames<'a> {
    /// A full name alone; the first name is its first word, as phones do.
    pub fn from_full(full_name: &'a str) -> Self {
        Self {
            full_name,
            first_name: full_name.split_whitespace().next().unwrap_or(full_name),
        }
    }
}

impl Action {
    fn new(
        schema: &Schema,
        args: &[String],
        now_ms: i64,
        mut value: wa::SyncActionValue,
    ) -> Result<Self> {
        value.timestamp = Some(now_ms);
        let index = std::iter::once(schema.name.to_owned())
            .chain(args.iter().cloned())
            .collect();
        let collection = Collection::parse(schema.collection.as_str())
            .context("a collection of the registry")?;
        let version = i32::try_from(schema.version)?;
        Ok(Self {
            collection,
            mutation: Mutation {
                operation: Operation::Set,
                index,
                value,
                version,
            },
        })
    }

    /// A name in the address book. The index is the number when it is known, else the LID; the value
    /// names the other form, which is how a companion learns that both are one person.
    pub fn contact(
        pn: Option<&Jid>,
        lid: Option<&Jid>,
        names: &ContactNames<'_>,
        now_ms: i64,
    ) -> Result<Self> {
        let index = pn.or(lid).context("a contact without number and LID")?;
        let contact_action = buffa::MessageField::some(action::ContactAction {
            full_name: Some(names.full_name.to_owned()),
            first_name: Some(names.first_name.to_owned()),
            lid_jid: lid.map(Jid::to_string),
            pn_jid: pn.map(Jid::to_string),
            save_on_primary_addressbook: Some(true),
            username: None,
        });
        let value = wa::SyncActionValue {
            contact_action,
            ..Default::default()
        };
        Self::new(&schemas::CONTACT, &[index.to_string()], now_ms, value)
    }

    /// The name others are shown with this account's messages.
    pub fn push_name(name: &str, now_ms: i64) -> Result<Self> {
        let push_name_setting = buffa::MessageField::some(action::PushNameSetting {
            name: Some(name.to_owned()),
        });
        let value = wa::SyncActionValue {
            push_name_setting,
            ..Default::default()
        };
        Self::new(&schemas::SETTING_PUSH_NAME, &[], now_ms, value)
    }

    pub fn locale(locale: &str, now_ms: i64) -> Result<Self> {
        let locale_setting = buffa::MessageField::some(action::LocaleSetting {
            locale: Some(locale.to_owned()),
        });
        let value = wa::SyncActionValue {
            locale_setting,
            ..Default::default()
        };
        Self::new(&schemas::LOCALE_SETTING, &[], now_ms, value)
    }

    /// Whether an archived chat comes back when a message arrives.
    pub fn unarchive_chats(unarchive: bool, now_ms: i64) -> Result<Self> {
        let setting = action::UnarchiveChatsSetting {
            unarchive_chats: Some(unarchive),
        };
        let value = wa::SyncActionValue {
            unarchive_chats_setting: buffa::MessageField::some(setting),
            ..Default::default()
        };
        Self::new(&schemas::UNARCHIVE_CHATS_SETTING, &[], now_ms, value)
    }

    pub fn link_previews(on: bool, now_ms: i64) -> Result<Self> {
        let setting = action::PrivacySettingDisableLinkPreviewsAction {
            is_previews_disabled: Some(!on),
        };
        let value = wa::SyncActionValue {
            privacy_setting_disable_link_previews_action: buffa::MessageField::some(setting),
            ..Default::default()
        };
        Self::new(&schemas::DISABLE_LINK_PREVIEWS, &[], now_ms, value)
    }

    /// The list of favourite chats, empty.
    pub fn no_favorites(now_ms: i64) -> Result<Self> {
        let none = buffa::MessageField::some(action::FavoritesAction::default());
        let value = wa::SyncActionValue {
            favorites_action: none,
            ..Default::default()
        };
        Self::new(&schemas::FAVORITES, &[], now_ms, value)
    }

    pub fn archive(
        chat: &Jid,
        archived: bool,
        last: Option<&LastMessage>,
        now_ms: i64,
    ) -> Result<Self> {
        let archive = action::ArchiveChatAction {
            archived: Some(archived),
            message_range: message_range(chat, last),
        };
        let value = wa::SyncActionValue {
            archive_chat_action: buffa::MessageField::some(archive),
            ..Default::default()
        };
        Self::new(&schemas::ARCHIVE, &[chat.to_string()], now_ms, value)
    }

    pub fn pin(chat: &Jid, pinned: bool, now_ms: i64) -> Result<Self> {
        let pin_action = buffa::MessageField::some(action::PinAction {
            pinned: Some(pinned),
        });
        let value = wa::SyncActionValue {
            pin_action,
            ..Default::default()
        };
        Self::new(&schemas::PIN, &[chat.to_string()], now_ms, value)
    }

    /// `until_ms` is the end of the silence in Unix milliseconds, -1 for ever; nothing unmutes.
    pub fn mute(chat: &Jid, until_ms: Option<i64>, now_ms: i64) -> Result<Self> {
        let mute = action::MuteAction {
            muted: Some(until_ms.is_some()),
            mute_end_timestamp: until_ms,
            ..Default::default()
        };
        let value = wa::SyncActionValue {
            mute_action: buffa::MessageField::some(mute),
            ..Default::default()
        };
        Self::new(&schemas::MUTE, &[chat.to_string()], now_ms, value)
    }

    pub fn mark_read(
        chat: &Jid,
        read: bool,
        last: Option<&LastMessage>,
        now_ms: i64,
    ) -> Result<Self> {
        let mark = action::MarkChatAsReadAction {
            read: Some(read),
            message_range: message_range(chat, last),
        };
        let value = wa::SyncActionValue {
            mark_chat_as_read_action: buffa::MessageField::some(mark),
            ..Default::default()
        };
        Self::new(
            &schemas::MARK_CHAT_AS_READ,
            &[chat.to_string()],
            now_ms,
            value,
        )
    }

    /// The same, taken back: the record goes.
    pub fn removed(mut self) -> Self {
        self.mutation.operation = Operation::Remove;
        self
    }
}

fn message_range(
    chat: &Jid,
    last: Option<&LastMessage>,
) -> buffa::MessageField<action::SyncActionMessageRange> {
    last.map(|last| action::SyncActionMessageRange {
        last_message_timestamp: Some(last.timestamp),
        messages: vec![action::SyncActionMessage {
            key: buffa::MessageField::some(wa::MessageKey {
                remote_jid: Some(chat.to_string()),
                from_me: Some(last.from_me),
                id: Some(last.id.clone()),
                participant: last.participant.clone(),
            }),
            timestamp: Some(last.timestamp),
        }],
        ..Default::default()
    })
    .into()
}

/// Refuses a known action in a collection it does not belong to, or with another schema's version.
/// Actions nobody knows pass: phones learn new ones first.
pub fn check(collection: Collection, m: &Mutation) -> Result<()> {
    let name = m.index.first().map(String::as_str).unwrap_or_default();
    let Some(schema) = schemas::ALL.iter().find(|s| s.name == name) else {
        return Ok(());
    };
    ensure!(
        schema.collection.as_str() == collection.as_str(),
        "{name} belongs to {}, not to {}",
        schema.collection.as_str(),
        collection.as_str()
    );
    ensure!(
        m.index.len() == schema.index_parts.len(),
        "{name} has {} index parts",
        schema.index_parts.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_number_and_the_value_names_the_lid() {
        let (pn, lid): (Jid, Jid) = (
            "15550001@s.whatsapp.net".parse().unwrap(),
            "9001@lid".parse().unwrap(),
        );
        let names = ContactNames::from_full("Žofie  Nováková");
        let a = Action::contact(Some(&pn), Some(&lid), &names, 5).unwrap();
        assert_eq!(a.collection, Collection::CriticalUnblockLow);
        assert_eq!(a.mutation.index, ["contact", "15550001@s.whatsapp.net"]);
        let value = a.mutation.value.contact_action.as_option().unwrap();
        assert_eq!(value.lid_jid.as_deref(), Some("9001@lid"));
        assert_eq!(value.first_name.as_deref(), Some("Žofie"));
        let hidden = Action::contact(None, Some(&lid), &names, 5).unwrap();
        assert_eq!(hidden.mutation.index, ["contact", "9001@lid"]);
        assert!(Action::contact(None, None, &names, 5).is_err());
    }

    #[test]
    fn every_action_passes_its_own_check_and_no_other_collection() {
        let chat: Jid = "15550001@s.whatsapp.net".parse().unwrap();
        let last = LastMessage {
            id: "A".into(),
            from_me: false,
            participant: None,
            timestamp: 1,
        };
        for a in [
            Action::push_name("x", 1),
            Action::locale("en_US", 1),
            Action::unarchive_chats(false, 1),
            Action::link_previews(false, 1),
            Action::no_favorites(1),
            Action::archive(&chat, true, Some(&last), 1),
            Action::pin(&chat, true, 1),
            Action::mute(&chat, Some(-1), 1),
            Action::mark_read(&chat, false, None, 1),
        ] {
            let a = a.unwrap();
            check(a.collection, &a.mutation).unwrap();
            let wrong = Collection::ALL
                .into_iter()
                .find(|c| *c != a.collection)
                .unwrap();
            check(wrong, &a.mutation).unwrap_err();
        }
    }
}
