//! A companion device: its keys, pairing, log-in, and enough of Signal to write to a person's phone.

use base64::{Engine, prelude::BASE64_STANDARD as B64};
use buffa::Message as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use wacore::{
    libsignal::protocol::{
        CiphertextMessage, DeviceId, IdentityKey, KeyPair, PreKeyBundle, PreKeyId, PreKeyRecord,
        PreKeySignalMessage, ProtocolAddress, PublicKey, SignalMessage, UsePQRatchet,
        message_decrypt, message_encrypt, process_prekey_bundle,
    },
    messages::{MessageUtils, decode_plaintext, wrap_device_sent},
};
use wacore_binary::{Node, NodeContent, builder::NodeBuilder};
use waproto::whatsapp as wa;
use wharf_sandbox::{
    keys::{PhoneKeys, pub32, rng, sign},
    node::{leaf, u24},
    people::stores::{Identities, OnePreKey, OneSession, OneSignedPreKey},
};

use crate::{
    hand::Net,
    wire::{Wire, text},
};
use wacore::libsignal::protocol::{GenericSignedPreKey, SignedPreKeyRecord, Timestamp};

pub struct Companion {
    pub phone: String,
    pub n: u16,
    pub noise: KeyPair,
    pub keys: PhoneKeys,
    pub prekeys: Vec<KeyPair>,
    pub adv_secret: [u8; 32],
    /// Our ADV identity, as contacts verify it.
    pub adv: Vec<u8>,
    pub sessions: std::collections::HashMap<String, OneSession>,
}

fn bytes(n: &Node) -> Vec<u8> {
    match &n.content {
        Some(NodeContent::Bytes(b)) => b.clone(),
        _ => panic!("<{}> without bytes", n.tag),
    }
}

pub fn child<'n>(n: &'n Node, path: &[&str]) -> &'n Node {
    n.get_optional_child_by_tag(path)
        .unwrap_or_else(|| panic!("no {path:?} in {n:?}"))
}

impl Companion {
    pub fn new() -> Self {
        let pair = || KeyPair::generate(&mut rng());
        Self {
            phone: String::new(),
            n: 0,
            noise: pair(),
            keys: PhoneKeys {
                identity: pair(),
                signed_prekey: pair(),
                registration_id: 77,
            },
            prekeys: (0..20).map(|_| pair()).collect(),
            adv_secret: rand::random(),
            adv: Vec::new(),
            sessions: Default::default(),
        }
    }

    fn registration(&self) -> wa::ClientPayload {
        wa::ClientPayload {
            passive: Some(false),
            device_pairing_data: buffa::MessageField::some(
                wa::client_payload::DevicePairingRegistrationData {
                    e_ident: Some(pub32(&self.keys.identity).to_vec()),
                    ..Default::default()
                },
            ),
            ..Default::default()
        }
    }

    fn login(&self) -> wa::ClientPayload {
        wa::ClientPayload {
            username: Some(self.phone.parse().unwrap()),
            device: Some(u32::from(self.n)),
            passive: Some(true),
            ..Default::default()
        }
    }

    pub async fn register(&self, net: &Net) -> Wire {
        Wire::connect(&net.server(), &self.noise, &self.registration()).await
    }

    /// A log-in, without waiting for its outcome.
    pub async fn knock(&self, net: &Net) -> Wire {
        Wire::connect(&net.server(), &self.noise, &self.login()).await
    }

    /// A log-in that resumes with a server key known before; whether it was still the server's.
    pub async fn resume(&self, net: &Net, known: &[u8; 32]) -> (Wire, bool) {
        let (w, fell_back) = Wire::resume(&net.server(), known, &self.noise, &self.login()).await;
        (w, !fell_back)
    }

    /// The refs of a fresh registration, acknowledged.
    pub async fn refs(&self, w: &mut Wire) -> Vec<String> {
        let iq = w
            .until("pair-device", |n| {
                n.get_optional_child("pair-device").is_some()
            })
            .await;
        let ok = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "result")
            .attr("id", text(&iq, "id"))
            .build();
        w.send(&ok).await;
        child(&iq, &["pair-device"])
            .get_children_by_tag("ref")
            .map(|r| String::from_utf8(bytes(r)).unwrap())
            .collect()
    }

    pub fn qr(&self, reference: &str) -> String {
        let b = |x: &[u8]| B64.encode(x);
        format!(
            "{reference},{},{},{}",
            b(&pub32(&self.noise)),
            b(&pub32(&self.keys.identity)),
            b(&self.adv_secret)
        )
    }

    /// Verifies `<pair-success>` as a client must, and signs.
    pub async fn sign_in(&mut self, w: &mut Wire) {
        let iq = w
            .until("pair-success", |n| {
                n.get_optional_child("pair-success").is_some()
            })
            .await;
        let hmac = wa::ADVSignedDeviceIdentityHMAC::decode_from_slice(&bytes(child(
            &iq,
            &["pair-success", "device-identity"],
        )))
        .unwrap();
        let details = hmac.details.unwrap();
        let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(&self.adv_secret).unwrap();
        mac.update(&details);
        mac.verify_slice(&hmac.hmac.unwrap())
            .expect("the HMAC is under our secret");
        let mut signed = wa::ADVSignedDeviceIdentity::decode_from_slice(&details).unwrap();
        let (d, account) = (
            signed.details.clone().unwrap(),
            signed.account_signature_key.clone().unwrap(),
        );
        let mine = pub32(&self.keys.identity);
        let key = PublicKey::from_djb_public_key_bytes(&account).unwrap();
        assert!(key.verify_signature(
            &[&[6, 0][..], &d, &mine].concat(),
            &signed.account_signature.clone().unwrap()
        ));
        let signature = sign(
            &self.keys.identity,
            &[&[6, 1][..], &d, &mine, &account].concat(),
        )
        .unwrap();
        signed.device_signature = Some(signature.to_vec());
        let index = wa::ADVDeviceIdentity::decode_from_slice(&d)
            .unwrap()
            .key_index
            .unwrap();
        let jid = text(child(&iq, &["pair-success", "device"]), "jid");
        let (user, _) = jid.split_once('@').unwrap();
        let (phone, n) = user.split_once(':').unwrap();
        (self.phone, self.n) = (phone.to_owned(), n.parse().unwrap());
        self.adv = signed.encode_to_vec();
        let identity = NodeBuilder::new("device-identity")
            .attr("key-index", index)
            .bytes(self.adv.clone())
            .build();
        let answer = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "result")
            .attr("id", text(&iq, "id"))
            .children([NodeBuilder::new("pair-device-sign")
                .children([identity])
                .build()])
            .build();
        w.send(&answer).await;
    }

    /// Paired by QR with `phone`, which has an account.
    pub async fn linked(net: &Net, phone: &str) -> Self {
        let mut c = Self::new();
        let mut w = c.register(net).await;
        let refs = c.refs(&mut w).await;
        let path = format!("/accounts/{phone}/scan");
        let (_, ()) = tokio::join!(
            net.post(&path, json!({"qr": c.qr(&refs[0])})),
            c.sign_in(&mut w)
        );
        let end = w.until("restart", |n| n.tag == "stream:error").await;
        assert_eq!(text(&end, "code"), "515");
        w.until_closed().await;
        c
    }

    /// Logged in, keys uploaded, active.
    pub async fn online(&self, net: &Net) -> Wire {
        let mut w = self.knock(net).await;
        w.until("success", |n| n.tag == "success").await;
        let r = w.iq(&self.upload(1)).await;
        assert_eq!(text(&r, "type"), "result", "{r:?}");
        activate(&mut w).await;
        w
    }

    pub fn upload(&self, first: u32) -> Node {
        let keys = self.prekeys.iter().zip(first..).map(|(k, id)| {
            NodeBuilder::new("key")
                .children([leaf("id", u24(id)), leaf("value", pub32(k))])
                .build()
        });
        let signature = sign(
            &self.keys.identity,
            &self.keys.signed_prekey.public_key.serialize(),
        )
        .unwrap();
        let skey = NodeBuilder::new("skey").children([
            leaf("id", u24(1)),
            leaf("value", pub32(&self.keys.signed_prekey)),
            leaf("signature", signature),
        ]);
        iq(
            "set",
            "encrypt",
            vec![
                leaf("registration", self.keys.registration_id.to_be_bytes()),
                leaf("type", [5]),
                leaf("identity", pub32(&self.keys.identity)),
                NodeBuilder::new("list").children(keys).build(),
                skey.build(),
            ],
        )
    }

    /// The `<enc>` for a phone, fetching its bundle the first time.
    pub async fn encrypt(&mut self, w: &mut Wire, jid: &str, msg: &wa::Message) -> Node {
        if !self.sessions.contains_key(jid) {
            let s = self.begin(w, jid).await;
            self.sessions.insert(jid.to_owned(), s);
        }
        let s = self.sessions.get_mut(jid).unwrap();
        let plain = MessageUtils::encode_and_pad(msg);
        let ct = message_encrypt(&plain, &address(jid), s, &mut Identities::new(&self.keys))
            .await
            .unwrap();
        let kind = if matches!(ct, CiphertextMessage::PreKeySignalMessage(_)) {
            "pkmsg"
        } else {
            "msg"
        };
        NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", kind)
            .bytes(ct.serialize().to_vec())
            .build()
    }

    async fn begin(&mut self, w: &mut Wire, jid: &str) -> OneSession {
        let user = NodeBuilder::new("user").attr("jid", jid).build();
        let r = w
            .iq(&iq(
                "get",
                "encrypt",
                vec![NodeBuilder::new("key").children([user]).build()],
            ))
            .await;
        let u = child(&r, &["list", "user"]);
        let id = |n: &Node| {
            bytes(child(n, &["id"]))
                .iter()
                .fold(0u32, |a, b| a << 8 | u32::from(*b))
        };
        let key = |n: &Node| PublicKey::from_djb_public_key_bytes(&bytes(n)).unwrap();
        let (one, skey) = (child(u, &["key"]), child(u, &["skey"]));
        let bundle = PreKeyBundle::new(
            id_of(&bytes(child(u, &["registration"]))),
            DeviceId::new(0),
            Some((PreKeyId::from(id(one)), key(child(one, &["value"])))),
            id(skey).into(),
            key(child(skey, &["value"])),
            bytes(child(skey, &["signature"])),
            IdentityKey::new(key(child(u, &["identity"]))),
        )
        .unwrap();
        let mut s = OneSession::fresh();
        process_prekey_bundle(
            &address(jid),
            &mut s,
            &mut Identities::new(&self.keys),
            &bundle,
            &mut rng(),
            UsePQRatchet::No,
        )
        .await
        .unwrap();
        s
    }

    /// A direct text, encrypted for the person's phone and for the own one.
    pub async fn message(&mut self, w: &mut Wire, id: &str, to: &str, body: &str) -> Node {
        let msg = wa::Message {
            conversation: Some(body.into()),
            ..Default::default()
        };
        self.stanza(w, id, to, &msg).await
    }

    /// A direct message under the cover that phones give it.
    pub async fn stanza(&mut self, w: &mut Wire, id: &str, to: &str, msg: &wa::Message) -> Node {
        let cover = wharf_sandbox::people::cover::proper(msg);
        let own = format!("{}@s.whatsapp.net", self.phone);
        let theirs = self.encrypt(w, to, msg).await;
        let copy = self
            .encrypt(w, &own, &wrap_device_sent(msg.clone(), to.to_owned()))
            .await;
        let parts = [(to, theirs), (own.as_str(), copy)].map(|(jid, mut enc)| {
            cover.mark(&mut enc);
            NodeBuilder::new("to")
                .attr("jid", jid)
                .children([enc])
                .build()
        });
        let mut b = NodeBuilder::new("message")
            .attr("to", to)
            .attr("id", id)
            .attr("type", cover.kind);
        if let Some(e) = cover.edit {
            b = b.attr("edit", e);
        }
        let kids = [
            NodeBuilder::new("participants").children(parts).build(),
            leaf("device-identity", self.adv.as_slice()),
        ];
        b.children(cover.meta().into_iter().chain(kids)).build()
    }

    /// What a message stanza from a person's phone says.
    pub async fn read(&mut self, n: &Node) -> wa::Message {
        let enc = child(n, &["enc"]);
        // One session for a person, whichever name they write under.
        let from = Some(text(n, "sender_pn"))
            .filter(|s| !s.is_empty())
            .unwrap_or_else(|| text(n, "from"));
        let ct = match text(enc, "type").as_str() {
            "pkmsg" => CiphertextMessage::PreKeySignalMessage(
                PreKeySignalMessage::try_from(bytes(enc).as_slice()).unwrap(),
            ),
            _ => CiphertextMessage::SignalMessage(
                SignalMessage::try_from(bytes(enc).as_slice()).unwrap(),
            ),
        };
        let one = match &ct {
            CiphertextMessage::PreKeySignalMessage(p) => p.pre_key_id().map(|id| {
                let k = &self.prekeys[u32::from(id) as usize - 1];
                (id, PreKeyRecord::new(id, k))
            }),
            _ => None,
        };
        let signature = sign(
            &self.keys.identity,
            &self.keys.signed_prekey.public_key.serialize(),
        )
        .unwrap();
        let spk = SignedPreKeyRecord::new(
            1.into(),
            Timestamp::from_epoch_millis(0),
            &self.keys.signed_prekey,
            &signature,
        );
        let s = self
            .sessions
            .entry(from.clone())
            .or_insert_with(OneSession::fresh);
        let out = message_decrypt(
            &ct,
            &address(&from),
            s,
            &mut Identities::new(&self.keys),
            &mut OnePreKey(one),
            &OneSignedPreKey(spk),
            &mut rng(),
            UsePQRatchet::No,
        )
        .await
        .unwrap();
        decode_plaintext(&out.plaintext, 2).unwrap()
    }
}

fn id_of(b: &[u8]) -> u32 {
    b.iter().fold(0, |a, x| a << 8 | u32::from(*x))
}

fn address(jid: &str) -> ProtocolAddress {
    ProtocolAddress::new(jid, DeviceId::new(0))
}

pub fn iq(kind: &'static str, xmlns: &'static str, children: Vec<Node>) -> Node {
    NodeBuilder::new("iq")
        .attr("to", "s.whatsapp.net")
        .attr("id", format!("{:x}", rand::random::<u64>()))
        .attr("type", kind)
        .attr("xmlns", xmlns)
        .children(children)
        .build()
}

/// `active`, and the end of what waited.
pub async fn activate(w: &mut Wire) -> u32 {
    w.iq(&iq(
        "set",
        "passive",
        vec![NodeBuilder::new("active").build()],
    ))
    .await;
    let ib = w
        .until("offline", |n| {
            n.tag == "ib" && n.get_optional_child("offline").is_some()
        })
        .await;
    text(child(&ib, &["offline"]), "count").parse().unwrap()
}

pub fn receipt(n: &Node) -> Node {
    NodeBuilder::new("receipt")
        .attr("to", text(n, "from"))
        .attr("id", text(n, "id"))
        .build()
}

/// The devices an account shows in the control API.
pub fn devices(account: &Value) -> Vec<u64> {
    account["devices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["n"].as_u64().unwrap())
        .collect()
}
