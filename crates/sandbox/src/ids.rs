//! The names of things on the wire: a number, a LID, one device of an account.
//!
//! An account has one number and one LID for ever; device 0 is its primary phone, 1.. its companions.
//! JIDs appear only at the edge: `resolve` in the world turns a JID of either form into a `DeviceAddr`.

use std::{fmt, str::FromStr};

use wacore_binary::Jid;

/// A phone number: 5 to 15 digits, the first not 0, without `+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phone(u64);

#[derive(Debug, thiserror::Error)]
#[error("a phone number is 5 to 15 digits, the first not 0")]
pub struct BadPhone;

impl FromStr for Phone {
    type Err = BadPhone;
    fn from_str(s: &str) -> Result<Self, BadPhone> {
        let s = s.strip_prefix('+').unwrap_or(s);
        if !(5..=15).contains(&s.len())
            || s.starts_with('0')
            || !s.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(BadPhone);
        }
        s.parse().map(Phone).map_err(|_| BadPhone)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Phone {
    /// For rows read back from the store, which only ever holds parsed phones.
    pub fn from_row(v: i64) -> Self {
        Phone(v.unsigned_abs())
    }
    pub fn row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
    /// `<digits>@s.whatsapp.net`
    pub fn jid(self) -> Jid {
        Jid::pn(self.to_string())
    }
    pub fn device(self, n: u16) -> DeviceAddr {
        DeviceAddr { phone: self, n }
    }
}

impl serde::Serialize for Phone {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Phone {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A LID: the number-free identity WhatsApp gives every account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lid(u64);

#[derive(Debug, thiserror::Error)]
#[error("a LID is 1 to 18 digits, the first not 0")]
pub struct BadLid;

impl FromStr for Lid {
    type Err = BadLid;
    fn from_str(s: &str) -> Result<Self, BadLid> {
        let s = s.strip_suffix("@lid").unwrap_or(s);
        if !(1..=18).contains(&s.len())
            || s.starts_with('0')
            || !s.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(BadLid);
        }
        s.parse().map(Lid).map_err(|_| BadLid)
    }
}

impl fmt::Display for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Lid {
    pub fn from_row(v: i64) -> Self {
        Lid(v.unsigned_abs())
    }
    pub fn row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
    /// `<digits>@lid`
    pub fn jid(self) -> Jid {
        Jid::lid(self.to_string())
    }
}

/// One device of an account; `n` = 0 is the primary phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceAddr {
    pub phone: Phone,
    pub n: u16,
}

impl DeviceAddr {
    pub fn is_phone(self) -> bool {
        self.n == 0
    }
    /// The device's JID in number form; without a device part for the phone.
    pub fn pn_jid(self) -> Jid {
        Jid::pn_device(self.phone.to_string(), self.n)
    }
}

/// `<phone>:<n>`, the form ledger and trace show.
impl fmt::Display for DeviceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.phone, self.n)
    }
}
