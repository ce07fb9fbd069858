//! The one port of a node: where it listens, on which threads, and when it stops.

use crate::say::Problem;
use axum::Router;
use dure_server::{Backend, Limits, PASSKEY_ORIGINS_MAX, PasskeyOrigin, Serving, serve};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    runtime::{Handle, Runtime},
    signal::unix::{SignalKind, signal},
};

/// Of the threads that answer questions: about a third of the chain's share where both want the processor.
#[cfg(target_os = "linux")]
const PORT_NICENESS: i32 = 5;

/// Threads of the port's own, which give way to those of the chain: however much is asked, blocks go on.
pub fn threads() -> Result<Runtime, Problem> {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    threads.thread_name("dure-port").enable_all();
    #[cfg(target_os = "linux")] // where a thread has a niceness of its own
    threads.on_thread_start(|| {
        let given = rustix::process::setpriority_process(Some(rustix::thread::gettid()), PORT_NICENESS);
        if let Err(error) = given {
            tracing::debug!("the port's threads keep the chain's priority: {error}");
        }
    });
    threads.build().map_err(Problem::fault)
}

/// Who else may use the passkeys of the console's name.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Passkeys {
    /// A page of another name that may use the passkeys of this one's: https://NAME; may be given several times.
    #[arg(long = "passkey-origin", value_name = "ORIGIN")]
    origins: Vec<PasskeyOrigin>,
}

impl Passkeys {
    /// # Errors
    /// Where there are too many.
    pub fn origins(&self) -> Result<Vec<PasskeyOrigin>, Problem> {
        if self.origins.len() > PASSKEY_ORIGINS_MAX {
            return Err(Problem::usage(format!(
                "{} times --passkey-origin, at most {PASSKEY_ORIGINS_MAX} are taken",
                self.origins.len()
            ))
            .hint("browsers look at the pages of five names only"));
        }
        Ok(self.origins.clone())
    }
}

/// Listens and answers, on the threads of `at`.
///
/// # Errors
/// Where an address cannot be listened on.
pub async fn open(
    at: &Handle,
    asked: &str,
    addresses: Vec<SocketAddr>,
    passkey_origins: Vec<PasskeyOrigin>,
    backend: Arc<dyn Backend>,
    more: Router,
) -> Result<Serving, Problem> {
    let limits = Limits { passkey_origins, ..Limits::default() };
    let serving = at.spawn(async move { serve(backend, &addresses, limits, more).await });
    serving.await.map_err(Problem::fault)?.map_err(|error| {
        Problem::unreachable(format!("{asked} cannot be listened on: {error}"))
            .hint("another program may use the port; choose one with --http localhost:PORT")
    })
}

/// Ends when the person or the system asks.
pub async fn stopped() -> Result<(), Problem> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Problem::fault)?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// `localhost` is both loopback addresses: a browser may try either.
///
/// # Errors
/// Where the text is no address.
pub fn addresses(text: &str) -> Result<Vec<SocketAddr>, Problem> {
    let wrong =
        || Problem::usage(format!("`{text}` is no address to listen on")).hint("write it as localhost:8545 or 127.0.0.1:8545");
    if let Some(port) = text.strip_prefix("localhost:") {
        let port = port.parse().map_err(|_| wrong())?;
        return Ok(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]);
    }
    Ok(vec![text.parse().map_err(|_| wrong())?])
}

/// Only what a person must know; `RUST_LOG` asks for more.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "error,rumqttd=off,dure=warn".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init(); // a test may have one
}
