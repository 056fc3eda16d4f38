//! Building a client on a session's device state and starting its tasks.

use super::{Actor, Ears, Shared, Standing, events, history, hook::Hook, watch};
use crate::{
    acks::Acks, actor::events::Ends, device_store::DeviceStore, line::Line, transport::Sockets,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use wacore::{net::WHATSAPP_WEB_WS_URL, store::DevicePropsOverride};
use waproto::whatsapp::device_props::PlatformType;
use wharf_domain::{Error, inbound::Seen, ports::store::StoreExt, sessions::SessionScope};
use whatsapp_rust::{
    CacheConfig, CacheEntryConfig, Client, TokioRuntime,
    store::{commands::DeviceCommand, persistence_manager::PersistenceManager},
};

/// How the device is called in the phone's list of linked devices.
const DEVICE_NAME: &str = "Wharf";

/// Caches sized for many sessions in one process: what falls out is read from the store again. The LID cache stays
/// unbounded, because the library takes a missing mapping for an unknown one.
fn caches() -> CacheConfig {
    let minutes = |count: u64| Some(Duration::from_secs(60 * count));
    CacheConfig {
        group_cache: CacheEntryConfig::new(minutes(60), 64),
        device_registry_cache: CacheEntryConfig::new(minutes(30), 512),
        message_retry_counts: CacheEntryConfig::new(minutes(60), 128),
        undecryptable_dispatched: CacheEntryConfig::new(minutes(5), 128),
        pdo_pending_requests: CacheEntryConfig::new(Some(Duration::from_secs(30)), 32),
        pdo_requested: CacheEntryConfig::new(minutes(60), 128),
        sender_key_devices_cache: CacheEntryConfig::new(minutes(30), 64),
        session_recreate_history: CacheEntryConfig::new(minutes(60), 64),
        session_locks_capacity: 1024,
        chat_lanes_capacity: 512,
        group_distribution_locks_capacity: 64,
        resend_rate_limiter_capacity: 256,
        // The history's secrets are kept with the messages themselves.
        seed_msg_secrets_from_history: false,
        ..CacheConfig::default()
    }
}

fn trouble(what: &str, error: impl std::fmt::Display) -> Error {
    Error::Unavailable(format!("{what}: {error}"))
}

/// Starts a life of the session's connection. Verdicts that end it arrive at `ends`.
pub(crate) async fn launch(
    shared: &Arc<Shared>,
    scope: SessionScope,
    ends: Ends,
) -> Result<Arc<Actor>, Error> {
    if cfg!(feature = "sandbox") && shared.config.url.is_none() {
        // Such a build takes any certificate chain for WhatsApp's: it must not meet the real one.
        return Err(Error::Unavailable(
            "a build with the feature `sandbox` speaks to a simulated network only: set whatsapp_url".into(),
        ));
    }
    // A deleted session must not come to life again by a start that was on its way.
    let stored = shared
        .store
        .read(move |view| view.session(&scope.org, &scope.id))
        .await?;
    let stored = stored.ok_or(Error::NotFound("session"))?;
    let device = Arc::new(DeviceStore::new(
        Arc::clone(&shared.store),
        Arc::clone(&shared.secrets),
        Arc::clone(&shared.clock),
        Arc::clone(&shared.inbox),
        scope,
    ));
    let persistence =
        PersistenceManager::new(Arc::clone(&device) as Arc<dyn wacore::store::traits::Backend>)
            .await
            .map_err(|e| trouble("device state", e))?;
    persistence
        .process_command(DeviceCommand::SetDeviceProps(
            DevicePropsOverride::new()
                .with_os(DEVICE_NAME)
                .with_platform_type(PlatformType::CHROME),
        ))
        .await;

    let own: Arc<Mutex<Seen>> = Arc::default();
    let owed = Arc::new(AtomicBool::new(false));
    let intake = Arc::new(history::Intake::new(Arc::clone(&device)));
    let hook = Hook {
        scope,
        secrets: Arc::clone(&shared.secrets),
        inbox: Arc::clone(&shared.inbox),
        store: Arc::clone(&shared.store),
        own: Arc::clone(&own),
        intake: Arc::clone(&intake),
        owed: Arc::clone(&owed),
    };
    let line = Line::new(Arc::clone(shared), scope).await;
    let url = shared
        .config
        .url
        .clone()
        .unwrap_or_else(|| WHATSAPP_WEB_WS_URL.to_owned());
    let http = line.http.clone();
    let mut builder = Client::builder()
        .with_runtime(TokioRuntime)
        .with_persistence_manager(Arc::new(persistence))
        .with_http_client(line.http.clone())
        .with_transport_factory(Sockets::new(url, line))
        .with_cache_config(caches())
        .with_inbound_durability_hook(hook)
        .with_background_saver_interval(Duration::from_secs(30));
    if let Some(version) = shared.config.version {
        builder = builder.with_version_override(version);
    }
    let (client, tasks) = builder
        .build()
        .await
        .map_err(|e| trouble("client", e))?
        .into_parts();

    let acks = Arc::new(Acks::default());
    let (ears, heard) = Ears::new(Arc::clone(&acks), Arc::clone(&device.flow));
    client
        .subscribe_handler(Arc::clone(&ears) as Arc<dyn wacore::types::events::EventHandler>)
        .detach();

    let raw = client.acquire_raw_node_forwarding();
    let actor = Arc::new(Actor {
        shared: Arc::clone(shared),
        scope,
        client,
        device,
        acks,
        own,
        code: Mutex::default(),
        passkey: Mutex::default(),
        ends: ends.clone(),
        standing: tokio::sync::Mutex::new(Standing::Down),
        up: AtomicBool::new(false),
        over: AtomicBool::new(false),
        owed,
        logins: AtomicU64::new(0),
        due: Mutex::default(),
        wish: Mutex::default(),
        _raw: raw,
        calls: Mutex::default(),
        online: tokio::sync::Notify::new(),
        doubt: Arc::default(),
        channels_turn: tokio::sync::Mutex::default(),
        http,
        tasks: Mutex::default(),
        run: Mutex::default(),
    });
    actor.learn_own();
    // A process died between the device's link and the domain's word of it.
    if actor.paired() && !stored.linked {
        actor.tell_paired().await;
    }

    let weak = Arc::downgrade(&actor);
    let (parts, fresh) = mpsc::unbounded_channel();
    actor.keep(tokio::spawn(events::run(weak.clone(), heard, ends)));
    actor.keep(tokio::spawn(history::intake(
        weak.clone(),
        tasks,
        Arc::clone(&intake),
        parts,
    )));
    actor.keep(tokio::spawn(history::read(
        weak.clone(),
        ears,
        intake,
        fresh,
    )));
    actor.keep(tokio::spawn(watch::watch(weak)));
    Ok(actor)
}

impl Actor {
    /// Lets the library dial. Apart from [`launch`], so that "connecting" is told before anything else can be.
    pub(crate) fn dial(&self) {
        let client = Arc::clone(&self.client);
        let run = tokio::spawn(async move { client.run().await });
        *self.run.lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
    }
}
