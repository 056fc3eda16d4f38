//! Pairwise Signal for people: one session for each (person, remote device).
//!
//! The remote side is a companion of some account, addressed as (phone, n), never by JID, so number
//! and LID forms of one device share the session, as on a real phone. Sessions are written in the
//! transaction that encrypts, before anything reaches the wire; hence the counter lease of the
//! library is waived.
//!
//! Strictness: the header of every ciphertext a client sends to a person is kept
//! ([`World::note_message_key`]). The same (chain, counter) with other bytes is a reused message key.

use anyhow::{Context, Result, anyhow, bail};
use futures_util::FutureExt;
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};
use wacore::{
    libsignal::protocol::{
        CiphertextMessage, CiphertextMessageType, DeviceId, GenericSignedPreKey, IdentityKey,
        PreKeyBundle, PreKeyId, PreKeyRecord, PreKeySignalMessage, ProtocolAddress, PublicKey,
        SessionRecord, SignalMessage, SignalProtocolError, SignedPreKeyId, SignedPreKeyRecord,
        Timestamp, UsePQRatchet, message_decrypt, message_encrypt, process_prekey_bundle,
    },
    messages::{MessageUtils, decode_plaintext},
};
use wacore_binary::{Node, builder::NodeBuilder};
use waproto::whatsapp as wa;

use super::stores::{Identities, OnePreKey, OneSession, OneSignedPreKey};
use crate::{
    ids::{DeviceAddr, Phone},
    keys::{PhoneKeys, SIGNED_PREKEY_ID, rng, sign},
    world::World,
};

pub const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS signal_sessions(
  owner INTEGER NOT NULL, remote INTEGER NOT NULL, remote_n INTEGER NOT NULL, record BLOB NOT NULL,
  PRIMARY KEY(owner, remote, remote_n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS phone_prekeys_used(
  phone INTEGER NOT NULL, id INTEGER NOT NULL, base BLOB NOT NULL, PRIMARY KEY(phone, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS message_keys(
  sender INTEGER NOT NULL, sender_n INTEGER NOT NULL, owner INTEGER NOT NULL, owner_n INTEGER NOT NULL,
  ratchet BLOB NOT NULL, counter INTEGER NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY(sender, sender_n, owner, owner_n, ratchet, counter)) WITHOUT ROWID;";

/// Why a person could not read a ciphertext.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Seen before: not shown again.
    #[error("an old counter: read already")]
    Duplicate,
    /// The person asks again with a retry receipt.
    #[error("no session fits: {0}")]
    NoSession(String),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A ciphertext as it lies in `<enc>`.
pub enum Envelope {
    Pre(PreKeySignalMessage),
    Plain(SignalMessage),
}

impl Envelope {
    /// `kind` is the `type` of the `<enc>`: `pkmsg` or `msg`.
    pub fn parse(kind: &str, bytes: &[u8]) -> Result<Self> {
        match kind {
            "pkmsg" => Ok(Self::Pre(
                PreKeySignalMessage::try_from(bytes).map_err(|e| anyhow!("pkmsg: {e}"))?,
            )),
            "msg" => Ok(Self::Plain(
                SignalMessage::try_from(bytes).map_err(|e| anyhow!("msg: {e}"))?,
            )),
            other => bail!("enc type {other:?}"),
        }
    }
    pub fn inner(&self) -> &SignalMessage {
        match self {
            Self::Pre(m) => m.message(),
            Self::Plain(m) => m,
        }
    }
}

fn address(d: DeviceAddr) -> ProtocolAddress {
    ProtocolAddress::new(&d.phone.to_string(), DeviceId::new(u32::from(d.n)))
}

fn now<T>(f: impl Future<Output = T>) -> Result<T> {
    f.now_or_never().context("a store in memory does not wait")
}

impl World<'_> {
    /// Encrypts `msg` from a person's phone to one companion: the `<enc>` node for it. Without a
    /// session one is begun from the companion's bundle, taking one of its one-time prekeys.
    pub fn encrypt(&mut self, from: Phone, to: DeviceAddr, msg: &wa::Message) -> Result<Node> {
        let plain = MessageUtils::encode_and_pad(msg);
        let (kind, bytes) = self.encrypt_bytes(from, to, &plain)?;
        Ok(NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", kind)
            .bytes(bytes)
            .build())
    }

    /// As [`World::encrypt`], for bytes already padded: (`pkmsg` or `msg`, ciphertext).
    pub fn encrypt_bytes(
        &mut self,
        from: Phone,
        to: DeviceAddr,
        plain: &[u8],
    ) -> Result<(&'static str, Vec<u8>)> {
        let addr = address(to);
        let keys = self.phone_keys(from)?;
        let mut ident = Identities::new(&keys);
        let mut sess = self.load_session(from, to)?;
        if sess.is_new() {
            let bundle = self.take_bundle(to)?;
            now(process_prekey_bundle(
                &addr,
                &mut sess,
                &mut ident,
                &bundle,
                &mut rng(),
                UsePQRatchet::No,
            ))?
            .map_err(|e| anyhow!("bundle of {to}: {e}"))?;
        }
        let ct = now(message_encrypt(plain, &addr, &mut sess, &mut ident))?
            .map_err(|e| anyhow!("encrypting for {to}: {e}"))?;
        self.save_session(from, to, sess)?;
        let kind = if ct.message_type() == CiphertextMessageType::PreKey {
            "pkmsg"
        } else {
            "msg"
        };
        Ok((kind, ct.serialize().to_vec()))
    }

    /// Reads what `from` encrypted for the phone `at`.
    pub fn decrypt(
        &mut self,
        at: Phone,
        from: DeviceAddr,
        kind: &str,
        bytes: &[u8],
    ) -> Result<wa::Message, Unreadable> {
        let plain = self.decrypt_bytes(at, from, kind, bytes)?;
        decode_plaintext(&plain, 2).map_err(Unreadable::Other)
    }

    /// As [`World::decrypt`], the padded plaintext.
    pub fn decrypt_bytes(
        &mut self,
        at: Phone,
        from: DeviceAddr,
        kind: &str,
        bytes: &[u8],
    ) -> Result<Vec<u8>, Unreadable> {
        let env = Envelope::parse(kind, bytes)?;
        let keys = self.phone_keys(at)?;
        let mut ident = Identities::new(&keys);
        let mut sess = self.load_session(at, from)?;
        let mut one = OnePreKey(None);
        if let Envelope::Pre(p) = &env {
            one = self.prekey_for(at, p)?;
        }
        let spk = OneSignedPreKey(signed_record(&keys)?);
        let ct = match env {
            Envelope::Pre(p) => CiphertextMessage::PreKeySignalMessage(p),
            Envelope::Plain(m) => CiphertextMessage::SignalMessage(m),
        };
        let out = now(message_decrypt(
            &ct,
            &address(from),
            &mut sess,
            &mut ident,
            &mut one,
            &spk,
            &mut rng(),
            UsePQRatchet::No,
        ))?;
        let plain = match out {
            Ok(r) => r.plaintext,
            Err(SignalProtocolError::DuplicatedMessage(..)) => return Err(Unreadable::Duplicate),
            Err(e) => return Err(Unreadable::NoSession(e.to_string())),
        };
        if let CiphertextMessage::PreKeySignalMessage(p) = &ct
            && let Some(id) = p.pre_key_id()
        {
            self.db()
                .execute(
                    "INSERT OR IGNORE INTO phone_prekeys_used(phone, id, base) VALUES(?1,?2,?3)",
                    params![at.row(), u32::from(id), p.base_key().public_key_bytes()],
                )
                .map_err(anyhow::Error::from)?;
        }
        self.save_session(at, from, sess)?;
        Ok(plain)
    }

    /// Drops a person's session with a device; the next message begins a new one.
    pub fn forget_session(&mut self, owner: Phone, remote: DeviceAddr) -> Result<()> {
        self.db().execute(
            "DELETE FROM signal_sessions WHERE owner = ?1 AND remote = ?2 AND remote_n = ?3",
            params![owner.row(), remote.phone.row(), remote.n],
        )?;
        Ok(())
    }

    /// Keeps the header of a ciphertext from `from` to `to`. False: that message key encrypted
    /// something else before. Identical bytes again are a resend, which is legal.
    pub fn note_message_key(
        &mut self,
        from: DeviceAddr,
        to: DeviceAddr,
        kind: &str,
        bytes: &[u8],
    ) -> Result<bool> {
        let env = Envelope::parse(kind, bytes)?;
        let m = env.inner();
        let digest = Sha256::digest(m.serialized()).to_vec();
        let key = params![
            from.phone.row(),
            from.n,
            to.phone.row(),
            to.n,
            m.sender_ratchet_key().public_key_bytes(),
            m.counter()
        ];
        let seen: Option<Vec<u8>> = self
            .db()
            .prepare_cached(
                "SELECT digest FROM message_keys WHERE sender=?1 AND sender_n=?2 AND owner=?3 AND owner_n=?4 AND ratchet=?5 AND counter=?6",
            )?
            .query_row(key, |r| r.get(0))
            .optional()?;
        match seen {
            Some(d) => Ok(d == digest),
            None => {
                self.db()
                    .prepare_cached("INSERT INTO message_keys(sender, sender_n, owner, owner_n, ratchet, counter, digest) VALUES(?1,?2,?3,?4,?5,?6,?7)")?
                    .execute(params![from.phone.row(), from.n, to.phone.row(), to.n, m.sender_ratchet_key().public_key_bytes(), m.counter(), digest])?;
                Ok(true)
            }
        }
    }

    fn load_session(&self, owner: Phone, remote: DeviceAddr) -> Result<OneSession> {
        let row: Option<Vec<u8>> = self
            .db()
            .prepare_cached("SELECT record FROM signal_sessions WHERE owner = ?1 AND remote = ?2 AND remote_n = ?3")?
            .query_row(params![owner.row(), remote.phone.row(), remote.n], |r| r.get(0))
            .optional()?;
        Ok(match row {
            Some(b) => OneSession::stored(
                SessionRecord::deserialize(&b)
                    .map_err(|e| anyhow!("session {owner} with {remote}: {e}"))?,
            ),
            None => OneSession::fresh(),
        })
    }

    fn save_session(&mut self, owner: Phone, remote: DeviceAddr, s: OneSession) -> Result<()> {
        let bytes = s
            .into_record()
            .serialize()
            .map_err(|e| anyhow!("session: {e}"))?;
        self.db()
            .prepare_cached("INSERT INTO signal_sessions(owner, remote, remote_n, record) VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET record = ?4")?
            .execute(params![owner.row(), remote.phone.row(), remote.n, bytes])?;
        Ok(())
    }

    /// The one-time prekey a pkmsg names. One that served another session is not there any more, as
    /// on a real phone, unless this is that very session's next message (same base key).
    fn prekey_for(&self, at: Phone, p: &PreKeySignalMessage) -> Result<OnePreKey> {
        let Some(id) = p.pre_key_id().map(u32::from) else {
            return Ok(OnePreKey(None));
        };
        let used: Option<Vec<u8>> = self
            .db()
            .query_row(
                "SELECT base FROM phone_prekeys_used WHERE phone = ?1 AND id = ?2",
                params![at.row(), id],
                |r| r.get(0),
            )
            .optional()?;
        if used.is_some_and(|b| b != p.base_key().public_key_bytes()) {
            return Ok(OnePreKey(None));
        }
        let pair = PhoneKeys::prekey(self.seed(), at, id)?;
        Ok(OnePreKey(Some((
            PreKeyId::from(id),
            PreKeyRecord::new(id.into(), &pair),
        ))))
    }

    /// A companion's bundle, taking one of its prekeys.
    fn take_bundle(&mut self, d: DeviceAddr) -> Result<PreKeyBundle> {
        let dev = self.device(d)?.with_context(|| format!("no device {d}"))?;
        let keys = dev
            .keys
            .with_context(|| format!("{d} uploaded no keys yet"))?;
        let one = self.take_prekey(d)?;
        self.tell_low_prekeys(d)?;
        let key = |b: &[u8; 32]| {
            PublicKey::from_djb_public_key_bytes(b).map_err(|e| anyhow!("key of {d}: {e}"))
        };
        let one = one
            .map(|(id, k)| anyhow::Ok((PreKeyId::from(id), key(&k)?)))
            .transpose()?;
        PreKeyBundle::new(
            keys.registration,
            DeviceId::new(u32::from(d.n)),
            one,
            SignedPreKeyId::from(keys.signed.id),
            key(&keys.signed.key)?,
            keys.signed.signature,
            IdentityKey::new(key(&dev.identity)?),
        )
        .map_err(|e| anyhow!("bundle of {d}: {e}"))
    }
}

pub(crate) fn signed_record(k: &PhoneKeys) -> Result<SignedPreKeyRecord> {
    let sig = sign(&k.identity, &k.signed_prekey.public_key.serialize())?;
    Ok(SignedPreKeyRecord::new(
        SIGNED_PREKEY_ID.into(),
        Timestamp::from_epoch_millis(0),
        &k.signed_prekey,
        &sig,
    ))
}
