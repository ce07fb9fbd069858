//! Proofs to take away, from a running chain of four validators: `dure prove`, then everything without the node.
//! To write the vectors of the TypeScript side anew: DURE_WRITE_VECTORS=1 cargo test --workspace --test proof

mod common;

use alloy_primitives::{B256, Bytes, hex};
use common::{CREDIT, Dev, FRIEND};
use dure_proof::{Anchor, CHECKSUM_BYTES, Fact, Proof, Refused, check, checksum};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

const NOBODY: &str = "0x00000000000000000000000000000000000000bb";
/// Design: a record's proof at 16 validators, beside boundary headers.
const RECORD_MAX_BYTES: usize = 3_000;

struct Taken {
    name: &'static str,
    file: Vec<u8>,
}

/// Takes a proof of each kind.
fn take(dev: &Dev, folder: &Path) -> Vec<Taken> {
    let hash = dev.send("5")["hash"].as_str().expect("a hash").to_owned();
    // Later blocks, so that the state is not only what the genesis wrote.
    dev.send("6");
    let balance = format!("{}{}", CREDIT.to_lowercase(), &FRIEND[2..]);
    let none = format!("{}{}", CREDIT.to_lowercase(), &NOBODY[2..]);
    let all: [(&'static str, &[&str]); 8] = [
        ("account", &["account", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"]),
        ("no account", &["account", NOBODY]),
        ("balance", &["record", "0x11", &balance]),
        ("no balance", &["record", "0x11", &none]),
        ("no slot", &["slot", CREDIT, "7"]),
        ("receipt", &["receipt", &hash]),
        ("log", &["log", &hash, "0"]),
        ("code of nobody", &["record", "0x03", "0x"]),
    ];
    let took = all.iter().map(|(name, args)| {
        let file = folder.join(format!("{name}.proof"));
        let args = [&["prove"], *args, &["--out", file.to_str().expect("UTF-8")]].concat();
        dev.json(&args);
        Taken { name, file: std::fs::read(file).expect("written") }
    });
    took.collect()
}

fn anchor(dev: &Dev) -> Anchor {
    let answer: Value = ask(dev, "dure_getAnchor");
    let validators = answer["validators"].as_array().expect("a list").iter().map(hash).collect();
    Anchor { genesis: hash(&answer["genesis"]), validators }
}

fn ask(dev: &Dev, method: &str) -> Value {
    let node = dure_gateways::node::Node::new(&dev.url).expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(node.ask(method, &[])).expect("an answer")
}

fn hash(value: &Value) -> B256 {
    value.as_str().expect("text").parse().expect("32 bytes")
}

fn verify(file: &Path, genesis: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dure"));
    command.arg("verify").arg(file).arg("--genesis").arg(genesis).arg("--json").output().expect("dure runs")
}

fn fact(fact: &Fact) -> Value {
    match fact {
        Fact::Held { subject, value } => json!({ "kind": "held", "tag": subject.tag, "id": subject.id, "value": value }),
        Fact::Absent { subject } => json!({ "kind": "absent", "tag": subject.tag, "id": subject.id }),
        Fact::Receipt { index, transaction, receipt } => {
            json!({ "kind": "receipt", "index": index, "transaction": transaction, "receipt": receipt })
        }
        Fact::Log { index, transaction, log_index, log } => {
            json!({ "kind": "log", "index": index, "transaction": transaction, "logIndex": log_index, "log": log })
        }
    }
}

/// Makes the checksum of a changed file good again, as somebody with intent would.
fn mend(file: &mut [u8]) {
    let end = file.len() - CHECKSUM_BYTES;
    let (body, sum) = file.split_at_mut(end);
    sum.copy_from_slice(&checksum(body));
}

#[test]
fn proofs_are_taken_away_and_checked_without_a_node() {
    let folder = tempfile::tempdir().expect("folder");
    let chain = folder.path().join("chain");
    let dev = Dev::start_with(&chain, &["--validators", "4"]);
    let taken = take(&dev, folder.path());
    let anchor = anchor(&dev);
    let genesis = chain.join("genesis.json");
    let no_log = dev.ask(&["prove", "log", dev.send("1")["hash"].as_str().expect("a hash"), "9"]);
    assert!(String::from_utf8_lossy(&no_log.stdout).contains("has 1 logs"), "{no_log:?}");
    drop(dev);

    for one in &taken {
        let since = Instant::now();
        let proven = check(&one.file, &anchor).unwrap_or_else(|refused| panic!("{}: {refused}", one.name));
        println!("{}: {} bytes, {} signers, {:?}", one.name, one.file.len(), proven.signers, since.elapsed());
        assert!(proven.signers >= 3);
        assert_eq!(Proof::decode(&one.file).expect("decodes").encode(), one.file, "{}: one way to write it", one.name);
        let absent = matches!(proven.fact, Fact::Absent { .. });
        assert_eq!(absent, one.name.starts_with("no") || one.name.starts_with("code"), "{}", one.name);
        let output = verify(&folder.path().join(format!("{}.proof", one.name)), &genesis);
        assert!(output.status.success(), "{output:?}");
    }
    // Eleven of sixteen sign where three of four do here; a signature is 65 bytes.
    let record = taken.iter().find(|one| one.name == "balance").expect("taken");
    assert!(record.file.len() + 8 * 65 <= RECORD_MAX_BYTES, "{} bytes", record.file.len());

    let other = Anchor { genesis: B256::repeat_byte(1), ..anchor.clone() };
    assert!(matches!(check(&record.file, &other), Err(Refused::OtherChain { .. })));
    let strangers = Anchor { validators: vec![B256::repeat_byte(2); 4], ..anchor.clone() };
    assert!(matches!(check(&record.file, &strangers), Err(Refused::Signature(_) | Refused::NoValidator(_))));
    let more = Anchor { validators: [&anchor.validators[..], &anchor.validators[..]].concat(), ..anchor.clone() };
    assert!(matches!(check(&record.file, &more), Err(Refused::Quorum { found: 3 | 4, needed: 6 })));

    let mut tried = 0;
    for one in &taken {
        for at in 0..one.file.len() {
            let mut changed = one.file.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(check(&changed, &anchor).is_err(), "{}: byte {at} is changed and nothing notices", one.name);
            if at < one.file.len() - CHECKSUM_BYTES {
                mend(&mut changed);
                // Somebody who wants to can ask the same proof another question: what it then says is true as well, and another fact.
                if let Ok(proven) = check(&changed, &anchor) {
                    assert_eq!(other_truth(&one.file, &changed, &anchor), Some(true), "{}: byte {at}: {proven:?}", one.name);
                }
            }
            tried += 1;
        }
        for cut in [0, 1, 11, 12, 40, one.file.len() / 2, one.file.len() - 1] {
            assert!(check(&one.file[..cut], &anchor).is_err());
        }
    }
    println!("{tried} changes were refused");
    vectors(&taken, &anchor, &genesis);
}

/// Whether a changed file that is accepted says the one thing that it may: that another key of the same gap holds nothing.
fn other_truth(file: &[u8], changed: &[u8], anchor: &Anchor) -> Option<bool> {
    let (Fact::Absent { subject }, Fact::Absent { subject: other }) =
        (check(file, anchor).ok()?.fact, check(changed, anchor).ok()?.fact)
    else {
        return None;
    };
    Some(subject != other)
}

/// The vectors of the TypeScript side. Keys of validators are those of a development chain, which everybody can make.
fn vectors(taken: &[Taken], anchor: &Anchor, genesis: &Path) {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/ts/test/vectors/proofs.json");
    if std::env::var_os("DURE_WRITE_VECTORS").is_none() {
        assert!(file.exists(), "{} is missing", file.display());
        return;
    }
    let proofs = taken.iter().map(|one| {
        let proven = check(&one.file, anchor).expect("checked above");
        json!({ "name": one.name, "file": Bytes::copy_from_slice(&one.file), "fact": fact(&proven.fact),
            "height": proven.header.height, "hash": proven.header.hash, "timeS": proven.header.time_s, "signers": proven.signers })
    });
    let genesis: Value = serde_json::from_slice(&std::fs::read(genesis).expect("a genesis")).expect("JSON");
    let all = json!({ "genesis": genesis, "anchor": { "genesis": anchor.genesis, "validators": anchor.validators },
        "proofs": proofs.collect::<Vec<_>>() });
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    std::fs::write(&file, serde_json::to_string_pretty(&all).expect("JSON") + "\n").expect("written");
}

#[test]
fn rubbish_is_no_proof() {
    let folder = tempfile::tempdir().expect("folder");
    let anchor = Anchor { genesis: B256::ZERO, validators: vec![B256::ZERO] };
    assert_eq!(check(b"", &anchor), Err(Refused::NoProof));
    assert_eq!(check(b"dure proof 1", &anchor), Err(Refused::Damaged));
    assert_eq!(check(&vec![0; dure_proof::FILE_MAX_BYTES + 1], &anchor).map_err(|_| ()), Err(()));
    let file = folder.path().join("x.proof");
    std::fs::write(&file, hex!("00112233")).expect("written");
    let output = verify(&file, &file);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("dure genesis"), "{output:?}");
}
