//! A key authorisation as JSON, in the form that viem gives and reads.

use crate::transaction::quantity;
use alloy_primitives::{Address, B256, Bytes, FixedBytes, U64, U256};
use serde::{Deserialize, Serialize};

/// What `eth_estimateGas` is asked with, and what blocks give. Fields that are left out allow everything, as Tempo has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcKeyAuthorization {
    #[serde(default, deserialize_with = "quantity")]
    pub chain_id: U256,
    pub key_id: Address,
    /// `secp256k1`, `p256` or `webAuthn`.
    pub key_type: String,
    /// Seconds since 1970-01-01 UTC.
    #[serde(default)]
    pub expiry: Option<U64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<RpcLimit>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_calls: Option<Vec<RpcScope>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Address>,
    /// Not there in a question, whose signature is not looked at.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub signature: Option<RpcKeySignature>,
}

/// A signature with the key that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum RpcKeySignature {
    #[serde(rename = "secp256k1")]
    Secp256k1 { r: U256, s: U256, y_parity: U64 },
    #[serde(rename = "p256")]
    P256 { r: B256, s: B256, pub_key_x: B256, pub_key_y: B256, pre_hash: bool },
    #[serde(rename = "webAuthn")]
    WebAuthn { r: B256, s: B256, pub_key_x: B256, pub_key_y: B256, webauthn_data: Bytes },
}

/// How much of one credit may leave by the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcLimit {
    pub token: Address,
    /// Minor units.
    #[serde(deserialize_with = "quantity")]
    pub limit: U256,
    /// Seconds; left out: once in the key's life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<U64>,
}

/// What of one target the key may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RpcScope {
    pub target: Address,
    /// Left out: everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selector_rules: Vec<RpcSelector>,
}

/// One function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpcSelector {
    pub selector: FixedBytes<4>,
    /// Keys of this chain bind no recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Address>,
}
