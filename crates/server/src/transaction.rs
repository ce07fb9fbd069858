//! Transactions, receipts and requests as JSON: Ethereum's form, and what type 0x76 adds to it.
//!
//! A batch is readable by clients that have never heard of batches: `to` and `input` are its first call's, `value` that of all
//! calls, `v`, `r`, `s` and `yParity` stand for every kind of key. There is no `signature` object, because ethers would take
//! it for its own; the sender's signature as it was sent is `senderSignature`.

use crate::key_authorization::RpcKeyAuthorization;
use alloy_primitives::{Address, B256, Bytes, U64, U128, U256};
use alloy_rpc_types_eth::{AccessList, AnyReceiptEnvelope, Log, Transaction, TransactionReceipt, TransactionRequest};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What `eth_getTransactionByHash` and blocks give.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RpcTransaction {
    Ethereum(Box<Transaction>),
    Batch(Box<BatchTransaction>),
}

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchCall {
    pub to: Option<Address>,
    pub value: U256,
    pub input: Bytes,
}

/// An ECDSA signature of either curve; on P-256 the parity says nothing and is 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EcdsaSignature {
    pub r: U256,
    pub s: U256,
    pub y_parity: U64,
    pub v: U64,
}

/// A transaction of type 0x76.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchTransaction {
    pub hash: B256,
    pub r#type: U64,
    pub from: Address,
    pub chain_id: U64,
    pub nonce: U64,
    pub nonce_key: U256,
    pub gas: U64,
    /// What was paid: 0.
    pub gas_price: U64,
    pub max_fee_per_gas: U128,
    pub max_priority_fee_per_gas: U128,
    /// Of the first call.
    pub to: Option<Address>,
    /// Of all calls.
    pub value: U256,
    /// Of the first call.
    pub input: Bytes,
    pub calls: Vec<BatchCall>,
    pub access_list: AccessList,
    /// Seconds since 1970-01-01 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_after: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_before: Option<U64>,
    /// Whose allowance is used.
    pub fee_payer: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_payer_signature: Option<EcdsaSignature>,
    /// `secp256k1`, `p256` or `webAuthn`.
    pub signature_type: &'static str,
    /// The sender's, as it was sent.
    pub sender_signature: Bytes,
    #[serde(flatten)]
    pub signature: EcdsaSignature,
    /// The access key by which the sender acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_authorization: Option<RpcKeyAuthorization>,
    pub block_hash: Option<B256>,
    pub block_number: Option<U64>,
    pub transaction_index: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_timestamp: Option<U64>,
}

/// A receipt of any type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcReceipt {
    #[serde(flatten)]
    pub receipt: TransactionReceipt<AnyReceiptEnvelope<Log>>,
    /// Who paid in the sender's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_payer: Option<Address>,
    /// By which access key the sender acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<Address>,
}

/// What `eth_call` and `eth_estimateGas` are asked, with what viem adds for type 0x76. What else it adds says nothing here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRequest {
    #[serde(flatten)]
    pub single: TransactionRequest,
    /// A batch; `to`, `value` and `data` beside it are not looked at.
    #[serde(default)]
    pub calls: Option<Vec<RequestedCall>>,
    #[serde(default)]
    pub nonce_key: Option<U256>,
    /// `secp256k1`, `p256` or `webAuthn`.
    #[serde(default)]
    pub key_type: Option<String>,
    /// With a passkey: a big-endian number of 1, 2 or 4 bytes that says how long its signature will be.
    #[serde(default)]
    pub key_data: Option<Bytes>,
    /// The access key that will sign, of the kind `key_type`; left out: the account's own.
    #[serde(default)]
    pub key_id: Option<Address>,
    #[serde(default)]
    pub key_authorization: Option<RpcKeyAuthorization>,
}

/// One call of a requested batch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RequestedCall {
    #[serde(default)]
    pub to: Option<Address>,
    #[serde(default, deserialize_with = "quantity")]
    pub value: U256,
    #[serde(default, alias = "input")]
    pub data: Bytes,
}

/// Bytes of a passkey's answer where a request does not say how long it will be.
const PASSKEY_BYTES_DEFAULT: u64 = 800;

impl CallRequest {
    /// Bytes of the passkey's answer that the estimate has to reckon with.
    pub fn webauthn_bytes(&self) -> u64 {
        if self.key_type.as_deref() != Some("webAuthn") {
            return 0;
        }
        match self.key_data.as_ref().map(|hint| &hint[..]) {
            Some(hint @ ([_] | [_, _] | [_, _, _, _])) => hint.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
            _ => PASSKEY_BYTES_DEFAULT,
        }
    }
}

/// viem writes 0 as `0x`.
pub(crate) fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(U256::ZERO),
        Value::String(empty) if empty == "0x" => Ok(U256::ZERO),
        other => U256::deserialize(other).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_of_viem_is_read() {
        let asked = json!({
            "from": "0xdd143b92d4be0b3b91b3c808ec00e63eb88da3a6", "nonce": "0x5", "type": "0x76", "chainId": "0x4f24",
            "calls": [
                { "to": "0x00000000000000000000000000000000000000aa", "value": "0x", "data": "0x01" },
                { "value": "0x2", "input": "0x02" },
            ],
            "validBefore": "0x6b065ba4", "nonceKey": "0xff", "keyType": "webAuthn", "keyData": "0x0578", "feePayer": true,
            "keyId": "0x00000000000000000000000000000000000000bb",
            "keyAuthorization": {
                "chainId": "0x", "expiry": "0x6b065ba4", "keyId": "0x00000000000000000000000000000000000000bb", "keyType": "p256",
                "limits": [{ "token": "0x00000000000000000000000000000000000000cc", "limit": "0x5", "period": "0xe10" }],
                "allowedCalls": [
                    { "target": "0x00000000000000000000000000000000000000cc", "selectorRules": [{ "selector": "0xa9059cbb" }] },
                    { "target": "0x00000000000000000000000000000000000000dd" },
                ],
                "signature": { "type": "secp256k1", "r": "0x1", "s": "0x2", "yParity": "0x0" },
            },
        });
        let request: CallRequest = serde_json::from_value(asked).unwrap();
        let calls = request.calls.as_deref().unwrap();
        assert_eq!((calls[0].to, calls[0].value), (Some(Address::with_last_byte(0xaa)), U256::ZERO));
        assert_eq!((calls[1].to, calls[1].value, &calls[1].data[..]), (None, U256::from(2), &[2u8][..]));
        assert_eq!((request.nonce_key, request.single.nonce), (Some(U256::from(0xff)), Some(5)));
        assert_eq!(request.webauthn_bytes(), 0x578);
        assert_eq!(request.key_id, Some(Address::with_last_byte(0xbb)));
        let grant = request.key_authorization.unwrap();
        let scopes = grant.allowed_calls.as_deref().unwrap();
        assert_eq!((scopes[0].selector_rules[0].selector.0, scopes[1].selector_rules.len()), ([0xa9, 0x05, 0x9c, 0xbb], 0));
        assert_eq!(grant.limits.unwrap()[0].period, Some(U64::from(3_600)));
        let plain: CallRequest = serde_json::from_value(json!({ "to": "0x00000000000000000000000000000000000000aa" })).unwrap();
        assert_eq!((plain.calls.is_none(), plain.webauthn_bytes()), (true, 0));
    }
}
