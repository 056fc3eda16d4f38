//! Where `listen` stands: the last event that was printed and taken, and the secret it signs with. One small file, 0600,
//! replaced whole, so that a kill leaves the old one or the new one. A lock beside it: two that move one place on would
//! each miss what the other saw.

use super::Failure;
use anyhow::{Context, anyhow};
use fs4::FileExt;
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use wharf_types::EventId;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kept {
    /// The last event; "" = the beginning of the log, `null` = nothing was begun.
    pub after: Option<String>,
    /// `whsec_…`; "" = none was made.
    pub secret: String,
    /// Of which gateway.
    pub api_url: String,
}

/// The file, and what is in it.
#[derive(Debug)]
pub struct Place {
    path: PathBuf,
    pub kept: Kept,
    _lock: File,
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

impl Place {
    /// Takes the file, made when absent; refuses one that is another gateway's or that another `listen` uses.
    pub fn take(path: PathBuf, api_url: &str) -> Result<Self, Failure> {
        let at = || format!("--state: {}", path.display());
        let usage = |error: anyhow::Error| Failure::Usage(error.context(at()));
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder);
            made.map_err(|error| usage(error.into()))?;
        }
        let lock = private().truncate(false).open(beside(&path, ".lock"));
        let lock = lock.map_err(|error| usage(error.into()))?;
        if FileExt::try_lock(&lock).is_err() {
            return Err(usage(anyhow!(
                "another `wharf listen` uses it; give this one a file of its own"
            )));
        }
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .context("is not what `wharf listen` wrote; remove it to begin anew")
                .map_err(usage)?,
            Err(error) if error.kind() == ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(usage(error.into())),
        };
        let mut place = Self {
            path,
            kept,
            _lock: lock,
        };
        if !["", api_url].contains(&place.kept.api_url.as_str()) {
            let other = &place.kept.api_url;
            let error = anyhow!(
                "is a place in the log of {other}; give another file, or remove it to begin anew"
            );
            return Err(Failure::Usage(
                error.context(format!("--state: {}", place.path.display())),
            ));
        }
        api_url.clone_into(&mut place.kept.api_url);
        Ok(place)
    }

    /// The last event that is done with; `None` = nothing was begun.
    pub fn after(&self) -> Result<Option<String>, Failure> {
        let after = self.kept.after.as_deref();
        if after.is_some_and(|id| !id.is_empty() && id.parse::<EventId>().is_err()) {
            return Err(Failure::Usage(anyhow!(
                "--state: {}: `after` is no id of an event",
                self.path.display()
            )));
        }
        Ok(after.map(str::to_owned))
    }

    /// Everything up to this event is done.
    pub fn passed(&mut self, event: &str) -> anyhow::Result<()> {
        self.kept.after = Some(event.to_owned());
        self.save()
    }

    /// Writes it down.
    pub fn save(&self) -> anyhow::Result<()> {
        let at = || format!("--state: {}", self.path.display());
        let new = beside(&self.path, ".new");
        let write = || -> std::io::Result<()> {
            let mut file = private().truncate(true).open(&new)?;
            serde_json::to_writer(&mut file, &self.kept)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().with_context(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_place_is_private_kept_and_one_listeners() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep").join("listen.json");
        let mut place = Place::take(path.clone(), "http://a").ok().unwrap();
        assert_eq!(place.kept.after, None);
        place.passed("evt_1").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let taken = Place::take(path.clone(), "http://a");
        assert!(
            matches!(taken, Err(Failure::Usage(error)) if format!("{error:#}").contains("another `wharf listen`"))
        );
        drop(place);
        let place = Place::take(path.clone(), "http://a").ok().unwrap();
        assert_eq!(place.kept.after.as_deref(), Some("evt_1"));
        drop(place);
        let other = Place::take(path.clone(), "http://b");
        assert!(
            matches!(other, Err(Failure::Usage(error)) if format!("{error:#}").contains("http://a"))
        );
        fs::write(&path, "{").unwrap();
        assert!(matches!(
            Place::take(path, "http://a"),
            Err(Failure::Usage(_))
        ));
    }
}
