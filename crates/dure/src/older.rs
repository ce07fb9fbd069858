//! A folder whose chain was made by a version of this program that kept its records otherwise: it is told at the start, and left as it is.

use crate::say::Problem;
use dure_node::{disk::Config, read::Index};
use dure_rules::{Memory, Stop};
use std::path::Path;

/// The tags of the institutions' records.
const TAGS: std::ops::RangeInclusive<u8> = 0x10..=0xff;
/// Records of each table that are looked at: those of one chain are all of one version.
const LOOKED_AT: usize = 4;

/// How a node ends that met a chain of another version only later.
const ENDS: [&str; 2] = ["stored genesis block does not match", "this node cannot go on: the record under"];

/// Looks at what the chain begins with, and at some records of each table that the index has: as far as the audit of the books reads them.
///
/// # Errors
/// Where one does not decode, or the index cannot be read.
pub fn refuse(config: &Config) -> Result<(), Problem> {
    let born = config.genesis.records.iter().filter(|(key, _)| TAGS.contains(&key.0[0]));
    let mut all = vec![Memory(born.cloned().collect())];
    let file = config.folder.join("index.sqlite");
    if file.exists() {
        let unreadable = |error| Problem::unreachable(format!("{}: {error}", file.display()));
        let index = Index::open(&file).map_err(unreadable)?;
        let mut some = Memory::default();
        for tag in TAGS {
            some.0.extend(index.some_records(tag, LOOKED_AT).map_err(unreadable)?);
        }
        all.push(some);
    }
    // Some records alone break invariants; what counts is whether each can be read.
    let unread = all.iter().any(|some| matches!(dure_rules::audit(some), Err(Stop::Corrupt(_))));
    if unread { Err(problem(&config.folder, config.genesis.seed.is_some())) } else { Ok(()) }
}

/// Whether a panic is of a node that met such a chain.
pub fn is_told_by(said: &str) -> bool {
    ENDS.iter().any(|words| said.contains(words))
}

/// In one sentence. `alone`: it is a development chain, which nobody else has.
fn problem(folder: &Path, alone: bool) -> Problem {
    let folder = folder.display();
    let problem = Problem::usage(format!("{folder} holds a chain of an older version of dure, which kept its records otherwise"));
    problem.hint(if alone {
        format!("nothing was changed: go on with that version, or remove {folder} to begin anew")
    } else {
        "nothing was changed: run the version that the other nodes of this chain run".to_owned()
    })
}

/// The same of a node that ended by such a panic: what it met may have other causes.
pub fn met(folder: &Path, alone: bool, said: &str) -> Problem {
    let folder = folder.display();
    let problem =
        Problem::usage(format!("{said}: {folder} is of another version of dure or of another chain, or its disk is at fault"));
    problem.hint(if alone {
        format!("go on with the version that made it, or keep a copy and remove {folder} to begin anew")
    } else {
        "run the version and the genesis that the other nodes of this chain run; if that is so, check the disk and let this node follow anew (docs/operate.md)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain;
    use alloy_primitives::{B256, Bytes};
    use dure_node::{genesis::Genesis, history::FinalBlock};
    use dure_rules::{Key, energy::MARKETS};
    use std::sync::Arc;

    fn refused(folder: &Path, genesis: &Genesis) -> Option<String> {
        let config = Config {
            folder: folder.to_owned(),
            genesis: genesis.clone(),
            seats: Vec::new(),
            peers: Vec::new(),
            upstreams: Vec::new(),
            speed: None,
        };
        refuse(&config).err().map(|problem| problem.to_string())
    }

    #[test]
    fn a_record_of_another_form_is_found_in_the_genesis_and_in_the_index() {
        let folder = tempfile::tempdir().expect("folder");
        let genesis = chain::genesis(1, 1_000, &[], 1).expect("made");
        assert_eq!(refused(folder.path(), &genesis), None, "a new chain");

        let index = Index::open(&folder.path().join("index.sqlite")).expect("an index");
        let block = |height, changes: Vec<(Key, Bytes)>| FinalBlock {
            height,
            hash: B256::with_last_byte(height as u8),
            header: Default::default(),
            time_ms: 0,
            transactions: Vec::new(),
            changes: changes.into_iter().map(|(key, value)| (key, Some(value))).collect(),
            size_bytes: 0,
        };
        index.apply_all(&[Arc::new(block(0, genesis.records.clone()))]).expect("taken");
        assert_eq!(refused(folder.path(), &genesis), None, "a chain of this version");
        let market = MARKETS.key(&B256::ZERO);
        index.apply_all(&[Arc::new(block(1, vec![(market, Bytes::from_static(b"older"))]))]).expect("taken");
        let said = refused(folder.path(), &genesis).expect("refused");
        assert!(said.contains("older version of dure"), "{said}");

        let mut older = genesis.clone();
        let record = older.records.iter_mut().find(|(key, _)| key.0[0] >= 0x10).expect("an institution's record");
        record.1 = [&record.1[..], &[0]].concat().into();
        let other = tempfile::tempdir().expect("folder");
        let said = refused(other.path(), &older).expect("refused");
        assert!(said.contains(&other.path().display().to_string()), "{said}");
    }
}
