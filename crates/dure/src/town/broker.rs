//! An MQTT broker inside the program, for the demo town: loopback only, with a password.

use crate::say::Problem;
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

/// The town's name on its broker.
pub const USER: &str = "town";
/// From the start to the first connection that is taken.
const UP_MAX: Duration = Duration::from_secs(10);

/// Starts a broker that lives as long as the program, and gives where it listens. Its library has no way to stop it.
///
/// # Errors
/// Where no port of the loopback is free, or the broker does not come up.
pub fn start(password: &str) -> Result<SocketAddr, Problem> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let address = free.map_err(|error| Problem::unreachable(format!("no port is free for the broker: {error}")))?;
    let connections = ConnectionSettings {
        connection_timeout_ms: 5_000,
        max_payload_size: 64 << 10,
        max_inflight_count: 100,
        auth: Some(HashMap::from([(USER.to_owned(), password.to_owned())])),
        external_auth: None,
        dynamic_filters: true,
    };
    let server = ServerSettings { name: "town".into(), listen: address, tls: None, next_connection_delay_ms: 1, connections };
    let router = RouterConfig {
        max_connections: 256,
        max_outgoing_packet_count: 200,
        max_segment_size: 1 << 20,
        max_segment_count: 4,
        ..RouterConfig::default()
    };
    let config = Config { router, v4: Some(HashMap::from([("town".to_owned(), server)])), ..Config::default() };
    std::thread::Builder::new()
        .name("broker".into())
        .spawn(move || {
            if let Err(error) = Broker::new(config).start() {
                tracing::error!(target: "dure::town", "the broker ended: {error}");
            }
        })
        .map_err(|error| Problem::fault(format!("the broker does not start: {error}")))?;
    let since = Instant::now();
    while TcpStream::connect_timeout(&address, UP_MAX).is_err() {
        if since.elapsed() > UP_MAX {
            return Err(Problem::unreachable(format!("the broker at {address} does not come up")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(address)
}
