//! The owner's passkey: a P-256 credential for whatsapp.com, the platform authenticator and browser that
//! sign with it, and the relying party that verifies (W3C Web Authentication, level 3, 7.2).
//!
//! It is derived from the world's seed like every other key of a person. Synced passkeys count no uses.

use anyhow::{Context, Result, anyhow, bail};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use p256::ecdsa::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer, Verifier},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{ids::Phone, keys::Seed};

pub const RP_ID: &str = "whatsapp.com";
pub const ORIGIN: &str = "https://web.whatsapp.com";

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
/// May be, and is, backed up.
const SYNCED: u8 = 0x18;

pub fn b64(bytes: &[u8]) -> String {
    B64.encode(bytes)
}

fn bytes(text: &str, what: &str) -> Result<Vec<u8>> {
    B64.decode(text)
        .with_context(|| format!("{what}: base64url"))
}

/// An account's credential.
pub struct Passkey {
    key: SigningKey,
    pub id: Vec<u8>,
    user: Vec<u8>,
}

/// How an assertion is made; other than by default only for tests.
pub struct Ceremony {
    pub origin: String,
    pub rp_id: String,
    pub kind: String,
    pub user_verified: bool,
    /// By another key than the credential's.
    pub forged: bool,
}

impl Default for Ceremony {
    fn default() -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            rp_id: RP_ID.to_owned(),
            kind: "webauthn.get".to_owned(),
            user_verified: true,
            forged: false,
        }
    }
}

/// `<webauthn_assertion>` as WhatsApp Web writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sent {
    id: String,
    raw_id: String,
    r#type: String,
    response: SentResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SentResponse {
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

impl Passkey {
    pub fn of(seed: &Seed, phone: Phone) -> Result<Self> {
        let key = seed.derive(&format!("passkey {phone}"));
        let id = seed.derive(&format!("passkey id {phone}"));
        let user = seed.derive(&format!("passkey user {phone}"));
        Ok(Self {
            key: SigningKey::from_slice(&key).map_err(|e| anyhow!("passkey: {e}"))?,
            id: id.to_vec(),
            user: user.to_vec(),
        })
    }

    /// `navigator.credentials.get({publicKey}).toJSON()`, the owner being there.
    pub fn assert(&self, challenge: &str, how: &Ceremony) -> Result<Value> {
        let client = json!({
            "type": how.kind, "challenge": challenge, "origin": how.origin, "crossOrigin": false,
        })
        .to_string();
        let verified = if how.user_verified { VERIFIED } else { 0 };
        let mut data = Sha256::digest(&how.rp_id).to_vec();
        data.push(PRESENT | SYNCED | verified);
        data.extend([0; 4]);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let other = SigningKey::from_slice(&Sha256::digest(&self.id))
            .map_err(|e| anyhow!("another key: {e}"))?;
        let key = if how.forged { &other } else { &self.key };
        let signature: Signature = key.sign(&signed);
        Ok(json!({
            "id": b64(&self.id), "rawId": b64(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client.as_bytes()), "authenticatorData": b64(&data),
                "signature": b64(signature.to_der().as_bytes()), "userHandle": b64(&self.user),
            },
        }))
    }

    /// Whether `sent` answers `challenge`; the error says what does not hold.
    pub fn verify(&self, credential: &[u8], sent: &[u8], challenge: &[u8]) -> Result<()> {
        let sent: Sent = serde_json::from_slice(sent).context("the assertion's JSON")?;
        let raw_id = bytes(&sent.raw_id, "rawId")?;
        if raw_id != self.id || credential != self.id || sent.id != sent.raw_id {
            bail!("a credential that is not the account's");
        }
        if sent.r#type != "public-key" {
            bail!("a credential of another type");
        }
        if let Some(user) = sent.response.user_handle
            && bytes(&user, "userHandle")? != self.user
        {
            bail!("another user's handle");
        }
        let client = bytes(&sent.response.client_data_json, "clientDataJSON")?;
        let said: Value = serde_json::from_slice(&client).context("clientDataJSON")?;
        let text = |field: &str| said.get(field).and_then(Value::as_str);
        if text("type") != Some("webauthn.get") {
            bail!("an assertion of another type");
        }
        if text("challenge") != Some(b64(challenge).as_str()) {
            bail!("another challenge");
        }
        if text("origin") != Some(ORIGIN) || said.get("crossOrigin") == Some(&Value::Bool(true)) {
            bail!("another origin");
        }
        let data = bytes(&sent.response.authenticator_data, "authenticatorData")?;
        let (hash, rest) = data.split_at_checked(32).context("authenticatorData")?;
        if hash != Sha256::digest(RP_ID).as_slice() {
            bail!("another relying party");
        }
        let flags = rest.first().copied().context("authenticatorData")?;
        if rest.len() < 5 || flags & PRESENT == 0 || flags & VERIFIED == 0 {
            bail!("nobody present, or not verified");
        }
        let signature = bytes(&sent.response.signature, "signature")?;
        let signature = Signature::from_der(&signature).map_err(|e| anyhow!("signature: {e}"))?;
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        VerifyingKey::from(&self.key)
            .verify(&signed, &signature)
            .map_err(|_| anyhow!("the signature does not verify"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &[u8] = b"thirty-two bytes of no importance";

    fn passkey(phone: &str) -> Passkey {
        Passkey::of(&Seed::from_u64(1), phone.parse().unwrap()).unwrap()
    }

    /// What a client makes of `toJSON()`: the four fields WhatsApp Web sends.
    fn sent(mut json: Value) -> Vec<u8> {
        let fields = json.as_object_mut().unwrap();
        fields.remove("authenticatorAttachment");
        fields.remove("clientExtensionResults");
        json.to_string().into_bytes()
    }

    fn made(how: &Ceremony) -> Value {
        passkey("491700000001")
            .assert(&b64(CHALLENGE), how)
            .unwrap()
    }

    fn judged(json: Value, challenge: &[u8]) -> Result<()> {
        let key = passkey("491700000001");
        key.verify(&key.id, &sent(json), challenge)
    }

    #[test]
    fn an_honest_assertion_verifies_and_only_for_its_challenge() {
        judged(made(&Ceremony::default()), CHALLENGE).unwrap();
        judged(made(&Ceremony::default()), b"another challenge").unwrap_err();
    }

    #[test]
    fn nothing_else_does() {
        let bad: [(&str, Ceremony); 5] = [
            (
                "origin",
                Ceremony {
                    origin: "https://example.com".into(),
                    ..Ceremony::default()
                },
            ),
            (
                "relying party",
                Ceremony {
                    rp_id: "example.com".into(),
                    ..Ceremony::default()
                },
            ),
            (
                "type",
                Ceremony {
                    kind: "webauthn.create".into(),
                    ..Ceremony::default()
                },
            ),
            (
                "verified",
                Ceremony {
                    user_verified: false,
                    ..Ceremony::default()
                },
            ),
            (
                "signature",
                Ceremony {
                    forged: true,
                    ..Ceremony::default()
                },
            ),
        ];
        for (what, how) in bad {
            let why = judged(made(&how), CHALLENGE).unwrap_err().to_string();
            assert!(why.contains(what), "{what}: {why}");
        }
        let foreign = passkey("491700000002");
        let theirs = foreign
            .assert(&b64(CHALLENGE), &Ceremony::default())
            .unwrap();
        judged(theirs, CHALLENGE).unwrap_err();
        let mut more = made(&Ceremony::default());
        more["response"]["more"] = json!(1);
        judged(more, CHALLENGE).unwrap_err();
    }

    /// One bit anywhere in what is signed.
    #[test]
    fn what_was_changed_on_the_way_does_not_verify() {
        for field in ["authenticatorData", "signature", "clientDataJSON"] {
            let mut json = made(&Ceremony::default());
            let text = json["response"][field].as_str().unwrap();
            let mut raw = bytes(text, field).unwrap();
            let last = raw.len() - 1;
            raw[last] ^= 1;
            json["response"][field] = json!(b64(&raw));
            judged(json, CHALLENGE).unwrap_err();
        }
    }
}
