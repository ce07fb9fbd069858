//! Records of one kind: typed keys, borsh values, a bound on their size.

use crate::{Draft, Key, Source, Stop};
use alloy_primitives::{Bytes, keccak256};
use borsh::{BorshDeserialize, BorshSerialize};
use std::marker::PhantomData;

/// What a table holds. A record carries its own identity (an order its id, a balance its account), so that a proof of the
/// record says what it is about and an audit can read a dump of all records without knowing the keys.
pub trait Record: BorshSerialize + BorshDeserialize {
    /// Largest encoding in bytes; every field that varies has a bound that adds up to this.
    const MAX_BYTES: u32;
}

/// A kind of record. The tag is the first byte of every key of the table and never changes once a chain has used it.
pub struct Table<K, V> {
    pub tag: u8,
    pub name: &'static str,
    types: PhantomData<fn(&K) -> V>,
}

impl<K: BorshSerialize, V: Record> Table<K, V> {
    pub const fn new(tag: u8, name: &'static str) -> Self {
        Self { tag, name, types: PhantomData }
    }

    /// Tag byte, then the first 31 bytes of keccak256(tag ‖ borsh(id)).
    pub fn key(&self, id: &K) -> Key {
        let mut preimage = vec![self.tag];
        preimage.extend(encode(id));
        let mut key = keccak256(preimage);
        key.0.copy_within(0..31, 1);
        key.0[0] = self.tag;
        key
    }

    /// # Errors
    /// What the source says, or [`Stop::Corrupt`] where the bytes are not such a record.
    pub fn get(&self, source: &mut (impl Source + ?Sized), id: &K) -> Result<Option<V>, Stop> {
        let key = self.key(id);
        let Some(bytes) = source.read(key)? else { return Ok(None) };
        V::try_from_slice(&bytes).map(Some).map_err(|_| Stop::Corrupt(key))
    }

    pub fn put(&self, draft: &mut Draft<'_>, id: &K, record: &V) {
        let bytes = encode(record);
        // The bounds of its fields add up to it, and each is held where the field is set. So only tests look: a node does the
        // same however it was built.
        #[cfg(test)]
        assert!(bytes.len() <= V::MAX_BYTES as usize, "{}: {} bytes", self.name, bytes.len());
        draft.write(self.key(id), Some(Bytes::from(bytes)));
    }

    pub fn remove(&self, draft: &mut Draft<'_>, id: &K) {
        draft.write(self.key(id), None);
    }

    /// Every record of this table in a dump of all records, in key order. For audits and for tests.
    ///
    /// # Errors
    /// [`Stop::Corrupt`] at the first record that does not decode.
    pub fn scan(&self, all: &crate::Memory) -> Result<Vec<V>, Stop> {
        let mut first = Key::ZERO;
        first.0[0] = self.tag;
        all.0
            .range(first..)
            .take_while(|(key, _)| key.0[0] == self.tag)
            .map(|(key, bytes)| V::try_from_slice(bytes).map_err(|_| Stop::Corrupt(*key)))
            .collect()
    }
}

/// Borsh into a vector cannot fail: the only errors are those of the writer and of lengths over 2³².
fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).unwrap_or_default()
}
