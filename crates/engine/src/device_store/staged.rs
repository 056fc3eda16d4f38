//! App-state progress held back until the facts it stands for are stored.
//!
//! The library moves a collection's version and mutation MACs *before* it dispatches the mutations, so a crash in
//! between would lose address-book names for good: the next sync asks from the new version. Here both are staged in
//! memory, visible to the library at once, and committed together when it sets the same version again, which it
//! does after the dispatch. Until then a crash finds the old version and the old MACs: the same patches come again.
//!
//! Telling that last call from the processor's own ones (library 0.7.0): each patch sets its version once; a
//! snapshot without patches sets it twice (its MACs are put first). Whatever is left staged for longer than
//! [`STALE`] belongs to a sync that failed midway and is dropped.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use wacore::appstate::hash::HashState;

/// Between two pages of one sync lies a round trip and a blob at most.
pub(super) const STALE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) struct Staged {
    pub state: Option<HashState>,
    /// The collection's stored MACs do not count any more.
    pub cleared: bool,
    /// Put (`Some`) or deleted (`None`) since.
    pub macs: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// Cleared since a version was last set …
    clearing: bool,
    /// … and filled again before the next: a snapshot.
    snapshot: bool,
    /// How often the staged version must be set again before it is committed.
    repeats: u8,
    /// Facts lost when staging began: more of them at commit means the span is not whole.
    pub losses: u64,
    touched: Instant,
}

impl Staged {
    pub fn new(losses: u64) -> Self {
        Self {
            state: None,
            cleared: false,
            macs: HashMap::new(),
            clearing: false,
            snapshot: false,
            repeats: 1,
            losses,
            touched: Instant::now(),
        }
    }

    pub fn touch(&mut self) {
        self.touched = Instant::now();
    }

    pub fn stale(&self) -> bool {
        self.touched.elapsed() > STALE
    }

    pub fn clear_macs(&mut self) {
        self.cleared = true;
        self.clearing = true;
        self.macs.clear();
    }

    pub fn put_macs(&mut self, macs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) {
        let before = self.macs.len();
        self.macs
            .extend(macs.into_iter().map(|(index, value)| (index, Some(value))));
        self.snapshot |= self.clearing && self.macs.len() > before;
    }

    /// Takes a version; `true` when it is the repetition that commits.
    pub fn set(&mut self, state: HashState) -> bool {
        self.touch();
        match &self.state {
            Some(old) if old.version == state.version && old.hash == state.hash => {
                self.state = Some(state);
                self.repeats = self.repeats.saturating_sub(1);
                self.repeats == 0
            }
            _ => {
                self.repeats = if self.snapshot { 2 } else { 1 };
                (self.clearing, self.snapshot) = (false, false);
                self.state = Some(state);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: u64) -> HashState {
        HashState {
            version,
            ..Default::default()
        }
    }

    #[test]
    fn patches_commit_when_their_last_version_is_set_again() {
        let mut staged = Staged::new(0);
        assert!(!staged.set(version(5)));
        assert!(!staged.set(version(6)));
        assert!(staged.set(version(6)));
    }

    #[test]
    fn a_snapshot_alone_is_set_twice_before_the_dispatch() {
        let mut staged = Staged::new(0);
        staged.clear_macs();
        staged.put_macs([(vec![1], vec![2])]);
        assert!(!staged.set(version(9)));
        assert!(!staged.set(version(9)));
        assert!(staged.set(version(9)));
    }

    #[test]
    fn a_snapshot_after_an_empty_answer_is_still_a_snapshot() {
        let mut staged = Staged::new(0);
        staged.clear_macs();
        assert!(!staged.set(version(0)));
        staged.clear_macs();
        staged.put_macs([(vec![1], vec![2])]);
        assert!(!staged.set(version(9)));
        assert!(!staged.set(version(9)), "not dispatched yet");
        assert!(staged.set(version(9)));
    }

    #[test]
    fn a_snapshot_with_patches_commits_like_patches() {
        let mut staged = Staged::new(0);
        staged.clear_macs();
        staged.put_macs([(vec![1], vec![2])]);
        assert!(!staged.set(version(9)));
        assert!(!staged.set(version(10)));
        assert!(staged.set(version(10)));
    }

    #[test]
    fn a_first_patch_without_snapshot_commits_like_patches() {
        let mut staged = Staged::new(0);
        staged.clear_macs();
        assert!(!staged.set(version(1)));
        staged.put_macs([(vec![1], vec![2])]);
        assert!(staged.set(version(1)));
    }
}
