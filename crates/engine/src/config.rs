//! What the engine is told once, when the program starts.

use std::{sync::Arc, time::Duration};
use wharf_domain::ports::blobs::Blobs;
use wharf_outbound::Policy;
use wharf_types::ProxyUrl;

/// Told of each send, by WhatsApp id, how long the server took to acknowledge it. For measuring.
pub type Heard = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// The engine's settings.
#[derive(Clone, Default)]
pub struct EngineConfig {
    /// WebSocket address of the simulated network. Builds without the `sandbox` feature refuse it.
    pub url: Option<String>,
    /// A root the simulated network's media server is trusted by, PEM. Builds without `sandbox` refuse it.
    pub extra_ca: Option<Vec<u8>>,
    /// The WhatsApp Web version to claim; `None` = the current one, asked of WhatsApp at most once a day.
    pub version: Option<(u32, u32, u32)>,
    /// Where sessions' own proxies may be: who sets one names an address. The installation's proxy is not judged.
    pub proxies: Policy,
    /// What sessions without a proxy of their own dial through.
    pub proxy: Option<ProxyUrl>,
    /// How long things may take.
    pub timings: Timings,
    /// Who measures WhatsApp's answers.
    pub heard: Option<Heard>,
    /// Where files are kept; `None` = nowhere.
    pub blobs: Option<Arc<dyn Blobs>>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// Silence after which a connection must prove that it lives.
    pub silence: Duration,
    /// How long the proof may take.
    pub answer: Duration,
    /// How long somebody waits for WhatsApp's word before the connection must prove that it lives.
    pub doubt: Duration,
    /// How long a send waits for the server's word.
    pub acknowledge: Duration,
    /// How long a live question waits.
    pub live: Duration,
    /// How long a stop, a logout, a first socket may take.
    pub patience: Duration,
    /// Quiet time after the last part of a history that names no end.
    pub history_quiet: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(15),
            answer: Duration::from_secs(8),
            doubt: Duration::from_secs(4),
            acknowledge: Duration::from_secs(30),
            live: Duration::from_secs(20),
            patience: Duration::from_secs(20),
            history_quiet: Duration::from_secs(60),
        }
    }
}
