//! What a node of a network is told about where it stands, with a vote (`dure node`) or without one (`dure follow`).

use crate::{
    chain::Folder,
    port::{self, Door, LogAs},
    say::Problem,
    vitals::room_to_start,
};
use dure_node::genesis::Genesis;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The chain, its folder, and the port for questions.
#[derive(clap::Args, Clone)]
pub struct Site {
    /// What `dure genesis` wrote; every node of the network has the same.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Folder of the chain, and of a validator's key.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    pub data: PathBuf,
    /// Where to listen for questions, the console among them.
    #[arg(long, value_name = "ADDR", default_value = "localhost:8545")]
    pub http: String,
    #[command(flatten)]
    pub door: Door,
    /// How to write down on stderr what happens.
    #[arg(long, value_enum, value_name = "FORM", default_value = "text", env = "DURE_LOG")]
    log: LogAs,
}

/// A folder that no other process holds, the chain in it, and where to listen for questions.
pub struct Ready {
    pub folder: Folder,
    pub genesis: Genesis,
    pub addresses: Vec<SocketAddr>,
}

impl Site {
    /// Everything that can be wrong before a node begins, cheapest first.
    ///
    /// # Errors
    /// What is wrong.
    pub fn ready(&self) -> Result<Ready, Problem> {
        port::log_as(self.log, "error,dure=info");
        self.door.limits()?;
        let addresses = port::addresses(&self.http)?;
        let folder = Folder::open(&self.data)?;
        room_to_start(&self.data)?;
        let genesis = self.chain(&folder)?;
        Ok(Ready { folder, genesis, addresses })
    }

    /// The chain of the genesis, in `folder`, unless that holds another one.
    fn chain(&self, folder: &Folder) -> Result<Genesis, Problem> {
        let given = read(&self.genesis)?;
        let hash = given.hash();
        let genesis = folder.genesis(|| Ok(given))?;
        if genesis.hash() != hash {
            let (data, path) = (self.data.display(), self.genesis.display());
            return Err(Problem::usage(format!(
                "{data} holds the chain {}, and {path} is the genesis of {hash}",
                genesis.hash()
            ))
            .hint("name another folder with --data DIR"));
        }
        Ok(genesis)
    }
}

/// The genesis in a file.
///
/// # Errors
/// Where there is none.
pub fn read(path: &Path) -> Result<Genesis, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Problem::usage(format!("{} is no genesis: {error}", path.display())).hint("make one: dure genesis community.toml")
    })
}
