//! The device itself: its keys, its account, its counters.

use super::{DeviceStore, Space, decode, encode};
use async_trait::async_trait;
use wacore::store::{Device, error::Result, traits::DeviceStore as DevicePort};

#[async_trait]
impl DevicePort for DeviceStore {
    async fn save(&self, device: &Device) -> Result<()> {
        self.put(Space::Device, Vec::new(), encode(device)?).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        self.get(Space::Device, b"")
            .await?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    async fn exists(&self) -> Result<bool> {
        Ok(self.get(Space::Device, b"").await?.is_some())
    }

    /// One store is one device, so the number says nothing.
    async fn create(&self) -> Result<i32> {
        if !self.exists().await? {
            self.save(&Device::new()).await?;
        }
        Ok(1)
    }
}
