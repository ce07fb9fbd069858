//! `dure prove`.

use super::remote;
use crate::{
    picture,
    say::{Problem, help, line},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

/// Take a proof away: a file that anybody can check without a node.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure prove account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n  dure prove receipt 0xHASH --out paid.proof --qr paid.svg\n  dure prove record 0x46 0xORDER\n  dure verify paid.proof --genesis genesis.json\n\nWhere an account, slot or record is not there, the file proves just that. docs/proofs.md lists the tables and has the file byte by byte.")
)]
pub struct Prove {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    remote: remote::Remote,
    /// File to write [default: KIND.proof]
    #[arg(long, value_name = "FILE", global = true)]
    out: Option<PathBuf>,
    /// Also draw the proof as a QR code, for paper or a screen: the page /proof reads it (SVG).
    #[arg(long, value_name = "FILE", global = true)]
    qr: Option<PathBuf>,
    /// Overwrite files that are there already.
    #[arg(long, global = true)]
    force: bool,
}

#[derive(clap::Subcommand)]
enum What {
    /// The record of an account, or that there is none.
    Account { address: Address },
    /// A slot of a contract's storage, or that it was never written.
    Slot { address: Address, index: U256 },
    /// A record of a table, by the table's tag and the identity within it (borsh).
    Record {
        /// For example 0x46, orders.
        #[arg(value_parser = tag)]
        tag: u8,
        id: Bytes,
    },
    /// A final transaction with its receipt.
    Receipt { hash: B256 },
    /// One log of a final transaction, counted from 0 within it.
    Log { hash: B256, index: u32 },
}

impl What {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Account { .. } => "account",
            Self::Slot { .. } => "slot",
            Self::Record { .. } => "record",
            Self::Receipt { .. } => "receipt",
            Self::Log { .. } => "log",
        }
    }

    fn asked(&self) -> Value {
        match self {
            Self::Account { address } => json!({ "account": address }),
            Self::Slot { address, index } => json!({ "slot": { "address": address, "index": index } }),
            Self::Record { tag, id } => json!({ "record": { "tag": format!("{tag:#x}"), "id": id } }),
            Self::Receipt { hash } => json!({ "receipt": hash }),
            Self::Log { hash, index } => json!({ "log": { "transaction": hash, "index": index } }),
        }
    }
}

impl Prove {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        #[derive(serde::Deserialize)]
        struct Answer {
            proof: Bytes,
        }
        let file = self.out.unwrap_or_else(|| format!("{}.proof", self.what.kind()).into());
        let node = self.remote.connect()?;
        let answer: Answer = remote::block_on(async { node.ask("dure_getProof", &[self.what.asked()]).await })?;
        write(&file, &answer.proof, self.force)?;
        if let Some(drawn) = &self.qr {
            let picture = picture::of_proof(&answer.proof)
                .map_err(|problem| problem.hint(format!("the file itself is whole: {}", file.display())))?;
            write(drawn, picture.as_bytes(), self.force)?;
        }
        if json {
            line(&json!({ "file": file, "bytes": answer.proof.len(), "qr": self.qr }));
        } else {
            let name = file.display();
            println!("{name}  {} bytes\nCheck it: dure verify {name} --genesis FILE", answer.proof.len());
            if let Some(drawn) = &self.qr {
                println!("{}  the same as a QR code, for the page /proof of any node", drawn.display());
            }
        }
        Ok(())
    }
}

/// Writes `file`, over an older one only by `force`: a proof of what was cannot be taken again.
fn write(file: &Path, bytes: &[u8], force: bool) -> Result<(), Problem> {
    let mut open = OpenOptions::new();
    open.write(true).create_new(!force).create(force).truncate(force);
    let written = open.open(file).and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Problem::usage(format!("{} is there already", file.display()))
            .hint("name another file with --out FILE or --qr FILE, or overwrite it with --force"),
        _ => Problem::usage(format!("{}: {error}", file.display())),
    })
}

fn tag(text: &str) -> Result<u8, String> {
    let digits = text.strip_prefix("0x").ok_or("write a tag as 0x46")?;
    u8::from_str_radix(digits, 16).map_err(|_| "write a tag as 0x46".into())
}
