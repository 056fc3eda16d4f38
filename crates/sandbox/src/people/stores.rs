//! The library's store traits over one loaded session. Each operation loads what it needs, runs to
//! completion without waiting, and writes back in the caller's transaction.

use wacore::libsignal::protocol::{
    Direction, IdentityChange, IdentityKey, IdentityKeyPair, IdentityKeyStore, PreKeyId,
    PreKeyRecord, PreKeyStore, ProtocolAddress, SessionRecord, SessionStore, SignalProtocolError,
    SignedPreKeyId, SignedPreKeyRecord, SignedPreKeyStore,
};

use crate::keys::PhoneKeys;

type Result<T> = std::result::Result<T, SignalProtocolError>;

/// The session at hand, stored or to be begun.
pub struct OneSession {
    record: SessionRecord,
    exists: bool,
}

impl OneSession {
    pub fn fresh() -> Self {
        let mut record = SessionRecord::new_fresh();
        record.waive_counter_lease();
        Self {
            record,
            exists: false,
        }
    }
    pub fn stored(mut record: SessionRecord) -> Self {
        record.waive_counter_lease();
        Self {
            record,
            exists: true,
        }
    }
    pub fn is_new(&self) -> bool {
        !self.exists
    }
    pub fn into_record(self) -> SessionRecord {
        self.record
    }
}

#[async_trait::async_trait]
impl SessionStore for OneSession {
    async fn load_session(&self, _: &ProtocolAddress) -> Result<Option<SessionRecord>> {
        Ok(Some(self.record.clone()))
    }
    async fn has_session(&self, _: &ProtocolAddress) -> Result<bool> {
        Ok(self.exists)
    }
    async fn store_session(&mut self, _: &ProtocolAddress, record: SessionRecord) -> Result<()> {
        self.record = record;
        self.exists = true;
        Ok(())
    }
}

/// A person trusts whatever identity a device shows: key changes are the server's business to tell.
pub struct Identities {
    pair: IdentityKeyPair,
    registration: u32,
}

impl Identities {
    pub fn new(k: &PhoneKeys) -> Self {
        Self {
            pair: k.identity_pair(),
            registration: k.registration_id,
        }
    }
}

#[async_trait::async_trait]
impl IdentityKeyStore for Identities {
    async fn get_identity_key_pair(&self) -> Result<IdentityKeyPair> {
        Ok(self.pair.clone())
    }
    async fn get_local_registration_id(&self) -> Result<u32> {
        Ok(self.registration)
    }
    async fn save_identity(
        &mut self,
        _: &ProtocolAddress,
        _: &IdentityKey,
    ) -> Result<IdentityChange> {
        Ok(IdentityChange::NewOrUnchanged)
    }
    async fn is_trusted_identity(
        &self,
        _: &ProtocolAddress,
        _: &IdentityKey,
        _: Direction,
    ) -> Result<bool> {
        Ok(true)
    }
    async fn get_identity(&self, _: &ProtocolAddress) -> Result<Option<IdentityKey>> {
        Ok(None)
    }
}

pub struct OnePreKey(pub Option<(PreKeyId, PreKeyRecord)>);

#[async_trait::async_trait]
impl PreKeyStore for OnePreKey {
    async fn get_pre_key(&self, id: PreKeyId) -> Result<PreKeyRecord> {
        match &self.0 {
            Some((have, r)) if *have == id => Ok(r.clone()),
            _ => Err(SignalProtocolError::InvalidPreKeyId),
        }
    }
    async fn save_pre_key(&mut self, _: PreKeyId, _: &PreKeyRecord) -> Result<()> {
        Ok(())
    }
    async fn remove_pre_key(&mut self, _: PreKeyId) -> Result<()> {
        Ok(())
    }
}

pub struct OneSignedPreKey(pub SignedPreKeyRecord);

#[async_trait::async_trait]
impl SignedPreKeyStore for OneSignedPreKey {
    async fn get_signed_pre_key(&self, id: SignedPreKeyId) -> Result<SignedPreKeyRecord> {
        if u32::from(id) == crate::keys::SIGNED_PREKEY_ID {
            Ok(self.0.clone())
        } else {
            Err(SignalProtocolError::InvalidSignedPreKeyId)
        }
    }
    async fn save_signed_pre_key(
        &mut self,
        _: SignedPreKeyId,
        _: &SignedPreKeyRecord,
    ) -> Result<()> {
        Ok(())
    }
}
