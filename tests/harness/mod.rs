//! What every test stands on.

mod app;
mod door;
mod ears;
mod process;
mod proxy;
pub mod record;
pub mod schemas;

pub use app::{Session, TestApp};
pub use door::{Answer, Door};
pub use ears::{Ears, Ended};
pub use process::Program;
pub use proxy::Proxy;

use std::{future::Future, time::Duration};
use tokio::time::{Instant, sleep};

/// The number that tests attach.
pub const OWN: &str = "15550100001";
/// Numbers no crowd contains.
pub const ANNA: &str = "628990000001";
pub const BORIS: &str = "628990000002";
pub const CHLOE: &str = "628990000003";

/// How long a condition may take to come true on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is `Some`; fails with the last words of `why` when it takes too long.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {PATIENCE:?} in vain: {what}"
        );
        sleep(Duration::from_millis(25)).await;
    }
}
