//! Puts the house together: store, domain, engine, api. Nothing here decides anything.

use crate::{config::Config, data_dir, outbound::Guarded};
use anyhow::{Context, bail};
use std::{fs, sync::Arc};
use wharf_api::{ApiConfig, ApiState, RenderMetrics, auth::Embedded};
use wharf_backup::KeptBackups;
use wharf_delivery::GuardedCourier;
use wharf_domain::{
    Domain,
    identity::Identity,
    inbox::DomainInbox,
    log::Retention,
    master_key::MasterKey,
    media::{Keeping, Media},
    ports::{
        blobs::Blobs,
        clock::SystemClock,
        ids::Ids,
        secrets::Secrets,
        store::{Store, StoreExt},
    },
    system::SystemIds,
};
use wharf_engine::{EngineConfig, Heard, WhatsAppEngine};
use wharf_media::{Ffmpeg, LocalBlobs, S3Blobs, S3Settings, Workshop};
use wharf_store_sqlite::{Options, SqliteStore};
use wharf_types::ProxyUrl;

/// The setting that tells whether the master key is the one the data was sealed with.
const KEY_CHECK: &str = "master_key_check";

/// The domain over its store, without connections: what commands other than `serve` need.
pub async fn domain(config: &Config) -> anyhow::Result<Arc<Domain>> {
    Ok(Arc::new(over(config).await?))
}

/// The same with its files: for the one process that holds the data directory.
pub async fn gateway_domain(config: &Config) -> anyhow::Result<Arc<Domain>> {
    let backups =
        KeptBackups::open(config.data.join("imports")).context("the folder of imports")?;
    let domain = over(config).await?;
    Ok(Arc::new(
        domain
            .with_media(media(config).await?)
            .with_backups(Arc::new(backups)),
    ))
}

async fn over(config: &Config) -> anyhow::Result<Domain> {
    let ids: Arc<dyn Ids> = Arc::new(SystemIds::default());
    let key = data_dir::master_key(config, &*ids)?;
    let secrets: Arc<dyn Secrets> = Arc::new(MasterKey::new(key, Arc::clone(&ids)));
    let path = config.database_path()?;
    let store = SqliteStore::open(&path, &Options::default())
        .with_context(|| format!("database_url: {}", path.display()))?;
    let store: Arc<dyn Store> = Arc::new(store);
    check_key(&*store, &secrets).await?;
    let node = if config.node_id.is_empty() {
        host_name()
    } else {
        config.node_id.clone()
    };
    Ok(Domain::new(store, Arc::new(SystemClock), ids, secrets)
        .named(node)
        .keeping(Retention::days(
            config.retention.events_days,
            config.retention.deliveries_days,
        ))
        .with_identity(Identity::new(
            config.auth.refresh_days,
            config.public_url.trim_end_matches('/'),
        ))
        .with_courier(Arc::new(GuardedCourier(Guarded::new(&config.outbound)?.0)))
        .with_web(Arc::new(Guarded::new(&config.outbound)?)))
}

/// Where files are kept, and who looks at them.
async fn media(config: &Config) -> anyhow::Result<Media> {
    let settings = &config.media;
    let folder = if settings.folder.is_empty() {
        config.data.join("media")
    } else {
        settings.folder.clone().into()
    };
    let clock = Arc::new(SystemClock);
    let blobs: Arc<dyn Blobs> = if settings.s3_endpoint.is_empty() {
        Arc::new(
            LocalBlobs::open(&folder, clock)
                .with_context(|| format!("media.folder: {}", folder.display()))?,
        )
    } else {
        let out = Guarded::new(&config.outbound)?.0;
        let s3 = S3Settings {
            endpoint: settings.s3_endpoint.clone(),
            bucket: settings.s3_bucket.clone(),
            region: settings.s3_region.clone(),
            access_key: settings.s3_access_key.clone(),
            secret_key: settings.s3_secret_key.clone(),
        };
        Arc::new(S3Blobs::open(s3, &folder, out, clock).context("media.s3_endpoint")?)
    };
    Ok(Media {
        blobs,
        studio: Arc::new(Workshop::new(Ffmpeg::find(&settings.ffmpeg).await)),
        keeping: Keeping {
            largest: settings.largest,
            age: i64::from(settings.keep_days) * 86_400_000,
            total: settings.keep_bytes,
        },
    })
}

/// Refuses to go on when the data was sealed under another master key.
async fn check_key(store: &dyn Store, secrets: &Arc<dyn Secrets>) -> anyhow::Result<()> {
    let sealed = secrets.seal(KEY_CHECK.as_bytes(), b"wharf");
    let known = store
        .write(move |tx| match tx.setting(KEY_CHECK)? {
            Some(known) => Ok(known),
            None => tx.put_setting(KEY_CHECK, &sealed).map(|()| sealed),
        })
        .await?;
    if secrets.open(KEY_CHECK.as_bytes(), &known).is_err() {
        bail!(
            "master_key: this is not the key the data in this database was encrypted with; give the one it was made with"
        );
    }
    Ok(())
}

/// Attaches the engine.
pub async fn attach_engine(
    config: &Config,
    domain: &Arc<Domain>,
    heard: Option<Heard>,
) -> anyhow::Result<Arc<WhatsAppEngine>> {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let extra_ca = match text(&config.whatsapp_ca_file) {
        None => simulated_root(&config.whatsapp_url).await?,
        Some(path) => Some(fs::read(&path).with_context(|| format!("whatsapp_ca_file: {path}"))?),
    };
    let proxy: Option<ProxyUrl> = match text(&config.proxy) {
        None => None,
        Some(url) => Some(
            url.parse()
                .map_err(|error| anyhow::anyhow!("proxy: {error}"))?,
        ),
    };
    let url = text(&config.whatsapp_url);
    // The simulated network knows no versions to ask for.
    let version = config
        .version()?
        .or_else(|| url.is_some().then_some((2, 3000, 0)));
    let engine_config = EngineConfig {
        blobs: Some(Arc::clone(&domain.media.blobs)),
        url,
        extra_ca,
        version,
        proxy,
        proxies: config.outbound.policy()?,
        heard,
        ..EngineConfig::default()
    };
    let engine = Arc::new(WhatsAppEngine::new(
        engine_config,
        Arc::clone(&domain.store),
        Arc::clone(&domain.secrets),
        Arc::clone(&domain.clock),
        Arc::new(DomainInbox(Arc::clone(domain))),
    )?);
    domain.attach(Arc::clone(&engine) as _);
    Ok(engine)
}

/// The root that the simulated network's media server is trusted by, as its chat server tells it.
#[cfg(feature = "sandbox")]
async fn simulated_root(chat_url: &str) -> anyhow::Result<Option<Vec<u8>>> {
    use wharf_outbound::{Limits, Outbound, Policy};
    let Some(rest) = chat_url.strip_prefix("ws://") else {
        return Ok(None);
    };
    let host = rest.split('/').next().unwrap_or_default();
    let missing = "whatsapp_url: no simulated network there";
    let out = Outbound::builder().policy(Policy::everywhere()).build()?;
    let answer = out
        .get(&format!("http://{host}/ca.pem"), &Limits::default())
        .await
        .context(missing)?;
    if !answer.status().is_success() {
        bail!(missing);
    }
    Ok(Some(answer.whole().await.context(missing)?))
}

#[cfg(not(feature = "sandbox"))]
async fn simulated_root(_: &str) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(None)
}

/// What the API is built from.
pub fn api_state(
    config: &Config,
    domain: &Arc<Domain>,
    metrics: Option<RenderMetrics>,
) -> anyhow::Result<ApiState> {
    let own_listener = !config.metrics_listen.is_empty();
    Ok(ApiState::new(ApiConfig {
        domain: Arc::clone(domain),
        issuers: config.auth.issuers.clone(),
        embedded: config
            .auth
            .embedded
            .then(|| Embedded::new(config.own_issuer(), domain))
            .transpose()
            .map_err(anyhow::Error::msg)?,
        fetch_jwks: Arc::new(Guarded::new(&config.outbound)?),
        metrics: metrics.filter(|_| !own_listener),
        metrics_token: (!config.metrics_token.is_empty()).then(|| config.metrics_token.clone()),
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies()?,
    }))
}

fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "wharf".to_owned(), |name| name.trim().to_owned())
}
