//! That a key held a value, or nothing, in the one database of a chain (commonware's `qmdb::current`, ordered, over a Merkle
//! mountain range with SHA-256).
//!
//! The database is a log of operations. An update bears its key, its value and the next key in order, and a bit says whether it
//! still holds. The tree over the operations is an MMR; where 256 operations are complete, their bits are hashed into the node above
//! them. The canonical root is over the root of all operations, the root of that tree, and the bits of the last, open 256.

use crate::{Fact, Refused, certificate::varint};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes, keccak256};
use sha2::{Digest as _, Sha256};

/// Height of the node that covers as many operations as a chunk has bits.
const CHUNK_HEIGHT: u32 = 8;
const CHUNK_BITS: u64 = 1 << CHUNK_HEIGHT;
/// Most operations of a database (a position must fit in 63 bits).
const LEAVES_MAX: u64 = 1 << 62;
/// First byte of an operation that writes.
const UPDATE: u8 = 0xd2;
/// A mountain range, whose peaks are folded from the newest one back.
const DOMAIN: [u8; 2] = [0, 1];

/// What a state is asked about: a table and the identity within it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Tag of the table (docs/proofs.md lists them).
    pub tag: u8,
    /// Identity as the table's key is made of it.
    pub id: Bytes,
}

impl Subject {
    /// Tag byte, then the first 31 bytes of keccak256(tag ‖ id).
    pub fn key(&self) -> B256 {
        let mut key = keccak256([&[self.tag], &self.id[..]].concat());
        key.0.copy_within(0..31, 1);
        key.0[0] = self.tag;
        key
    }
}

/// An operation that holds: the value of a key, and the next key that has one, around the end to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub key: B256,
    pub value: Bytes,
    pub next_key: B256,
}

impl Span {
    fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.value.len() + 70);
        bytes.push(UPDATE);
        bytes.extend(self.key);
        varint(self.value.len() as u64, &mut bytes);
        bytes.extend(&self.value);
        bytes.extend(self.next_key);
        bytes
    }

    /// Whether `key` lies strictly between this key and the next.
    fn leaves_out(&self, key: &B256) -> bool {
        let (after, before) = (*key > self.key, *key < self.next_key);
        if self.key < self.next_key { after && before } else { *key != self.key && (after || before) }
    }
}

/// Where an operation stands, and what leads from there to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub location: u64,
    /// Operations of the database.
    pub leaves: u64,
    /// Peaks, from the oldest, below which nothing holds any more.
    pub inactive_peaks: u8,
    /// Digests of other nodes, in the order that docs/proofs.md gives.
    pub digests: Vec<B256>,
    /// The bits of the 256 operations around this one.
    pub chunk: [u8; 32],
    /// Root over all operations, without the bits.
    pub operations_root: B256,
    /// SHA-256 of the bits of the last 256 operations, where those are not complete.
    pub open_chunk: Option<B256>,
}

/// Checks what a state with this root says of `subject`.
///
/// # Errors
/// [`Refused::State`] where it says nothing.
pub fn check(subject: Subject, span: &Span, place: &Place, root: &B256) -> Result<Fact, Refused> {
    if canonical_root(&span.encoded(), place)? != *root {
        return Err(Refused::State("the path ends at another root"));
    }
    let key = subject.key();
    if span.key == key {
        Ok(Fact::Held { subject, value: span.value.clone() })
    } else if span.leaves_out(&key) {
        Ok(Fact::Absent { subject })
    } else {
        Err(Refused::State("the key does not lie between the two that are shown"))
    }
}

/// A perfect subtree of the range.
#[derive(Clone, Copy)]
struct Subtree {
    first_leaf: u64,
    height: u32,
}

impl Subtree {
    /// Number of the subtree's top node among all nodes.
    const fn position(self) -> u64 {
        // Before leaf n stand 2n nodes, less one for each bit of n: the peaks that are still open.
        2 * self.first_leaf - self.first_leaf.count_ones() as u64 + (2 << self.height) - 2
    }

    const fn has(self, leaf: u64) -> bool {
        leaf >= self.first_leaf && leaf - self.first_leaf < 1 << self.height
    }
}

/// The peaks over `leaves`, from the oldest and highest.
fn peaks(leaves: u64) -> Vec<Subtree> {
    let mut first_leaf = 0;
    let heights = (0..64).rev().filter(|height| leaves >> height & 1 == 1);
    let peaks = heights.map(|height| {
        let peak = Subtree { first_leaf, height };
        first_leaf += 1 << height;
        peak
    });
    peaks.collect()
}

struct Path<'a> {
    place: &'a Place,
    operation: &'a [u8],
    digests: core::slice::Iter<'a, B256>,
}

impl Path<'_> {
    fn next(&mut self) -> Result<B256, Refused> {
        self.digests.next().copied().ok_or(Refused::State("a digest is missing"))
    }

    /// The digest of a subtree: walked where it has the operation, else taken from the proof.
    fn digest(&mut self, tree: Subtree) -> Result<B256, Refused> {
        if !tree.has(self.place.location) {
            return self.next();
        }
        let position = tree.position().to_be_bytes();
        if tree.height == 0 {
            return Ok(sha256(&[&position, self.operation]));
        }
        let height = tree.height - 1;
        let left = self.digest(Subtree { first_leaf: tree.first_leaf, height })?;
        let right = self.digest(Subtree { first_leaf: tree.first_leaf + (1 << height), height })?;
        let node = sha256(&[&position, left.as_slice(), right.as_slice()]);
        Ok(if tree.height == CHUNK_HEIGHT { sha256(&[&self.place.chunk, node.as_slice()]) } else { node })
    }
}

fn canonical_root(operation: &[u8], place: &Place) -> Result<B256, Refused> {
    let Place { location, leaves, .. } = *place;
    if leaves > LEAVES_MAX || location >= leaves {
        return Err(Refused::State("the operation stands outside the database"));
    }
    let bit = location % CHUNK_BITS;
    if place.chunk[bit as usize / 8] >> (bit % 8) & 1 == 0 {
        return Err(Refused::State("the operation no longer holds"));
    }
    let tree_root = tree_root(operation, place)?;
    let mut parts = [place.operations_root.as_slice(), tree_root.as_slice()].concat();
    let open = leaves % CHUNK_BITS;
    match place.open_chunk {
        None if open == 0 => {}
        Some(chunk) if open != 0 => {
            if location / CHUNK_BITS == leaves / CHUNK_BITS && chunk != sha256(&[&place.chunk]) {
                return Err(Refused::State("the bits are not those of the last operations"));
            }
            parts.extend(open.to_be_bytes());
            parts.extend(chunk);
        }
        _ => return Err(Refused::State("the bits of the last operations are missing or too many")),
    }
    Ok(sha256(&[&parts]))
}

/// The root of the tree into which the bits are hashed.
///
/// The proof gives, in this order: the inactive peaks before the operation's, folded; the active ones before it, each; the inactive
/// ones after it, each; the active ones after it, folded; then the siblings within the operation's peak.
fn tree_root(operation: &[u8], place: &Place) -> Result<B256, Refused> {
    let peaks = peaks(place.leaves);
    let inactive = usize::from(place.inactive_peaks);
    if inactive > peaks.len() {
        return Err(Refused::State("more peaks are inactive than there are"));
    }
    let own = peaks.iter().position(|peak| peak.has(place.location)).ok_or(Refused::State("no peak has the operation"))?;
    let folded_before = inactive.min(own);
    let listed_after = inactive.saturating_sub(own + 1);
    let folded_after = peaks.len() - own - 1 - listed_after;
    let mut path = Path { place, operation, digests: place.digests.iter() };
    let before = usize::from(folded_before > 0) + own - folded_before;
    let after = listed_after + usize::from(folded_after > 0);
    let mut all = (0..before).map(|_| path.next()).collect::<Result<Vec<_>, _>>()?;
    let later = (0..after).map(|_| path.next()).collect::<Result<Vec<_>, _>>()?;
    all.push(path.digest(peaks[own])?);
    all.extend(later);
    if path.digests.len() > 0 {
        return Err(Refused::State("there are digests that lead nowhere"));
    }

    // Inactive peaks are folded from the oldest on, the others from the newest back.
    let to_fold = inactive - folded_before.saturating_sub(1);
    let (oldest, active) = all.split_at(to_fold.max(1));
    let oldest = oldest.iter().copied().reduce(|sum, peak| sha256(&[sum.as_slice(), peak.as_slice()]));
    let newest = active.iter().rev().copied().reduce(|sum, peak| sha256(&[peak.as_slice(), sum.as_slice()]));
    let mut parts = DOMAIN.to_vec();
    parts.extend(place.leaves.to_be_bytes());
    if inactive > 0 {
        parts.extend((inactive as u64).to_be_bytes());
    }
    let folded = match (oldest, newest) {
        (Some(oldest), Some(newest)) => sha256(&[oldest.as_slice(), newest.as_slice()]),
        (Some(oldest), None) => oldest,
        (None, _) => return Err(Refused::State("there is no peak")),
    };
    parts.extend(folded);
    Ok(sha256(&[&parts]))
}

fn sha256(parts: &[&[u8]]) -> B256 {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    B256::from_slice(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn nodes_are_numbered_as_in_a_mountain_range() {
        // Leaves 0, 1 under 2; 3, 4 under 5; both under 6; 7, 8 under 9.
        let at = |first_leaf, height| Subtree { first_leaf, height }.position();
        assert_eq!(
            [at(0, 0), at(1, 0), at(0, 1), at(2, 0), at(3, 0), at(2, 1), at(0, 2), at(4, 0), at(4, 1)],
            [0, 1, 2, 3, 4, 5, 6, 7, 9]
        );
        let heights: Vec<_> = peaks(0b1101).iter().map(|peak| (peak.first_leaf, peak.height)).collect();
        assert_eq!(heights, vec![(0, 3), (8, 2), (12, 0)]);
    }

    #[test]
    fn a_span_leaves_out_what_lies_between() {
        let key = B256::repeat_byte;
        let span = |from, to| Span { key: key(from), value: Bytes::new(), next_key: key(to) };
        let left_out = |span: Span| (0..10).filter(|byte| span.leaves_out(&key(*byte))).collect::<Vec<u8>>();
        assert_eq!(left_out(span(2, 5)), vec![3, 4]);
        assert_eq!(left_out(span(7, 3)), vec![0, 1, 2, 8, 9]);
        assert_eq!(left_out(span(4, 4)), vec![0, 1, 2, 3, 5, 6, 7, 8, 9]);
    }
}
