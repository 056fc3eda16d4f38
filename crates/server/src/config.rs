//! Configuration: `wharf.toml` < environment `WHARF_*` < flags. Every key and its default: `config.default.toml`.

use crate::{
    cli::{Common, LogFormat},
    environment::Environment,
};
use anyhow::{Context, anyhow, bail};
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Every setting, with its default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Data directory.
    pub data: PathBuf,
    /// API address.
    pub listen: SocketAddr,
    /// The address callers see, "" = the listen address.
    pub public_url: String,
    /// `sqlite:PATH`; "" = `wharf.db` in the data directory.
    pub database_url: String,
    /// Names this process in `gatewayId`; "" = the host's name.
    pub node_id: String,
    /// Own listener of `/metrics`, without a credential; "" = on the API's listener.
    pub metrics_listen: String,
    /// Bearer token of `/metrics` on the API's listener; "" = any credential with `manage`.
    pub metrics_token: String,
    /// 32 bytes, base64; "" = from the file.
    pub master_key: String,
    /// File of the master key; "" = `master.key` in the data directory, made when absent.
    pub master_key_file: String,
    /// WebSocket address instead of WhatsApp's; honoured only in `sandbox` builds.
    pub whatsapp_url: String,
    /// Root certificate (PEM) of the media server; honoured only in `sandbox` builds.
    pub whatsapp_ca_file: String,
    /// `auto` or `2.3000.x`.
    pub whatsapp_version: String,
    /// Proxy of sessions that have none of their own: `socks5://…` or `http://…`, "" = none.
    pub proxy: String,
    /// Proxies before the API whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Form of the logs.
    pub log_format: LogFormat,
    /// Who may log in.
    pub auth: Auth,
    /// Requests to addresses somebody gave us.
    pub outbound: Outbound,
    /// Files.
    pub media: Media,
    /// What is kept how long.
    pub retention: Retention,
}

/// What is kept how long, in days.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// The event log.
    pub events_days: u32,
    /// Attempts of webhook deliveries.
    pub deliveries_days: u32,
    /// The audit log.
    pub audit_days: u32,
    /// Messages and sends; 0 = as long as their session.
    pub messages_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            events_days: 30,
            deliveries_days: 30,
            audit_days: 90,
            messages_days: 0,
        }
    }
}

/// Where files are kept, how much and how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// Folder; "" = `media` in the data directory.
    pub folder: String,
    /// The largest file taken, in bytes.
    pub largest: u64,
    /// Days after its last use.
    pub keep_days: u32,
    /// Bytes in all; 0 = no bound.
    pub keep_bytes: u64,
    /// The program, "" = none.
    pub ffmpeg: String,
    /// An S3-compatible store in place of the folder, "" = none.
    pub s3_endpoint: String,
    /// Its bucket.
    pub s3_bucket: String,
    /// Its region.
    pub s3_region: String,
    /// Who signs.
    pub s3_access_key: String,
    /// And by what.
    pub s3_secret_key: String,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            folder: String::new(),
            largest: 2 << 30,
            keep_days: 30,
            keep_bytes: 0,
            ffmpeg: "ffmpeg".into(),
            s3_endpoint: String::new(),
            s3_bucket: String::new(),
            s3_region: "us-east-1".into(),
            s3_access_key: String::new(),
            s3_secret_key: String::new(),
        }
    }
}

/// What outbound requests may reach.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbound {
    /// Plain http too.
    pub allow_http: bool,
    /// Addresses and subnets that may be reached although they are not public.
    pub allow_subnets: Vec<String>,
}

/// Login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// People log in here, with a password.
    pub embedded: bool,
    /// How long they stay so without coming by.
    pub refresh_days: u32,
    /// Any number of issuers.
    #[serde(skip_serializing)]
    pub issuers: Vec<wharf_api::auth::IssuerConfig>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            embedded: true,
            refresh_days: 30,
            issuers: Vec::new(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "wharf-data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            database_url: String::new(),
            node_id: String::new(),
            metrics_listen: String::new(),
            metrics_token: String::new(),
            master_key: String::new(),
            master_key_file: String::new(),
            whatsapp_url: String::new(),
            whatsapp_ca_file: String::new(),
            whatsapp_version: "auto".into(),
            proxy: String::new(),
            trusted_proxies: Vec::new(),
            log_format: LogFormat::Text,
            auth: Auth::default(),
            outbound: Outbound::default(),
            media: Media::default(),
            retention: Retention::default(),
        }
    }
}

impl Config {
    /// Reads all layers. The error names the setting in one line.
    pub fn load(flags: &Common) -> anyhow::Result<Self> {
        let usual = PathBuf::from("wharf.toml");
        let file = match &flags.config {
            Some(path) if !path.is_file() => bail!("--config: {} is not a file", path.display()),
            Some(path) => Some(path.clone()),
            None => usual.is_file().then_some(usual),
        };
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let mut config: Self = figment
            .merge(Environment::new(Self::default()))
            .extract()
            .map_err(|error| anyhow!("configuration: {}", error.to_string().replace('\n', " ")))?;
        if let Some(data) = &flags.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = flags.listen {
            config.listen = listen;
        }
        if let Some(form) = flags.log_format {
            config.log_format = form;
        }
        config.check()
    }

    fn check(self) -> anyhow::Result<Self> {
        let simulated = !self.whatsapp_url.is_empty() || !self.whatsapp_ca_file.is_empty();
        if simulated && !cfg!(feature = "sandbox") {
            bail!(
                "whatsapp_url, whatsapp_ca_file: only a build with the cargo feature `sandbox` can speak to a simulated network"
            );
        }
        self.database_path()?;
        self.version()?;
        self.outbound.policy()?;
        self.trusted_proxies()?;
        if self.retention.events_days < 4 {
            bail!("retention.events_days: must be 4 or more: a webhook's retries last three days");
        }
        let own = self.own_issuer();
        if self.auth.embedded && self.auth.issuers.iter().any(|other| other.issuer == own) {
            bail!("auth.issuers: {own:?} is what this installation calls itself (public_url)");
        }
        if !(1..=3650).contains(&self.auth.refresh_days) {
            bail!("auth.refresh_days: must be between 1 and 3650");
        }
        if self.retention.audit_days == 0 {
            bail!("retention.audit_days: must be at least 1");
        }
        Ok(self)
    }

    /// Where the SQLite file is.
    pub fn database_path(&self) -> anyhow::Result<PathBuf> {
        if self.database_url.is_empty() {
            return Ok(self.data.join("wharf.db"));
        }
        let path = self
            .database_url
            .strip_prefix("sqlite:")
            .context("database_url: must begin with sqlite: (PostgreSQL is not built yet)")?;
        Ok(path.into())
    }

    /// What tokens made here call their issuer.
    pub fn own_issuer(&self) -> String {
        match self.public_url.trim_end_matches('/') {
            "" => "wharf".to_owned(),
            url => url.to_owned(),
        }
    }

    /// Addresses and subnets of the proxies before the API.
    pub fn trusted_proxies(&self) -> anyhow::Result<Vec<IpNet>> {
        self.trusted_proxies
            .iter()
            .map(|text| {
                let net = text
                    .parse::<IpNet>()
                    .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                net.map_err(|_| anyhow!("trusted_proxies: {text:?} is no address and no subnet"))
            })
            .collect()
    }

    /// The client version to announce; `None` = ask WhatsApp.
    pub fn version(&self) -> anyhow::Result<Option<(u32, u32, u32)>> {
        if self.whatsapp_version == "auto" {
            return Ok(None);
        }
        let parts: Vec<u32> = self
            .whatsapp_version
            .split('.')
            .map_while(|part| part.parse().ok())
            .collect();
        match parts[..] {
            [a, b, c] => Ok(Some((a, b, c))),
            _ => bail!("whatsapp_version: must be \"auto\" or of the form \"2.3000.x\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const DOCUMENTED: &str = include_str!("../../../config.default.toml");

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
        Figment::from(Toml::string(text)).extract().unwrap()
    }

    #[test]
    fn the_documented_defaults_are_the_programs() {
        let documented: Value = read(DOCUMENTED);
        assert_eq!(
            documented,
            serde_json::to_value(Config::default()).unwrap(),
            "config.default.toml names every setting with its default"
        );
        let _: Config = read(DOCUMENTED);
    }

    #[test]
    fn the_documented_issuer_names_every_setting_of_one() {
        let lines = DOCUMENTED.lines().filter_map(|line| {
            let line = line.strip_prefix("# ")?;
            let name = line.split_once(" = ").map_or("", |(name, _)| name);
            let setting = line.starts_with("[[")
                || !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            setting.then(|| format!("{line}\n"))
        });
        let auth: Auth = Figment::from(Toml::string(&lines.collect::<String>()))
            .extract_inner("auth")
            .unwrap();
        let [issuer] = auth.issuers.as_slice() else {
            panic!("one example");
        };
        assert_eq!(issuer.platform_role_claim.as_deref(), Some("platform_role"));
        let named = serde_json::to_value(issuer).unwrap();
        for name in named.as_object().unwrap().keys() {
            assert!(
                DOCUMENTED.contains(&format!("\n# {name} = ")),
                "{name} is not documented"
            );
        }
        // What the example shows for settings that may be left out is what they are then.
        let short = "jwks_url = \"https://id.example.com/.well-known/jwks.json\"\n\
            issuer = \"https://id.example.com\"\naudience = \"wharf\"\nplatform_role_claim = \"platform_role\"\n";
        assert_eq!(*issuer, read(short));
    }
}
