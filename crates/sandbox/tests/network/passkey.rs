//! Linking with a passkey, by a raw client. Its half of the arithmetic is wacore's, the network's is its own.

use serde_json::{Value, json};
use wacore::{libsignal::protocol::KeyPair, shortcake::ShortcakeUtils};
use wacore_binary::{Node, NodeContent, builder::NodeBuilder};
use waproto::whatsapp::device_props::PlatformType;
use wharf_sandbox::{keys::pub32, node::leaf};

use crate::{
    companion::{Companion, child, devices, iq},
    hand::Net,
    wire::{Wire, text},
};

const ME: &str = "491700000001";

fn bytes(n: &Node) -> Vec<u8> {
    match &n.content {
        Some(NodeContent::Bytes(b)) => b.clone(),
        _ => panic!("<{}> without bytes", n.tag),
    }
}

/// A stranger that ME's phone has scanned.
struct Asked {
    net: Net,
    c: Companion,
    w: Wire,
    /// WhatsApp's request.
    options: Value,
    keys: KeyPair,
    nonce: [u8; 32],
}

impl Asked {
    async fn new() -> Self {
        let net = Net::start().await;
        let account = json!({"phone": ME, "name": "Me", "passkey": true});
        net.post("/accounts", account).await;
        let c = Companion::new();
        let mut w = c.register(&net).await;
        let refs = c.refs(&mut w).await;
        let qr = json!({"qr": c.qr(&refs[0])});
        let (status, _) = net.try_post(&format!("/accounts/{ME}/scan"), qr).await;
        assert_eq!(status, 202);
        let asked = w.until("the demand", is("passkey_prologue_request")).await;
        let options = bytes(child(&asked, &["passkey_request_options"]));
        Self {
            net,
            c,
            w,
            options: serde_json::from_slice(&options).unwrap(),
            keys: ShortcakeUtils::generate_companion_ephemeral_keypair(),
            nonce: ShortcakeUtils::generate_companion_nonce(),
        }
    }

    async fn set(&mut self, child: Node) -> Node {
        self.w.iq(&iq("set", "md", vec![child])).await
    }

    async fn reference(&mut self) -> String {
        let ask = NodeBuilder::new("ref").build();
        let answer = self.w.iq(&iq("get", "md", vec![ask])).await;
        String::from_utf8(bytes(child(&answer, &["ref"]))).unwrap()
    }

    /// The owner's assertion, and its credential's id.
    async fn assertion(&self, mut wrong: Value) -> (Vec<u8>, Vec<u8>) {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
        wrong["publicKey"] = self.options.clone();
        let path = format!("/accounts/{ME}/passkey/assert");
        let mut made = self.net.post(&path, wrong).await;
        let fields = made.as_object_mut().unwrap();
        fields.remove("authenticatorAttachment");
        fields.remove("clientExtensionResults");
        let id = B64.decode(made["rawId"].as_str().unwrap()).unwrap();
        (id, made.to_string().into_bytes())
    }

    fn payload(&self, reference: &str) -> Vec<u8> {
        let identity = ShortcakeUtils::build_companion_ephemeral_identity(
            &pub32(&self.keys),
            PlatformType::UNKNOWN,
            reference,
        );
        let hash = ShortcakeUtils::commitment_hash(&identity, &self.nonce);
        ShortcakeUtils::build_prologue_payload(&identity, &hash)
    }

    async fn prologue(&mut self, wrong: Value, reference: &str, proof: Option<[u8; 32]>) -> Node {
        let (id, made) = self.assertion(wrong).await;
        let mut children = vec![
            leaf("credential_id", id),
            leaf("webauthn_assertion", made),
            leaf("prologue_payload", self.payload(reference)),
        ];
        children.extend(proof.map(|proof| leaf("pairing_handoff_proof", proof)));
        let prologue = NodeBuilder::new("passkey_prologue").children(children);
        self.set(prologue.build()).await
    }

    /// The rest of the way; the code both sides have.
    async fn go_on(&mut self, reference: &str) -> String {
        let answer = self.w.until("the phone", is("crsc_continuation")).await;
        let primary = bytes(child(&answer, &["primary_ephemeral_identity"]));
        let primary = ShortcakeUtils::parse_primary_ephemeral_identity(&primary).unwrap();
        let told = self.set(leaf("companion_nonce", self.nonce)).await;
        assert_eq!(text(&told, "type"), "result");
        let key = ShortcakeUtils::derive_encryption_key(
            &self.keys,
            &primary.public_key,
            PlatformType::UNKNOWN,
            reference,
        )
        .unwrap();
        let secret: [u8; 32] = rand::random();
        let request = ShortcakeUtils::build_pairing_request(
            &pub32(&self.c.noise),
            &pub32(&self.c.keys.identity),
            &secret,
        );
        let sealed = ShortcakeUtils::encrypt_pairing_request(&request, &key).unwrap();
        let sealed = ShortcakeUtils::build_encrypted_pairing_request(&sealed);
        let told = self.set(leaf("encrypted_pairing_request", sealed)).await;
        assert_eq!(text(&told, "type"), "result");
        self.c.adv_secret = secret;
        ShortcakeUtils::derive_verification_code(&self.nonce, &primary.public_key, &primary.nonce)
    }

    async fn seen(&self) -> Value {
        self.net.get(&format!("/accounts/{ME}/passkey")).await
    }
}

fn is(kind: &'static str) -> impl Fn(&Node) -> bool {
    move |n| n.tag == "notification" && text(n, "type") == kind
}

fn refused(answer: &Node) -> String {
    text(child(answer, &["error"]), "code")
}

#[tokio::test]
async fn both_sides_have_the_same_code_and_the_owner_decides() {
    let mut a = Asked::new().await;
    let reference = a.reference().await;
    a.prologue(json!({}), &reference, None).await;
    let code = a.go_on(&reference).await;
    let seen = a.seen().await;
    assert_eq!(
        (
            &seen["stage"],
            seen["code"].as_str().unwrap().replace('-', "")
        ),
        (&json!("compare"), code)
    );
    let approve = format!("/accounts/{ME}/passkey/approve");
    let (_, ()) = tokio::join!(a.net.post(&approve, json!({})), a.c.sign_in(&mut a.w));
    a.w.until("restart", |n| n.tag == "stream:error").await;
    assert_eq!(devices(&a.net.get(&format!("/accounts/{ME}")).await), [1]);
    assert_eq!(a.net.errors().await, Vec::<String>::new());
    a.c.online(&a.net).await;
}

#[tokio::test]
async fn who_holds_the_secret_of_the_qr_need_not_compare() {
    let mut a = Asked::new().await;
    let reference = a.reference().await;
    let key = ShortcakeUtils::derive_pairing_handoff_hmac_key(&a.c.adv_secret).unwrap();
    let payload = a.payload(&reference);
    let proof = ShortcakeUtils::compute_pairing_handoff_proof(&key, &payload);
    a.prologue(json!({}), &reference, Some(proof)).await;
    a.go_on(&reference).await;
    a.c.sign_in(&mut a.w).await;
    a.w.until("restart", |n| n.tag == "stream:error").await;
    assert_eq!(devices(&a.net.get(&format!("/accounts/{ME}")).await), [1]);
}

#[tokio::test]
async fn a_challenge_is_good_for_one_try_and_its_assertion_must_hold() {
    for wrong in [
        json!({"origin": "https://example.com"}),
        json!({"rpId": "example.com"}),
        json!({"type": "webauthn.create"}),
        json!({"userVerified": false}),
        json!({"forged": true}),
    ] {
        let mut a = Asked::new().await;
        let reference = a.reference().await;
        let answer = a.prologue(wrong.clone(), &reference, None).await;
        assert_eq!(refused(&answer), "401", "{wrong}");
        let reference = a.reference().await;
        let again = a.prologue(json!({}), &reference, None).await;
        assert_eq!(refused(&again), "404", "{wrong}");
    }
    // A new challenge can be asked for.
    let mut a = Asked::new().await;
    let old = a.options.clone();
    let ask = NodeBuilder::new("passkey_request_options").build();
    let answer = a.w.iq(&iq("get", "md", vec![ask])).await;
    let new = bytes(child(&answer, &["passkey_request_options"]));
    let reference = a.reference().await;
    let stale = a.prologue(json!({}), &reference, None).await;
    assert_eq!(refused(&stale), "401");
    a.options = serde_json::from_slice(&new).unwrap();
    assert_ne!(a.options["challenge"], old["challenge"]);
}

#[tokio::test]
async fn what_the_device_was_not_committed_to_is_refused() {
    let mut a = Asked::new().await;
    let foreign = a.prologue(json!({}), "2@another", None).await;
    assert_eq!(refused(&foreign), "400");

    let mut a = Asked::new().await;
    let reference = a.reference().await;
    let forged = a.prologue(json!({}), &reference, Some([7; 32])).await;
    assert_eq!(refused(&forged), "401", "a handoff proof");

    let mut a = Asked::new().await;
    let early = a.set(leaf("companion_nonce", a.nonce)).await;
    assert_eq!(refused(&early), "404");
    let reference = a.reference().await;
    a.prologue(json!({}), &reference, None).await;
    a.w.until("the phone", is("crsc_continuation")).await;
    let other = a.set(leaf("companion_nonce", [1; 32])).await;
    assert_eq!(refused(&other), "400");
    let approve = format!("/accounts/{ME}/passkey/approve");
    assert_eq!(a.net.try_post(&approve, json!({})).await.0, 409);
}
