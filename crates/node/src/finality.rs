//! How long it takes from a block's time until this node can be asked about it, over the newest blocks.

use dure_server::Finality;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Blocks that are looked back at.
const BLOCKS_MAX: usize = 200;
/// What took longer was not made now but fetched from the disk or from others, milliseconds of the wall.
const FRESH_MAX_MS: u64 = 10_000;
/// Of all blocks, the part that is not slower than `slow_ms`, percent.
const SLOW_PERCENT: usize = 95;

/// The newest measures, the oldest first.
#[derive(Debug, Default)]
pub struct Measures(Mutex<VecDeque<u64>>);

impl Measures {
    /// Notes that a block could be asked about so long after its time.
    pub fn note(&self, took_ms: u64) {
        if took_ms > FRESH_MAX_MS {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == BLOCKS_MAX {
            all.pop_front();
        }
        all.push_back(took_ms);
    }

    /// Nothing where nothing was measured.
    pub fn finality(&self) -> Option<Finality> {
        let mut all: Vec<u64> = self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        all.sort_unstable();
        let at = |percent: usize| all.get(all.len().saturating_sub(1) * percent / 100).copied();
        Some(Finality { blocks: all.len(), median_ms: at(50)?, slow_ms: at(SLOW_PERCENT)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_blocks_count_and_what_was_fetched_does_not() {
        let measures = Measures::default();
        assert_eq!(measures.finality(), None);
        measures.note(FRESH_MAX_MS + 1);
        assert_eq!(measures.finality(), None);
        for took_ms in 0..300 {
            measures.note(took_ms);
        }
        assert_eq!(measures.finality(), Some(Finality { blocks: BLOCKS_MAX, median_ms: 199, slow_ms: 289 }));
    }
}
