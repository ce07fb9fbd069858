//! How a command speaks to a node, and what it says when no good answer comes.

use super::refusal;
use crate::say::Problem;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_signer_local::PrivateKeySigner;
pub use dure_gateways::node::Receipt;
use dure_gateways::{
    config::ConfigError,
    home::HomeError,
    node::{self, NodeError},
    shop::ShopError,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The node that a command talks to.
#[derive(clap::Args, Clone, Debug)]
pub struct Remote {
    /// The node's address.
    #[arg(long, value_name = "URL", env = "DURE_RPC", default_value = "http://localhost:8545", global = true)]
    pub rpc: String,
}

/// A connection to a node, whose errors are words for a person.
#[derive(Clone)]
pub struct Node(pub node::Node);

impl Remote {
    /// # Errors
    /// Where the address is no URL.
    pub fn connect(&self) -> Result<Node, Problem> {
        Ok(Node(node::Node::new(&self.rpc)?))
    }
}

impl From<NodeError> for Problem {
    fn from(error: NodeError) -> Self {
        match &error {
            NodeError::Address { .. } => Self::usage(&error).hint("write it as http://localhost:8545"),
            NodeError::Reverted(bytes) => Self::refused(refusal::sentence(bytes)),
            NodeError::Refused(_) => Self::refused(&error),
            NodeError::Unreachable { .. } => {
                Self::unreachable(&error).hint("start one with `dure dev`, or name another with --rpc URL")
            }
            NodeError::NotFinal(hash) => Self::unreachable(&error).hint(format!("ask again later: dure tx --receipt {hash}")),
            NodeError::Slow { .. } => Self::unreachable(&error),
            NodeError::Misunderstood { .. } | NodeError::Unsigned(_) => Self::fault(&error),
        }
    }
}

impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Node(error) => error.into(),
            HomeError::Key(_) | HomeError::File { .. } | HomeError::Seal(_) => Self::usage(error),
            HomeError::Book(_) => Self::unreachable(error),
            HomeError::NoOffer(_) | HomeError::Code(_) => Self::refused(error),
        }
    }
}

impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::Node(error) => error.into(),
            ShopError::Key(_) | ShopError::Seal(_) | ShopError::Terms(_) => Self::usage(error),
            ShopError::NotOurs(_) => Self::refused(error),
        }
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        Self::usage(&error).hint(error.hint.as_deref().unwrap_or("see docs/gateways.md for every key"))
    }
}

impl Node {
    /// Calls `method`.
    ///
    /// # Errors
    /// Where no node answers, or it answers with an error.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, params: &[Value]) -> Result<T, Problem> {
        Ok(self.0.ask(method, params).await?)
    }

    /// Asks `eth_call` at the state that `at` names.
    ///
    /// # Errors
    /// As [`Self::ask`]; a revert is the refusal in words.
    pub async fn call(&self, from: Option<Address>, to: Address, data: &Bytes, at: &Value) -> Result<Bytes, Problem> {
        Ok(self.0.call(from.unwrap_or_default(), to, data, at).await?)
    }

    /// Signs with `key`, sends, and waits until the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`]; a transaction that would fail is refused before it is sent, in words.
    pub async fn send(&self, key: &PrivateKeySigner, to: TxKind, data: Bytes, value: U256) -> Result<Receipt, Problem> {
        Ok(self.0.send(key, to, data, value).await?)
    }

    /// The receipt, once the transaction is final.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Problem> {
        Ok(self.0.receipt(hash).await?)
    }
}

/// A receipt as `--json` gives it.
pub fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "hash": receipt.hash, "height": receipt.height, "success": receipt.success, "gasUsed": receipt.gas_used,
        "contractAddress": receipt.created, "logs": receipt.logs,
    })
}

/// Runs `work` on a runtime of its own, until it ends or the person presses Ctrl-C.
///
/// # Errors
/// What `work` says, or that the system gives no runtime.
pub fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Problem::fault)?.block_on(work)
}
