//! Linking an account that WhatsApp protects with a passkey: what a person is shown, and what they answer.
//!
//! All of it lives in the engine, in memory, and for five minutes at most; it is told to live readers like a QR code.

mod assertion;
mod request;

pub use assertion::Answer;

use super::SessionScope;
use crate::{
    Domain, Error, Result,
    audit::By,
    log::live_envelope,
    ports::{
        passkey::{Passkey, PasskeyStep},
        store::StoreExt,
    },
};
use request::Request;
use serde_json::{Value, json};
use std::sync::Arc;
use wharf_types::Millis;

const NOUN: &str = "passkey request";

/// What a person is to do now.
pub struct PasskeyView {
    /// `request` or `confirm`.
    pub stage: &'static str,
    /// WhatsApp's WebAuthn request, as it wrote it.
    pub public_key: Option<Value>,
    /// To be compared with the phone's.
    pub code: String,
    /// Then linking is given up.
    pub expires_at: Millis,
}

impl PasskeyView {
    /// `None` while nobody is to do anything.
    fn of(passkey: Passkey) -> Option<Self> {
        let (stage, public_key, code) = match passkey.step {
            PasskeyStep::Assertion(request) => (
                "request",
                serde_json::from_str(&request).ok(),
                String::new(),
            ),
            PasskeyStep::Comparison(code) => ("confirm", None, code),
            PasskeyStep::Asserted | PasskeyStep::Compared => return None,
        };
        Some(Self {
            stage,
            public_key,
            code,
            expires_at: passkey.expires_at,
        })
    }

    /// Type and payload of the event that tells it.
    fn told(&self) -> (&'static str, String) {
        match &self.public_key {
            Some(request) => (
                "auth.passkey",
                json!({ "publicKey": request, "expiresAt": self.expires_at }).to_string(),
            ),
            None => (
                "auth.passkey_confirmation",
                json!({ "code": self.code, "expiresAt": self.expires_at }).to_string(),
            ),
        }
    }
}

impl Domain {
    /// What WhatsApp demands now; not found while it demands nothing of a person.
    pub fn passkey(&self, scope: SessionScope) -> Result<PasskeyView> {
        self.engine()?
            .passkey(&scope)
            .and_then(PasskeyView::of)
            .ok_or(Error::NotFound(NOUN))
    }

    /// Checks an assertion and hands it over.
    pub async fn assert_passkey(
        self: &Arc<Self>,
        scope: SessionScope,
        answer: &Answer,
        by: &By,
    ) -> Result<()> {
        let assertion = answer.read()?;
        let passkey = self
            .engine()?
            .passkey(&scope)
            .ok_or(Error::NotFound(NOUN))?;
        let PasskeyStep::Assertion(wanted) = passkey.step else {
            return Err(Error::Conflict("an assertion was taken already".into()));
        };
        let request = Request::parse(&wanted)
            .ok_or_else(|| Error::Internal("WhatsApp's passkey request was not read".into()))?;
        assertion::judge(&assertion, &request)?;
        self.passkey_noted(scope, "session.passkey_assert", by)
            .await?;
        self.engine()?
            .assert_passkey(&scope, &wanted, assertion)
            .await
    }

    /// A person found the codes equal.
    pub async fn confirm_passkey(self: &Arc<Self>, scope: SessionScope, by: &By) -> Result<()> {
        match self.engine()?.passkey(&scope).map(|passkey| passkey.step) {
            None => return Err(Error::NotFound(NOUN)),
            Some(PasskeyStep::Comparison(_)) => {}
            Some(PasskeyStep::Compared) => {
                return Err(Error::Conflict("the code was confirmed already".into()));
            }
            Some(PasskeyStep::Assertion(_) | PasskeyStep::Asserted) => {
                return Err(Error::Conflict("there is no code to compare yet".into()));
            }
        }
        self.passkey_noted(scope, "session.passkey_confirm", by)
            .await?;
        self.engine()?.confirm_passkey(&scope).await
    }

    /// Gives the linking up: the session stops.
    pub async fn cancel_passkey(self: &Arc<Self>, scope: SessionScope, by: &By) -> Result<()> {
        self.engine()?
            .passkey(&scope)
            .ok_or(Error::NotFound(NOUN))?;
        self.stop_session(scope, by).await.map(drop)
    }

    /// Noted before WhatsApp is asked: that somebody answered is what is to be known, whatever came of it.
    async fn passkey_noted(
        &self,
        scope: SessionScope,
        action: &'static str,
        by: &By,
    ) -> Result<()> {
        let trail = self.trail(by);
        self.store
            .write(move |tx| trail.note(tx, Some(scope.org), action, scope.id, json!({})))
            .await
    }

    /// A passkey is demanded, or a code is there to be compared: told to live readers that may manage the session.
    pub(crate) fn passkey_shown(&self, scope: SessionScope, passkey: &Passkey) {
        if let Some(view) = PasskeyView::of(passkey.clone()) {
            let (kind, payload) = view.told();
            let now = self.clock.now();
            self.hub
                .tell(scope.org, Some(scope.id), kind, now, &payload);
        }
    }

    /// The same for a reader that has just come and hears events of this type.
    pub(super) fn passkey_now(
        &self,
        scope: SessionScope,
        hears: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let passkey = self.engine().ok()?.passkey(&scope)?;
        let (kind, payload) = PasskeyView::of(passkey)?.told();
        let now = self.clock.now();
        hears(kind).then(|| live_envelope(scope.org, Some(scope.id), kind, now, &payload))
    }
}
