//! What the newest blocks wrote and what was asked lately, in memory: who sends a transaction is mostly somebody who sent one a
//! moment ago.

use crate::history::FinalBlock;
use alloy_primitives::Bytes;
use dure_rules::Key;
use std::collections::HashMap;

/// Most keys of one generation; two are kept, and a key that was written lately is in one of them.
pub const FRESH_MAX: usize = 65_536;

/// The newest height, and the newest values of keys written lately.
#[derive(Default)]
pub(super) struct Fresh {
    height: Option<u64>,
    young: HashMap<Key, Written>,
    old: HashMap<Key, Written>,
}

struct Written {
    height: u64,
    value: Option<Bytes>,
}

impl Fresh {
    /// After the file got to `height` with these blocks, some of which it may have had already or not taken.
    pub fn written<'a>(&mut self, blocks: impl Iterator<Item = &'a FinalBlock>, height: Option<u64>) {
        let had = std::mem::replace(&mut self.height, height);
        for block in blocks.filter(|block| Some(block.height) > had && Some(block.height) <= height) {
            self.age();
            let height = block.height;
            let written = block.changes.iter().map(|(key, value)| (*key, Written { height, value: value.clone() }));
            self.young.extend(written);
        }
    }

    /// After the file was asked what `key` held at `height`. Nothing is learnt where a block has come since.
    pub fn learn(&mut self, key: Key, height: u64, value: Option<Bytes>) {
        if self.height == Some(height) {
            self.age();
            self.young.entry(key).or_insert(Written { height, value });
        }
    }

    fn age(&mut self) {
        if self.young.len() >= FRESH_MAX {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub const fn height(&self) -> Option<u64> {
        self.height
    }

    /// What `key` held at `height`, where the newest write that is known here tells.
    pub fn value_at(&self, key: &Key, height: u64) -> Option<Option<Bytes>> {
        let written = self.young.get(key).or_else(|| self.old.get(key))?;
        (written.height <= height).then(|| written.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;

    fn block(height: u64, changes: Vec<(Key, Option<Bytes>)>) -> FinalBlock {
        let header = alloy_consensus::Header { number: height, ..Default::default() };
        FinalBlock { height, hash: B256::ZERO, header, time_ms: 0, transactions: Vec::new(), changes, size_bytes: 0 }
    }

    #[test]
    fn the_newest_write_is_told_at_its_height_and_later_and_what_was_before_is_not_guessed() {
        let (key, other) = (Key::repeat_byte(1), Key::repeat_byte(2));
        let mut fresh = Fresh::default();
        let blocks = [block(1, vec![(key, Some(vec![1].into()))]), block(2, vec![(key, None)]), block(3, vec![(other, None)])];
        fresh.written(blocks.iter(), Some(2));
        assert_eq!(fresh.height(), Some(2));
        assert_eq!(fresh.value_at(&key, 2), Some(None), "deleted");
        assert_eq!(fresh.value_at(&key, 1), None, "the file knows");
        assert_eq!(fresh.value_at(&other, 9), None, "the file has not taken block 3");
        fresh.written(blocks.iter(), Some(3));
        assert_eq!(fresh.value_at(&other, 3), Some(None));
    }

    #[test]
    fn what_was_asked_is_known_until_a_block_says_otherwise() {
        let key = Key::repeat_byte(1);
        let mut fresh = Fresh::default();
        fresh.written(std::iter::empty(), Some(5));
        fresh.learn(key, 4, None);
        assert_eq!(fresh.value_at(&key, 5), None, "block 5 came while the file was asked");
        fresh.learn(key, 5, None);
        assert_eq!((fresh.value_at(&key, 5), fresh.value_at(&key, 4)), (Some(None), None));
        fresh.written([block(6, vec![(key, Some(vec![6].into()))])].iter(), Some(6));
        fresh.learn(key, 6, None);
        assert_eq!(fresh.value_at(&key, 6), Some(Some(vec![6].into())), "what a block wrote is not overwritten");
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let mut fresh = Fresh::default();
        let key = |n: usize| Key::from(alloy_primitives::U256::from(n));
        for height in 0..5 {
            let base = height as usize * FRESH_MAX;
            let changes = (base..base + FRESH_MAX).map(|n| (key(n), None)).collect();
            fresh.written([block(height, changes)].iter(), Some(height));
        }
        assert!(fresh.young.len() + fresh.old.len() <= 2 * FRESH_MAX);
        assert_eq!(fresh.value_at(&key(0), 9), None);
        assert_eq!(fresh.value_at(&key(5 * FRESH_MAX - 1), 9), Some(None));
    }
}
