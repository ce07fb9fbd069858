//! How a node is: what `/metrics` tells, what is logged when it changes, and when the node must stop.
//!
//! `/metrics` has a port of its own, and none where nobody asks for it: what it tells is harmless, and not for everybody.

use crate::{older, say::Problem};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use dure_node::{
    disk::{self, Config, Running},
    network,
    serve::Served,
};
use dure_server::{Counts, Serving};
use std::{
    any::Any,
    collections::BTreeSet,
    fmt::Write as _,
    io,
    net::SocketAddr,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::AbortHandle;

/// A node stops while so much is free, before a write fails.
const RESERVE_BYTES: u64 = 64 << 20;
/// With less than this a node does not start, so that one that has stopped does not come up to stop again.
pub const START_BYTES: u64 = 2 * RESERVE_BYTES;
/// Below this there is a warning.
pub const LOW_BYTES: u64 = 1 << 30;
/// How often the disk is looked at, and how many looks later everything else.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ALL_EVERY: u64 = 5;
/// Without a block for this long the chain stands still: heartbeats come 25 times as often.
const STILL_MS: u64 = 10_000;
/// The index is behind where it lacks more blocks.
const BEHIND_BLOCKS: u64 = 100;

const FREE_SPACE: &str = "free some space and start it again: what was final is there";
/// How the database's errors tell that a write failed.
const FAILED_WRITES: [&str; 4] = ["WriteFailed", "BlobSyncFailed", "BlobResizeFailed", "No space left on device"];

type Text = Arc<dyn Fn() -> String + Send + Sync>;

/// A running node, to be looked at.
pub struct Vitals {
    served: Arc<Served>,
    votes: bool,
    runtime: Text,
    counts: Arc<Counts>,
    connected: Box<dyn Fn() -> usize + Send + Sync>,
    folder: PathBuf,
    up: Instant,
}

/// Bytes that this process may still write where `folder` is.
///
/// # Errors
/// What the system says.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// # Errors
/// Where the disk of `folder` is too full for a node to start.
pub fn room_to_start(folder: &Path) -> Result<(), Problem> {
    match free_bytes(folder) {
        Ok(free) if free < START_BYTES => Err(full(folder, free, START_BYTES)),
        _ => Ok(()),
    }
}

fn full(folder: &Path, free: u64, needed: u64) -> Problem {
    let (free, needed) = (free >> 20, needed >> 20);
    Problem::unreachable(format!("{free} MiB are free where {} is; a node needs {needed} MiB", folder.display())).hint(FREE_SPACE)
}

/// Runs a node and `work` beside it. A database that cannot write ends by a panic, which is right: nothing may go on from there. Where that
/// is because the disk filled up at once, faster than [`Vitals::watch`] looks, it is said in words.
///
/// # Errors
/// Where the chain is of an older version, the index cannot be opened, or the disk is full.
pub fn run<T, F: Future<Output = T>>(config: Config, work: impl FnOnce(Running) -> F + Send + 'static) -> Result<T, Problem> {
    let folder = config.folder.clone();
    let alone = config.genesis.seed.is_some();
    older::refuse(&config)?;
    let usual = panic::take_hook();
    panic::set_hook(Box::new({
        let folder = folder.clone();
        move |panicked| {
            match words(panicked.payload()).filter(|said| older::is_told_by(said)) {
                Some(_) => {} // told below
                None if of_full_disk(&folder, panicked.payload()) => {}
                None => usual(panicked),
            }
        }
    }));
    match panic::catch_unwind(AssertUnwindSafe(|| disk::run(config, work))) {
        Ok(ran) => ran.map_err(|error| Problem::unreachable(error.to_string())),
        Err(payload) if of_full_disk(&folder, &*payload) => {
            Err(Problem::unreachable(format!("the disk is full where {} is: a write failed", folder.display())).hint(FREE_SPACE))
        }
        Err(payload) => match words(&*payload).filter(|said| older::is_told_by(said)) {
            Some(said) => Err(older::met(&folder, alone, said)),
            None => panic::resume_unwind(payload),
        },
    }
}

/// What a panic says.
fn words(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied())
}

/// Whether a panic is of a write that failed while there was no room. It does not say why it failed, so the disk is asked.
fn of_full_disk(folder: &Path, payload: &(dyn Any + Send)) -> bool {
    let wrote = words(payload).is_some_and(|said| FAILED_WRITES.iter().any(|words| said.contains(words)));
    wrote && free_bytes(folder).is_ok_and(|free| free < RESERVE_BYTES)
}

impl Vitals {
    pub fn new(running: &Running, serving: &Serving, folder: PathBuf) -> Self {
        Self {
            served: running.served.clone(),
            votes: running.votes,
            runtime: running.metrics.clone(),
            counts: serving.counts(),
            connected: Box::new(serving.connected()),
            folder,
            up: Instant::now(),
        }
    }

    /// Newest final height, how old that block is by the wall, and how many blocks the index lacks.
    fn blocks(&self) -> (u64, u64, u64) {
        let head = self.served.node.chain.head();
        let age_ms = (self.served.now_ms)().saturating_sub(head.time_ms) / u64::from(self.served.speed.max(1));
        let indexed = dure_server::Backend::height(&*self.served);
        (head.height, age_ms, head.height.saturating_sub(indexed))
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let runtime = (self.runtime)();
        let mut page = Page(String::new());
        self.chain(&mut page, &runtime);
        self.door(&mut page);
        if let Ok(free) = free_bytes(&self.folder) {
            page.gauge("dure_disk_free_bytes", "Free where the folder is.", free as f64);
        }
        page.gauge("dure_disk_reserve_bytes", "Free bytes at which the node stops.", RESERVE_BYTES as f64);
        page.0 + runtime.trim_end().trim_end_matches("# EOF")
    }

    fn chain(&self, page: &mut Page, runtime: &str) {
        let (height, age_ms, lag) = self.blocks();
        let pool = self.served.node.pool.counts();
        page.all("dure_info", "gauge", "What runs.", "version", &[(env!("CARGO_PKG_VERSION"), 1.0)]);
        page.gauge("dure_height", "Newest final block.", height as f64);
        page.gauge("dure_block_age_seconds", "Since the newest final block.", age_ms as f64 / 1e3);
        page.gauge("dure_index_lag_blocks", "Final blocks that cannot be asked about yet.", lag as f64);
        if let Some(finality) = self.served.measures.finality() {
            let values = [("50", finality.median_ms as f64 / 1e3), ("95", finality.slow_ms as f64 / 1e3)];
            let help = "From a block's time until it can be asked about, newest 200 blocks.";
            page.all("dure_finality_seconds", "gauge", help, "percentile", &values);
        }
        let waiting = [("pending", pool.pending as f64), ("queued", pool.queued as f64)];
        page.all("dure_pool_transactions", "gauge", "Transactions that wait.", "state", &waiting);
        page.gauge("dure_votes", "Whether this validator votes, or only watches.", f64::from(u8::from(self.votes)));
        page.gauge("dure_validators", "Who votes.", self.served.validators.len() as f64);
        let peers = network::connected(runtime).len();
        page.gauge("dure_peers_connected", "Other validators that this one is connected with.", peers as f64);
    }

    fn door(&self, page: &mut Page) {
        let counts = &self.counts;
        let asked = [("quick", &counts.quick), ("plain", &counts.plain), ("heavy", &counts.heavy)];
        let asked = asked.map(|(class, count)| (class, count.get() as f64));
        page.all("dure_requests_total", "counter", "Questions by what they cost.", "class", &asked);
        let refused = [
            ("share", &counts.over_share),
            ("busy", &counts.busy),
            ("host", &counts.foreign_host),
            ("slow", &counts.slow),
            ("connections", &counts.connections_refused),
        ];
        let refused = refused.map(|(why, count)| (why, count.get() as f64));
        page.all("dure_refused_total", "counter", "What was turned away at the door, and why.", "why", &refused);
        page.gauge("dure_connections", "Connections at the port.", (self.connected)() as f64);
        let let_in = [("", counts.connections.get() as f64)];
        page.all("dure_connections_total", "counter", "Connections that were let in.", "", &let_in);
    }

    /// Logs what changes, and ends when the disk is full.
    pub async fn watch(self: Arc<Self>) -> Problem {
        let (mut look, mut known) = (tokio::time::interval(LOOK_EVERY), Known::default());
        for looks in 0_u64.. {
            look.tick().await;
            let free = free_bytes(&self.folder).unwrap_or(u64::MAX); // a disk that does not say is not judged
            if free < RESERVE_BYTES {
                return full(&self.folder, free, RESERVE_BYTES);
            }
            if looks.is_multiple_of(ALL_EVERY) {
                self.log(&mut known, free);
            }
        }
        Problem::fault("looks do not end")
    }

    fn log(&self, known: &mut Known, free: u64) {
        let runtime = (self.runtime)();
        let peers: BTreeSet<String> = network::connected(&runtime).into_iter().map(|key| format!("0x{key}")).collect();
        for validator in peers.difference(&known.peers) {
            tracing::info!(validator, connected = peers.len(), "a validator is connected");
        }
        for validator in known.peers.difference(&peers) {
            tracing::warn!(validator, connected = peers.len(), "a validator is lost");
        }
        known.peers = peers;
        let (height, age_ms, lag) = self.blocks();
        if turned(&mut known.still, age_ms > STILL_MS && self.up.elapsed().as_millis() > u128::from(STILL_MS)) {
            if known.still {
                tracing::warn!(height, age_ms, "no block comes; is a quorum of validators there?");
            } else {
                tracing::info!(height, "blocks come");
            }
        }
        if turned(&mut known.behind, lag > BEHIND_BLOCKS) {
            if known.behind {
                tracing::warn!(lag_blocks = lag, "the index is behind: answers are old");
            } else {
                tracing::info!("the index is level");
            }
        }
        if turned(&mut known.low, free < LOW_BYTES) && known.low {
            tracing::warn!(free_mib = free >> 20, stops_at_mib = RESERVE_BYTES >> 20, "the disk is nearly full");
        }
    }
}

/// Metrics as they are written; numbers are exact up to 2^53.
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.all(name, "gauge", help, "", &[("", value)]);
    }

    /// Every value under its own value of `label`; without one there is only one.
    fn all(&mut self, name: &str, kind: &str, help: &str, label: &str, values: &[(&str, f64)]) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}"); // a string takes everything
        for (of, value) in values {
            let labels = if label.is_empty() { String::new() } else { format!("{{{label}=\"{of}\"}}") };
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

/// What was logged last.
#[derive(Default)]
struct Known {
    peers: BTreeSet<String>,
    still: bool,
    behind: bool,
    low: bool,
}

/// Whether it is another way now than it was.
fn turned(was: &mut bool, is: bool) -> bool {
    std::mem::replace(was, is) != is
}

/// Serves `/metrics` on `address`, on the threads at hand, until the task is aborted.
///
/// # Errors
/// Where the address cannot be listened on.
pub async fn serve(address: SocketAddr, vitals: Arc<Vitals>) -> Result<AbortHandle, Problem> {
    let listening = tokio::net::TcpListener::bind(address).await;
    let unusable = |error| Problem::unreachable(format!("{address} cannot be listened on for metrics: {error}"));
    let listener = listening.map_err(unusable)?;
    let tell = get(move || {
        let vitals = vitals.clone();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4")], vitals.text()) }
    });
    Ok(tokio::spawn(axum::serve(listener, Router::new().route("/metrics", tell)).into_future()).abort_handle())
}
