//! `dure verify`.

use super::site;
use crate::say::{Problem, help, line, time};
use alloy_primitives::{Address, B256, keccak256};
use dure_execution::{AccountRecord, keys};
use dure_proof::{Anchor, FILE_MAX_BYTES, Fact, Proven, check};
use serde_json::{Value, json};
use std::{io::Read as _, path::PathBuf};

/// Check a proof that somebody took from a node. No node is asked.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure verify paid.proof --genesis genesis.json\n  dure --json verify paid.proof --genesis genesis.json\n\nThe genesis is all that is trusted: take it from your community, not from whoever gave you the proof, and compare its hash.")
)]
pub struct Verify {
    /// What `dure prove`, a node or a page gave.
    file: PathBuf,
    /// The community's genesis.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
}

impl Verify {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let genesis = site::read(&self.genesis)?;
        let mut validators: Vec<B256> = genesis.validators.clone();
        validators.sort_unstable();
        let anchor = Anchor { genesis: genesis.hash(), validators };
        let unreadable = |error: std::io::Error| Problem::usage(format!("{}: {error}", self.file.display()));
        let mut file = Vec::new();
        let opened = std::fs::File::open(&self.file).map_err(unreadable)?;
        opened.take(FILE_MAX_BYTES as u64 + 1).read_to_end(&mut file).map_err(unreadable)?;
        let proven = check(&file, &anchor).map_err(|refused| {
            Problem::refused(format!("{} proves nothing: {refused}", self.file.display()))
                .hint("take a new proof: dure prove --help; a proof is good on its own chain only")
        })?;
        if json {
            line(&view(&proven, &anchor));
        } else {
            say(&proven, &anchor);
        }
        Ok(())
    }
}

/// A proof as `--json` gives it.
fn view(proven: &Proven, anchor: &Anchor) -> Value {
    let mut view = match &proven.fact {
        Fact::Held { subject, value } => json!({ "kind": "held", "tag": subject.tag, "id": subject.id, "value": value }),
        Fact::Absent { subject } => json!({ "kind": "absent", "tag": subject.tag, "id": subject.id }),
        Fact::Receipt { index, transaction, receipt } => {
            json!({ "kind": "receipt", "index": index, "hash": keccak256(transaction), "transaction": transaction, "receipt": receipt })
        }
        Fact::Log { index, transaction, log_index, log } => {
            json!({ "kind": "log", "index": index, "hash": keccak256(transaction), "transaction": transaction, "logIndex": log_index, "log": log })
        }
    };
    view["genesis"] = json!(anchor.genesis);
    view["block"] = json!({ "height": proven.header.height, "hash": proven.header.hash, "timeS": proven.header.time_s });
    view["signers"] = json!({ "signed": proven.signers, "of": anchor.validators.len() });
    view
}

fn say(proven: &Proven, anchor: &Anchor) {
    match &proven.fact {
        Fact::Held { subject, value } if subject.tag == keys::ACCOUNT => {
            let address = Address::try_from(&subject.id[..]).unwrap_or_default();
            match AccountRecord::decode(value) {
                Some(record) => {
                    println!("Account {address}: {:?}, nonce {}, balance {} wei", record.class, record.nonce, record.balance())
                }
                None => println!("Account {address}: {value}"),
            }
        }
        Fact::Held { subject, value } => println!("Record {} of table {:#04x}:\n{value}", subject.id, subject.tag),
        Fact::Absent { subject } if subject.tag == keys::ACCOUNT => println!("Account {}: there is none", subject.id),
        Fact::Absent { subject } => println!("Record {} of table {:#04x}: there is none", subject.id, subject.tag),
        Fact::Receipt { index, transaction, receipt } => {
            println!("Transaction {} stands at {index}\nreceipt {receipt}", keccak256(transaction));
        }
        Fact::Log { index, transaction, log_index, log } => {
            println!("Transaction {} stands at {index}\nlog {log_index}: {log}", keccak256(transaction));
        }
    }
    println!(
        "in block {} of {} UTC, {}\nof the chain {}. {} of {} validators signed.",
        proven.header.height,
        time(proven.header.time_s.saturating_mul(1_000)),
        proven.header.hash,
        anchor.genesis,
        proven.signers,
        anchor.validators.len()
    );
}
