//! Energy: what a grid operator, a solver and a household run.

pub mod agent;
pub mod audit;
pub mod battery;
mod bids;
pub mod chronicle;
pub mod config;
mod drive;
mod evcc;
pub mod history;
mod house;
mod listen;
pub mod lookout;
pub mod market;
pub mod meter;
mod outbox;
pub mod port;
pub mod redispatch;
pub mod registers;
mod slots;
pub mod solver;
pub mod source;
pub mod sunspec;
mod trader;

use crate::{config::ConfigError, key::KeyError, node::NodeError};
use alloy_primitives::B256;
use std::{
    io::{self, Write as _},
    path::Path,
};

/// Why a program of this kind does not start, or a step is not made.
#[derive(Debug, thiserror::Error)]
pub enum EnergyError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{}: {why}", path.display())]
    File { path: std::path::PathBuf, why: String },
    #[error("the market {market} has no zone named `{zone}`; it has {known}")]
    Zone { market: B256, zone: String, known: String },
    #[error("the market {market} has {operator} for its operator, and this key is of {account}")]
    Operator { market: B256, operator: alloy_primitives::Address, account: alloy_primitives::Address },
    #[error(transparent)]
    Vtn(#[from] port::VtnError),
}

/// Something that a person may want to read.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnergyNote {
    /// The auction, meter or market that it is about.
    pub about: Option<B256>,
    pub what: String,
}

impl EnergyNote {
    fn of(about: B256, what: impl Into<String>) -> Self {
        Self { about: Some(about), what: what.into() }
    }
}

/// Writes a file beside and puts it in its place, so that a kill never leaves half of it.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

/// As [`keep`], and over a power cut too.
fn keep_for_sure(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = std::fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

/// Where notes go.
pub type Tell<'a> = &'a (dyn Fn(EnergyNote) + Send + Sync);
