//! `eth_subscribe`: new heads and logs, final from the first moment.
//!
//! A subscriber that falls behind further than the node remembers is closed: missing blocks in silence would be worse.

use crate::{
    doors::{Client, WORK_MIN},
    eth::{Context, INVALID_PARAMS, client, error},
};
use alloy_rpc_types_eth::Filter;
use jsonrpsee::core::SubscriptionResult;
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionMessage, SubscriptionSink};
use serde::Serialize;
use std::sync::Arc;

/// What can be heard of.
enum Kind {
    Heads,
    Logs(Box<Filter>),
}

/// Adds `eth_subscribe` and `eth_unsubscribe`.
pub(crate) fn add(module: &mut RpcModule<Context>) {
    let registered = module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, context, asker| {
            let client = client(&asker);
            let mut params = params.sequence();
            let name: Result<String, _> = params.next();
            let filter: Result<Option<Filter>, _> = params.optional_next();
            listen(name.ok(), filter, pending, context, client)
        },
    );
    registered.expect("no other method has these names");
}

async fn listen(
    name: Option<String>,
    filter: Result<Option<Filter>, ErrorObjectOwned>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
    client: Client,
) -> SubscriptionResult {
    if let Err(refused) = context.may_ask(client) {
        pending.reject(refused).await;
        return Ok(());
    }
    context.doors.used(client, WORK_MIN);
    let kind = match (name.as_deref(), filter) {
        (Some("newHeads"), _) => Kind::Heads,
        (Some("logs"), Ok(filter)) => Kind::Logs(Box::new(filter.unwrap_or_default())),
        (Some("logs"), Err(wrong)) => {
            let why = wrong.data().map_or(wrong.message(), |data| data.get());
            pending.reject(error(INVALID_PARAMS, format!("the filter of logs cannot be read: {why}"))).await;
            return Ok(());
        }
        (other, _) => {
            let what = other.unwrap_or("nothing");
            pending.reject(error(INVALID_PARAMS, format!("`{what}` cannot be subscribed to; newHeads and logs can"))).await;
            return Ok(());
        }
    };
    let mut blocks = context.backend.subscribe();
    let sink = pending.accept().await?;
    loop {
        let block = tokio::select! {
            block = blocks.recv() => match block {
                Ok(block) => block,
                Err(_) => return Ok(()), // fell behind, or the node goes down
            },
            () = sink.closed() => return Ok(()),
        };
        match &kind {
            Kind::Heads => tell(&sink, &block.header).await?,
            Kind::Logs(filter) => {
                for log in block.logs.iter().filter(|log| matches(filter, log)) {
                    tell(&sink, log).await?;
                }
            }
        }
    }
}

/// Heights do not matter here: what is heard is always new.
fn matches(filter: &Filter, log: &alloy_rpc_types_eth::Log) -> bool {
    filter.matches_address(log.address()) && filter.matches_topics(log.topics())
}

async fn tell(sink: &SubscriptionSink, what: &impl Serialize) -> SubscriptionResult {
    Ok(sink.send(SubscriptionMessage::from(serde_json::value::to_raw_value(what)?)).await?)
}
