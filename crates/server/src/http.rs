//! The port: a WebSocket, and a POST to the root, go to JSON-RPC; everything else is the page's and its neighbours'.
//!
//! Upon a connection: a place at the door ([`crate::doors`]), or it is closed. Upon a request: the host's name and the purse of the
//! address; then whoever answers.

use crate::{
    backend::Backend,
    connection::{Connection, Sent, Turn},
    documents,
    doors::{Allowance, Client, Counts, Doors, WORK_MIN},
    eth, page,
    passkeys::{self, PasskeyOrigin},
    subscribe,
};
use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header::HOST, uri::Authority},
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jsonrpsee::core::id_providers::RandomStringIdProvider;
use jsonrpsee::server::{BatchRequestConfig, PingConfig, ServerConfig, ServerHandle, stop_channel, ws};
use serde_json::json;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet, time};
use tower::{Service as _, ServiceExt as _};
use tower_http::cors::CorsLayer;

/// What clients may ask of the port. docs/operate.md has the table.
#[derive(Clone, Debug)]
pub struct Limits {
    pub body_max_bytes: u32,
    pub answer_max_bytes: u32,
    pub batch_max: u32,
    pub connections_max: u32,
    pub subscriptions_max: u32,
    /// What one address may use; this machine itself is not counted.
    pub allowance: Allowance,
    /// How long a head may take, or then a body, or the pause between two requests; it may be twice as long.
    pub sent_within: Duration,
    /// How long a client that is written to may read less than 64 KiB.
    pub read_within: Duration,
    /// How often a WebSocket is asked for a sign of life; after two without an answer it is closed.
    pub ping_every: Duration,
    /// Names, without a port, under which the port may be asked beside `localhost` and addresses.
    pub hosts: Vec<String>,
    /// Pages of other names that may use the passkeys of this port's name; at most [`crate::PASSKEY_ORIGINS_MAX`].
    pub passkey_origins: Vec<PasskeyOrigin>,
    /// Connections of this machine come from a proxy, whose `X-Forwarded-For` says who asks.
    pub behind_proxy: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_max_bytes: 2 << 20,
            answer_max_bytes: 32 << 20,
            batch_max: 256,
            connections_max: 1_024,
            subscriptions_max: 64,
            allowance: Allowance { connections_max: 64, saved_max: Duration::from_secs(10), share_percent: 50 },
            sent_within: Duration::from_secs(30),
            read_within: Duration::from_secs(20),
            ping_every: Duration::from_secs(30),
            hosts: Vec::new(),
            passkey_origins: Vec::new(),
            behind_proxy: false,
        }
    }
}

/// A request's head.
const HEAD_MAX_BYTES: usize = 64 << 10;
/// After the system gave no connection (there are too many open files), until it is asked again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);

/// The name that a request gives this port, where it is not one of ours. A foreign page may point its own name here (DNS rebinding);
/// an address it cannot own.
fn foreign(request: &Request, hosts: &[String]) -> Option<String> {
    let named = request.headers().get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let named = named.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
    let Ok(authority) = named.parse::<Authority>() else { return Some(named) };
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let mut ours = std::iter::once("localhost").chain(hosts.iter().map(String::as_str));
    (!address && !ours.any(|own| own.eq_ignore_ascii_case(host))).then_some(named)
}

/// Whom a proxy on this machine asks for: the last address that it wrote, because those before it may be the client's invention.
fn forwarded(headers: &HeaderMap) -> Option<Client> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse::<IpAddr>().ok().map(Client::from)
}

/// Says that the node answers, and how far it is.
async fn health(backend: Arc<dyn Backend>) -> Response {
    let far = tokio::task::spawn_blocking(move || {
        let mut far = json!({ "chainId": backend.chain_id(), "height": backend.height() });
        if let Some(follows) = backend.follows() {
            far["follows"] = json!(follows);
        }
        far
    });
    let far = far.await;
    far.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |far| Json(far).into_response())
}

/// A port that is served. Dropping it closes it.
pub struct Serving {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    doors: Arc<Doors>,
    tasks: JoinSet<()>,
    rpc: ServerHandle,
}

impl Serving {
    /// What was let in and turned away.
    pub fn counts(&self) -> Arc<Counts> {
        self.doors.counts.clone()
    }

    /// How many connections there are, whenever it is asked.
    pub fn connected(&self) -> impl Fn() -> usize + Send + Sync + 'static {
        let doors = self.doors.clone();
        move || doors.connected()
    }

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
    let doors = Arc::new(Doors::new(limits.allowance, limits.connections_max as usize));
    let (app, rpc) = app(backend, doors.clone(), limits.clone(), more);
    let mut serving = Serving { addresses: Vec::new(), doors, tasks: JoinSet::new(), rpc };
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
        serving.tasks.spawn(receive(listener, app.clone(), serving.doors.clone(), limits.clone()));
    }
    Ok(serving)
}

/// Everything behind the door.
fn app(backend: Arc<dyn Backend>, doors: Arc<Doors>, limits: Limits, more: Router) -> (Router, ServerHandle) {
    let asked = backend.clone();
    let mut module = eth::module(backend, doors.clone());
    subscribe::add(&mut module);
    let (stop, rpc) = stop_channel();
    // An answer comes within a ping and the way there and back; who is later than two pings does not answer.
    let ping = PingConfig::new().ping_interval(limits.ping_every).inactive_limit(2 * limits.ping_every).max_failures(1);
    let config = ServerConfig::builder()
        .max_request_body_size(limits.body_max_bytes)
        .max_response_body_size(limits.answer_max_bytes)
        .max_connections(limits.connections_max)
        .max_subscriptions_per_connection(limits.subscriptions_max)
        .set_batch_request_config(BatchRequestConfig::Limit(limits.batch_max))
        .set_id_provider(RandomStringIdProvider::new(16))
        .enable_ws_ping(ping)
        .build();
    let service = jsonrpsee::server::Server::builder().set_config(config).to_service_builder().build(module, stop);
    let pages: Router = page::routes()
        .route("/health", get(move || health(asked.clone())))
        .merge(documents::routes())
        .merge(passkeys::routes(&limits.passkey_origins))
        .merge(more);
    let limits = Arc::new(limits);
    let app = Router::new().fallback(move |request: Request| {
        let (pages, mut service, doors, limits) = (pages.clone(), service.clone(), doors.clone(), limits.clone());
        async move {
            let request = match admit(request, &doors, &limits) {
                Ok(request) => request,
                Err(refused) => return refused.into_response(),
            };
            // JSON-RPC is asked at the root, as every client does; a WebSocket may be opened anywhere.
            let asks = request.method() == Method::POST && request.uri().path() == "/";
            if asks || ws::is_upgrade_request(&request) {
                let answer = service.call(request).await;
                answer.map_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response(), |answer| answer.map(Body::new))
            } else {
                pages.oneshot(request).await.unwrap_or_else(|never| match never {})
            }
        }
    });
    // Any page may ask: nothing here knows who asks by a cookie, and what changes something is signed.
    (app.layer(CorsLayer::permissive()), rpc)
}

/// The request with the [`Client`] who asks, or why it is not answered.
fn admit(mut request: Request, doors: &Doors, limits: &Limits) -> Result<Request, (StatusCode, String)> {
    if let Some(name) = foreign(&request, &limits.hosts) {
        doors.counts.foreign_host.one_more();
        let why =
            format!("this node does not answer to the host `{name}`; hint: ask it as localhost, or start it with --host NAME\n");
        return Err((StatusCode::FORBIDDEN, why));
    }
    let mut client = request.extensions().get::<Client>().copied().unwrap_or(Client::Here);
    if limits.behind_proxy && client == Client::Here {
        client = forwarded(request.headers()).unwrap_or(client);
        request.extensions_mut().insert(client);
    }
    if !doors.may_ask(client) {
        return Err((StatusCode::TOO_MANY_REQUESTS, OVER_SHARE.to_owned() + "\n"));
    }
    doors.used(client, WORK_MIN);
    Ok(request)
}

/// What an address is told that has used more than its share.
pub(crate) const OVER_SHARE: &str = "this address has used its share of this node's work; hint: ask again in a few seconds, ask for less, or run a node of your own";

/// Takes connections until it is dropped, and all of them with it, except those that have become WebSockets.
async fn receive(listener: TcpListener, app: Router, doors: Arc<Doors>, limits: Limits) {
    let mut open = JoinSet::new();
    let mut http = http1::Builder::new();
    http.max_header_size(HEAD_MAX_BYTES);
    loop {
        while open.try_join_next().is_some() {}
        let Ok((stream, peer)) = listener.accept().await else {
            time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let client = Client::from(peer.ip());
        let Some(place) = doors.enter(client) else { continue };
        let (app, place, turn) = (app.clone(), Arc::new(place), Turn::new());
        let at = turn.clone();
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(client);
            let (asked, at) = (app.clone().oneshot(request.map(|body| Body::new(Sent::new(body, at.clone())))), at.clone());
            async move {
                let answer = asked.await;
                at.clients();
                answer
            }
        });
        let connection = TokioIo::new(Connection::new(stream, place.clone(), turn.clone(), limits.read_within));
        let served = http.serve_connection(connection, answer).with_upgrades();
        let within = limits.sent_within;
        open.spawn(async move {
            tokio::select! {
                _ = served => {} // whoever broke off is not told
                () = turn.missed(within) => place.too_slow(),
            }
        });
    }
}
