//! A node, asked over JSON-RPC: what it answers, and how a transaction is signed, sent and waited for.

use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::{eip2718::Encodable2718 as _, eip2930::AccessList};
use alloy_primitives::{Address, B256, Bytes, Log, LogData, Signature, TxKind, U64, U256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use dure_api::batch::{Batch, Call, KeySignature, SenderSignature, SignedBatch, access_key_hash};
use jsonrpsee::core::{ClientError, client::ClientT, params::ArrayParams};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::OnceCell;

/// Longest wait for one answer.
pub const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Longest wait for a transaction to become final.
pub const FINAL_MAX: Duration = Duration::from_secs(60);
/// Between two questions whether a transaction is final: at first, when it may be any moment, doubled up to the longest.
const ASK_AGAIN_FIRST: Duration = Duration::from_millis(20);
const ASK_AGAIN_MAX: Duration = Duration::from_millis(160);
/// Gas beyond one and a half times the estimate: the state moves between the estimate and the block, and what is not used is
/// given back.
const GAS_SPARE: u64 = 100_000;
/// Blocks that one question for logs spans.
const LOG_BLOCKS: u64 = 50_000;

/// Why a node gave no answer, or not the one that was hoped for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NodeError {
    #[error("`{url}` is no node's address: {why}")]
    Address { url: String, why: String },
    #[error("no node answers at {url}")]
    Unreachable { url: String },
    #[error("{url} did not answer within {} s", ANSWER_MAX.as_secs())]
    Slow { url: String },
    /// The node understood, and said no.
    #[error("{0}")]
    Refused(String),
    /// A rule said no; the bytes are its Solidity error.
    #[error("{}", crate::chain::words(.0))]
    Reverted(Bytes),
    #[error("the answer of {url} is not understood: {why}")]
    Misunderstood { url: String, why: String },
    #[error("transaction {0} is not final after a minute")]
    NotFinal(B256),
    #[error("the key does not sign: {0}")]
    Unsigned(String),
}

impl NodeError {
    /// Whether asking again later may help without anybody changing anything.
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. } | Self::NotFinal(_))
    }
}

/// A node's address, and the connection to it.
#[derive(Clone, Debug)]
pub struct Node {
    client: HttpClient,
    url: String,
    /// Asked once: a chain keeps it.
    chain_id: Arc<OnceCell<u64>>,
}

/// The newest block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub height: u64,
    pub hash: B256,
    /// Of the block before it: the newest that every later block remembers, and that a question about now knows too.
    pub parent_hash: B256,
    /// Consensus time in whole seconds, as milliseconds since 1970-01-01 UTC.
    pub time_ms: u64,
}

/// A transaction that is final.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub hash: B256,
    pub height: u64,
    pub success: bool,
    pub gas_used: u64,
    /// As JSON-RPC gives them.
    pub logs: Value,
    pub created: Option<Address>,
}

/// A log, the height of its block, and the transaction that it is of.
#[derive(Clone, Debug)]
pub struct SeenLog {
    pub height: u64,
    /// None: of what the block itself does.
    pub transaction: Option<B256>,
    pub log: Log,
}

impl Node {
    /// # Errors
    /// [`NodeError::Address`]. Whether anybody answers there shows with the first question.
    pub fn new(url: &str) -> Result<Self, NodeError> {
        let built = HttpClientBuilder::default().request_timeout(ANSWER_MAX).build(url);
        let client = built.map_err(|error| NodeError::Address { url: url.to_owned(), why: error.to_string() })?;
        Ok(Self { client, url: url.to_owned(), chain_id: Arc::default() })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls `method`.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, params: &[Value]) -> Result<T, NodeError> {
        let mut all = ArrayParams::new();
        for param in params {
            all.insert(param).map_err(|error| self.misunderstood(error))?;
        }
        self.client.request(method, all).await.map_err(|error| self.error(error))
    }

    fn misunderstood(&self, why: impl ToString) -> NodeError {
        NodeError::Misunderstood { url: self.url.clone(), why: why.to_string() }
    }

    fn error(&self, error: ClientError) -> NodeError {
        let url = self.url.clone();
        match error {
            ClientError::Call(refused) => {
                let data = refused.data().and_then(|data| serde_json::from_str::<Bytes>(data.get()).ok());
                data.map_or_else(|| NodeError::Refused(refused.message().to_owned()), NodeError::Reverted)
            }
            ClientError::ParseError(error) => self.misunderstood(error),
            ClientError::RequestTimeout => NodeError::Slow { url },
            _ => NodeError::Unreachable { url },
        }
    }

    /// # Errors
    /// As [`Self::ask`].
    pub async fn chain_id(&self) -> Result<u64, NodeError> {
        let asked = async || Ok(self.ask::<U64>("eth_chainId", &[]).await?.to());
        self.chain_id.get_or_try_init(asked).await.copied()
    }

    /// # Errors
    /// As [`Self::ask`].
    pub async fn head(&self) -> Result<Head, NodeError> {
        let block: Value = self.ask("eth_getBlockByNumber", &[json!("latest"), json!(false)]).await?;
        let hash = |name: &str| serde_json::from_value(block[name].clone()).map_err(|error| self.misunderstood(error));
        let (hash, parent_hash) = (hash("hash")?, hash("parentHash")?);
        Ok(Head {
            height: number(&block["number"]),
            hash,
            parent_hash,
            time_ms: number(&block["timestamp"]).saturating_mul(1_000),
        })
    }

    /// Asks `eth_call` at the state that `at` names.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn call(&self, from: Address, to: Address, data: &Bytes, at: &Value) -> Result<Bytes, NodeError> {
        self.ask("eth_call", &[json!({ "from": from, "to": to, "data": data }), at.clone()]).await
    }

    /// Signs with `key`, sends, and waits until the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`]; a transaction that would fail is refused before it is sent.
    pub async fn send(&self, key: &PrivateKeySigner, to: TxKind, data: Bytes, value: U256) -> Result<Receipt, NodeError> {
        let from = key.address();
        let mut request = json!({ "from": from, "data": data, "value": value });
        if let TxKind::Call(to) = to {
            request["to"] = json!(to);
        }
        let gas_limit = self.gas_limit(request).await?;
        let nonce: U64 = self.ask("eth_getTransactionCount", &[json!(from), json!("pending")]).await?;
        let transaction = TxEip1559 {
            chain_id: self.chain_id().await?,
            nonce: nonce.to(),
            gas_limit,
            to,
            value,
            input: data,
            ..TxEip1559::default() // gas costs nothing
        };
        let signature = sign(key, &transaction.signature_hash())?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        self.hand_in(envelope.encoded_2718()).await
    }

    /// As [`Self::send`], for `account`, by `key`, which is an access key of it. Nothing else that the account sends waits for
    /// this: nonces are of a sequence that no other key takes, and the gas is of the key's own account where that has more left.
    ///
    /// # Errors
    /// As [`Self::send`]; also where the key may not.
    pub async fn send_for(
        &self,
        account: Address,
        key: &PrivateKeySigner,
        to: Address,
        data: Bytes,
    ) -> Result<Receipt, NodeError> {
        let nonce_key = U256::from_be_slice(key.address().as_slice());
        let call = json!({ "to": to, "data": data });
        let asked = json!({
            "from": account, "calls": [call], "nonceKey": nonce_key, "keyId": key.address(), "keyType": "secp256k1",
        });
        let gas_limit = self.gas_limit(asked).await?;
        let nonce: U64 = self.ask("dure_nonce", &[json!(account), json!(nonce_key)]).await?;
        let mut batch = Batch {
            chain_id: self.chain_id().await?,
            max_priority_fee_per_gas: 0, // gas costs nothing
            max_fee_per_gas: 0,
            gas_limit,
            calls: vec![Call { to: TxKind::Call(to), value: U256::ZERO, input: data }],
            access_list: AccessList::default(),
            nonce_key,
            nonce: nonce.to(),
            valid_before_s: None,
            valid_after_s: None,
            fee_payer_signature: None,
            key_authorization: None,
        };
        if self.allowance_gas(key.address()).await? >= self.allowance_gas(account).await? {
            batch.fee_payer_signature = Some(sign(key, &batch.fee_payer_hash(account))?);
        }
        let signature = sign(key, &access_key_hash(batch.sender_hash(), account))?;
        let signature = SenderSignature { account: Some(account), key: KeySignature::Secp256k1(signature) };
        self.hand_in(SignedBatch::new(batch, signature).encoded()).await
    }

    /// What is reserved for a transaction; what it asks for is refused here where it would fail.
    async fn gas_limit(&self, request: Value) -> Result<u64, NodeError> {
        let estimate: U64 = self.ask("eth_estimateGas", &[request]).await?;
        Ok(estimate.to::<u64>().saturating_mul(3) / 2 + GAS_SPARE)
    }

    /// Gas that an account may use now.
    async fn allowance_gas(&self, account: Address) -> Result<u64, NodeError> {
        let known: Value = self.ask("dure_account", &[json!(account)]).await?;
        known["allowanceGas"].as_u64().ok_or_else(|| self.misunderstood("an account's allowance"))
    }

    async fn hand_in(&self, raw: Vec<u8>) -> Result<Receipt, NodeError> {
        let hash: B256 = self.ask("eth_sendRawTransaction", &[json!(Bytes::from(raw))]).await?;
        self.wait(hash).await
    }

    /// Waits until a transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`], or [`NodeError::NotFinal`].
    pub async fn wait(&self, hash: B256) -> Result<Receipt, NodeError> {
        let (since, mut pause) = (Instant::now(), ASK_AGAIN_FIRST);
        while since.elapsed() < FINAL_MAX {
            if let Some(receipt) = self.receipt(hash).await? {
                return Ok(receipt);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(ASK_AGAIN_MAX);
        }
        Err(NodeError::NotFinal(hash))
    }

    /// The receipt, once the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, NodeError> {
        let found: Option<Value> = self.ask("eth_getTransactionReceipt", &[json!(hash)]).await?;
        Ok(found.map(|receipt| Receipt {
            hash,
            height: number(&receipt["blockNumber"]),
            success: number(&receipt["status"]) == 1,
            gas_used: number(&receipt["gasUsed"]),
            logs: receipt["logs"].clone(),
            created: serde_json::from_value(receipt["contractAddress"].clone()).ok(),
        }))
    }

    /// Logs of `address` from height `from` to `to`, both included, in their order; `topics` as in `eth_getLogs`.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn logs(&self, address: Address, topics: &Value, from: u64, to: u64) -> Result<Vec<SeenLog>, NodeError> {
        let mut all = Vec::new();
        let (mut from, mut blocks) = (from, LOG_BLOCKS);
        while from <= to {
            let last = to.min(from.saturating_add(blocks - 1));
            let (first, end) = (U64::from(from), U64::from(last));
            let filter = json!({ "address": address, "topics": topics, "fromBlock": first, "toBlock": end });
            let found: Vec<Value> = match self.ask("eth_getLogs", &[filter]).await {
                // Mostly there are more of them than one answer holds.
                Err(NodeError::Refused(_)) if last > from => {
                    blocks = (last - from).div_ceil(2);
                    continue;
                }
                found => found?,
            };
            for value in &found {
                all.push(seen(value).ok_or_else(|| self.misunderstood("a log"))?);
            }
            from = last.saturating_add(1);
        }
        Ok(all)
    }
}

fn sign(key: &PrivateKeySigner, hash: &B256) -> Result<Signature, NodeError> {
    key.sign_hash_sync(hash).map_err(|error| NodeError::Unsigned(error.to_string()))
}

/// One log as JSON-RPC gives it.
pub fn seen(value: &Value) -> Option<SeenLog> {
    let address = serde_json::from_value(value["address"].clone()).ok()?;
    let topics: Vec<B256> = serde_json::from_value(value["topics"].clone()).ok()?;
    let data: Bytes = serde_json::from_value(value["data"].clone()).ok()?;
    let transaction = serde_json::from_value(value["transactionHash"].clone()).ok()?;
    Some(SeenLog { height: number(&value["blockNumber"]), transaction, log: Log { address, data: LogData::new(topics, data)? } })
}

fn number(value: &Value) -> u64 {
    serde_json::from_value::<U64>(value.clone()).unwrap_or_default().to()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    /// A node with a log in each block, which gives at most `most` of them at once.
    async fn answer(mut stream: TcpStream, most: u64) {
        let (mut heard, mut buffer) = (Vec::new(), [0; 4_096]);
        let asked: Value = loop {
            let read = stream.read(&mut buffer).await.expect("a request");
            assert!(read > 0, "it is not whole");
            heard.extend_from_slice(&buffer[..read]);
            let body = heard.windows(4).position(|end| end == b"\r\n\r\n").map(|at| &heard[at + 4..]);
            if let Some(asked) = body.and_then(|body| serde_json::from_slice(body).ok()) {
                break asked;
            }
        };
        let filter = &asked["params"][0];
        let (from, to) = (number(&filter["fromBlock"]), number(&filter["toBlock"]));
        let log = |height| json!({ "address": Address::ZERO, "topics": [], "data": "0x", "transactionHash": null, "blockNumber": U64::from(height) });
        let mut said = json!({ "jsonrpc": "2.0", "id": asked["id"] });
        if to - from < most {
            said["result"] = (from..=to).map(log).collect();
        } else {
            said["error"] = json!({ "code": -32_000, "message": "more logs match; ask for fewer blocks" });
        }
        let body = said.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("answered");
    }

    #[tokio::test]
    async fn more_logs_than_one_answer_holds_are_asked_for_in_parts() {
        for (most, good) in [(1_000, true), (7, true), (1, true), (0, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let node = Node::new(&format!("http://{}", listener.local_addr().expect("bound"))).expect("a node");
            let server = tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    answer(stream, most).await;
                }
            });
            let found = node.logs(Address::ZERO, &json!([]), 5, 104).await;
            let heights = found.map(|logs| logs.iter().map(|log| log.height).collect::<Vec<_>>());
            assert_eq!(heights.ok(), good.then(|| (5..=104).collect()), "{most} at once");
            server.abort();
        }
    }
}
