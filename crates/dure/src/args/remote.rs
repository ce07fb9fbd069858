//! How a command speaks to a node: where it is, what it answers, and how a transaction is signed, sent and waited for.

use super::refusal;
use crate::say::Problem;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256, hex};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use jsonrpsee::core::{ClientError, client::ClientT, params::ArrayParams};
use jsonrpsee::http_client::{HttpClient, HttpClientBuilder};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Longest wait for a transaction to become final.
const FINAL_MAX: Duration = Duration::from_secs(60);
/// Between two questions whether a transaction is final.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The node that a command talks to.
#[derive(clap::Args, Clone, Debug)]
pub struct Remote {
    /// The node's address.
    #[arg(long, value_name = "URL", env = "DURE_RPC", default_value = "http://localhost:8545")]
    pub rpc: String,
}

/// A connection to a node.
#[derive(Clone)]
pub struct Node {
    client: HttpClient,
    url: String,
}

/// A transaction that is final.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub hash: B256,
    pub height: u64,
    pub success: bool,
    pub gas_used: u64,
    pub logs: Value,
    pub created: Option<Address>,
}

impl Remote {
    /// # Errors
    /// Where the address is no URL.
    pub fn connect(&self) -> Result<Node, Problem> {
        let client = HttpClientBuilder::default().request_timeout(ANSWER_MAX).build(&self.rpc).map_err(|error| {
            Problem::usage(format!("`{}` is no node's address: {error}", self.rpc)).hint("write it as http://localhost:8545")
        })?;
        Ok(Node { client, url: self.rpc.clone() })
    }
}

impl Node {
    /// Calls `method`.
    ///
    /// # Errors
    /// Where no node answers, or it answers with an error.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, params: &[Value]) -> Result<T, Problem> {
        let mut all = ArrayParams::new();
        for param in params {
            all.insert(param).map_err(Problem::fault)?;
        }
        self.client.request(method, all).await.map_err(|error| self.problem(error))
    }

    fn problem(&self, error: ClientError) -> Problem {
        match error {
            ClientError::Call(refused) => {
                let data: Option<Value> = refused.data().and_then(|data| serde_json::from_str(data.get()).ok());
                let reason = data
                    .as_ref()
                    .and_then(Value::as_str)
                    .and_then(|text| hex::decode(text).ok())
                    .map(|bytes| refusal::sentence(&bytes));
                Problem::refused(reason.unwrap_or_else(|| refused.message().to_owned()))
            }
            ClientError::ParseError(error) => Problem::fault(format!("the answer of {} is not understood: {error}", self.url)),
            ClientError::RequestTimeout => {
                Problem::unreachable(format!("{} did not answer within {} s", self.url, ANSWER_MAX.as_secs()))
            }
            _ => Problem::unreachable(format!("no node answers at {}", self.url))
                .hint("start one with `dure dev`, or name another with --rpc URL"),
        }
    }

    /// # Errors
    /// As [`Self::ask`].
    pub async fn chain_id(&self) -> Result<u64, Problem> {
        Ok(self.ask::<U64>("eth_chainId", &[]).await?.to())
    }

    /// Asks `eth_call` at the newest state.
    ///
    /// # Errors
    /// As [`Self::ask`]; a revert is the refusal in words.
    pub async fn call(&self, from: Option<Address>, to: Address, data: &Bytes, at: &Value) -> Result<Bytes, Problem> {
        let from = from.unwrap_or_default();
        self.ask("eth_call", &[json!({ "from": from, "to": to, "data": data }), at.clone()]).await
    }

    /// Signs with `key`, sends, and waits until the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`]; a transaction that would fail is refused before it is sent, in words.
    pub async fn send(&self, key: &PrivateKeySigner, to: TxKind, data: Bytes, value: U256) -> Result<Receipt, Problem> {
        let from = key.address();
        let mut request = json!({ "from": from, "data": data, "value": value });
        if let TxKind::Call(to) = to {
            request["to"] = json!(to);
        }
        let gas: U64 = self.ask("eth_estimateGas", &[request]).await?;
        let nonce: U64 = self.ask("eth_getTransactionCount", &[json!(from), json!("pending")]).await?;
        let transaction = TxEip1559 {
            chain_id: self.chain_id().await?,
            nonce: nonce.to(),
            gas_limit: gas.to::<u64>() + gas.to::<u64>() / 4, // the state may move between the estimate and the block
            to,
            value,
            input: data,
            ..TxEip1559::default() // gas costs nothing
        };
        let signature = key.sign_hash_sync(&transaction.signature_hash()).map_err(Problem::fault)?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        let hash: B256 = self.ask("eth_sendRawTransaction", &[json!(Bytes::from(envelope.encoded_2718()))]).await?;
        self.wait(hash).await
    }

    /// Waits until a transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`], or when it takes longer than a minute.
    pub async fn wait(&self, hash: B256) -> Result<Receipt, Problem> {
        let since = Instant::now();
        while since.elapsed() < FINAL_MAX {
            if let Some(receipt) = self.receipt(hash).await? {
                return Ok(receipt);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        Err(Problem::unreachable(format!("transaction {hash} is not final after {} s", FINAL_MAX.as_secs()))
            .hint(format!("ask again later: dure tx --receipt {hash}")))
    }

    /// The receipt, once the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Problem> {
        let found: Option<Value> = self.ask("eth_getTransactionReceipt", &[json!(hash)]).await?;
        let number = |value: &Value| serde_json::from_value::<U64>(value.clone()).unwrap_or_default().to::<u64>();
        Ok(found.map(|receipt| Receipt {
            hash,
            height: number(&receipt["blockNumber"]),
            success: number(&receipt["status"]) == 1,
            gas_used: number(&receipt["gasUsed"]),
            logs: receipt["logs"].clone(),
            created: serde_json::from_value(receipt["contractAddress"].clone()).ok(),
        }))
    }
}

impl Receipt {
    pub fn json(&self) -> impl Serialize + use<> {
        json!({
            "hash": self.hash, "height": self.height, "success": self.success, "gasUsed": self.gas_used,
            "contractAddress": self.created, "logs": self.logs,
        })
    }
}

/// Runs `work` on a runtime of its own, until it ends or the person presses Ctrl-C.
///
/// # Errors
/// What `work` says, or that the system gives no runtime.
pub fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Problem::fault)?.block_on(work)
}
