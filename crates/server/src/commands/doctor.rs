//! `wharf doctor`: looks at everything the gateway needs and says what to do.

use super::Failure;
use crate::{config::Config, data_dir, data_dir::DataDir, out, wiring};
use serde::Serialize;
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

/// Sessions need a descriptor each, and as many again for callers and files.
const WANTED_FILES: u64 = 4_096;
/// A wall clock before this cannot be right: ids and receipts would lie.
const BUILT_AFTER_MS: i64 = 1_767_225_600_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    name: &'static str,
    ok: bool,
    says: String,
    /// What to do, "" when well.
    advice: String,
}

fn well(name: &'static str, says: impl Into<String>) -> Check {
    Check {
        name,
        ok: true,
        says: says.into(),
        advice: String::new(),
    }
}

fn ill(name: &'static str, says: impl Into<String>, advice: impl Into<String>) -> Check {
    Check {
        name,
        ok: false,
        says: says.into(),
        advice: advice.into(),
    }
}

fn key_file(config: &Config) -> Check {
    const NAME: &str = "master key";
    if !config.master_key.is_empty() {
        return well(NAME, "given in the configuration");
    }
    let path = data_dir::master_key_file(config);
    match fs::metadata(&path) {
        Err(_) => well(NAME, "none yet; the first start makes one"),
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => ill(
            NAME,
            format!("{} can be read by others", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => well(
            NAME,
            format!("{}; keep a copy apart from the data", path.display()),
        ),
    }
}

async fn store(config: &Config) -> Vec<Check> {
    let _lock = match DataDir::open(&config.data) {
        Ok(lock) => lock,
        Err(error) => {
            return vec![ill(
                "data directory",
                format!("{error:#}"),
                "stop the other process, or give --data another directory that you may write",
            )];
        }
    };
    let mut checks = vec![well("data directory", config.data.display().to_string())];
    if !config.database_path().is_ok_and(|path| path.is_file()) {
        checks.push(well("database", "none yet; the first start makes one"));
        return checks;
    }
    checks.push(match wiring::domain(config).await {
        Err(error) => ill(
            "database",
            format!("{error:#}"),
            "see docs/OPERATIONS.md, \"The database\"",
        ),
        Ok(domain) => match domain.store.health().await {
            Ok(()) => well("database", "opens, reads and writes"),
            Err(error) => ill(
                "database",
                error.to_string(),
                "free some disk space, or check the permissions of the file",
            ),
        },
    });
    checks
}

fn open_files() -> Check {
    const NAME: &str = "open files";
    let limit = fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find(|line| line.starts_with("Max open files"))?;
            line.split_whitespace()
                .nth(3)
                .map(|soft| soft.parse::<u64>().unwrap_or(u64::MAX))
        });
    match limit {
        None => well(NAME, "this system does not say"),
        Some(limit) if limit < WANTED_FILES => ill(
            NAME,
            format!("at most {limit}"),
            format!(
                "raise it (ulimit -n {WANTED_FILES}, or LimitNOFILE= in a systemd unit) before attaching many numbers"
            ),
        ),
        Some(limit) => well(NAME, format!("at most {limit}")),
    }
}

fn clock() -> Check {
    use wharf_domain::ports::clock::{Clock, SystemClock};
    match SystemClock.now() {
        now if now < BUILT_AFTER_MS => ill("clock", "is in the past", "set the clock (NTP)"),
        _ => well("clock", "is plausible"),
    }
}

/// Its absence is no fault, but should be known.
async fn ffmpeg(config: &Config) -> Check {
    const NAME: &str = "ffmpeg";
    match wharf_media::Ffmpeg::find(&config.media.ffmpeg).await {
        Some(_) => well(
            NAME,
            "is there: voice notes, films and stickers are made fit to send",
        ),
        None => Check {
            advice: "install ffmpeg, or name it in `media.ffmpeg`".to_owned(),
            ..well(
                NAME,
                "is not there: sounds, films and stickers are sent as they are, without length, waveform and frame",
            )
        },
    }
}

async fn reach(config: &Config) -> Check {
    const NAME: &str = "WhatsApp";
    const HOST: &str = "web.whatsapp.com:443";
    if !config.whatsapp_url.is_empty() {
        return well(NAME, "a simulated network is configured");
    }
    if !config.proxy.is_empty() {
        return well(NAME, "is reached through the proxy; not tried from here");
    }
    match tokio::time::timeout(Duration::from_secs(5), tokio::net::TcpStream::connect(HOST)).await {
        Ok(Ok(_)) => well(NAME, format!("{HOST} answers")),
        Ok(Err(error)) => ill(
            NAME,
            format!("{HOST}: {error}"),
            "let this machine reach it, or set `proxy`",
        ),
        Err(_) => ill(
            NAME,
            format!("{HOST} does not answer within 5 s"),
            "let this machine reach it, or set `proxy`",
        ),
    }
}

pub async fn run(config: &Config, as_json: bool) -> Result<(), Failure> {
    let mut checks = vec![well("configuration", "reads well"), key_file(config)];
    checks.extend(store(config).await);
    checks.extend([
        open_files(),
        clock(),
        ffmpeg(config).await,
        reach(config).await,
    ]);
    let ok = checks.iter().all(|check| check.ok);
    if as_json {
        out::json(&serde_json::json!({ "ok": ok, "checks": checks }))?;
    } else {
        for check in &checks {
            out::line(format_args!(
                "{}  {:<15} {}",
                if check.ok { "well" } else { "ILL " },
                check.name,
                check.says
            ));
            if !check.advice.is_empty() {
                out::line(format_args!("      → {}", check.advice));
            }
        }
    }
    if ok {
        Ok(())
    } else {
        Err(Failure::Run(anyhow::anyhow!("something is not well")))
    }
}
