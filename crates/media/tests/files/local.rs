use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use wharf_domain::{
    Error,
    ports::{
        blobs::{Blobs, Chunks},
        clock::Clock,
    },
};
use wharf_media::LocalBlobs;
use wharf_types::Millis;

struct Hands(AtomicI64);
impl Clock for Hands {
    fn now(&self) -> Millis {
        self.0.load(Ordering::SeqCst)
    }
}

/// A body of so many chunks of 64 KiB, made as it is asked for.
struct Made(usize);
#[async_trait::async_trait]
impl Chunks for Made {
    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        if self.0 == 0 {
            return Ok(None);
        }
        self.0 -= 1;
        Ok(Some(vec![self.0 as u8; 64 << 10].into()))
    }
}

/// A body that breaks off.
struct Broken(bool);
#[async_trait::async_trait]
impl Chunks for Broken {
    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        if std::mem::replace(&mut self.0, true) {
            return Err(Error::invalid("body", "ended early"));
        }
        Ok(Some(vec![1; 100].into()))
    }
}

fn store(at: &Path) -> (LocalBlobs, Arc<Hands>) {
    let clock = Arc::new(Hands(AtomicI64::new(1_000_000)));
    let blobs = LocalBlobs::open(at, Arc::clone(&clock) as _).unwrap();
    (blobs, clock)
}

async fn whole(blobs: &LocalBlobs, sha256: &str, from: u64, length: u64) -> Vec<u8> {
    let mut body = blobs.read(sha256, from, length).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

fn files_in(at: &Path) -> usize {
    fs::read_dir(at).unwrap().count()
}

#[tokio::test]
async fn what_is_kept_comes_back_whole_and_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, _) = store(dir.path());
    let file = blobs.fill(&mut Made(3), 1 << 30).await.unwrap();
    let blob = blobs.keep(file).await.unwrap();
    assert_eq!(blob.size, 3 * (64 << 10));
    let expected = [2_u8, 1, 0].map(|n| vec![n; 64 << 10]).concat();
    assert_eq!(whole(&blobs, &blob.sha256, 0, blob.size).await, expected);
    assert_eq!(
        whole(&blobs, &blob.sha256, 65_530, 10).await,
        expected[65_530..65_540]
    );
    // Nothing is left of the making, and nobody else can read it.
    assert_eq!(files_in(&dir.path().join("scratch")), 0);
    let path = dir
        .path()
        .join("files")
        .join(&blob.sha256[..2])
        .join(&blob.sha256);
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // The same bytes are the same file, also for the next process.
    let again = blobs.fill(&mut Made(3), 1 << 30).await.unwrap();
    assert_eq!(blobs.keep(again).await.unwrap(), blob);
    drop(blobs);
    let (blobs, _) = store(dir.path());
    assert_eq!(blobs.list().await.unwrap().len(), 1);
    assert_eq!(whole(&blobs, &blob.sha256, 0, blob.size).await, expected);
}

#[tokio::test]
async fn too_much_and_half_a_body_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, _) = store(dir.path());
    let most = 2 * (64 << 10);
    assert_eq!(
        blobs.fill(&mut Made(3), most).await.unwrap_err(),
        Error::TooLarge(most)
    );
    assert!(blobs.fill(&mut Made(2), most).await.is_ok());
    assert!(blobs.fill(&mut Broken(false), most).await.is_err());
    assert_eq!(files_in(&dir.path().join("scratch")), 0);
    assert_eq!(blobs.list().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_used_since_is_not_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, clock) = store(dir.path());
    let file = blobs.fill(&mut Made(1), 1 << 30).await.unwrap();
    let blob = blobs.keep(file).await.unwrap();
    clock.0.store(5_000_000, Ordering::SeqCst);
    assert_eq!(blobs.used(&blob.sha256).await.unwrap(), Some(blob.size));
    assert_eq!(blobs.list().await.unwrap()[0].used_at, 5_000_000);
    assert!(!blobs.remove(&blob.sha256, 5_000_000).await.unwrap());
    assert!(blobs.remove(&blob.sha256, 5_000_001).await.unwrap());
    assert!(!blobs.remove(&blob.sha256, 5_000_001).await.unwrap());
    assert_eq!(blobs.used(&blob.sha256).await.unwrap(), None);
    assert!(blobs.read(&blob.sha256, 0, 1).await.unwrap().is_none());
    assert!(blobs.copy(&blob.sha256).await.unwrap().is_none());
}

#[tokio::test]
async fn a_copy_goes_and_the_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, _) = store(dir.path());
    let file = blobs.fill(&mut Made(1), 1 << 30).await.unwrap();
    let blob = blobs.keep(file).await.unwrap();
    let copy = blobs.copy(&blob.sha256).await.unwrap().unwrap();
    assert_eq!(fs::metadata(copy.path()).unwrap().len(), blob.size);
    // A copy that is kept again is the file itself.
    assert_eq!(blobs.keep(copy).await.unwrap(), blob);
    let copy = blobs.copy(&blob.sha256).await.unwrap().unwrap();
    drop(copy);
    assert_eq!(
        whole(&blobs, &blob.sha256, 0, blob.size).await.len() as u64,
        blob.size
    );
    assert_eq!(files_in(&dir.path().join("scratch")), 0);
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, _) = store(dir.path());
    for name in [
        "",
        "..",
        "../../../../etc/passwd",
        &"A".repeat(64),
        &"é".repeat(32),
        &"0".repeat(63),
    ] {
        assert!(blobs.read(name, 0, 1).await.is_err(), "{name}");
        assert!(blobs.remove(name, i64::MAX).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_start_clears_the_desk() {
    let dir = tempfile::tempdir().unwrap();
    let (blobs, _) = store(dir.path());
    let file = blobs.fill(&mut Made(1), 1 << 30).await.unwrap();
    // As a killed process leaves it.
    std::mem::forget(file);
    drop(blobs);
    let _again = store(dir.path());
    assert_eq!(files_in(&dir.path().join("scratch")), 0);
}
