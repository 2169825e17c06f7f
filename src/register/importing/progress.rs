//! How far an import is. The importer advances it, a page reads it; nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A handle on the progress of one import; clones show the same. `Progress::default()` is for an import that nobody watches.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU32,
    total: AtomicU32,
}

impl Progress {
    /// Steps done.
    pub fn done(&self) -> u32 {
        self.0.done.load(Ordering::Relaxed)
    }

    /// Steps there are; 0 until the file was compared with the register.
    pub fn total(&self) -> u32 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Says how many steps there are, before the first.
    pub(super) fn begin(&self, total: usize) {
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(u32::try_from(total).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Counts steps that are done.
    pub(super) fn advance(&self, n: usize) {
        self.0.done.fetch_add(u32::try_from(n).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_holds_a_clone_sees_the_steps() {
        let progress = Progress::default();
        let watched = progress.clone();
        progress.begin(10);
        progress.advance(3);
        assert_eq!((watched.done(), watched.total()), (3, 10));
    }
}
