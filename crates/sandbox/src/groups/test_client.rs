//! A companion's keys and ratchets, for tests: enough of a client to read and write in a group.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use wacore::{
    libsignal::protocol::{
        CiphertextMessage, CiphertextMessageType, DeviceId, IdentityKey, KeyPair, PreKeyBundle,
        PreKeySignalMessage, ProtocolAddress, SignalMessage, SignedPreKeyId, UsePQRatchet,
        message_decrypt, message_encrypt, process_prekey_bundle,
    },
    messages::{MessageUtils, decode_plaintext},
};
use wacore_binary::{Node, builder::NodeBuilder};
use waproto::whatsapp as wa;

use crate::{
    ids::{DeviceAddr, Phone},
    keys::{PhoneKeys, pub32, rng, sign},
    people::stores::{Identities, OnePreKey, OneSession, OneSignedPreKey},
    senderkeys::cipher,
    world::{
        World,
        device::{DeviceKeys, SignedPreKey},
    },
};

pub struct Client {
    pub addr: DeviceAddr,
    keys: PhoneKeys,
    sessions: HashMap<Phone, Option<OneSession>>,
    /// The group key it writes with.
    own: Option<Vec<u8>>,
    /// The group keys it reads with, by writer.
    held: HashMap<Phone, Vec<u8>>,
}

fn address(p: Phone) -> ProtocolAddress {
    ProtocolAddress::new(&p.to_string(), DeviceId::new(0))
}

impl Client {
    /// Links a companion and uploads its keys.
    pub fn link(w: &mut World<'_>, phone: Phone, n: u8) -> Self {
        let keys = PhoneKeys {
            identity: KeyPair::generate(&mut rng()),
            signed_prekey: KeyPair::generate(&mut rng()),
            registration_id: 7,
        };
        let d = w
            .add_device(phone, [n; 32], pub32(&keys.identity), "test")
            .unwrap();
        w.set_adv(d.addr, b"signed").unwrap();
        let signature = sign(&keys.identity, &keys.signed_prekey.public_key.serialize())
            .unwrap()
            .to_vec();
        let signed = SignedPreKey {
            id: 1,
            key: pub32(&keys.signed_prekey),
            signature,
        };
        w.set_device_keys(
            d.addr,
            &DeviceKeys {
                registration: 7,
                signed,
            },
        )
        .unwrap();
        Self {
            addr: d.addr,
            keys,
            sessions: HashMap::new(),
            own: None,
            held: HashMap::new(),
        }
    }

    fn session(&mut self, with: Phone) -> OneSession {
        self.sessions
            .remove(&with)
            .flatten()
            .unwrap_or_else(OneSession::fresh)
    }

    /// Reads a pairwise `<enc>` of a person.
    pub fn read(&mut self, from: Phone, enc: &Node) -> wa::Message {
        let bytes = bytes(enc);
        let ct = match attr(enc, "type").as_str() {
            "pkmsg" => CiphertextMessage::PreKeySignalMessage(
                PreKeySignalMessage::try_from(bytes).unwrap(),
            ),
            _ => CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes).unwrap()),
        };
        let mut session = self.session(from);
        let (mut identities, mut none) = (Identities::new(&self.keys), OnePreKey(None));
        let signed = OneSignedPreKey(crate::people::signal::signed_record(&self.keys).unwrap());
        let (at, mut random) = (address(from), rng());
        let read = message_decrypt(
            &ct,
            &at,
            &mut session,
            &mut identities,
            &mut none,
            &signed,
            &mut random,
            UsePQRatchet::No,
        );
        let plain = read.now_or_never().unwrap().unwrap().plaintext;
        self.sessions.insert(from, Some(session));
        let msg = decode_plaintext(&plain, 2).unwrap();
        if let Some(key) = msg.sender_key_distribution_message.as_option() {
            let told = key
                .axolotl_sender_key_distribution_message
                .as_deref()
                .unwrap();
            let record = cipher::learn(self.held.get(&from).map(Vec::as_slice), told).unwrap();
            self.held.insert(from, record);
        }
        msg
    }

    /// Reads a `skmsg`; None without the key.
    pub fn read_group(&mut self, from: Phone, enc: &Node) -> Option<wa::Message> {
        let (plain, record) =
            cipher::decrypt(self.held.get(&from).map(Vec::as_slice), bytes(enc)).ok()?;
        self.held.insert(from, record);
        Some(decode_plaintext(&plain, 2).unwrap())
    }

    /// A pairwise `<enc>` for a phone, begun from its bundle when there is no session.
    pub fn write(&mut self, w: &World<'_>, to: Phone, msg: &wa::Message) -> Node {
        let mut session = self.session(to);
        let mut identities = Identities::new(&self.keys);
        if session.is_new() {
            let k = w.phone_keys(to).unwrap();
            let signature = sign(&k.identity, &k.signed_prekey.public_key.serialize())
                .unwrap()
                .to_vec();
            let bundle = PreKeyBundle::new(
                k.registration_id,
                DeviceId::new(0),
                None,
                SignedPreKeyId::from(crate::keys::SIGNED_PREKEY_ID),
                k.signed_prekey.public_key,
                signature,
                IdentityKey::new(k.identity.public_key),
            )
            .unwrap();
            let (at, mut random) = (address(to), rng());
            let begun = process_prekey_bundle(
                &at,
                &mut session,
                &mut identities,
                &bundle,
                &mut random,
                UsePQRatchet::No,
            );
            begun.now_or_never().unwrap().unwrap();
        }
        let plain = MessageUtils::encode_and_pad(msg);
        let ct = message_encrypt(&plain, &address(to), &mut session, &mut identities)
            .now_or_never()
            .unwrap()
            .unwrap();
        self.sessions.insert(to, Some(session));
        let kind = if ct.message_type() == CiphertextMessageType::PreKey {
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

    /// The pairwise message that tells a phone this client's group key.
    pub fn tell_key(&mut self, w: &World<'_>, to: Phone, gid: &str) -> Node {
        let (told, record) = cipher::distribution(self.own.as_deref()).unwrap();
        self.own = Some(record);
        let key = wa::message::SenderKeyDistributionMessage {
            group_id: Some(gid.into()),
            axolotl_sender_key_distribution_message: Some(told),
        };
        let key = buffa::MessageField::some(key);
        self.write(
            w,
            to,
            &wa::Message {
                sender_key_distribution_message: key,
                ..Default::default()
            },
        )
    }

    /// A `skmsg` with the group key told before.
    pub fn write_group(&mut self, msg: &wa::Message) -> Node {
        let plain = MessageUtils::encode_and_pad(msg);
        let (ct, record) = cipher::encrypt(self.own.as_deref().unwrap(), &plain).unwrap();
        self.own = Some(record);
        NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "skmsg")
            .bytes(ct)
            .build()
    }

    /// The key as it is now, to be put back: a client that forgot what it sent.
    pub fn saved_key(&self) -> Option<Vec<u8>> {
        self.own.clone()
    }

    pub fn restore_key(&mut self, key: Option<Vec<u8>>) {
        self.own = key;
    }

    /// A key phones do not have, for the tests in which they miss it.
    pub fn draw_key(&mut self) {
        self.own = Some(cipher::distribution(None).unwrap().1);
    }
}

pub fn text(body: &str) -> wa::Message {
    wa::Message {
        conversation: Some(body.into()),
        ..Default::default()
    }
}

pub fn attr(n: &Node, key: &str) -> String {
    n.attrs
        .get(key)
        .map(|v| v.as_str().into_owned())
        .unwrap_or_default()
}

fn bytes(n: &Node) -> &[u8] {
    match &n.content {
        Some(wacore_binary::NodeContent::Bytes(b)) => b,
        other => panic!("<{}> carries {other:?}", n.tag),
    }
}
