//! The library's sender-key store over one record: the operation at hand names nothing else.

use wacore::libsignal::{
    protocol::{SenderKeyRecord, SenderKeyStore, SignalProtocolError},
    store::sender_key_name::SenderKeyName,
};

type Result<T> = std::result::Result<T, SignalProtocolError>;

/// A record, if there is one yet. Counters are not leased ahead: the caller stores the record in the
/// transaction that uses it, before anything reaches the wire.
#[derive(Default)]
pub struct Slot(Option<SenderKeyRecord>);

impl Slot {
    pub fn load(bytes: Option<&[u8]>) -> Result<Self> {
        let Some(bytes) = bytes else {
            return Ok(Self(None));
        };
        let mut record = SenderKeyRecord::deserialize(bytes)?;
        record.waive_counter_lease()?;
        Ok(Self(Some(record)))
    }

    pub fn bytes(&self) -> Result<Option<Vec<u8>>> {
        self.0.as_ref().map(SenderKeyRecord::serialize).transpose()
    }
}

#[async_trait::async_trait]
impl SenderKeyStore for Slot {
    async fn store_sender_key(
        &mut self,
        _: &SenderKeyName,
        mut record: SenderKeyRecord,
    ) -> Result<()> {
        record.waive_counter_lease()?;
        self.0 = Some(record);
        Ok(())
    }
    async fn load_sender_key(&self, _: &SenderKeyName) -> Result<Option<SenderKeyRecord>> {
        Ok(self.0.clone())
    }
}
