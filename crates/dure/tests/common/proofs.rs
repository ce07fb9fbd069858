//! Files that a node proves with, and what is done to them.

use super::Dev;
use alloy_primitives::{B256, Bytes};
use dure_gateways::node::Node;
use dure_proof::{Anchor, CHECKSUM_BYTES, Certificate, Fact, Header, Proof, check, checksum};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use serde_json::{Value, json};
use std::time::Duration;

/// Most bytes of a record's proof at 16 validators, and longest that checking it takes.
pub const RECORD_MAX_BYTES: usize = 3_000;
pub const VERIFY_MAX: Duration = Duration::from_millis(20);

pub fn anchor(dev: &Dev) -> Anchor {
    let node = Node::new(&dev.url).expect("an address");
    let answer: Value = block_on(node.ask("dure_getAnchor", &[])).expect("an answer");
    let validators = answer["validators"].as_array().expect("a list").iter().map(hash).collect();
    Anchor { genesis: hash(&answer["genesis"]), validators }
}

/// The proof of what `asked` asks about (docs/proofs.md).
pub async fn prove(node: &Node, asked: Value) -> Vec<u8> {
    let answer: Value =
        node.ask("dure_getProof", std::slice::from_ref(&asked)).await.unwrap_or_else(|error| panic!("{asked}: {error}"));
    answer["proof"].as_str().expect("text").parse::<Bytes>().expect("digits").to_vec()
}

pub fn record(tag: u8, id: &[&[u8]]) -> Value {
    json!({ "record": { "tag": format!("{tag:#04x}"), "id": Bytes::from(id.concat()) } })
}

pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work)
}

fn hash(value: &Value) -> B256 {
    value.as_str().expect("text").parse().expect("32 bytes")
}

/// Makes the checksum of a changed file good again, as somebody with intent would.
pub fn mend(file: &mut [u8]) {
    let end = file.len() - CHECKSUM_BYTES;
    let (body, sum) = file.split_at_mut(end);
    sum.copy_from_slice(&checksum(body));
}

/// Whether a changed file that is accepted says one of the things that it may: that another key of the same gap holds nothing, or another
/// log of the same receipt. Somebody who wants to can ask the same proof another question; what it then says is as true.
pub fn other_truth(file: &[u8], changed: &[u8], anchor: &Anchor) -> bool {
    let facts = (check(file, anchor).expect("it was good").fact, check(changed, anchor).expect("it is accepted").fact);
    match facts {
        (Fact::Absent { subject }, Fact::Absent { subject: other }) => subject != other,
        (Fact::Log { index, log_index, .. }, Fact::Log { index: same, log_index: other, .. }) => {
            index == same && log_index != other
        }
        _ => false,
    }
}

/// Sixteen validators in the place of those of a chain, so that files are as large as theirs would be and take as long.
pub struct Sixteen {
    keys: Vec<SigningKey>,
    pub anchor: Anchor,
}

impl Sixteen {
    pub fn of(anchor: &Anchor) -> Self {
        let mut keys: Vec<_> = (1..=16).map(|seed| SigningKey::from([seed; 32])).collect();
        keys.sort_by_key(public);
        let validators = keys.iter().map(public).collect();
        Self { keys, anchor: Anchor { validators, ..anchor.clone() } }
    }

    /// The file, its block made final by the first `signers` of the sixteen.
    pub fn sign(&self, file: &[u8], signers: usize) -> Vec<u8> {
        let proof = Proof::decode(file).expect("reads");
        let block = Header::decode(proof.headers.last().expect("a header")).expect("reads").hash;
        let message = proof.certificate.signed(&proof.genesis, &block);
        let signatures = self.keys[..signers].iter().zip(0..).map(|(key, number)| (number, key.sign(&message).to_bytes()));
        let certificate = Certificate { signatures: signatures.collect(), ..proof.certificate };
        Proof { certificate, ..proof }.encode()
    }
}

fn public(key: &SigningKey) -> B256 {
    B256::from(<[u8; 32]>::from(VerificationKeyBytes::from(key)))
}
