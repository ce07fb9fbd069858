//! What the index keeps, in the form that clients read.

use crate::asked::{kind_name, rpc_key_authorization};
use crate::history::{FinalBlock, FinalTransaction, PlacedLog};
use alloy_consensus::{Eip658Value, Receipt, transaction::Recovered};
use alloy_primitives::{Address, B256, Signature, U64, U128, U256};
use alloy_rpc_types_eth::{AnyReceiptEnvelope, Header, Log, Transaction, TransactionReceipt};
use dure_api::batch::{BATCH_TYPE, Call, KeySignature, SignedBatch};
use dure_execution::Envelope;
use dure_server::{BatchCall, BatchTransaction, EcdsaSignature, RpcReceipt, RpcTransaction};
use std::num::NonZeroU64;

pub fn rpc_header(block: &FinalBlock) -> Header {
    Header {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: Some(U256::ZERO),
        size: Some(U256::from(block.size_bytes)),
    }
}

pub fn rpc_log(placed: PlacedLog) -> Log {
    Log {
        inner: placed.log,
        block_hash: Some(placed.block_hash),
        block_number: Some(placed.height),
        block_timestamp: Some(placed.block_time_ms / 1_000),
        transaction_hash: Some(placed.transaction_hash),
        transaction_index: Some(placed.transaction_index),
        log_index: Some(placed.log_index),
        removed: false,
    }
}

/// Where a transaction stands; nowhere while it waits.
#[derive(Clone, Copy, Default)]
struct Place {
    block_hash: Option<B256>,
    block_number: Option<u64>,
    index: Option<u64>,
    timestamp_s: Option<u64>,
}

/// Whom a transaction names.
struct Names {
    from: Address,
    payer: Address,
    access_key: Option<Address>,
}

pub fn rpc_transaction(block: &FinalBlock, index: u64, transaction: &FinalTransaction) -> RpcTransaction {
    let place = Place {
        block_hash: Some(block.hash),
        block_number: Some(block.height),
        index: Some(index),
        timestamp_s: Some(block.header.timestamp),
    };
    let FinalTransaction { from, payer, access_key, .. } = *transaction;
    rpc_envelope(&transaction.envelope, Names { from, payer: payer.unwrap_or(from), access_key }, place)
}

/// A transaction of the pool.
pub fn rpc_waiting(waiting: &dure_execution::Transaction) -> RpcTransaction {
    let names = Names { from: waiting.signer(), payer: waiting.payer(), access_key: waiting.access_key() };
    rpc_envelope(waiting.envelope(), names, Place::default())
}

fn rpc_envelope(envelope: &Envelope, names: Names, place: Place) -> RpcTransaction {
    match envelope {
        Envelope::Ethereum(envelope) => RpcTransaction::Ethereum(Box::new(Transaction {
            inner: Recovered::new_unchecked(envelope.clone(), names.from),
            block_hash: place.block_hash,
            block_number: place.block_number,
            transaction_index: place.index,
            effective_gas_price: Some(0),
            block_timestamp: place.timestamp_s,
        })),
        Envelope::Batch(signed) => RpcTransaction::Batch(Box::new(rpc_batch(signed, names, place))),
    }
}

fn rpc_batch(signed: &SignedBatch, names: Names, place: Place) -> BatchTransaction {
    let SignedBatch { batch, signature, hash } = signed;
    let first = batch.calls.first();
    let seconds = |bound: Option<NonZeroU64>| bound.map(|bound| U64::from(bound.get()));
    let call = |call: &Call| BatchCall { to: call.to.to().copied(), value: call.value, input: call.input.clone() };
    BatchTransaction {
        hash: *hash,
        r#type: U64::from(BATCH_TYPE),
        from: names.from,
        chain_id: U64::from(batch.chain_id),
        nonce: U64::from(batch.nonce),
        nonce_key: batch.nonce_key,
        gas: U64::from(batch.gas_limit),
        gas_price: U64::ZERO,
        max_fee_per_gas: U128::from(batch.max_fee_per_gas),
        max_priority_fee_per_gas: U128::from(batch.max_priority_fee_per_gas),
        to: first.and_then(|call| call.to.to().copied()),
        value: batch.value(),
        input: first.map(|call| call.input.clone()).unwrap_or_default(),
        calls: batch.calls.iter().map(call).collect(),
        access_list: batch.access_list.clone(),
        valid_after: seconds(batch.valid_after_s),
        valid_before: seconds(batch.valid_before_s),
        fee_payer: names.payer,
        fee_payer_signature: batch.fee_payer_signature.as_ref().map(rpc_secp256k1),
        signature_type: kind_name(signature.key.kind()),
        sender_signature: signature.encoded().into(),
        signature: rpc_signature(&signature.key),
        access_key: names.access_key,
        key_authorization: batch.key_authorization.as_ref().map(rpc_key_authorization),
        block_hash: place.block_hash,
        block_number: place.block_number.map(U64::from),
        transaction_index: place.index.map(U64::from),
        block_timestamp: place.timestamp_s.map(U64::from),
    }
}

fn rpc_signature(signature: &KeySignature) -> EcdsaSignature {
    match signature {
        KeySignature::Secp256k1(signature) => rpc_secp256k1(signature),
        KeySignature::P256 { signature, .. } | KeySignature::WebAuthn { signature, .. } => {
            let (r, s) = signature.rs.split_at(32);
            ecdsa(U256::from_be_slice(r), U256::from_be_slice(s), false)
        }
    }
}

pub fn rpc_secp256k1(signature: &Signature) -> EcdsaSignature {
    ecdsa(signature.r(), signature.s(), signature.v())
}

fn ecdsa(r: U256, s: U256, odd: bool) -> EcdsaSignature {
    let parity = U64::from(odd);
    EcdsaSignature { r, s, y_parity: parity, v: parity }
}

pub fn rpc_receipts(block: &FinalBlock) -> Vec<RpcReceipt> {
    let mut logs = crate::chain::logs_of(block).peekable();
    let receipt = |(index, transaction): (usize, &FinalTransaction)| {
        let mut own = Vec::with_capacity(transaction.logs.len());
        while let Some(log) = logs.next_if(|log| log.transaction_index == index as u64) {
            own.push(rpc_log(log));
        }
        let plain = Receipt {
            status: Eip658Value::Eip658(transaction.success),
            cumulative_gas_used: transaction.cumulative_gas_used,
            logs: own,
        };
        let receipt = TransactionReceipt {
            inner: AnyReceiptEnvelope { inner: plain.into(), r#type: transaction.envelope.ty() },
            transaction_hash: transaction.hash,
            transaction_index: Some(index as u64),
            block_hash: Some(block.hash),
            block_number: Some(block.height),
            gas_used: transaction.gas_used,
            effective_gas_price: 0,
            blob_gas_used: None,
            blob_gas_price: None,
            from: transaction.from,
            to: transaction.envelope.calls().next().and_then(|(to, _)| to),
            contract_address: transaction.created,
        };
        RpcReceipt { receipt, fee_payer: transaction.payer, access_key: transaction.access_key }
    };
    block.transactions.iter().enumerate().map(receipt).collect()
}
