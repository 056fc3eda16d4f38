//! The data directory: one process at a time, private to its owner, with the master key in it.

use crate::config::Config;
use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use fs4::FileExt;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use wharf_domain::ports::ids::Ids;
use zeroize::Zeroizing;

/// Held while a process uses the directory: two writers on one device store would reuse message keys.
pub struct DataDir {
    _lock: File,
}

impl DataDir {
    /// Makes the directory (0700) and takes its lock; refuses at once when another process has it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("data directory {}", path.display()))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))?;
        match FileExt::try_lock(&file) {
            Ok(()) => Ok(Self { _lock: file }),
            Err(_) => bail!(
                "data directory {}: another wharf process is using it",
                path.display()
            ),
        }
    }
}

/// Where the master key is kept when it is not given in the configuration.
pub fn master_key_file(config: &Config) -> PathBuf {
    if config.master_key_file.is_empty() {
        config.data.join("master.key")
    } else {
        config.master_key_file.clone().into()
    }
}

/// Reads the master key, or makes one (0600) where none was ever made.
pub fn master_key(config: &Config, ids: &dyn Ids) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    if !config.master_key.is_empty() {
        return decode(&config.master_key).context("master_key: must be 32 bytes in base64");
    }
    let path = master_key_file(config);
    match fs::read_to_string(&path) {
        Ok(text) => decode(&text).with_context(|| {
            format!(
                "master_key_file: {} must hold 32 bytes in base64",
                path.display()
            )
        }),
        Err(error) if error.kind() == ErrorKind::NotFound && config.master_key_file.is_empty() => {
            make(&path, ids)
        }
        Err(error) => Err(error).with_context(|| format!("master_key_file: {}", path.display())),
    }
}

fn decode(text: &str) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(B64.decode(text.trim())?);
    Ok(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice())?))
}

fn make(path: &Path, ids: &dyn Ids) -> anyhow::Result<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    ids.random(&mut *key);
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{}", B64.encode(*key))?;
    file.sync_all()?;
    Ok(key)
}
