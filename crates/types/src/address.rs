//! Who and where: phones, LIDs, groups, and the chats they make.
//!
//! The forms accepted are those of the contract's §0: a phone JID, a LID JID, `digits` or `+digits`;
//! `@c.us` is read as `@s.whatsapp.net`, a device part (`:12`) is dropped, answers contain neither.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// The text is not an address of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither a phone (5–15 digits, first not 0), a phone JID nor a LID JID.
    #[error("must be a phone (5 to 15 digits, the first not 0), a phone JID or a LID JID")]
    Person,
    /// Not a phone number.
    #[error("must be 5 to 15 ASCII digits, the first not 0")]
    Phone,
    /// Not a LID JID.
    #[error("must be a LID JID such as 205227043110953@lid")]
    Lid,
    /// Not a group JID.
    #[error("must be a group JID such as 120363000000000000@g.us")]
    Group,
    /// Not a channel's JID.
    #[error("must be a channel JID such as 120363400000000000@newsletter")]
    Channel,
    /// None of the chat forms.
    #[error("must be a phone, a phone JID, a LID JID, a group JID or a channel JID")]
    Chat,
}

/// WhatsApp's groups have 18 today; the contract sets no number, and this bound only keeps absurdities out.
const GROUP_DIGITS: std::ops::RangeInclusive<usize> = 1..=64;

fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// Drops a device part, `:12`. What is no device stays, and makes the user part none.
fn user_part(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((user, device)) if digits(device, 1..=5) => user,
        _ => text,
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(concat!(stringify!($name), "(…)")) }
        }
        impl $name {
            /// The bare text: digits for a phone or LID, `…@g.us` for a group, `…@newsletter` for a channel.
            pub fn as_str(&self) -> &str { &self.0 }
        }
    };
}

text_type!(/** A phone number as E.164 digits without `+`. Debug hides it: logs never carry phones. */ Phone);
text_type!(/** The digits of a LID, WhatsApp's number-less id of a person. */ Lid);
text_type!(/** A group's JID, whole: `<digits>@g.us` or the old `<digits>-<digits>@g.us`. */ GroupJid);

text_type!(/** A channel's JID, whole: `<digits>@newsletter`. */ ChannelJid);

impl Phone {
    /// `15551230001@s.whatsapp.net`.
    pub fn jid(&self) -> String {
        [&self.0, "@s.whatsapp.net"].concat()
    }
}

impl FromStr for Phone {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bare = text.strip_prefix('+').unwrap_or(text);
        if digits(bare, 5..=15) && !bare.starts_with('0') {
            Ok(Self(bare.to_owned()))
        } else {
            Err(AddressError::Phone)
        }
    }
}

impl Lid {
    /// `205227043110953@lid`.
    pub fn jid(&self) -> String {
        [&self.0, "@lid"].concat()
    }

    /// From the bare digits, as the wire's user part carries them.
    pub fn from_digits(text: &str) -> Result<Self, AddressError> {
        if digits(text, 1..=20) && !text.starts_with('0') {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressError::Lid)
        }
    }
}

impl FromStr for Lid {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let user = text.strip_suffix("@lid").ok_or(AddressError::Lid)?;
        Self::from_digits(user_part(user))
    }
}

impl FromStr for GroupJid {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let user = text.strip_suffix("@g.us").ok_or(AddressError::Group)?;
        let sound = match user.split_once('-') {
            None => digits(user, GROUP_DIGITS),
            Some((creator, stamp)) => digits(creator, GROUP_DIGITS) && digits(stamp, GROUP_DIGITS),
        };
        if sound {
            Ok(Self(text.to_owned()))
        } else {
            Err(AddressError::Group)
        }
    }
}

impl FromStr for ChannelJid {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_suffix("@newsletter") {
            Some(user) if digits(user, 5..=25) => Ok(Self(text.to_owned())),
            _ => Err(AddressError::Channel),
        }
    }
}

/// A person, by whichever id the caller knows. Bare digits are always a phone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// By number.
    Phone(Phone),
    /// By LID.
    Lid(Lid),
}

impl Address {
    /// The JID form.
    pub fn jid(&self) -> String {
        match self {
            Self::Phone(phone) => phone.jid(),
            Self::Lid(lid) => lid.jid(),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let address = match text.split_once('@') {
            None => text.parse().map(Self::Phone),
            Some((user, "s.whatsapp.net" | "c.us")) if !user.starts_with('+') => {
                user_part(user).parse().map(Self::Phone)
            }
            Some((_, "lid")) => text.parse().map(Self::Lid),
            Some(_) => Err(AddressError::Person),
        };
        address.map_err(|_| AddressError::Person)
    }
}

/// What can hold a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChatJid {
    /// A direct chat.
    Person(Address),
    /// A group.
    Group(GroupJid),
    /// A channel.
    Channel(ChannelJid),
    /// The status feed, `status@broadcast`.
    Status,
}

impl ChatJid {
    /// The JID form.
    pub fn jid(&self) -> String {
        match self {
            Self::Person(address) => address.jid(),
            Self::Group(group) => group.as_str().to_owned(),
            Self::Channel(channel) => channel.as_str().to_owned(),
            Self::Status => "status@broadcast".to_owned(),
        }
    }
}

impl FromStr for ChatJid {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.split_once('@') {
            Some((_, "g.us")) => text
                .parse()
                .map(Self::Group)
                .map_err(|_| AddressError::Chat),
            Some((_, "newsletter")) => text
                .parse()
                .map(Self::Channel)
                .map_err(|_| AddressError::Chat),
            Some(("status", "broadcast")) => Ok(Self::Status),
            _ => text
                .parse()
                .map(Self::Person)
                .map_err(|_| AddressError::Chat),
        }
    }
}

macro_rules! serde_text {
    ($($name:ident => $form:ident),*) => { $(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.$form().as_ref()) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
serde_text!(Phone => as_str, Lid => jid, GroupJid => as_str, ChannelJid => as_str, Address => jid, ChatJid => jid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_in_every_form() {
        for text in [
            "15551230001",
            "+15551230001",
            "15551230001@s.whatsapp.net",
            "15551230001@c.us",
            "15551230001:12@s.whatsapp.net",
        ] {
            assert_eq!(
                text.parse::<Address>().unwrap().jid(),
                "15551230001@s.whatsapp.net",
                "{text}"
            );
        }
        for text in ["205227043110953@lid", "205227043110953:3@lid"] {
            assert_eq!(
                text.parse::<Address>().unwrap().jid(),
                "205227043110953@lid"
            );
        }
        for text in [
            "",
            "0123456",
            "1234",
            "1234567890123456",
            "12 345",
            "١٢٣٤٥",
            "+1555@c.us",
            "x@lid",
            "5551234@g.us",
            "1@2@lid",
            "15551230001:x@s.whatsapp.net",
            "15551230001:@s.whatsapp.net",
            "15551230001:1:2@s.whatsapp.net",
            "15551230001.0:1@s.whatsapp.net",
            "15551230001:99999999999@s.whatsapp.net",
            ":1@lid",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn groups_old_and_new() {
        for text in [
            "120363000000000000@g.us",
            "15551230001-1400000000@g.us",
            "1@g.us",
        ] {
            assert_eq!(text.parse::<GroupJid>().unwrap().as_str(), text);
        }
        for text in [
            "x@g.us",
            "-@g.us",
            "120363000000000000",
            "1-2-3@g.us",
            "15551230001@s.whatsapp.net",
        ] {
            assert!(text.parse::<GroupJid>().is_err(), "{text}");
        }
    }
}
