//! The fields of a block's header that a proof speaks of (docs/headers.md).

use crate::Refused;
use alloy_primitives::{B256, keccak256};
use alloy_rlp::Header as Rlp;

/// Fields of a header, up to the newest of Ethereum's forks that Dure's headers have.
const FIELDS: usize = 21;

/// What a proof takes from a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// keccak256 of the RLP.
    pub hash: B256,
    pub parent: B256,
    pub state_root: B256,
    pub transactions_root: B256,
    pub receipts_root: B256,
    pub height: u64,
    /// Consensus time, whole seconds since 1970-01-01 UTC.
    pub time_s: u64,
}

impl Header {
    /// # Errors
    /// [`Refused::Header`] where the bytes are not the RLP of a header.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refused> {
        let mut rest = bytes;
        let mut list = Rlp::decode_bytes(&mut rest, true).map_err(|_| Refused::Header)?;
        let mut fields = [&[][..]; FIELDS];
        for field in &mut fields {
            *field = Rlp::decode_bytes(&mut list, false).map_err(|_| Refused::Header)?;
        }
        if !rest.is_empty() || !list.is_empty() {
            return Err(Refused::Header);
        }
        let hash = |place: usize| B256::try_from(fields[place]).map_err(|_| Refused::Header);
        let number = |place: usize| {
            let bytes: &[u8] = fields[place];
            (bytes.len() <= 8 && bytes.first() != Some(&0)).then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
        };
        Ok(Self {
            hash: keccak256(bytes),
            parent: hash(0)?,
            state_root: hash(3)?,
            transactions_root: hash(4)?,
            receipts_root: hash(5)?,
            height: number(8).ok_or(Refused::Header)?,
            time_s: number(11).ok_or(Refused::Header)?,
        })
    }
}
