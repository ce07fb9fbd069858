//! A hundred proofs from a running chain of four, and every byte of each changed: nothing that is changed proves what the file did not.

mod common;

use alloy_primitives::{Address, Bytes, TxKind, U256, hex, keccak256};
use alloy_signer_local::PrivateKeySigner;
use common::{
    CREDIT, Dev, FRIEND,
    proofs::{RECORD_MAX_BYTES, Sixteen, anchor, block_on, mend, other_truth, prove, record},
};
use dure_gateways::node::Node;
use dure_proof::{Anchor, CHECKSUM_BYTES, Fact, check};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Instant};

const ROUNDS: u8 = 10;
const SEED: u64 = 1;
/// Initcode: slot 0 becomes 1, and the code is one STOP.
const CONTRACT: [u8; 10] = hex!("600160005560016000f3");
/// Two of the well-known test accounts: a key and an address.
const ANNA: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const BORA: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const CODE: u8 = 0x03;
const BALANCES: u8 = 0x11;

struct Taken {
    kind: &'static str,
    file: Vec<u8>,
}

/// Ten kinds of proof, from ten blocks.
fn take(dev: &Dev) -> Vec<Taken> {
    let credit: Address = CREDIT.parse().expect("an address");
    let friend: Address = FRIEND.parse().expect("an address");
    let node = Node::new(&dev.url).expect("an address");
    let key: PrivateKeySigner = ANNA.parse().expect("a key");
    let mut taken = Vec::new();
    block_on(async {
        let made = node.send(&key, TxKind::Create, CONTRACT.into(), U256::ZERO).await.expect("is made");
        let contract = made.created.expect("a contract");
        for round in 1..=ROUNDS {
            let amount = U256::from(round).to_be_bytes::<32>();
            let call = [&hex!("a9059cbb")[..], &[0; 12], friend.as_slice(), &amount].concat();
            let sent = node.send(&key, TxKind::Call(credit), Bytes::from(call), U256::ZERO).await.expect("is sent");
            let nobody = Address::repeat_byte(0xb0 + round);
            let asked: [(&str, Value); 10] = [
                ("account", json!({ "account": key.address() })),
                ("another account", json!({ "account": BORA })),
                ("no account", json!({ "account": nobody })),
                ("record", record(BALANCES, &[credit.as_slice(), friend.as_slice()])),
                ("no record", record(BALANCES, &[credit.as_slice(), nobody.as_slice()])),
                ("code", record(CODE, &[keccak256([0]).as_slice()])),
                ("slot", json!({ "slot": { "address": contract, "index": "0x0" } })),
                ("no slot", json!({ "slot": { "address": contract, "index": U256::from(round) } })),
                ("receipt", json!({ "receipt": sent.hash })),
                ("log", json!({ "log": { "transaction": sent.hash, "index": 0 } })),
            ];
            for (kind, asked) in asked {
                taken.push(Taken { kind, file: prove(&node, asked).await });
            }
        }
    });
    taken
}

/// Every byte of the file is changed to another one, chosen at random, and refused; also where the checksum is made good again.
fn change(one: &Taken, anchor: &Anchor, seed: u64) -> (usize, usize) {
    let mut random = StdRng::seed_from_u64(seed);
    let (mut refused, mut true_too) = (0, 0);
    for at in 0..one.file.len() {
        let mut changed = one.file.clone();
        changed[at] ^= random.gen_range(1..=255);
        assert!(check(&changed, anchor).is_err(), "{}: byte {at} is changed and nothing notices (seed {seed})", one.kind);
        if at < one.file.len() - CHECKSUM_BYTES {
            mend(&mut changed);
            match check(&changed, anchor) {
                Err(_) => refused += 1,
                Ok(proven) => {
                    assert!(other_truth(&one.file, &changed, anchor), "{}: byte {at} (seed {seed}): {proven:?}", one.kind);
                    true_too += 1;
                }
            }
        }
        refused += 1;
    }
    (refused, true_too)
}

#[test]
fn no_changed_byte_of_a_hundred_proofs_proves_anything_else() {
    let folder = tempfile::tempdir().expect("folder");
    let dev = Dev::start_with(&folder.path().join("chain"), &["--validators", "4"]);
    let (taken, anchor) = (take(&dev), anchor(&dev));
    drop(dev);
    assert_eq!(taken.iter().map(|one| &one.file).collect::<BTreeSet<_>>().len(), 10 * usize::from(ROUNDS), "all differ");
    sizes(&taken, &anchor);

    let since = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let counts = std::thread::scope(|scope| {
        let share = |thread| (0..taken.len()).skip(thread).step_by(threads);
        let begun: Vec<_> = (0..threads)
            .map(|thread| {
                let (taken, anchor) = (&taken, &anchor);
                scope.spawn(move || share(thread).map(|at| change(&taken[at], anchor, SEED + at as u64)).collect::<Vec<_>>())
            })
            .collect();
        begun.into_iter().flat_map(|thread| thread.join().expect("every byte is noticed")).collect::<Vec<_>>()
    });
    let refused: usize = counts.iter().map(|(refused, _)| refused).sum();
    let true_too: usize = counts.iter().map(|(_, true_too)| true_too).sum();
    println!("{refused} changes were refused, {true_too} said another truth, in {:?}", since.elapsed());
}

/// Each kind says what was asked, and a record's proof is small enough with all signatures of sixteen.
fn sizes(taken: &[Taken], anchor: &Anchor) {
    let sixteen = Sixteen::of(anchor);
    for one in taken {
        let proven = check(&one.file, anchor).unwrap_or_else(|refused| panic!("{}: {refused}", one.kind));
        let kind = match proven.fact {
            Fact::Absent { .. } => "no",
            Fact::Held { .. } => "held",
            Fact::Receipt { .. } => "receipt",
            Fact::Log { .. } => "log",
        };
        assert_eq!(
            kind,
            ["no ", "receipt", "log"].into_iter().find(|kind| one.kind.starts_with(kind)).unwrap_or("held").trim_end()
        );
        let file = sixteen.sign(&one.file, sixteen.anchor.validators.len());
        assert!(check(&file, &sixteen.anchor).is_ok());
        let record = matches!(kind, "no" | "held");
        assert!(!record || file.len() <= RECORD_MAX_BYTES, "{}: {} bytes", one.kind, file.len());
    }
    for kind in taken[..10].iter().map(|one| one.kind) {
        let all = taken.iter().filter(|one| one.kind == kind).map(|one| sixteen.sign(&one.file, 16).len());
        println!("{kind}: at most {} bytes with sixteen signatures", all.max().unwrap_or_default());
    }
}
