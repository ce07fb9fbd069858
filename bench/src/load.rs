//! Sends and watches. One task a connection sends its share, in order; one more sees blocks become final.

use crate::{
    Fallible,
    http::{Connection, send_raw},
    peers::{Cpu, Peer},
};
use alloy_primitives::{B256, Bytes, keccak256};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Between two looks at the newest block: how exact "final" is.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// After a node took nothing (its pool is full) the same transaction is offered again.
const OFFER_AGAIN: Duration = Duration::from_millis(5);
/// After the last was sent: longest in which none of the accepted transactions that are left becomes final.
const STILL_MAX: Duration = Duration::from_secs(60);

/// How to send.
#[derive(Clone, Copy)]
pub struct Plan {
    pub seconds: Duration,
    /// All connections together; `None` is as fast as the node answers.
    pub per_second: Option<f64>,
}

/// The newest block as the watcher saw it: what a device signs by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub height: u64,
    pub hash: B256,
    pub parent_hash: B256,
}

/// What one connection sends.
pub trait Share: Send + 'static {
    /// The next signed transaction, or `None` where there is none left.
    fn next(&mut self, seen: &Seen) -> Option<Bytes>;
}

/// Signed in advance.
impl Share for std::vec::IntoIter<Bytes> {
    fn next(&mut self, _: &Seen) -> Option<Bytes> {
        Iterator::next(self)
    }
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Figures {
    pub accepted: usize,
    pub refused: usize,
    pub blocks: u64,
    pub wall: Duration,
    /// From accepted to seen final, sorted.
    pub waits: Vec<Duration>,
    pub node_cpu: Duration,
    pub own_cpu: Duration,
}

impl Figures {
    /// Final transactions per second, from the first request to the last final one.
    pub fn per_second(&self) -> f64 {
        self.waits.len() as f64 / self.wall.as_secs_f64()
    }

    /// A percentile of the waits, milliseconds.
    pub fn wait_ms(&self, percent: usize) -> f64 {
        let place = (self.waits.len() * percent / 100).min(self.waits.len().saturating_sub(1));
        self.waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1_000.0)
    }

    /// Processor time of the node for one final transaction, microseconds.
    pub fn cpu_us(&self) -> f64 {
        self.node_cpu.as_secs_f64() * 1e6 / self.waits.len().max(1) as f64
    }

    pub fn sentence(&self) -> String {
        format!(
            "{:.0}/s final ({} accepted, {} offered again, {} blocks, {:.1} s), p50 {:.0} ms, p95 {:.0} ms, {:.0} µs of CPU each; generator {:.0} %",
            self.per_second(),
            self.accepted,
            self.refused,
            self.blocks,
            self.wall.as_secs_f64(),
            self.wait_ms(50),
            self.wait_ms(95),
            self.cpu_us(),
            100.0 * self.own_cpu.as_secs_f64() / self.wall.as_secs_f64(),
        )
    }
}

/// Sends `shares`, one a connection, and waits until everything accepted is final.
///
/// # Errors
/// Where a connection breaks, or accepted transactions do not become final.
pub async fn run<S: Share>(peer: &Peer, shares: Vec<S>, plan: Plan) -> Fallible<Figures> {
    let (tell, seen) = watch::channel(Seen::default());
    let (found, stop) = (Found::default(), Arc::new(AtomicBool::new(false)));
    let mut connection = Connection::open(peer.address).await?;
    let first = look(&mut connection, None).await?.ok_or("the node has no block")?;
    tell.send_replace(first.0);
    let watcher = tokio::spawn(watch_blocks(connection, first.0.height + 1, tell, found.clone(), stop.clone()));

    let (node_cpu, own_cpu, began) = (peer.cpu()?, Cpu::own()?, Instant::now());
    let pause = plan.per_second.map(|rate| Duration::from_secs_f64(shares.len() as f64 / rate));
    let mut sending = Vec::new();
    for (share, door) in shares.into_iter().zip(peer.doors.iter().cycle()) {
        let connection = Connection::open(*door).await?;
        sending.push(tokio::spawn(send(connection, share, seen.clone(), began + plan.seconds, pause)));
    }
    let mut accepted: HashMap<B256, Instant> = HashMap::new();
    let mut refused = 0;
    for sent in sending {
        let sent = sent.await??;
        accepted.extend(sent.accepted);
        refused += sent.refused;
    }
    // Others may use the chain too, so that only these count.
    let mut missing: Vec<B256> = accepted.keys().copied().collect();
    let mut moved = Instant::now();
    while !missing.is_empty() && moved.elapsed() < STILL_MAX {
        let before = missing.len();
        missing.retain(|hash| !lock(&found).contains_key(hash));
        if missing.len() < before {
            moved = Instant::now();
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let (node_cpu, own_cpu) = (peer.cpu()? - node_cpu, Cpu::own()? - own_cpu);
    stop.store(true, Ordering::Relaxed);
    let blocks = watcher.await??;
    if !missing.is_empty() {
        return Err(format!("{} of {} accepted transactions did not become final", missing.len(), accepted.len()).into());
    }

    let (mut waits, mut last, found) = (Vec::with_capacity(accepted.len()), began, lock(&found));
    for (hash, since) in &accepted {
        let at = found.get(hash).copied().unwrap_or(*since);
        waits.push(at.saturating_duration_since(*since));
        last = last.max(at);
    }
    waits.sort_unstable();
    Ok(Figures { accepted: accepted.len(), refused, blocks, wall: last - began, waits, node_cpu, own_cpu })
}

struct Sent {
    accepted: Vec<(B256, Instant)>,
    refused: usize,
}

async fn send(
    mut connection: Connection,
    mut share: impl Share,
    seen: watch::Receiver<Seen>,
    end: Instant,
    pause: Option<Duration>,
) -> Fallible<Sent> {
    let mut sent = Sent { accepted: Vec::new(), refused: 0 };
    let mut due = Instant::now();
    loop {
        let Some(raw) = share.next(&seen.borrow()) else { break };
        if let Some(pause) = pause {
            due += pause;
            tokio::time::sleep_until(due.into()).await;
        }
        let (hash, body) = (keccak256(&raw), send_raw(&raw));
        while let Err(why) = connection.post(body.clone()).await? {
            let full = ["full", "limit", "allowance used up", "too high"].iter().any(|word| why.contains(word));
            if !full {
                return Err(format!("a transaction is refused: {why}").into());
            }
            sent.refused += 1;
            tokio::time::sleep(OFFER_AGAIN).await;
        }
        sent.accepted.push((hash, Instant::now()));
        if Instant::now() >= end {
            break;
        }
    }
    Ok(sent)
}

/// When which transaction was seen to be final.
type Found = Arc<Mutex<HashMap<B256, Instant>>>;

fn lock(found: &Found) -> MutexGuard<'_, HashMap<B256, Instant>> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch_blocks(
    mut connection: Connection,
    mut height: u64,
    tell: watch::Sender<Seen>,
    found: Found,
    stop: Arc<AtomicBool>,
) -> Fallible<u64> {
    let first = height;
    while !stop.load(Ordering::Relaxed) {
        let Some((seen, hashes)) = look(&mut connection, Some(height)).await? else {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        };
        let at = Instant::now();
        lock(&found).extend(hashes.into_iter().map(|hash| (hash, at)));
        tell.send_replace(seen);
        height += 1;
    }
    Ok(height - first)
}

/// A block, the newest where no height is named, and the hashes of its transactions.
async fn look(connection: &mut Connection, height: Option<u64>) -> Fallible<Option<(Seen, Vec<B256>)>> {
    let which = height.map_or(json!("latest"), |height| json!(format!("{height:#x}")));
    let block = connection.ask("eth_getBlockByNumber", json!([which, false])).await?;
    if block.is_null() {
        return Ok(None);
    }
    let hash = |value: &Value| serde_json::from_value::<B256>(value.clone());
    let height: alloy_primitives::U64 = serde_json::from_value(block["number"].clone())?;
    let seen = Seen { height: height.to(), hash: hash(&block["hash"])?, parent_hash: hash(&block["parentHash"])? };
    Ok(Some((seen, serde_json::from_value(block["transactions"].clone())?)))
}
