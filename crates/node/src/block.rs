//! A block in our own encoding, so that no change of a dependency strands anybody's chain.
//!
//! A block is what consensus agrees on: its context, the results that every validator reproduces, and the transactions. Its
//! digest is keccak256 of a standard Ethereum header. What that header has no field for is hashed into `extraData`; see
//! docs/headers.md for the mapping byte by byte. The digest binds the transactions at once, before anything is executed,
//! because the commitment in `extraData` covers a hash of their bytes: nobody can send another body under the same name.

use crate::state::{Digest, Family, hash_of};
use alloy_primitives::{B256, Bloom, Bytes, keccak256};
use bytes::BufMut;
use commonware_codec::{Buf, Encode, EncodeSize, Error, FixedSize, MaxEncodeSize, Read, ReadExt as _, Write, varint::UInt};
use commonware_consensus::{
    Block as ConsensusBlock, BoundedBlock, CertifiableBlock, Heightable,
    simplex::types::Context,
    types::{Epoch, Height, Round, View},
};
use commonware_cryptography::{Digest as _, Digestible, Hasher, Sha256, Signer as _, ed25519};
use commonware_storage::merkle::Location;
use commonware_utils::range::NonEmptyRange;
use dure_execution::{BlockEnv, Header, HeaderParts, Mode, Outcome, TRANSACTION_MAX_BYTES};
use std::sync::Arc;

/// Most transactions of a block.
pub const TRANSACTIONS_MAX: usize = 16_384;
/// Most bytes of all transactions of a block, each with four for its length.
pub const BODY_MAX_BYTES: usize = 4 << 20;

/// Who proposed the block, in which round, on which parent.
pub type BlockContext = Context<Digest, ed25519::PublicKey>;
/// From the oldest operation that a sync needs to the end of the database's log.
pub type OperationRange = NonEmptyRange<Location<Family>>;

/// What executing a block gave; every validator must find the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    /// Canonical root of the database after the block.
    pub state_root: B256,
    /// Root over the database's operations: what a state sync is checked against.
    pub operations_root: Digest,
    pub transactions_root: B256,
    pub receipts_root: B256,
    pub bloom: Bloom,
    pub gas_used: u64,
}

/// The transactions of a block in order, in their EIP-2718 form, without the system transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    transactions: Arc<[Bytes]>,
    /// SHA-256 over the encoded body.
    hash: Digest,
    bytes: usize,
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub context: BlockContext,
    pub height: Height,
    /// Consensus time, milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
    pub gas_limit: u64,
    pub results: Results,
    pub range: OperationRange,
    pub body: Body,
}

impl Body {
    /// # Errors
    /// A body beyond [`TRANSACTIONS_MAX`], [`BODY_MAX_BYTES`], or with a transaction beyond [`TRANSACTION_MAX_BYTES`].
    pub fn new(transactions: Vec<Bytes>) -> Result<Self, Error> {
        let bytes = transactions.iter().map(|transaction| transaction.len() + u32::SIZE).sum::<usize>();
        if transactions.len() > TRANSACTIONS_MAX || bytes > BODY_MAX_BYTES {
            return Err(Error::InvalidLength(bytes));
        }
        if let Some(long) = transactions.iter().find(|transaction| transaction.len() > TRANSACTION_MAX_BYTES as usize) {
            return Err(Error::InvalidLength(long.len()));
        }
        let mut hasher = Sha256::default();
        for transaction in &transactions {
            hasher.update(&(transaction.len() as u32).to_be_bytes());
            hasher.update(transaction);
        }
        Ok(Self { transactions: transactions.into(), hash: hasher.finalize().1, bytes })
    }

    pub fn transactions(&self) -> &[Bytes] {
        &self.transactions
    }
}

impl Block {
    /// The block before the first: the state of an empty database, and a commitment to who votes and to the records that block 1 writes.
    ///
    /// `committed` is the hash of the chain id, the validators and those records, and stands where other blocks have that of their receipts.
    pub fn genesis(time_ms: u64, gas_limit: u64, committed: B256, target: &crate::state::SyncTarget, state_root: B256) -> Self {
        let body = Body { transactions: Arc::from([]), hash: Sha256::hash(&[]), bytes: 0 };
        Self {
            context: Context {
                round: Round::new(Epoch::zero(), View::zero()),
                leader: ed25519::PrivateKey::from_seed(0).public_key(), // nobody proposed it: a key that everybody knows
                parent: (View::zero(), Digest::EMPTY),
            },
            height: Height::zero(),
            time_ms,
            gas_limit,
            results: Results {
                state_root,
                operations_root: target.root,
                transactions_root: alloy_consensus::EMPTY_ROOT_HASH,
                receipts_root: committed,
                bloom: Bloom::ZERO,
                gas_used: 0,
            },
            range: target.range.clone(),
            body,
        }
    }

    /// The Ethereum header whose hash names this block.
    pub fn header(&self) -> Header {
        let env = BlockEnv {
            chain_id: 0, // not part of a header
            number: self.height.get(),
            time_ms: self.time_ms,
            parent_hash: hash_of(&self.context.parent.1),
            gas_limit: self.gas_limit,
            recent_hashes: Vec::new(),
            mode: Mode::Verify,
        };
        let outcome = Outcome {
            changes: Vec::new(),
            transactions: Vec::new(),
            receipts: Vec::new(),
            included: Vec::new(),
            skipped: Vec::new(),
            gas_used: self.results.gas_used,
            bloom: self.results.bloom,
            tx_root: self.results.transactions_root,
            receipts_root: self.results.receipts_root,
        };
        dure_execution::header(&env, &outcome, HeaderParts { state_root: self.results.state_root, commitment: self.commitment() })
    }

    /// keccak256 of the RLP of [`Self::header`].
    pub fn hash(&self) -> B256 {
        self.header().hash_slow()
    }

    /// Hash over what the header has no field for, in the order of docs/headers.md.
    pub fn commitment(&self) -> B256 {
        let mut bytes = b"dure block 1".to_vec();
        bytes.extend(self.context.encode());
        bytes.extend(self.time_ms.to_be_bytes());
        bytes.extend(self.results.operations_root.as_ref());
        bytes.extend(self.range.start().to_be_bytes());
        bytes.extend(self.range.end().to_be_bytes());
        bytes.extend(self.body.hash.as_ref());
        keccak256(bytes)
    }
}

impl Write for Body {
    fn write(&self, buf: &mut impl BufMut) {
        (self.transactions.len() as u32).write(buf);
        for transaction in self.transactions.iter() {
            (transaction.len() as u32).write(buf);
            buf.put_slice(transaction);
        }
    }
}

impl EncodeSize for Body {
    fn encode_size(&self) -> usize {
        u32::SIZE + self.bytes
    }
}

impl Read for Body {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, _: &()) -> Result<Self, Error> {
        let count = u32::read(buf)? as usize;
        if count > TRANSACTIONS_MAX {
            return Err(Error::InvalidLength(count));
        }
        let mut transactions = Vec::with_capacity(count);
        let mut total = 0;
        for _ in 0..count {
            let bytes = u32::read(buf)? as usize;
            total += bytes + u32::SIZE;
            if total > BODY_MAX_BYTES {
                return Err(Error::InvalidLength(total));
            }
            if buf.remaining() < bytes {
                return Err(Error::EndOfBuffer);
            }
            transactions.push(Bytes::from(buf.copy_to_bytes(bytes)));
        }
        Self::new(transactions)
    }
}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        self.context.write(buf);
        UInt(self.height.get()).write(buf);
        self.time_ms.write(buf);
        self.gas_limit.write(buf);
        buf.put_slice(self.results.state_root.as_slice());
        self.results.operations_root.write(buf);
        buf.put_slice(self.results.transactions_root.as_slice());
        buf.put_slice(self.results.receipts_root.as_slice());
        buf.put_slice(self.results.bloom.as_slice());
        self.results.gas_used.write(buf);
        self.range.write(buf);
        self.body.write(buf);
    }
}

/// Bytes of the fields whose size never varies: two counts and the time, four hashes, the bloom.
const FIXED_BYTES: usize = 3 * u64::SIZE + 4 * 32 + 256;

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        self.context.encode_size()
            + UInt(self.height.get()).encode_size()
            + FIXED_BYTES
            + self.range.encode_size()
            + self.body.encode_size()
    }
}

impl Read for Block {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, _: &()) -> Result<Self, Error> {
        let context = Context::read(buf)?;
        let height = Height::new(UInt::<u64>::read(buf)?.0);
        let (time_ms, gas_limit) = (u64::read(buf)?, u64::read(buf)?);
        let results = Results {
            state_root: <[u8; 32]>::read(buf)?.into(),
            operations_root: Digest::read(buf)?,
            transactions_root: <[u8; 32]>::read(buf)?.into(),
            receipts_root: <[u8; 32]>::read(buf)?.into(),
            bloom: <[u8; 256]>::read(buf)?.into(),
            gas_used: u64::read(buf)?,
        };
        Ok(Self { context, height, time_ms, gas_limit, results, range: NonEmptyRange::read(buf)?, body: Body::read(buf)? })
    }
}

impl Digestible for Block {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        Digest::from(self.hash().0)
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        self.height
    }
}

impl ConsensusBlock for Block {
    fn parent(&self) -> Digest {
        self.context.parent.1
    }
}

impl CertifiableBlock for Block {
    type Context = BlockContext;

    fn context(&self) -> BlockContext {
        self.context.clone()
    }
}

impl BoundedBlock for Block {
    fn max_encode_size(_: &()) -> usize {
        BlockContext::MAX_ENCODE_SIZE
            + UInt::<u64>::MAX_ENCODE_SIZE
            + FIXED_BYTES
            + OperationRange::MAX_ENCODE_SIZE
            + u32::SIZE
            + BODY_MAX_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commonware_codec::DecodeExt as _;
    use commonware_utils::non_empty_range;
    use proptest::{prelude::*, sample::Index};

    fn block(transactions: Vec<Bytes>) -> Block {
        let target = crate::state::SyncTarget::new(Digest::from([3; 32]), non_empty_range!(Location::new(4), Location::new(9)));
        let mut block = Block::genesis(1_767_225_600_123, 30_000_000, B256::repeat_byte(5), &target, B256::repeat_byte(6));
        block.height = Height::new(77);
        block.body = Body::new(transactions).expect("a small body");
        block
    }

    #[test]
    fn a_block_comes_back_from_its_bytes() {
        for transactions in
            [vec![], vec![Bytes::from(vec![1; 110])], (0..50u8).map(|i| Bytes::from(vec![i; i as usize])).collect()]
        {
            let block = block(transactions);
            let bytes = block.encode();
            assert_eq!(bytes.len(), block.encode_size());
            let back = Block::decode(bytes.clone()).expect("own bytes");
            assert_eq!((&back, back.digest()), (&block, block.digest()));
            assert!(Block::decode(bytes.slice(..bytes.len() - 1)).is_err(), "a cut block is refused");
        }
    }

    /// Some changes of a byte, or an end; lengths that claim much are among them.
    fn changed(mut bytes: Vec<u8>, changes: &[(Index, u8, bool)]) -> Vec<u8> {
        for (at, byte, cut) in changes {
            let at = at.index(bytes.len());
            if *cut { bytes.truncate(at + 1) } else { bytes[at] = *byte }
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), failure_persistence: None, ..Default::default() })]

        #[test]
        fn a_peers_bytes_never_panic(
            lengths in prop::collection::vec(0..90usize, 0..5), changes in prop::collection::vec((any::<Index>(), any::<u8>(), any::<bool>()), 0..4),
            rubbish in prop::collection::vec(any::<u8>(), 0..700),
        ) {
            let block = block(lengths.iter().map(|length| Bytes::from(vec![0x5a; *length])).collect());
            for bytes in [changed(block.encode().to_vec(), &changes), rubbish] {
                if let Ok(back) = Block::decode(bytes.clone()) {
                    prop_assert_eq!(back.encode().to_vec(), bytes);
                }
            }
        }
    }

    #[test]
    fn every_part_of_a_block_changes_its_digest() {
        let good = block(vec![Bytes::from(vec![1; 110])]);
        let mut others = vec![block(vec![]), block(vec![Bytes::from(vec![2; 110])])];
        let mut change = |edit: &dyn Fn(&mut Block)| {
            let mut other = good.clone();
            edit(&mut other);
            others.push(other);
        };
        change(&|b| b.time_ms += 1);
        change(&|b| b.height = Height::new(78));
        change(&|b| b.gas_limit += 1);
        change(&|b| b.context.round = Round::new(Epoch::zero(), View::new(1)));
        change(&|b| b.context.leader = ed25519::PrivateKey::from_seed(1).public_key());
        change(&|b| b.context.parent = (View::zero(), Digest::from([9; 32])));
        change(&|b| b.context.parent = (View::new(1), b.context.parent.1));
        change(&|b| b.results.state_root.0[0] ^= 1);
        change(&|b| b.results.operations_root = Digest::from([8; 32]));
        change(&|b| b.results.transactions_root.0[0] ^= 1);
        change(&|b| b.results.receipts_root.0[0] ^= 1);
        change(&|b| b.results.bloom.0[0] ^= 1);
        change(&|b| b.results.gas_used += 1);
        change(&|b| b.range = non_empty_range!(Location::new(5), Location::new(9)));
        change(&|b| b.range = non_empty_range!(Location::new(4), Location::new(10)));
        let mut digests: Vec<_> = others.iter().chain([&good]).map(Digestible::digest).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 16 + 2);
    }

    #[test]
    fn two_bodies_with_the_same_bytes_cut_elsewhere_differ() {
        let bytes = |parts: &[usize]| block(parts.iter().map(|n| Bytes::from(vec![7; *n])).collect()).digest();
        assert_ne!(bytes(&[3, 5]), bytes(&[5, 3]));
    }

    #[test]
    fn a_body_beyond_its_bounds_is_refused() {
        assert!(Body::new(vec![Bytes::new(); TRANSACTIONS_MAX + 1]).is_err());
        assert!(Body::new(vec![Bytes::from(vec![0; TRANSACTION_MAX_BYTES as usize + 1])]).is_err());
        let full = BODY_MAX_BYTES / (TRANSACTION_MAX_BYTES as usize + u32::SIZE);
        assert!(Body::new(vec![Bytes::from(vec![0; TRANSACTION_MAX_BYTES as usize]); full + 1]).is_err());
        let largest = block(vec![Bytes::from(vec![0; TRANSACTION_MAX_BYTES as usize]); full]);
        assert!(largest.encode_size() <= Block::max_encode_size(&()));
    }

    #[test]
    fn the_commitment_of_a_block_never_moves() {
        let block = block(vec![Bytes::from(vec![1; 110])]);
        assert_eq!(block.commitment().to_string(), "0xca7e8c5080ee697d03ea97808255f7dff67feba9ad7108a5d8befe51fccd1f79");
        assert_eq!(block.header().extra_data.as_ref(), block.commitment().as_slice());
    }
}
