//! Linking an account that WhatsApp protects with a passkey.

pub mod assert;
pub mod cancel;
pub mod confirm;
pub mod get;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use wharf_domain::sessions::PasskeyView;
use wharf_types::Millis;

/// What a person is to do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// `request`: make an assertion of `publicKey`. `confirm`: compare `code` with the phone's.
    #[schema(value_type = PasskeyStage)]
    stage: &'static str,
    /// WhatsApp's WebAuthn request (a `PublicKeyCredentialRequestOptions` as JSON), as it wrote it; `null` in `confirm`.
    #[schema(value_type = Option<Object>)]
    public_key: Option<Value>,
    /// Like `ABCD-1234`; `""` in `request`.
    code: String,
    /// Then linking is given up.
    expires_at: Millis,
}

/// Which of the two steps.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum PasskeyStage {
    /// An assertion is wanted.
    Request,
    /// Two codes are to be compared.
    Confirm,
}

impl From<PasskeyView> for Passkey {
    fn from(view: PasskeyView) -> Self {
        Self {
            stage: view.stage,
            public_key: view.public_key,
            code: view.code,
            expires_at: view.expires_at,
        }
    }
}
