//! The state of a session's device.

use crate::{Result, sessions::SessionNo};

/// Opaque, sealed key–value state of a session's device: Signal sessions, prekeys, sender keys, app-state keys.
pub trait DeviceView {
    /// One value.
    fn device_get(&self, s: SessionNo, space: u8, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// All pairs of a space whose key starts so, in key order.
    fn device_scan(
        &self,
        s: SessionNo,
        space: u8,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, Vec<u8>)>>;
}

/// Writing it.
pub trait DeviceTx {
    /// Inserts or replaces.
    fn device_put(&mut self, s: SessionNo, space: u8, key: &[u8], value: &[u8]) -> Result<()>;
    /// Removes; absent is fine.
    fn device_delete(&mut self, s: SessionNo, space: u8, key: &[u8]) -> Result<()>;
    /// Removes a whole space, or with `None` all of the device (logged out, unlinked).
    fn device_clear(&mut self, s: SessionNo, space: Option<u8>) -> Result<()>;
}
