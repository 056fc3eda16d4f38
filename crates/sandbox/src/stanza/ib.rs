//! `<ib>`: hints. The unified session id is noted, offline batches need no pulling here (everything
//! that waits is sent at once), telemetry is dropped. Anything else is unknown.

use anyhow::{Result, anyhow};
use wacore_binary::NodeRef;

use super::Done;

const KNOWN: &[&str] = &[
    "unified_session",
    "offline_batch",
    "client_test",
    "dirty",
    "clean",
    "thread_metadata",
];

pub fn from_client(n: &NodeRef<'_>) -> Result<Done> {
    for c in n.children().unwrap_or_default() {
        if !KNOWN.contains(&c.tag.as_ref()) {
            return Err(anyhow!("<ib><{}>", c.tag));
        }
    }
    Ok(Done::default())
}
