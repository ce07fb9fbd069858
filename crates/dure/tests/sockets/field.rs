//! Four validators and a follower, a process and a machine each, and what must be true of them at the end.

use crate::{
    common::network::{Network, Running},
    load::{Load, people},
    wire::{Weather, Wire, address, say},
};
use dure_node::{history::History as _, read::Index};
use dure_rules::Memory;
use std::{
    fs::File,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

pub const VALIDATORS: usize = 4;
/// The follower's place.
pub const FOLLOWER: usize = VALIDATORS;
/// From when a fault is over until a new payment is final, at most, seconds; `DURE_PROGRESS_SECONDS` says another. The aim is 5, to which `scripts/four` holds a
/// release build on a quiet machine; beside other work on two cores it is twice that.
const PROGRESS_SECONDS: u64 = 10;
/// At the end, until everybody knows what one knows; many times what it takes.
const LEVEL_MAX: Duration = Duration::from_secs(60);
/// Module records of one kind that are read for the audit.
const RECORDS_MAX: usize = 100_000;
/// First tag of the modules' records.
const MODULES: u8 = 0x10;
/// Lines of each node's log that are shown where a test fails.
const LOG_LINES: usize = 30;
const DEFAULT_SEED: u64 = 20_261_125;

/// Nodes at work.
pub struct Field {
    pub wire: Wire,
    pub load: std::sync::Arc<Load>,
    pub runtime: Runtime,
    pub seed: u64,
    nodes: Vec<Option<Running>>,
    network: Network,
    folder: tempfile::TempDir,
}

impl Field {
    /// Starts everybody, and people who pay.
    pub fn new(weather: Weather) -> Self {
        let seed = std::env::var("DURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_SEED);
        say(&format!("seed {seed}, {weather:?}"));
        let folder = tempfile::tempdir().expect("folder");
        let wire = Wire::new(VALIDATORS + 1, seed, weather);
        let reach = (0..VALIDATORS).map(|place| format!("{}:9600", address(place))).collect();
        let people: Vec<String> = people(VALIDATORS + 1).iter().map(|key| key.address().to_string()).collect();
        let network = Network::at(folder.path(), reach, &people);
        let urls: Vec<String> = (0..=FOLLOWER).map(url).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let load = runtime.block_on(async { Load::new(&urls) });
        let mut field = Self { wire, load, runtime, seed, nodes: (0..=FOLLOWER).map(|_| None).collect(), network, folder };
        field.start(&(0..=FOLLOWER).collect::<Vec<_>>());
        let _entered = field.runtime.enter();
        field.load.start(seed);
        drop(_entered);
        let (all, since): (Vec<usize>, _) = ((0..=FOLLOWER).collect(), Instant::now());
        field.runtime.block_on(field.load.probes(&all, since));
        field
    }

    /// Starts these nodes, all at once.
    pub fn start(&mut self, places: &[usize]) {
        let started: Vec<(usize, Running)> = std::thread::scope(|scope| {
            let starting: Vec<_> = places.iter().map(|place| (*place, scope.spawn(|| self.spawn(*place)))).collect();
            starting.into_iter().map(|(place, node)| (place, node.join().expect("it comes up"))).collect()
        });
        for (place, node) in started {
            self.nodes[place] = Some(node);
        }
    }

    fn spawn(&self, place: usize) -> Running {
        let http = format!("{}:8545", address(place));
        let mut command = Wire::command(place, env!("CARGO_BIN_EXE_dure"));
        if place == FOLLOWER {
            command.args(["follow", "--json", "--http", &http, "--genesis"]).arg(&self.network.genesis);
            command.arg("--data").arg(self.data(place)).args(["--from", &url(0), "--from", &url(1)]);
        } else {
            command.args(self.network.args(place, &http));
        }
        let log = File::options().create(true).append(true).open(self.log(place)).expect("a log");
        Running::spawn(command.stderr(Stdio::from(log)))
    }

    fn data(&self, place: usize) -> PathBuf {
        self.folder.path().join(format!("v{place}"))
    }

    fn log(&self, place: usize) -> PathBuf {
        self.folder.path().join(format!("v{place}.log"))
    }

    /// Kills these nodes without warning.
    pub fn kill(&mut self, places: &[usize]) {
        for place in places {
            let node = self.nodes[*place].as_mut().expect("it runs");
            node.child.kill().expect("it runs");
        }
        for place in places {
            let mut node = self.nodes[*place].take().expect("it runs");
            node.child.wait().expect("it ends");
        }
    }

    pub fn head(&self, place: usize) -> u64 {
        self.load.seen().heads[place]
    }

    pub fn highest(&self) -> u64 {
        (0..=FOLLOWER).map(|place| self.head(place)).max().unwrap_or(0)
    }

    /// From `since` until a payment handed in only now is final, at each of these nodes, which must not take too long; gives the longest.
    pub fn goes_on(&self, what: &str, places: &[usize], since: Instant) -> Duration {
        let took = self.runtime.block_on(self.load.probes(places, since));
        let ms: Vec<u128> = took.iter().map(Duration::as_millis).collect();
        say(&format!("{what}: payments at nodes {places:?} final after {ms:?} ms"));
        let longest = took.into_iter().max().unwrap_or_default();
        let most =
            std::env::var("DURE_PROGRESS_SECONDS").map_or(PROGRESS_SECONDS, |text| text.parse().expect("a number of seconds"));
        let most = Duration::from_secs(most);
        assert!(longest <= most, "{what}: {longest:?} until a payment was final, at most {most:?}");
        longest
    }

    /// Waits until `place` has the block of `height`, and gives how long that took since then.
    pub fn until_head(&self, place: usize, height: u64, since: Instant) -> Duration {
        while self.head(place) < height {
            assert!(since.elapsed() < LEVEL_MAX, "node {place} is at {}, not {height}", self.head(place));
            std::thread::sleep(Duration::from_millis(10));
        }
        since.elapsed()
    }

    /// Ends everything: one history on all nodes, nothing final lost, and all books in order.
    pub fn finish(mut self) {
        self.load.stop();
        let highest = self.highest();
        for place in 0..=FOLLOWER {
            self.until_head(place, highest, Instant::now());
        }
        let wrong = self.runtime.block_on(self.load.history());
        assert!(wrong.is_empty(), "{} things do not fit: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
        std::thread::scope(|scope| {
            for node in self.nodes.iter_mut().flatten() {
                scope.spawn(|| assert_eq!(node.stop(), Some(0), "a node ends well when it is asked to"));
            }
        });
        for place in 0..=FOLLOWER {
            let index = Index::open(&self.data(place).join("index.sqlite")).expect("an index");
            let records = (MODULES..=u8::MAX).flat_map(|tag| index.records(tag, RECORDS_MAX).expect("records"));
            let records = Memory(records.collect());
            assert!(records.0.len() > people(0).len(), "node {place}: {} records", records.0.len());
            assert_eq!(dure_rules::audit(&records), Ok(vec![]), "the books of node {place} at {:?}", index.height());
        }
        say(&format!("audits hold on {} nodes; {:?}", VALIDATORS + 1, self.wire.told()));
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for place in 0..=FOLLOWER {
                let log = std::fs::read_to_string(self.log(place)).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                say(&format!("node {place} at {}, its log's end:", self.load.seen().heads[place]));
                lines[lines.len().saturating_sub(LOG_LINES)..].iter().for_each(|line| say(&format!("  {line}")));
            }
        }
    }
}

fn url(place: usize) -> String {
    format!("http://{}:8545", address(place))
}
