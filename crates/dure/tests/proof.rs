//! Proofs to take away, from a running chain of four validators: `dure prove`, then everything without the node.
//! To write the vectors of the TypeScript side anew: DURE_WRITE_VECTORS=1 cargo test --workspace --test proof

mod common;

use alloy_primitives::{B256, Bytes, hex};
use common::{
    CREDIT, Dev, FRIEND,
    proofs::{RECORD_MAX_BYTES, Sixteen, VERIFY_MAX, anchor},
};
use dure_proof::{Anchor, Fact, Proof, Refused, check, quorum};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

const NOBODY: &str = "0x00000000000000000000000000000000000000bb";

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
    let record = taken.iter().find(|one| one.name == "balance").expect("taken");

    let other = Anchor { genesis: B256::repeat_byte(1), ..anchor.clone() };
    assert!(matches!(check(&record.file, &other), Err(Refused::OtherChain { .. })));
    let strangers = Anchor { validators: vec![B256::repeat_byte(2); 4], ..anchor.clone() };
    assert!(matches!(check(&record.file, &strangers), Err(Refused::Signature(_) | Refused::NoValidator(_))));
    let more = Anchor { validators: [&anchor.validators[..], &anchor.validators[..]].concat(), ..anchor.clone() };
    assert!(matches!(check(&record.file, &more), Err(Refused::Quorum { found: 3 | 4, needed: 6 })));

    for one in &taken {
        for cut in [0, 1, 11, 12, 40, one.file.len() / 2, one.file.len() - 1] {
            assert!(check(&one.file[..cut], &anchor).is_err());
        }
    }
    let (sixteen, lenient) = (sixteen(&record.file, &anchor), lenient(&record.file, &anchor));
    vectors(&taken, &anchor, &genesis, &[("sixteen", sixteen), ("lenient", lenient)]);
}

/// The same record, its block made final by sixteen: how large it is and how long it takes, and that eleven are enough and ten are not.
fn sixteen(record: &[u8], anchor: &Anchor) -> (Vec<u8>, Anchor) {
    let sixteen = Sixteen::of(anchor);
    let file = sixteen.sign(record, sixteen.anchor.validators.len());
    let took = (0..10).map(|_| {
        let since = Instant::now();
        assert_eq!(check(&file, &sixteen.anchor).map(|proven| proven.signers), Ok(16));
        since.elapsed()
    });
    let took = took.min().expect("ten times");
    println!("sixteen validators: {} bytes, {took:?}", file.len());
    assert!(file.len() <= RECORD_MAX_BYTES && took <= VERIFY_MAX, "{} bytes, {took:?}", file.len());
    let needed = quorum(16);
    assert!(check(&sixteen.sign(record, needed), &sixteen.anchor).is_ok());
    let few = check(&sixteen.sign(record, needed - 1), &sixteen.anchor);
    assert_eq!(few, Err(Refused::Quorum { found: 10, needed: 11 }));
    (file, sixteen.anchor)
}

/// Every encoding of a point of small order: any message has a signature by such a key that ZIP 215 takes and stricter verifiers do not.
const SMALL_ORDER: [[u8; 32]; 14] = [
    hex!("0000000000000000000000000000000000000000000000000000000000000000"),
    hex!("0000000000000000000000000000000000000000000000000000000000000080"),
    hex!("0100000000000000000000000000000000000000000000000000000000000000"),
    hex!("0100000000000000000000000000000000000000000000000000000000000080"),
    hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
    hex!("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    hex!("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
    hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex!("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
];

/// The same record, signed with all of these as keys and as points: what validators take by ZIP 215, a reader takes.
fn lenient(record: &[u8], anchor: &Anchor) -> (Vec<u8>, Anchor) {
    let anchor = Anchor { validators: SMALL_ORDER.map(B256::from).to_vec(), ..anchor.clone() };
    let signatures = (0..).zip(SMALL_ORDER.iter().rev()).map(|(number, point)| {
        let mut signature = [0; 64]; // S is 0
        signature[..32].copy_from_slice(point);
        (number, signature)
    });
    let mut proof = Proof::decode(record).expect("reads");
    proof.certificate.signatures = signatures.collect();
    let file = proof.encode();
    assert_eq!(check(&file, &anchor).map(|proven| proven.signers), Ok(SMALL_ORDER.len()));
    (file, anchor)
}

/// The vectors of the TypeScript side. Keys of validators are those of a development chain, which everybody can make.
fn vectors(taken: &[Taken], anchor: &Anchor, genesis: &Path, more: &[(&str, (Vec<u8>, Anchor))]) {
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
    let mut all = json!({ "genesis": genesis, "anchor": { "genesis": anchor.genesis, "validators": anchor.validators },
        "proofs": proofs.collect::<Vec<_>>() });
    for (name, (file, Anchor { genesis, validators })) in more {
        all[*name] = json!({ "anchor": { "genesis": genesis, "validators": validators }, "file": Bytes::copy_from_slice(file) });
    }
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
