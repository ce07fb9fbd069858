//! Checks a proof file: that a validator set made a block final, and that the block's state or receipts say what the file claims.
//!
//! This crate never asks a node, a network or a clock, and never needs the standard library: `scripts/test` builds it for a target that has none.
//! docs/proofs.md has the format byte by byte; `@dure/sdk/proof` is the same in TypeScript. What is trusted is the [`Anchor`] alone, so it must
//! not come from whoever gave the file.

#![no_std]

extern crate alloc;

mod certificate;
mod header;
mod state;
mod trie;
mod wire;

pub use certificate::{Certificate, quorum};
pub use header::Header;
pub use state::{Place, Span, Subject, check as check_state};
pub use trie::Receipt;
pub use wire::{CHECKSUM_BYTES, Claim, FILE_MAX_BYTES, Proof, checksum};

use alloc::vec::Vec;
use alloy_primitives::{B256, Bytes};

/// What a reader of proofs trusts, from the community's genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Hash of block 0.
    pub genesis: B256,
    /// Public keys (ed25519) of those who vote, in ascending order.
    pub validators: Vec<B256>,
}

/// What a file has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The block whose state or receipts are spoken of.
    pub header: Header,
    /// The block that the certificate names: that one or one after it.
    pub certified: Header,
    /// How many validators signed.
    pub signers: usize,
    pub fact: Fact,
}

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The subject held this after the block.
    Held { subject: Subject, value: Bytes },
    /// The subject held nothing after the block.
    Absent { subject: Subject },
    /// The block has this transaction (EIP-2718) at `index`, with this receipt (EIP-2718).
    Receipt { index: u32, transaction: Bytes, receipt: Bytes },
    /// That receipt has this log (RLP) at `log_index`, counted within the receipt.
    Log { index: u32, transaction: Bytes, log_index: u32, log: Bytes },
}

/// Why a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is no proof file: it does not begin with `dure proof 1`")]
    NoProof,
    #[error("the file is damaged: its checksum differs; get it again")]
    Damaged,
    #[error("the file is cut short or has something too much")]
    Length,
    #[error("the file has more {what} than {most}")]
    TooMany { what: &'static str, most: usize },
    #[error("the file has a kind of claim that this version does not know: {0}")]
    Kind(u8),
    #[error("the file is not written the one way it can be written: {0}")]
    NotCanonical(&'static str),
    #[error("the proof is of the chain {found}, and {expected} was asked for")]
    OtherChain { expected: B256, found: B256 },
    #[error("a header is none")]
    Header,
    #[error("the headers do not follow one another up to the certified one")]
    Gap,
    #[error("{found} validators signed, and {needed} are needed")]
    Quorum { found: usize, needed: usize },
    #[error("somebody signed who is no validator: number {0}")]
    NoValidator(u8),
    #[error("the signature of validator number {0} is not good")]
    Signature(u8),
    #[error("the state does not prove it: {0}")]
    State(&'static str),
    #[error("the receipts do not prove it: {0}")]
    Trie(&'static str),
}

/// Checks `file` against what is trusted.
///
/// # Errors
/// Why it proves nothing.
pub fn check(file: &[u8], anchor: &Anchor) -> Result<Proven, Refused> {
    let proof = Proof::decode(file)?;
    if proof.genesis != anchor.genesis {
        return Err(Refused::OtherChain { expected: anchor.genesis, found: proof.genesis });
    }
    let headers = proof.headers.iter().map(|bytes| Header::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
    let (Some(first), Some(last)) = (headers.first(), headers.last()) else { return Err(Refused::Length) };
    if headers.windows(2).any(|pair| pair[1].parent != pair[0].hash || Some(pair[1].height) != pair[0].height.checked_add(1)) {
        return Err(Refused::Gap);
    }
    certificate::check(&proof.certificate, anchor, &last.hash)?;
    let fact = match proof.claim {
        Claim::State { subject, span, place } => state::check(subject, &span, &place, &first.state_root)?,
        Claim::Receipt(receipt) => trie::check(&receipt, first)?,
    };
    Ok(Proven { signers: proof.certificate.signatures.len(), header: *first, certified: *last, fact })
}
