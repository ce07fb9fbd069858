//! People who pay each other without a pause, and what every node says is final.

use crate::wire::say;
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, hex, keccak256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::node::Node;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::timeout};

pub const CHAIN_ID: u64 = 20_261;
const GAS_LIMIT: u64 = 150_000;
/// Who pays at the same time. A member's allowance carries about fifteen transfers a second.
const PAYERS: usize = 16;
/// Between two looks at a node that had no newer block, and at one that did not answer.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
const ASK_AGAIN: Duration = Duration::from_millis(50);
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Without a receipt for so long, the same transaction is given to another node.
const HAND_IN_AGAIN: Duration = Duration::from_secs(3);
/// A probe that is not final by then is lost.
const PROBE_MAX: Duration = Duration::from_secs(60);

/// The accounts of all who pay, and after them a prober for each node.
pub fn people(nodes: usize) -> Vec<PrivateKeySigner> {
    let key = |number| PrivateKeySigner::from_bytes(&keccak256(format!("payer {number}"))).expect("a hash is a key");
    (0..PAYERS + nodes).map(key).collect()
}

/// What was seen, of all nodes.
#[derive(Default)]
pub struct Seen {
    /// Hash by height, as the first node said it.
    pub blocks: BTreeMap<u64, B256>,
    /// Nodes that said something else.
    pub forks: Vec<String>,
    /// Height and hash of the block by transaction.
    pub finals: HashMap<B256, (u64, B256)>,
    /// Newest height by node.
    pub heads: Vec<u64>,
    at: HashMap<(usize, B256), Instant>,
    /// From taken in by a node to final there, of payments that needed no second node.
    waits: Vec<Duration>,
}

/// People at work.
pub struct Load {
    nodes: Vec<Node>,
    seen: Arc<Mutex<Seen>>,
    news: watch::Sender<u64>,
    stop: AtomicBool,
    /// Nonces of the probers.
    probes: Mutex<Vec<u64>>,
}

impl Load {
    pub fn new(urls: &[String]) -> Arc<Self> {
        let nodes: Vec<Node> = urls.iter().map(|url| Node::new(url).expect("an address")).collect();
        let seen = Seen { heads: vec![0; urls.len()], ..Seen::default() };
        Arc::new(Self {
            probes: Mutex::new(vec![0; nodes.len()]),
            nodes,
            seen: Arc::new(Mutex::new(seen)),
            news: watch::channel(0).0,
            stop: AtomicBool::new(false),
        })
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch and to pay.
    pub fn start(self: &Arc<Self>, seed: u64) {
        for place in 0..self.nodes.len() {
            tokio::spawn(self.clone().watch(place));
        }
        for (number, key) in people(0).into_iter().enumerate() {
            let dice = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
            tokio::spawn(self.clone().pay(key, dice));
        }
    }

    /// No further payments; nodes are watched on.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    async fn ask(&self, place: usize, method: &str, params: &[Value]) -> Option<Value> {
        timeout(ANSWER_MAX, self.nodes[place].ask(method, params)).await.ok()?.ok()
    }

    /// Reads every block of a node, through its deaths.
    async fn watch(self: Arc<Self>, place: usize) {
        loop {
            let height = self.seen().heads[place] + 1;
            let Some(block) = self.ask(place, "eth_getBlockByNumber", &[json!(U64::from(height)), json!(false)]).await else {
                tokio::time::sleep(ASK_AGAIN).await;
                continue;
            };
            if block.is_null() {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            let hash: B256 = serde_json::from_value(block["hash"].clone()).expect("a hash");
            let transactions: Vec<B256> = serde_json::from_value(block["transactions"].clone()).expect("hashes");
            let (now, mut seen) = (Instant::now(), self.seen());
            let first = *seen.blocks.entry(height).or_insert(hash);
            if first != hash {
                seen.forks.push(format!("node {place} has {hash} at {height}, another has {first}"));
            }
            for transaction in transactions {
                seen.finals.entry(transaction).or_insert((height, hash));
                seen.at.insert((place, transaction), now);
            }
            seen.heads[place] = height;
            drop(seen);
            self.news.send_modify(|count| *count += 1);
        }
    }

    /// When `place` showed the transaction as final, if that comes within `most`.
    async fn until_final(&self, place: usize, hash: B256, most: Duration) -> Option<Instant> {
        let mut news = self.news.subscribe();
        let found = async {
            loop {
                if let Some(at) = self.seen().at.get(&(place, hash)) {
                    return *at;
                }
                if news.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        timeout(most, found).await.ok()
    }

    async fn pay(self: Arc<Self>, key: PrivateKeySigner, mut dice: StdRng) {
        for nonce in 0.. {
            let (hash, raw) = transfer(&key, nonce);
            let mut tries = 0;
            while !self.seen().finals.contains_key(&hash) {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                let place = dice.gen_range(0..self.nodes.len());
                if self.hand_in(place, &raw).await.is_err() {
                    tokio::time::sleep(ASK_AGAIN).await;
                    continue;
                }
                let since = Instant::now();
                tries += 1;
                if let Some(at) = self.until_final(place, hash, HAND_IN_AGAIN).await
                    && tries == 1
                {
                    self.seen().waits.push(at.saturating_duration_since(since));
                }
            }
        }
    }

    /// Whether the node took the transaction, or has it.
    async fn hand_in(&self, place: usize, raw: &Bytes) -> Result<(), String> {
        let answer = timeout(ANSWER_MAX, self.nodes[place].ask::<B256>("eth_sendRawTransaction", &[json!(raw)])).await;
        match answer {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.to_string().contains("already known") => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {ANSWER_MAX:?}")),
        }
    }

    /// As [`Self::probe`], at each of these nodes at the same time.
    pub async fn probes(self: &Arc<Self>, places: &[usize], since: Instant) -> Vec<Duration> {
        let probing = places.iter().map(|place| {
            let (load, place) = (self.clone(), *place);
            tokio::spawn(async move { load.probe(place, since).await })
        });
        let mut took = Vec::new();
        for probing in probing.collect::<Vec<_>>() {
            took.push(probing.await.expect("a payment goes through"));
        }
        took
    }

    /// From `since` until a payment that is handed in at `place` only now is final there.
    async fn probe(&self, place: usize, since: Instant) -> Duration {
        let nonce = {
            let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
            probes[place] += 1;
            probes[place] - 1
        };
        let (hash, raw) = transfer(&people(self.nodes.len())[PAYERS + place], nonce);
        while let Err(why) = self.hand_in(place, &raw).await {
            assert!(since.elapsed() < PROBE_MAX, "node {place} takes no payment: {why}");
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let at = self.until_final(place, hash, PROBE_MAX).await;
        at.unwrap_or_else(|| panic!("a payment handed in at node {place} was not final after {PROBE_MAX:?}"))
            .duration_since(since)
    }

    /// Forgets how long payments took so far.
    pub fn forget_waits(&self) {
        self.seen().waits.clear();
    }

    /// Says how long payments took since then, and gives how many there were.
    pub fn say_waits(&self, what: &str) -> usize {
        let mut waits = self.seen().waits.clone();
        waits.sort_unstable();
        let ms = |percent: usize| waits.get(waits.len() * percent / 100).map_or(0, Duration::as_millis);
        say(&format!("{what}: {} payments, taken in → final there p50 {} ms, p95 {} ms", waits.len(), ms(50), ms(95)));
        waits.len()
    }

    /// Asks every node for every block up to the lowest head, and for every payment that any of them ever said was final. Gives what
    /// does not fit.
    pub async fn history(&self) -> Vec<String> {
        let (blocks, finals, lowest) = {
            let seen = self.seen();
            (seen.blocks.clone(), seen.finals.clone(), seen.heads.iter().copied().min().unwrap_or(0))
        };
        let mut wrong = self.seen().forks.clone();
        for place in 0..self.nodes.len() {
            for (height, hash) in blocks.range(..=lowest) {
                let block = self.insist(place, "eth_getBlockByNumber", &[json!(U64::from(*height)), json!(false)]).await;
                if block["hash"] != json!(hash) {
                    wrong.push(format!("node {place}: block {height} is {}, not {hash}", block["hash"]));
                }
            }
            for (transaction, (height, hash)) in finals.iter().filter(|(_, (height, _))| *height <= lowest) {
                let receipt = self.insist(place, "eth_getTransactionReceipt", &[json!(transaction)]).await;
                let expected = (&json!(hash), &json!(U64::from(*height)), &json!("0x1"));
                if (&receipt["blockHash"], &receipt["blockNumber"], &receipt["status"]) != expected {
                    wrong.push(format!("node {place}: {transaction} was final in {hash}, block {height}, and is {receipt}"));
                }
            }
        }
        if wrong.is_empty() {
            say(&format!("one history to block {lowest} and {} final payments on {} nodes", finals.len(), self.nodes.len()));
        }
        wrong
    }

    /// As [`Self::ask`], again and again: an address has its share of a node's work, and must wait for more.
    async fn insist(&self, place: usize, method: &str, params: &[Value]) -> Value {
        let since = Instant::now();
        loop {
            if let Some(answer) = self.ask(place, method, params).await {
                return answer;
            }
            assert!(since.elapsed() < PROBE_MAX, "node {place} does not answer {method} {params:?}");
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// One unit to a friend.
fn transfer(key: &PrivateKeySigner, nonce: u64) -> (B256, Bytes) {
    let to: Address = crate::common::FRIEND.parse().expect("an address");
    let input = [hex!("a9059cbb").as_slice(), to.into_word().as_slice(), B256::with_last_byte(1).as_slice()].concat();
    let to = TxKind::Call(crate::common::CREDIT.parse().expect("an address"));
    let transaction =
        TxEip1559 { chain_id: CHAIN_ID, nonce, gas_limit: GAS_LIMIT, to, input: input.into(), ..TxEip1559::default() };
    let signature = key.sign_hash_sync(&transaction.signature_hash()).expect("a local key signs");
    let raw: Bytes = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into();
    (keccak256(&raw), raw)
}
