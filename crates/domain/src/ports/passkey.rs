//! What the domain asks of WhatsApp about a passkey.
//!
//! WhatsApp links some accounts only after a WebAuthn assertion by the account's passkey, and after a person has found
//! the code shown here equal to the one on the phone. Nothing of this is ever stored or logged.

use crate::{Error, sessions::SessionScope};
use async_trait::async_trait;
use std::fmt;
use wharf_types::Millis;

/// Where such a linking stands.
#[derive(Clone, PartialEq, Eq)]
pub enum PasskeyStep {
    /// An assertion is wanted: WhatsApp's request, the JSON of a `PublicKeyCredentialRequestOptions`.
    Assertion(String),
    /// The assertion is handed over; the phone is to answer.
    Asserted,
    /// A person is to compare this code with the phone's: `ABCD-1234`.
    Comparison(String),
    /// They are equal; the phone is to link.
    Compared,
}

/// A passkey that is demanded now.
#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    /// What is waited for.
    pub step: PasskeyStep,
    /// Then linking is given up.
    pub expires_at: Millis,
}

/// Tells the step, never what is in it.
impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self.step {
            PasskeyStep::Assertion(_) => "assertion",
            PasskeyStep::Asserted => "asserted",
            PasskeyStep::Comparison(_) => "comparison",
            PasskeyStep::Compared => "compared",
        };
        write!(f, "Passkey({step}, {})", self.expires_at)
    }
}

/// An assertion that answers the request, as far as this can be told without the passkey's public key.
#[derive(Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Of the credential that signed.
    pub credential_id: Vec<u8>,
    /// JSON of the browser: type, challenge, origin.
    pub client_data: Vec<u8>,
    /// Hash of the relying party's id, flags, counter.
    pub authenticator_data: Vec<u8>,
    /// Over both.
    pub signature: Vec<u8>,
    /// The account at the relying party, where the authenticator tells.
    pub user_handle: Option<Vec<u8>>,
}

/// Commands about a passkey. Each has its own deadline inside; an error ends the linking.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// The passkey that is demanded now.
    fn passkey(&self, session: &SessionScope) -> Option<Passkey>;
    /// Hands over the assertion for `request`; a conflict when another request, or none, is open.
    async fn assert_passkey(
        &self,
        session: &SessionScope,
        request: &str,
        assertion: Assertion,
    ) -> Result<(), Error>;
    /// A person found the codes equal; a conflict when none is shown.
    async fn confirm_passkey(&self, session: &SessionScope) -> Result<(), Error>;
}
