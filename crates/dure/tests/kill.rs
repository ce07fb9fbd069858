//! Killed without warning at ten random moments while people pay each other: what was final stays final.

mod common;

use alloy_primitives::{B256, TxKind, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use common::{CREDIT, Dev, FRIEND};
use dure_gateways::node::Node;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

const KILLS: u64 = 10;
/// The moments follow from it; another one: `DURE_SEED`.
const SEED: u64 = 20_261_125;
/// Keys of the well-known accounts test/1 to test/3.
const KEYS: [&str; 3] = [
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
];

/// Pays one unit again and again until told to stop, and writes down what was final and where.
fn pay(url: &str, key: &str, stop: &AtomicBool, finals: &Mutex<BTreeMap<B256, u64>>) {
    let key = PrivateKeySigner::from_slice(&hex::decode(key).expect("hex")).expect("a key");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let node = Node::new(url).expect("an address");
        let to = FRIEND.parse::<alloy_primitives::Address>().expect("an address");
        let data = [hex!("a9059cbb").as_slice(), to.into_word().as_slice(), B256::with_last_byte(1).as_slice()].concat();
        while !stop.load(Ordering::Relaxed) {
            let to = TxKind::Call(CREDIT.parse().expect("an address"));
            // An error is what a killed node answers.
            let Ok(receipt) = node.send(&key, to, data.clone().into(), U256::ZERO).await else { return };
            assert!(receipt.success);
            finals.lock().expect("no panic").insert(receipt.hash, receipt.height);
        }
    });
}

#[test]
fn ten_kills_at_random_moments_lose_nothing_final() {
    let seed = std::env::var("DURE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(SEED);
    println!("seed {seed}");
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let finals = Mutex::new(BTreeMap::new());
    for kill in 0..KILLS {
        let dev = Dev::start(&data);
        let (stop, url) = (AtomicBool::new(false), dev.url.clone());
        std::thread::scope(|scope| {
            for key in KEYS {
                let (url, stop, finals) = (&url, &stop, &finals);
                scope.spawn(move || pay(url, key, stop, finals));
            }
            let moment = alloy_primitives::keccak256([seed.to_le_bytes(), kill.to_le_bytes()].concat());
            std::thread::sleep(Duration::from_millis(300 + 5 * u64::from(moment[0])));
            let took = dev.took;
            dev.kill();
            stop.store(true, Ordering::Relaxed);
            println!("kill {kill}: came up in {took:?}");
        });
    }
    let finals = finals.into_inner().expect("no panic");
    assert!(finals.len() as u64 > KILLS, "people paid: {} times", finals.len());
    let dev = Dev::start(&data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let node = Node::new(&dev.url).expect("an address");
        for (hash, height) in &finals {
            let receipt = node.receipt(*hash).await.expect("answered");
            assert_eq!(receipt.map(|receipt| (receipt.height, receipt.success)), Some((*height, true)), "{hash}");
        }
    });
    let balance: usize = dev.balance(None).parse().expect("a number");
    assert!(balance >= finals.len(), "{balance} units came, {} were seen to be final", finals.len());
    println!("{} final transfers outlived {KILLS} kills", finals.len());
}
