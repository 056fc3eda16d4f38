//! `demo.json` (0600): what a second run needs to be the same demo.

use crate::{cli, commands::init::First};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};
use wharf_types::{OrgId, SessionId};

/// The account the demo attaches.
pub const PHONE: &str = "15550100001";

/// How large the crowd is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub people: u32,
    pub groups: u32,
    pub messages: u32,
    pub seed: u64,
    pub empty: bool,
}

/// An address and its password.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    pub email: String,
    pub password: String,
}

/// The credentials, the session and the size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub organization_id: OrgId,
    pub api_key: String,
    pub session_id: Option<SessionId>,
    /// Who can log in; none where the configuration says that nobody does here.
    pub login: Option<Login>,
    pub size: Size,
}

impl Size {
    /// As asked for, or as stored; asking for another size than the stored one is refused.
    pub fn of(args: &cli::Demo, record: Option<&Record>) -> anyhow::Result<Self> {
        let stored = record.map(|record| record.size);
        let usual = stored.unwrap_or(Self {
            people: 200,
            groups: 12,
            messages: 5,
            seed: 1,
            empty: args.empty,
        });
        let asked = Self {
            people: args.people.unwrap_or(usual.people),
            groups: args.groups.unwrap_or(usual.groups),
            messages: args.messages.unwrap_or(usual.messages),
            seed: args.seed.unwrap_or(usual.seed),
            empty: args.empty || usual.empty,
        };
        if stored.is_some_and(|stored| stored != asked) {
            bail!(
                "--people, --groups, --messages, --seed, --empty: the demo in this data directory has another size; leave them out, or give another --data"
            );
        }
        Ok(asked)
    }
}

impl Record {
    pub fn new(first: First, size: Size) -> Self {
        Self {
            organization_id: first.org,
            api_key: first.key,
            session_id: None,
            login: first.owner.map(|owner| Login {
                email: owner.email,
                password: owner.password,
            }),
            size,
        }
    }

    /// The record of an earlier run, if there was one.
    pub fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join("demo.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .with_context(|| format!("{}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{}", path.display())),
        }
    }

    /// Replaces the record whole: a crash leaves the old or the new one.
    pub fn write(&self, data: &Path) -> anyhow::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data)?;
        let new = data.join("demo.json.new");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&new, data.join("demo.json"))?;
        Ok(())
    }
}
