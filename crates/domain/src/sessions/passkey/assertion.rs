//! Is this an answer to the request? What WhatsApp would turn down without a word is told here, by field.
//!
//! The signature itself cannot be checked: only WhatsApp has the passkey's public key. Layouts: W3C Web Authentication,
//! level 3, sections 5.8.1 (client data), 6.1 (authenticator data), 6.5.5 (signatures).

use super::request::Request;
use crate::{Result, ports::passkey::Assertion, wrong::Wrong};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Where the assertion must have been made.
const ORIGIN: &str = "https://web.whatsapp.com";

/// WebAuthn's own bound on a credential's id.
const MOST_ID: usize = 1_023;
const MOST_CLIENT_DATA: usize = 4_096;
const MOST_AUTHENTICATOR_DATA: usize = 4_096;
const MOST_SIGNATURE: usize = 1_024;
const MOST_USER_HANDLE: usize = 64;

/// Hash of the relying party's id (32), flags (1), counter (4).
const HEAD: usize = 37;
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;

/// A `PublicKeyCredential` as `toJSON()` of a browser writes it.
pub struct Answer {
    /// base64url.
    pub id: String,
    /// The same.
    pub raw_id: String,
    /// `public-key`.
    pub kind: String,
    /// base64url.
    pub client_data: String,
    /// base64url.
    pub authenticator_data: String,
    /// base64url.
    pub signature: String,
    /// base64url; absent and "" are the same.
    pub user_handle: Option<String>,
}

const CLIENT_DATA: &str = "assertion.response.clientDataJSON";
const AUTHENTICATOR_DATA: &str = "assertion.response.authenticatorData";
const SIGNATURE: &str = "assertion.response.signature";
const USER_HANDLE: &str = "assertion.response.userHandle";

fn bytes(wrong: &mut Wrong, field: &str, text: &str, most: usize) -> Vec<u8> {
    // Four characters carry three bytes.
    if text.len() > most.div_ceil(3) * 4 {
        wrong.note(field, format!("is longer than {most} bytes"));
        return Vec::new();
    }
    match B64.decode(text) {
        Ok(bytes) if bytes.is_empty() => {
            wrong.note(field, "is empty");
            bytes
        }
        Ok(bytes) => bytes,
        Err(_) => {
            wrong.note(field, "must be base64url without padding; was it cut off?");
            Vec::new()
        }
    }
}

/// A whole signature by its form: ECDSA in DER, EdDSA (64 bytes), RSA from 2,048 bits on.
fn whole(signature: &[u8]) -> bool {
    match signature {
        [0x30, length, 0x02, ..] => usize::from(*length) + 2 == signature.len(),
        _ => signature.len() == 64 || signature.len() >= 256,
    }
}

impl Answer {
    /// The parts by themselves; every field that is malformed is named.
    pub fn read(&self) -> Result<Assertion> {
        let mut wrong = Wrong::default();
        let assertion = Assertion {
            credential_id: bytes(&mut wrong, "assertion.rawId", &self.raw_id, MOST_ID),
            client_data: bytes(&mut wrong, CLIENT_DATA, &self.client_data, MOST_CLIENT_DATA),
            authenticator_data: bytes(
                &mut wrong,
                AUTHENTICATOR_DATA,
                &self.authenticator_data,
                MOST_AUTHENTICATOR_DATA,
            ),
            signature: bytes(&mut wrong, SIGNATURE, &self.signature, MOST_SIGNATURE),
            user_handle: self
                .user_handle
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(|text| bytes(&mut wrong, USER_HANDLE, text, MOST_USER_HANDLE)),
        };
        if self.id != self.raw_id {
            wrong.note("assertion.id", "must be the same as rawId");
        }
        if self.kind != "public-key" {
            wrong.note("assertion.type", "must be public-key");
        }
        let data = assertion.authenticator_data.len();
        if data > 0 && data < HEAD {
            wrong.note(
                AUTHENTICATOR_DATA,
                "is shorter than 37 bytes; was it cut off?",
            );
        }
        if !assertion.signature.is_empty() && !whole(&assertion.signature) {
            wrong.note(SIGNATURE, "is not a whole signature; was it cut off?");
        }
        wrong.none()?;
        Ok(assertion)
    }
}

/// Whether an assertion answers this request; every field that does not is named.
pub(super) fn judge(assertion: &Assertion, request: &Request) -> Result<()> {
    let mut wrong = Wrong::default();
    if !request.allowed.is_empty() && !request.allowed.contains(&assertion.credential_id) {
        wrong.note(
            "assertion.rawId",
            "is none of the credentials that allowCredentials names",
        );
    }
    if let Err(what) = client_data(&assertion.client_data, request) {
        wrong.note(CLIENT_DATA, what);
    }
    let flags = assertion.authenticator_data.get(32).copied().unwrap_or(0);
    let hash = assertion.authenticator_data.get(..32).unwrap_or_default();
    if hash != Sha256::digest(&request.rp_id).as_slice() {
        let what = format!("was made for another relying party than {}", request.rp_id);
        wrong.note(AUTHENTICATOR_DATA, what);
    } else if flags & PRESENT == 0 {
        wrong.note(AUTHENTICATOR_DATA, "was made with nobody present");
    } else if request.verified && flags & VERIFIED == 0 {
        wrong.note(
            AUTHENTICATOR_DATA,
            "the authenticator did not verify the person (userVerification is required)",
        );
    }
    wrong.none()
}

fn client_data(bytes: &[u8], request: &Request) -> Result<(), String> {
    let json: Value = serde_json::from_slice(bytes)
        .map_err(|_| "is not the JSON a browser writes; was it cut off?".to_owned())?;
    let text = |field: &str| json.get(field).and_then(Value::as_str);
    if text("type") != Some("webauthn.get") {
        return Err("type must be webauthn.get".to_owned());
    }
    if text("origin") != Some(ORIGIN) || json.get("crossOrigin") == Some(&Value::Bool(true)) {
        return Err(format!(
            "origin must be {ORIGIN}: the assertion has to be made on that page itself"
        ));
    }
    let signed = text("challenge")
        .and_then(|text| B64.decode(text).ok())
        .unwrap_or_default();
    if !bool::from(signed.ct_eq(&request.challenge)) {
        return Err(
            "challenge is not that of the present request; fetch it again and sign that".to_owned(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use serde_json::json;

    const CHALLENGE: &[u8] = b"a challenge of thirty-two bytes!";

    fn request() -> Request {
        let json = json!({ "challenge": B64.encode(CHALLENGE), "rpId": "whatsapp.com", "userVerification": "required" });
        Request::parse(&json.to_string()).unwrap()
    }

    fn client(change: impl FnOnce(&mut Value)) -> String {
        let mut json = json!({
            "type": "webauthn.get", "challenge": B64.encode(CHALLENGE), "origin": ORIGIN, "crossOrigin": false,
        });
        change(&mut json);
        B64.encode(json.to_string())
    }

    fn data(rp_id: &str, flags: u8) -> String {
        let mut bytes = Sha256::digest(rp_id).to_vec();
        bytes.extend([flags, 0, 0, 0, 0]);
        B64.encode(bytes)
    }

    fn good() -> Answer {
        let mut signature = vec![0x30, 68, 0x02];
        signature.extend([1; 67]);
        Answer {
            id: B64.encode([7; 16]),
            raw_id: B64.encode([7; 16]),
            kind: "public-key".to_owned(),
            client_data: client(|_| {}),
            authenticator_data: data("whatsapp.com", 0x1d),
            signature: B64.encode(signature),
            user_handle: None,
        }
    }

    fn named(answer: &Answer, request: &Request) -> Vec<String> {
        let judged = answer
            .read()
            .and_then(|assertion| judge(&assertion, request));
        match judged {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(fields)) => fields.into_keys().collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_answer_to_the_request_passes() {
        assert_eq!(named(&good(), &request()), Vec::<String>::new());
        let mut known = request();
        known.allowed = vec![vec![7; 16]];
        assert_eq!(named(&good(), &known), Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_named() {
        type Change = Box<dyn Fn(&mut Answer)>;
        let cases: Vec<(&str, Change)> = vec![
            (
                "assertion.rawId",
                Box::new(|a| {
                    a.raw_id = "not base64url!".into();
                    a.id = a.raw_id.clone();
                }),
            ),
            (
                "assertion.rawId",
                Box::new(|a| {
                    a.raw_id = B64.encode([7; 1024]);
                    a.id = a.raw_id.clone();
                }),
            ),
            ("assertion.id", Box::new(|a| a.id = B64.encode([8; 16]))),
            ("assertion.type", Box::new(|a| a.kind = "password".into())),
            (
                CLIENT_DATA,
                Box::new(|a| {
                    a.client_data = client(|c| c["origin"] = json!("https://example.com"))
                }),
            ),
            (
                CLIENT_DATA,
                Box::new(|a| {
                    a.client_data =
                        client(|c| c["origin"] = json!("https://web.whatsapp.com.example.com"))
                }),
            ),
            (
                CLIENT_DATA,
                Box::new(|a| a.client_data = client(|c| c["crossOrigin"] = json!(true))),
            ),
            (
                CLIENT_DATA,
                Box::new(|a| a.client_data = client(|c| c["type"] = json!("webauthn.create"))),
            ),
            (
                CLIENT_DATA,
                Box::new(|a| {
                    a.client_data = client(|c| c["challenge"] = json!(B64.encode([0; 32])))
                }),
            ),
            (
                CLIENT_DATA,
                Box::new(|a| {
                    let cut = a.client_data.len() - 8;
                    a.client_data.truncate(cut);
                }),
            ),
            (
                AUTHENTICATOR_DATA,
                Box::new(|a| a.authenticator_data.truncate(40)),
            ),
            (
                AUTHENTICATOR_DATA,
                Box::new(|a| a.authenticator_data = data("example.com", 0x1d)),
            ),
            (
                AUTHENTICATOR_DATA,
                Box::new(|a| a.authenticator_data = data("whatsapp.com", 0x04)),
            ),
            (
                AUTHENTICATOR_DATA,
                Box::new(|a| a.authenticator_data = data("whatsapp.com", 0x01)),
            ),
            (
                SIGNATURE,
                Box::new(|a| {
                    let cut = a.signature.len() - 4;
                    a.signature.truncate(cut);
                }),
            ),
            (SIGNATURE, Box::new(|a| a.signature.clear())),
            (USER_HANDLE, Box::new(|a| a.user_handle = Some("=".into()))),
        ];
        for (number, (field, change)) in cases.iter().enumerate() {
            let mut answer = good();
            change(&mut answer);
            assert_eq!(named(&answer, &request()), [*field], "case {number}");
        }
        let mut others = request();
        others.allowed = vec![vec![9; 16]];
        assert_eq!(named(&good(), &others), ["assertion.rawId"]);
    }
}
