//! Linking an account that is protected by a passkey.
//!
//! Theory of operation. After the scan (or the typed code) WhatsApp asks for a WebAuthn assertion instead of linking.
//! The library tells its request, hands over our answer and holds the handshake with the phone; what it does not do is
//! wait with bounds, so each step has a deadline here, and whatever fails ends the life: the library keeps a handshake
//! that came to nothing and would take no second answer.
//!
//! Two of the library's clocks (0.7.0) would end the linking while a person is still at it, and are stopped:
//! - It closes the connection when its QR codes are used up, 160 s after the first. [`hold`] puts other refs in their
//!   place, which are shown to nobody.
//! - A minute after a pairing code was typed it draws a new ADV secret, whatever has been agreed on meanwhile
//!   (`start_pair_success_timeout`): the code is withdrawn at once, it has done its work.

use super::{Actor, End};
use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};
use wacore_binary::builder::NodeBuilder;
use wharf_domain::{
    Error,
    ports::{
        engine::Connection,
        passkey::{Assertion, Passkey, PasskeyStep},
    },
};
use wharf_types::Millis;
use whatsapp_rust::{
    Client,
    passkey::{self, PasskeyError},
};

/// How long each step may take.
const STEP: Duration = Duration::from_secs(300);

/// A request is some hundred bytes.
const MOST_REQUEST: usize = 16 << 10;

/// What the refs are that are shown to nobody; they stand first in a QR text.
const HELD: &str = "held";
/// The first is held 60 s, the others 20 s each: longer than a step.
const HOLDS: usize = 15;

/// The step a linking is at. A later one has a higher number.
#[derive(Default)]
pub(crate) struct Desk {
    number: u64,
    now: Option<Passkey>,
}

/// Whether a QR text is one of those that only hold the connection.
pub(super) fn is_held(code: &str) -> bool {
    code.split(',').next() == Some(HELD)
}

/// Keeps the library from closing the connection for another [`HOLDS`] refs.
async fn hold(client: &Arc<Client>) {
    let refs = (0..HOLDS).map(|_| NodeBuilder::new("ref").bytes(HELD.as_bytes()).build());
    // Without an id it is answered to nobody.
    let held = NodeBuilder::new("iq")
        .attr("from", wacore_binary::SERVER_JID)
        .attr("type", "set")
        .children([NodeBuilder::new("pair-device").children(refs).build()])
        .build();
    whatsapp_rust::pair::handle_iq(client, &held.as_node_ref()).await;
}

fn json(assertion: &Assertion) -> Vec<u8> {
    passkey::build_webauthn_assertion_json(
        &assertion.credential_id,
        &assertion.client_data,
        &assertion.authenticator_data,
        &assertion.signature,
        assertion.user_handle.as_deref(),
    )
}

impl Actor {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.passkey.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The passkey that is demanded now.
    pub(crate) fn passkey_now(&self) -> Option<Passkey> {
        let now = self.shared.clock.now();
        self.desk()
            .now
            .clone()
            .filter(|passkey| passkey.expires_at > now)
    }

    /// Linking goes on, or is over.
    pub(super) fn passkey_done(&self) -> bool {
        self.desk().now.take().is_some()
    }

    /// The next step, if `from` is the present one. When its time is over and it is still the present one, the life ends.
    fn passkey_step(
        self: &Arc<Self>,
        step: PasskeyStep,
        life: Duration,
        from: impl FnOnce(Option<&PasskeyStep>) -> Result<(), Error>,
    ) -> Result<Passkey, Error> {
        let life_ms = Millis::try_from(life.as_millis()).unwrap_or(Millis::MAX);
        let passkey = Passkey {
            step,
            expires_at: self.shared.clock.now() + life_ms,
        };
        let number = {
            let mut desk = self.desk();
            from(desk.now.as_ref().map(|passkey| &passkey.step))?;
            desk.number += 1;
            desk.now = Some(passkey.clone());
            desk.number
        };
        let actor = Arc::downgrade(self);
        self.keep(tokio::spawn(async move {
            tokio::time::sleep(life).await;
            let Some(actor) = actor.upgrade() else { return };
            let still = {
                let desk = actor.desk();
                desk.number == number && desk.now.is_some()
            };
            if still {
                actor.passkey_over(Connection::PasskeyTimeout);
            }
        }));
        Ok(passkey)
    }

    fn passkey_over(&self, verdict: Connection) {
        self.passkey_done();
        let _ = self.ends.send(End::Told(verdict));
    }

    /// WhatsApp turned it down, or the handshake came to nothing.
    pub(super) fn passkey_failed(&self, why: &str) {
        tracing::warn!(session = %self.scope.id, error = why, "passkey linking failed");
        self.passkey_over(Connection::PasskeyRefused);
    }

    /// WhatsApp demands a passkey: its request.
    pub(super) async fn passkey_asked(self: &Arc<Self>, request: &str) {
        let read = (request.len() <= MOST_REQUEST)
            .then(|| passkey::parse_request_options(request).ok())
            .flatten();
        let Some(read) = read else {
            return self.passkey_failed("WhatsApp's request cannot be read");
        };
        self.set_code(None);
        self.client.cancel_pair_code().await;
        hold(&self.client).await;
        let life = read
            .timeout_ms
            .map_or(STEP, |ms| STEP.min(Duration::from_millis(ms)));
        // Another request takes the place of one that nobody has answered; the library holds one handshake.
        let fresh = |now: Option<&PasskeyStep>| match now {
            None | Some(PasskeyStep::Assertion(_)) => Ok(()),
            Some(_) => Err(Error::Conflict("a passkey was asserted already".into())),
        };
        let step = PasskeyStep::Assertion(request.to_owned());
        let Ok(passkey) = self.passkey_step(step, life, fresh) else {
            return self.passkey_failed("WhatsApp asked again after it was answered");
        };
        self.shared.inbox.passkey(&self.scope, &passkey);
        self.tell(Connection::AwaitingPasskey { compared: false })
            .await;
    }

    /// The phone answered: the code to compare. `proven`: there is nothing to compare, the phone knows this device.
    pub(super) async fn passkey_answered(self: &Arc<Self>, code: &str, proven: bool) {
        hold(&self.client).await;
        let asserted = |now: Option<&PasskeyStep>| match now {
            Some(PasskeyStep::Asserted) => Ok(()),
            _ => Err(Error::Conflict("no assertion was handed over".into())),
        };
        let step = PasskeyStep::Comparison(code.to_owned());
        let Ok(passkey) = self.passkey_step(step, STEP, asserted) else {
            return self.passkey_failed("the phone answered what was not asked");
        };
        if proven {
            let actor = Arc::clone(self);
            self.keep(tokio::spawn(async move {
                let _ = actor.confirm_passkey().await;
            }));
            return;
        }
        self.shared.inbox.passkey(&self.scope, &passkey);
        self.tell(Connection::AwaitingPasskey { compared: true })
            .await;
    }

    /// Hands an assertion over.
    pub(crate) async fn assert_passkey(
        self: &Arc<Self>,
        request: &str,
        assertion: Assertion,
    ) -> Result<(), Error> {
        let wanted = |now: Option<&PasskeyStep>| match now {
            Some(PasskeyStep::Assertion(open)) if open == request => Ok(()),
            _ => Err(Error::Conflict(
                "this request is open no more: fetch it again".into(),
            )),
        };
        hold(&self.client).await;
        self.passkey_step(PasskeyStep::Asserted, STEP, wanted)?;
        let handed = passkey::Assertion {
            assertion_json: json(&assertion),
            credential_id: assertion.credential_id,
        };
        let client = Arc::clone(&self.client);
        self.passkey_word(async move { client.send_passkey_response(handed).await })
            .await
    }

    /// A person found the codes equal.
    pub(crate) async fn confirm_passkey(self: &Arc<Self>) -> Result<(), Error> {
        let shown = |now: Option<&PasskeyStep>| match now {
            Some(PasskeyStep::Comparison(_)) => Ok(()),
            _ => Err(Error::Conflict("there is no code to compare".into())),
        };
        hold(&self.client).await;
        self.passkey_step(PasskeyStep::Compared, STEP, shown)?;
        let client = Arc::clone(&self.client);
        self.passkey_word(async move { client.send_passkey_confirmation().await })
            .await
    }

    /// Waits for WhatsApp's word on a step, in a task of its own: a caller that goes away must not leave half a handshake.
    async fn passkey_word(
        self: &Arc<Self>,
        word: impl Future<Output = Result<(), PasskeyError>> + Send + 'static,
    ) -> Result<(), Error> {
        let actor = Arc::clone(self);
        let asked = tokio::spawn(async move {
            let live = actor.shared.config.timings.live;
            let (why, error) = match tokio::time::timeout(live, word).await {
                Ok(Ok(())) => return Ok(()),
                Err(_) => ("no answer".to_owned(), Error::Timeout),
                Ok(Err(error)) => {
                    let why = error.to_string();
                    (why.clone(), crate::live::upstream("rejected", why))
                }
            };
            // The answer was lost, but not what it would have said.
            if actor.paired() {
                return Ok(());
            }
            actor.passkey_failed(&why);
            Err(error)
        });
        asked.await.unwrap_or(Err(Error::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};

    #[test]
    fn only_refs_of_ours_are_held() {
        assert!(is_held("held,a,b,c,1") && is_held("held"));
        assert!(!is_held("2@held,a,b,c,1") && !is_held(""));
    }

    #[test]
    fn an_assertion_goes_out_as_whatsapp_web_writes_it() {
        let assertion = Assertion {
            credential_id: vec![1, 2],
            client_data: b"{}".to_vec(),
            authenticator_data: vec![3],
            signature: vec![4],
            user_handle: None,
        };
        let json: serde_json::Value = serde_json::from_slice(&json(&assertion)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "id": B64.encode([1, 2]), "rawId": B64.encode([1, 2]), "type": "public-key",
                "response": { "clientDataJSON": B64.encode("{}"), "authenticatorData": B64.encode([3]),
                    "signature": B64.encode([4]), "userHandle": null },
            })
        );
    }
}
