//! Uploaded files on disk.
//!
//! A blob lives under a random name, which is also the last segment of its direct path: whoever knows
//! the path may read it, as with the real thing. An index from content hash to name makes an upload of
//! the same ciphertext idempotent. A blob that expired leaves a marker, so that it answers 410 and not
//! 404. Every file is written beside its place, synced and renamed: a kill leaves no half blob, and a
//! direct path that was handed out can be read after a restart.

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as B64};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// What a direct path leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Blob {
    /// The file that holds the bytes.
    Here(PathBuf),
    /// It was there and has expired (410).
    Gone,
    /// Never heard of (404).
    Unknown,
}

/// The blobs of one data directory.
#[derive(Debug, Clone)]
pub struct BlobStore {
    dir: PathBuf,
}

impl BlobStore {
    pub fn open(dir: &Path) -> Result<Self> {
        for sub in ["blobs", "by-hash", "incoming", "phones"] {
            fs::create_dir_all(dir.join(sub))
                .with_context(|| format!("create {}", dir.display()))?;
        }
        let store = Self {
            dir: dir.to_owned(),
        };
        // Uploads cut short by a kill: nobody holds a path to them.
        for entry in fs::read_dir(store.dir.join("incoming"))? {
            fs::remove_file(entry?.path())?;
        }
        Ok(store)
    }

    /// Keeps `body` and gives its direct path; the same bytes again give the same path.
    pub fn put(&self, mms_type: &str, body: &[u8]) -> Result<String> {
        let hash: [u8; 32] = Sha256::digest(body).into();
        if let Some(path) = self.find(mms_type, &hash)? {
            return Ok(path);
        }
        let incoming = self.incoming();
        let mut file = fs::File::create(&incoming)?;
        file.write_all(body)?;
        file.sync_all()?;
        self.adopt(mms_type, &hash, &incoming)
    }

    /// A fresh place to write an upload to, before [`Self::adopt`].
    pub fn incoming(&self) -> PathBuf {
        self.dir
            .join("incoming")
            .join(hex(&rand::random::<[u8; 16]>()))
    }

    /// Takes over a complete, synced file whose SHA-256 the caller has computed.
    pub fn adopt(&self, mms_type: &str, hash: &[u8; 32], incoming: &Path) -> Result<String> {
        ensure!(is_segment(mms_type), "media type {mms_type:?}");
        let name = format!("{}_n.enc", hex(&rand::random::<[u8; 16]>()));
        fs::rename(incoming, self.dir.join("blobs").join(&name))?;
        sync_dir(&self.dir.join("blobs"))?;
        write_durably(&self.index(mms_type, hash), name.as_bytes())?;
        Ok(direct_path(mms_type, &name))
    }

    /// The direct path of ciphertext with this hash, when it is here.
    pub fn find(&self, mms_type: &str, hash: &[u8; 32]) -> Result<Option<String>> {
        ensure!(is_segment(mms_type), "media type {mms_type:?}");
        let name = match fs::read_to_string(self.index(mms_type, hash)) {
            Ok(name) => name,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).context("read blob index"),
        };
        Ok(self
            .dir
            .join("blobs")
            .join(&name)
            .exists()
            .then(|| direct_path(mms_type, &name)))
    }

    /// Looks a direct path up, with or without its query.
    pub fn get(&self, direct_path: &str) -> Blob {
        let Some(name) = blob_name(direct_path) else {
            return Blob::Unknown;
        };
        let file = self.dir.join("blobs").join(name);
        if file.exists() {
            Blob::Here(file)
        } else if self.dir.join("blobs").join(format!("{name}.gone")).exists() {
            Blob::Gone
        } else {
            Blob::Unknown
        }
    }

    /// A phone uploads what it holds again: the same ciphertext under a new path. None: it does not hold it
    /// any more.
    pub fn again(&self, mms_type: &str, direct_path: &str) -> Result<Option<String>> {
        let Some(name) = blob_name(direct_path) else {
            return Ok(None);
        };
        // Somebody else asked before: it lies there already.
        if matches!(self.get(direct_path), Blob::Here(_)) {
            return Ok(Some(direct_path.to_owned()));
        }
        let kept = self.kept(name);
        let body = match fs::read(&kept) {
            Ok(b) => b,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).context("read a phone's copy"),
        };
        self.put(mms_type, &body).map(Some)
    }

    /// Phones lose their copy of an expired blob; false when there was none.
    pub fn forget(&self, direct_path: &str) -> Result<bool> {
        let Some(name) = blob_name(direct_path) else {
            return Ok(false);
        };
        match fs::remove_file(self.kept(name)) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e).context("forget a phone's copy"),
        }
    }

    /// Where phones keep what the network dropped.
    fn kept(&self, name: &str) -> PathBuf {
        self.dir.join("phones").join(name)
    }

    /// Lets a blob expire: it answers 410 from now on, and phones keep their copy. False when there was none.
    pub fn expire(&self, direct_path: &str) -> Result<bool> {
        let (Blob::Here(file), Some(name)) = (self.get(direct_path), blob_name(direct_path)) else {
            return Ok(false);
        };
        write_durably(&self.dir.join("blobs").join(format!("{name}.gone")), b"")?;
        fs::rename(file, self.kept(name))?;
        sync_dir(&self.dir.join("phones"))?;
        Ok(true)
    }

    fn index(&self, mms_type: &str, hash: &[u8; 32]) -> PathBuf {
        self.dir
            .join("by-hash")
            .join(format!("{mms_type}.{}", B64.encode(hash)))
    }
}

/// Shaped like the real thing, query included: clients that cut it off or append to it must cope.
fn direct_path(mms_type: &str, name: &str) -> String {
    let bucket = match mms_type {
        "image" | "sticker" => "t62.7118-24",
        "video" => "t62.7161-24",
        "audio" | "ptt" => "t62.7117-24",
        "document" => "t62.7119-24",
        "md-app-state" => "t62.36235-24",
        "md-msg-hist" => "t62.36236-24",
        _ => "t62.0-0",
    };
    format!("/v/{bucket}/{name}?ccb=11-4")
}

/// The blob's name in a direct path: `/v/{bucket}/{name}`.
fn blob_name(direct_path: &str) -> Option<&str> {
    let path = direct_path.split('?').next()?;
    let (bucket, name) = path.strip_prefix("/v/")?.split_once('/')?;
    (is_segment(bucket) && is_segment(name) && name.ends_with("_n.enc")).then_some(name)
}

/// A name that cannot leave its directory.
fn is_segment(s: &str) -> bool {
    !s.is_empty()
        && !s.starts_with('.')
        && s.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Writes beside, syncs, renames, syncs the directory.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().context("a file has a directory")?;
    let beside = dir.join(format!(".{}", hex(&rand::random::<[u8; 8]>())));
    let mut file =
        fs::File::create(&beside).with_context(|| format!("create {}", beside.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> Result<()> {
    fs::File::open(dir)?
        .sync_all()
        .with_context(|| format!("sync {}", dir.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_outlive_the_store_and_expire_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = BlobStore::open(dir.path()).unwrap();
        let path = store.put("image", b"ciphertext").unwrap();
        assert_eq!(
            store.put("image", b"ciphertext").unwrap(),
            path,
            "the same bytes are kept once"
        );
        assert_ne!(store.put("image", b"other").unwrap(), path);
        let again = BlobStore::open(dir.path()).unwrap();
        let Blob::Here(file) = again.get(&path) else {
            panic!("{:?}", again.get(&path))
        };
        assert_eq!(fs::read(file).unwrap(), b"ciphertext");
        assert!(again.expire(&path).unwrap());
        assert_eq!(again.get(&path), Blob::Gone);
        assert!(!again.expire(&path).unwrap());
        let twice = again
            .again("image", &path)
            .unwrap()
            .expect("the phone's copy");
        assert_ne!(twice, path);
        assert!(again.expire(&twice).unwrap() && again.forget(&twice).unwrap());
        assert_eq!(
            again.again("image", &twice).unwrap(),
            None,
            "nobody holds it"
        );
        let anew = again.put("image", b"ciphertext").unwrap();
        assert_ne!(
            anew, path,
            "an upload after the expiry gets a path of its own"
        );
    }

    #[test]
    fn a_path_cannot_leave_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("secret_n.enc"), b"x").unwrap();
        let store = BlobStore::open(&dir.path().join("media")).unwrap();
        for path in [
            "/v/x/../../secret_n.enc",
            "/v/../secret_n.enc",
            "/v/x/%2e%2e",
            "/v/x/.._n.enc",
            "",
            "/v/x",
            "/v/x/",
        ] {
            assert_eq!(store.get(path), Blob::Unknown, "{path}");
        }
        assert!(store.put("../x", b"y").is_err());
    }

    #[test]
    fn a_cut_short_upload_is_swept_away() {
        let dir = tempfile::tempdir().unwrap();
        let half = BlobStore::open(dir.path()).unwrap().incoming();
        fs::write(&half, b"half").unwrap();
        BlobStore::open(dir.path()).unwrap();
        assert!(!half.exists());
    }
}
