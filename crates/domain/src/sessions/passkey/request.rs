//! What WhatsApp asks an authenticator to sign.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use serde_json::Value;

/// The relying party of a request that names none: the host of the origin.
const HOST: &str = "web.whatsapp.com";

/// A WebAuthn request, as much as an answer is checked against.
pub(super) struct Request {
    /// Signed within the client data.
    pub challenge: Vec<u8>,
    /// Whose hash the authenticator signs.
    pub rp_id: String,
    /// The credentials that may sign; none named = any.
    pub allowed: Vec<Vec<u8>>,
    /// The authenticator must have verified the person.
    pub verified: bool,
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    B64.decode(value.as_str()?.trim_end_matches('=')).ok()
}

impl Request {
    /// `None` for what is no request.
    pub fn parse(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let challenge = bytes(json.get("challenge")?).filter(|c| !c.is_empty())?;
        let rp_id = match json.get("rpId") {
            None => HOST,
            Some(id) => id.as_str()?,
        };
        let allowed = match json.get("allowCredentials") {
            None => Vec::new(),
            Some(list) => list
                .as_array()?
                .iter()
                .map(|credential| bytes(credential.get("id")?))
                .collect::<Option<_>>()?,
        };
        Some(Self {
            challenge,
            rp_id: rp_id.to_owned(),
            allowed,
            verified: json.get("userVerification").and_then(Value::as_str) == Some("required"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Request;

    #[test]
    fn as_whatsapp_writes_it() {
        let request = Request::parse(
            r#"{"challenge":"AQID","timeout":600000,"rpId":"whatsapp.com","allowCredentials":[],
                "userVerification":"required","extensions":{"uvm":true}}"#,
        )
        .unwrap();
        assert_eq!(request.challenge, [1, 2, 3]);
        assert_eq!(
            (request.rp_id.as_str(), request.verified),
            ("whatsapp.com", true)
        );
        assert!(request.allowed.is_empty());
    }

    #[test]
    fn what_is_no_request() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"challenge":""}"#,
            r#"{"challenge":"*"}"#,
            r#"{"challenge":"AQID","rpId":7}"#,
            r#"{"challenge":"AQID","allowCredentials":[{}]}"#,
        ] {
            assert!(Request::parse(text).is_none(), "{text}");
        }
    }
}
