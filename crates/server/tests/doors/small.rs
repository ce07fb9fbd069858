//! A node that knows nothing: it says its height, works for a while when it is called, and tells of blocks.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::{AccessListResult, Block, BlockId, Filter, Log, state::StateOverride};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use dure_server::{
    Account, Anchor, Backend, BackendError, CallRequest, Network, NewBlock, ProofRequest, RpcReceipt, RpcTransaction,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::broadcast;

pub struct Small {
    pub news: broadcast::Sender<Arc<NewBlock>>,
    /// How long a call takes.
    pub call_takes: Duration,
}

fn nothing<T>() -> Result<T, BackendError> {
    Err(BackendError::Refused("there is nothing here".into()))
}

impl Backend for Small {
    fn chain_id(&self) -> u64 {
        7
    }
    fn height(&self) -> u64 {
        1
    }
    fn gas_limit(&self) -> u64 {
        1
    }
    fn subscribe(&self) -> broadcast::Receiver<Arc<NewBlock>> {
        self.news.subscribe()
    }
    fn block(&self, _: BlockId, _: bool) -> Result<Option<Block<RpcTransaction>>, BackendError> {
        nothing()
    }
    fn transaction(&self, _: B256) -> Result<Option<RpcTransaction>, BackendError> {
        nothing()
    }
    fn receipt(&self, _: B256) -> Result<Option<RpcReceipt>, BackendError> {
        nothing()
    }
    fn receipts(&self, _: BlockId) -> Result<Option<Vec<RpcReceipt>>, BackendError> {
        nothing()
    }
    fn logs(&self, _: Filter) -> Result<Vec<Log>, BackendError> {
        nothing()
    }
    fn newest_logs(&self, _: Filter, _: usize) -> Result<Vec<Log>, BackendError> {
        nothing()
    }
    fn network(&self) -> Result<Network, BackendError> {
        nothing()
    }
    fn account(&self, _: Address) -> Result<Account, BackendError> {
        nothing()
    }
    fn balance(&self, _: Address, _: BlockId) -> Result<U256, BackendError> {
        nothing()
    }
    fn nonce(&self, _: Address, _: BlockId) -> Result<u64, BackendError> {
        nothing()
    }
    fn nonce_of(&self, _: Address, _: U256) -> Result<u64, BackendError> {
        nothing()
    }
    fn code(&self, _: Address, _: BlockId) -> Result<Bytes, BackendError> {
        nothing()
    }
    fn storage(&self, _: Address, _: U256, _: BlockId) -> Result<B256, BackendError> {
        nothing()
    }
    fn call(&self, _: CallRequest, _: BlockId, _: StateOverride) -> Result<Bytes, BackendError> {
        std::thread::sleep(self.call_takes);
        Ok(Bytes::new())
    }
    fn estimate_gas(&self, _: CallRequest, _: BlockId, _: StateOverride) -> Result<u64, BackendError> {
        nothing()
    }
    fn access_list(&self, _: CallRequest, _: BlockId) -> Result<AccessListResult, BackendError> {
        nothing()
    }
    fn trace_transaction(&self, _: B256, _: GethDebugTracingOptions) -> Result<GethTrace, BackendError> {
        nothing()
    }
    fn trace_call(&self, _: CallRequest, _: BlockId, _: GethDebugTracingOptions) -> Result<GethTrace, BackendError> {
        nothing()
    }
    fn send(&self, _: Bytes) -> Result<B256, BackendError> {
        nothing()
    }
    fn prove(&self, _: ProofRequest) -> Result<Bytes, BackendError> {
        nothing()
    }
    fn anchor(&self) -> Anchor {
        Anchor { genesis: B256::ZERO, validators: Vec::new() }
    }
    fn records(&self, _: u8) -> Result<Vec<(B256, Bytes)>, BackendError> {
        nothing()
    }
}
