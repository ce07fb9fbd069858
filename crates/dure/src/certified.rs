//! Certified blocks at the port, for nodes that follow this one: `/chain/head`, `/chain/finalized/HEIGHT`, `/chain/block/HASH`.

use alloy_primitives::{B256, Bytes};
use axum::{
    Json, Router,
    extract::{Path, Query},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use dure_node::relay::{Busy, Relay};
use serde_json::json;

/// A certified block does not change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[derive(serde::Deserialize)]
struct Known {
    #[serde(default)]
    above: u64,
}

/// The paths that `relay` answers.
pub fn routes(relay: Relay) -> Router {
    let (news, finalized, blocks) = (relay.clone(), relay.clone(), relay);
    Router::new()
        .route("/chain/head", get(move |Query(known): Query<Known>| async move { head(news.head_above(known.above).await) }))
        .route(
            "/chain/finalized/{height}",
            get(move |Path(height): Path<u64>| async move { bytes(finalized.finalized(height).await) }),
        )
        .route("/chain/block/{hash}", get(move |Path(hash): Path<B256>| async move { bytes(blocks.block(hash).await) }))
}

fn head(found: Result<Option<u64>, Busy>) -> Response {
    let fresh = [(header::CACHE_CONTROL, "no-store")];
    match found {
        Ok(Some(height)) => (fresh, Json(json!({ "height": height }))).into_response(),
        Ok(None) => (StatusCode::NO_CONTENT, fresh).into_response(),
        Err(Busy) => (StatusCode::SERVICE_UNAVAILABLE, "too many wait for news; hint: ask again in a second\n").into_response(),
    }
}

fn bytes(found: Option<Bytes>) -> Response {
    let head = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |bytes| (head, bytes.0).into_response())
}
