//! That a block has a transaction with a receipt, and the receipt a log: Ethereum's tries over both.

use crate::{Fact, Header, Refused};
use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable as _, Header as Rlp};
use alloy_trie::{Nibbles, nodes::TrieNode, proof::verify_proof};

/// A place in a block and the nodes that lead there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Index of the transaction in the block; a system transaction counts.
    pub index: u32,
    /// Index within the receipt of the log that is meant, where one is.
    pub log_index: Option<u32>,
    /// Nodes of the trie over transactions, from the root to the leaf.
    pub transaction: Vec<Bytes>,
    /// Nodes of the trie over receipts, from the root to the leaf.
    pub receipt: Vec<Bytes>,
}

pub(crate) fn check(receipt: &Receipt, header: &Header) -> Result<Fact, Refused> {
    let index = receipt.index;
    let transaction = leaf(index, &receipt.transaction, header.transactions_root)?;
    let bytes = leaf(index, &receipt.receipt, header.receipts_root)?;
    match receipt.log_index {
        None => Ok(Fact::Receipt { index, transaction, receipt: bytes }),
        Some(log_index) => Ok(Fact::Log { index, transaction, log_index, log: log(&bytes, log_index)? }),
    }
}

/// What stands at `index` under `root`.
fn leaf(index: u32, nodes: &[Bytes], root: B256) -> Result<Bytes, Refused> {
    let last = nodes.last().ok_or(Refused::Trie("there are no nodes"))?;
    let Ok(TrieNode::Leaf(leaf)) = TrieNode::decode(&mut &last[..]) else {
        return Err(Refused::Trie("the last node is no leaf"));
    };
    let key = Nibbles::unpack(alloy_rlp::encode_fixed_size(&index));
    verify_proof(root, key, Some(leaf.value.clone()), nodes).map_err(|_| Refused::Trie("the nodes do not lead to the leaf"))?;
    Ok(leaf.value.into())
}

/// The log at `index` of a receipt: the last of four fields has them all.
fn log(receipt: &[u8], index: u32) -> Result<Bytes, Refused> {
    let wrong = |_| Refused::Trie("the receipt is none");
    let mut fields = match receipt.first() {
        Some(kind) if *kind < 0x80 => &receipt[1..],
        _ => receipt,
    };
    let mut fields = Rlp::decode_bytes(&mut fields, true).map_err(wrong)?;
    for _ in 0..3 {
        Rlp::decode_bytes(&mut fields, false).map_err(wrong)?;
    }
    let mut logs = Rlp::decode_bytes(&mut fields, true).map_err(wrong)?;
    let mut number = 0;
    while !logs.is_empty() {
        let before = logs;
        Rlp::decode_bytes(&mut logs, true).map_err(wrong)?;
        if number == index {
            return Ok(Bytes::copy_from_slice(&before[..before.len() - logs.len()]));
        }
        number += 1;
    }
    Err(Refused::Trie("the receipt has no such log"))
}
