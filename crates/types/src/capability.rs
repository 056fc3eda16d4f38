//! What a credential may do.

use serde::{Deserialize, Serialize};

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Stored and live reads.
    Read,
    /// Anything another person notices.
    Send,
    /// Sessions, keys, webhooks.
    Manage,
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities(u8);

impl Capabilities {
    /// All three.
    pub const ALL: Self = Self(7);

    const fn bit(capability: Capability) -> u8 {
        match capability {
            Capability::Read => 1,
            Capability::Send => 2,
            Capability::Manage => 4,
        }
    }
    /// Whether the right is in the set.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & Self::bit(capability) != 0
    }
    /// Whether every right of `other` is in the set.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// In the order read, send, manage.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        [Capability::Read, Capability::Send, Capability::Manage]
            .into_iter()
            .filter(move |c| self.has(*c))
    }
    /// The stored form.
    pub const fn bits(self) -> u8 {
        self.0
    }
    /// From the stored form; unknown bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        Self(iter.into_iter().fold(0, |bits, c| bits | Self::bit(c)))
    }
}

/// A person's role in an organization; each has what those before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and sends.
    Member,
    /// Also manages.
    Admin,
    /// Also disposes of the organization.
    Owner,
}

impl Role {
    /// The text of the contract, also the stored form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
    /// From the stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Member, Self::Admin, Self::Owner]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
    /// The rights the role carries.
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::Member => [Capability::Read, Capability::Send].into_iter().collect(),
            Self::Admin | Self::Owner => Capabilities::ALL,
        }
    }
}
