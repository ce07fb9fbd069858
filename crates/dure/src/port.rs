//! The one port of a node: where it listens, on which threads, and when it stops.

use crate::{
    say::Problem,
    vitals::{self, Vitals},
};
use axum::Router;
use dure_node::disk::Running;
use dure_server::{Limits, PASSKEY_ORIGINS_MAX, PasskeyOrigin, Serving, serve};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    io::IsTerminal as _,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::{Handle, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    task::AbortHandle,
};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, dynamic_filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Of the threads that answer questions: about a third of the chain's share where both want the processor.
#[cfg(target_os = "linux")]
const PORT_NICENESS: i32 = 5;

/// How the port is opened, beside where.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Door {
    /// A name under which people reach the node, beside `localhost` and addresses; may be given several times.
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A proxy on this machine asks for others: its X-Forwarded-For says for whom.
    #[arg(long)]
    behind_proxy: bool,
    /// Where to tell Prometheus how the node is, at /metrics.
    #[arg(long, value_name = "ADDR")]
    metrics: Option<SocketAddr>,
    /// A page of another name that may use the passkeys of this one's: https://NAME; may be given several times.
    #[arg(long = "passkey-origin", value_name = "ORIGIN")]
    passkey_origins: Vec<PasskeyOrigin>,
}

impl Door {
    /// What clients may ask of the port.
    ///
    /// # Errors
    /// Where there are too many origins.
    pub fn limits(&self) -> Result<Limits, Problem> {
        let given = self.passkey_origins.len();
        if given > PASSKEY_ORIGINS_MAX {
            return Err(Problem::usage(format!("{given} times --passkey-origin, at most {PASSKEY_ORIGINS_MAX} are taken"))
                .hint("browsers look at the pages of five names only"));
        }
        let (hosts, passkey_origins) = (self.hosts.clone(), self.passkey_origins.clone());
        Ok(Limits { hosts, behind_proxy: self.behind_proxy, passkey_origins, ..Limits::default() })
    }
}

/// Open files that a node asks the system for: connections, peers, and what the chain has open. It makes do with fewer.
const FILES: u64 = 8_192;

/// How long what is being answered may still take when a node stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// Threads of the port's own, which give way to those of the chain: however much is asked, blocks go on.
pub fn threads() -> Result<Runtime, Problem> {
    let files = getrlimit(Resource::Nofile);
    if files.current.is_some_and(|now| now < FILES) {
        let asked = Rlimit { current: Some(files.maximum.map_or(FILES, |most| most.min(FILES))), ..files };
        if let Err(error) = setrlimit(Resource::Nofile, asked) {
            tracing::debug!("no more files can be open than before: {error}");
        }
    }
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

/// Gives the threads back, at the end.
pub fn give_back(threads: Runtime) {
    threads.shutdown_timeout(STOP_WITHIN);
}

/// A node whose port is open.
pub struct Open {
    pub serving: Serving,
    vitals: Arc<Vitals>,
    metrics: Option<AbortHandle>,
    /// Heard of from the moment that the port is open, so before anybody is told that it is.
    asked: [Signal; 2],
}

/// Listens and answers, on the threads of `at`.
///
/// # Errors
/// Where an address cannot be listened on.
pub async fn open(
    at: &Handle,
    asked: &str,
    door: &Door,
    addresses: Vec<SocketAddr>,
    (running, folder): (&Running, &Path),
    more: Router,
) -> Result<Open, Problem> {
    let backend = running.served.clone();
    let limits = door.limits()?;
    let serving = at.spawn(async move { serve(backend, &addresses, limits, more).await });
    let serving = serving.await.map_err(Problem::fault)?.map_err(|error| {
        Problem::unreachable(format!("{asked} cannot be listened on: {error}"))
            .hint("another program may use the port; choose one with --http localhost:PORT")
    })?;
    let vitals = Arc::new(Vitals::new(running, &serving, folder.to_owned()));
    let metrics = match door.metrics {
        Some(address) => Some(at.spawn(vitals::serve(address, vitals.clone())).await.map_err(Problem::fault)??),
        None => None,
    };
    let asked = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let [Ok(terminate), Ok(interrupt)] = asked else { return Err(Problem::fault("the system gives no signals")) };
    Ok(Open { serving, vitals, metrics, asked: [terminate, interrupt] })
}

impl Open {
    /// Ends when the person or the system asks, or when the node must stop: then it says why.
    ///
    /// # Errors
    /// Why the node must stop.
    pub async fn stopped(&mut self) -> Result<(), Problem> {
        let [terminate, interrupt] = &mut self.asked;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            why = self.vitals.clone().watch() => Err(why),
        }
    }

    /// Closes the port, and that of the metrics.
    pub async fn close(self) {
        if let Some(metrics) = self.metrics {
            metrics.abort();
        }
        self.serving.stop().await;
    }
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

/// How a program writes down what happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogAs {
    /// Lines for people.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Only what a person must know: for programs that talk to whoever started them.
pub fn log() {
    log_as(LogAs::Text, "error,rumqttd=off,dure=warn");
}

/// Set when the node goes down: its parts end one after the other, and those that end first are missed by the others for a moment.
static GOES_DOWN: AtomicBool = AtomicBool::new(false);

/// From now on the engine below says nothing more: what it would say is that its own parts are gone.
pub fn goes_down() {
    GOES_DOWN.store(true, Ordering::Relaxed);
}

/// What happens, on stderr. `RUST_LOG` asks for more or less than `usually`.
pub fn log_as(form: LogAs, usually: &str) {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| usually.into());
    let of_interest =
        dynamic_filter_fn(|about, _| !(GOES_DOWN.load(Ordering::Relaxed) && about.target().starts_with("commonware_")));
    let log = fmt::layer().with_writer(std::io::stderr);
    let lines = tracing_subscriber::registry();
    let _ = match form {
        LogAs::Text => lines.with(log.with_ansi(std::io::stderr().is_terminal()).with_filter(asked.and(of_interest))).try_init(),
        LogAs::Json => lines.with(log.json().flatten_event(true).with_filter(asked.and(of_interest))).try_init(),
    }; // an error says that there is one already
}
