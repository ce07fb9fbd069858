//! The port: a WebSocket, and a POST to the root, go to JSON-RPC; everything else is the page's and its neighbours'.

use crate::passkeys::{self, PasskeyOrigin};
use crate::{backend::Backend, documents, eth, page, subscribe};
use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header::HOST, uri::Authority},
    response::{IntoResponse as _, Response},
    routing::get,
};
use jsonrpsee::core::id_providers::RandomStringIdProvider;
use jsonrpsee::server::{BatchRequestConfig, ServerConfig, ServerHandle, stop_channel, ws};
use serde_json::json;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinSet};
use tower::{Service as _, ServiceExt as _};
use tower_http::cors::CorsLayer;

/// What one client may ask of the port.
#[derive(Clone, Debug)]
pub struct Limits {
    pub body_max_bytes: u32,
    pub answer_max_bytes: u32,
    pub batch_max: u32,
    pub connections_max: u32,
    pub subscriptions_max: u32,
    /// Names and addresses, without a port, under which the port may be asked beside those of this machine itself.
    pub hosts: Vec<String>,
    /// Pages of other names that may use the passkeys of this port's name; at most [`crate::PASSKEY_ORIGINS_MAX`].
    pub passkey_origins: Vec<PasskeyOrigin>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max_bytes: 2 << 20,
            answer_max_bytes: 32 << 20,
            batch_max: 256,
            connections_max: 1_024,
            subscriptions_max: 64,
            hosts: Vec::new(),
            passkey_origins: Vec::new(),
        }
    }
}

/// Names under which a machine asks itself.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The name that `request` gives this port, where it is not one of ours: a foreign page may point its own name here (DNS
/// rebinding).
fn foreign(request: &Request, hosts: &[String]) -> Option<String> {
    let named = request.headers().get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let named = named.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
    let Ok(authority) = named.parse::<Authority>() else { return Some(named) };
    let mut ours = OWN_HOSTS.into_iter().chain(hosts.iter().map(String::as_str));
    (!ours.any(|own| own.eq_ignore_ascii_case(authority.host()))).then_some(named)
}

/// Says that the node answers, and how far it is.
async fn health(backend: Arc<dyn Backend>) -> Response {
    let far = tokio::task::spawn_blocking(move || json!({ "chainId": backend.chain_id(), "height": backend.height() })).await;
    far.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |far| Json(far).into_response())
}

/// A port that is served. Dropping it closes it.
pub struct Serving {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    tasks: JoinSet<io::Result<()>>,
    rpc: ServerHandle,
}

impl Serving {
    /// Closes the port, and every connection with it.
    pub async fn stop(mut self) {
        let _ = self.rpc.stop(); // an error says that it has stopped
        self.tasks.shutdown().await;
    }
}

/// Serves `backend` on every one of `addresses`. Of several with port 0 the first one's port is taken for all.
///
/// # Errors
/// Where the first address cannot be listened on. Others are left out where the machine does not have them (IPv6).
pub async fn serve(backend: Arc<dyn Backend>, addresses: &[SocketAddr], limits: Limits, more: Router) -> io::Result<Serving> {
    let asked = backend.clone();
    let mut module = eth::module(backend);
    subscribe::add(&mut module);
    let (stop, rpc) = stop_channel();
    let config = ServerConfig::builder()
        .max_request_body_size(limits.body_max_bytes)
        .max_response_body_size(limits.answer_max_bytes)
        .max_connections(limits.connections_max)
        .max_subscriptions_per_connection(limits.subscriptions_max)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_max))
        .set_id_provider(RandomStringIdProvider::new(16))
        .build();
    let service = jsonrpsee::server::Server::builder().set_config(config).to_service_builder().build(module, stop);
    let answer = move |request: Request| {
        let mut service = service.clone();
        async move {
            match service.call(request).await {
                Ok(answer) => answer.map(Body::new),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    let pages: Router = page::routes()
        .route("/health", get(move || health(asked.clone())))
        .merge(documents::routes())
        .merge(passkeys::routes(&limits.passkey_origins))
        .merge(more);
    let hosts: Arc<[String]> = limits.hosts.into();
    let app = Router::new().fallback(move |request: Request| {
        let (pages, answer, hosts) = (pages.clone(), answer.clone(), hosts.clone());
        async move {
            if let Some(name) = foreign(&request, &hosts) {
                let why = format!("this node does not answer to the host `{name}`; hint: ask it as localhost\n");
                return (StatusCode::FORBIDDEN, why).into_response();
            }
            // JSON-RPC is asked at the root, as every client does; a WebSocket may be opened anywhere.
            let asks = request.method() == Method::POST && request.uri().path() == "/";
            if asks || ws::is_upgrade_request(&request) {
                answer(request).await
            } else {
                pages.oneshot(request).await.unwrap_or_else(|never| match never {})
            }
        }
    });
    // Any page may ask: nothing here knows who asks by a cookie, and what changes something is signed.
    let app = app.layer(CorsLayer::permissive());
    let mut serving = Serving { addresses: Vec::new(), tasks: JoinSet::new(), rpc };
    for address in addresses {
        let mut address = *address;
        if let (0, Some(first)) = (address.port(), serving.addresses.first()) {
            address.set_port(first.port());
        }
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(_) if !serving.addresses.is_empty() && address.is_ipv6() => continue,
            Err(error) => return Err(error),
        };
        serving.addresses.push(listener.local_addr()?);
        serving.tasks.spawn(axum::serve(listener, app.clone()).into_future());
    }
    Ok(serving)
}
