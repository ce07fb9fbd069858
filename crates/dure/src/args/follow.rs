//! `dure follow`.

use super::node;
use crate::{
    certified,
    chain::Folder,
    port::{self, Door, LogAs},
    say::{Problem, help, line},
    vitals::room_to_start,
};
use dure_node::{
    disk::{self, Config},
    upstreams::{UPSTREAMS_MAX, Upstream},
};
use serde_json::json;
use std::{net::SocketAddr, path::PathBuf};

/// Run a node without a vote: it needs nobody's permission and no key, checks everything itself, and answers like any other.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure follow --genesis genesis.json --data /var/lib/dure --from http://192.0.2.7:8545\n\nThe genesis is what you trust: compare its hash with the organisations'. Blocks come from the nodes that --from names, and count only\nwhere the validators of the genesis certified them, so that plain HTTP and a node that lies do no harm; name two, in case one is down or\nlies. Transactions that come to this node are passed on to them. A node that follows can itself be followed.")
)]
pub struct Follow {
    /// What `dure genesis` wrote for the organisations.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Folder of the chain.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    data: PathBuf,
    /// A node to follow, as http://HOST:PORT; may be given several times, the one to ask first comes first.
    #[arg(long = "from", value_name = "URL", required = true)]
    upstreams: Vec<Upstream>,
    /// Where to listen for questions, the console among them.
    #[arg(long, value_name = "ADDR", default_value = "localhost:8545")]
    http: String,
    #[command(flatten)]
    door: Door,
    /// How to write down on stderr what happens.
    #[arg(long, value_enum, value_name = "FORM", default_value = "text", env = "DURE_LOG")]
    log: LogAs,
}

impl Follow {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log_as(self.log, "error,dure=info");
        self.door.limits()?; // before anything is begun
        if self.upstreams.len() > UPSTREAMS_MAX {
            return Err(Problem::usage(format!("{} times --from, at most {UPSTREAMS_MAX} are taken", self.upstreams.len()))
                .hint("two or three are enough"));
        }
        let addresses = port::addresses(&self.http)?;
        let folder = Folder::open(&self.data)?;
        room_to_start(&self.data)?;
        let genesis = node::chain(&folder, &self.data, &self.genesis)?;
        let (chain_id, hash, validators) = (genesis.chain_id, genesis.hash(), genesis.validators.len());
        let (folder, upstreams) = (self.data.clone(), self.upstreams.clone());
        let config = Config { folder, genesis, seats: Vec::new(), peers: Vec::new(), upstreams, speed: None };
        let threads = port::threads()?;
        let at_port = threads.handle().clone();
        let ran = disk::run(config, move |running| async move {
            let more = certified::routes(running.relay.clone());
            let mut open = port::open(&at_port, &self.http, &self.door, addresses, (&running, &self.data), more).await?;
            let http = open.serving.addresses.first().map_or_else(|| self.http.clone(), SocketAddr::to_string);
            let from: Vec<String> = self.upstreams.iter().map(ToString::to_string).collect();
            if json {
                line(&json!({ "event": "ready", "http": format!("http://{http}"), "chainId": chain_id, "genesis": hash,
                    "validators": validators, "follows": from }));
            } else {
                println!(
                    "Chain {chain_id}  {hash}\nThis node has no vote. It follows {} and checks every block against the keys of {validators} validators.\nIt listens on http://{http} for questions. Ctrl-C stops.",
                    from.join(", ")
                );
            }
            let ended = open.stopped().await;
            drop(running);
            open.close().await;
            ended
        });
        port::give_back(threads);
        ran.map_err(|error| Problem::unreachable(error.to_string()))?
    }
}
