//! `dure node`.

use crate::{
    chain::Folder,
    port::{self, Door, LogAs},
    say::{Problem, help, line},
    vitals::room_to_start,
};
use axum::Router;
use dure_node::{
    disk::{self, Config},
    genesis::Genesis,
    network::{Peer, Seat, public_key},
};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Run one validator of a network, with the key that `dure init` made.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure node --genesis genesis.json --data /var/lib/dure --reach 192.0.2.7:9600 \\\n      --peer 0xKEY@192.0.2.8:9600\n\nOne peer that runs is enough: it tells of the others. Validators authenticate each other by the keys of the genesis and encrypt what\nthey say. Put a proxy with TLS before --http where people reach it over a network.")
)]
pub struct Node {
    /// What `dure genesis` wrote; every validator has the same.
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// Folder of the chain and of the validator's key.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    data: PathBuf,
    /// Where to listen for other validators.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9600")]
    listen: SocketAddr,
    /// Where the other validators reach this one.
    #[arg(long, value_name = "ADDR")]
    reach: SocketAddr,
    /// A validator to meet first; may be given several times.
    #[arg(long = "peer", value_name = "KEY@ADDR")]
    peers: Vec<Peer>,
    /// Where to listen for questions, the console among them.
    #[arg(long, value_name = "ADDR", default_value = "localhost:8545")]
    http: String,
    #[command(flatten)]
    door: Door,
    /// How to write down on stderr what happens.
    #[arg(long, value_enum, value_name = "FORM", default_value = "text", env = "DURE_LOG")]
    log: LogAs,
}

impl Node {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log_as(self.log, "error,dure=info");
        let addresses = port::addresses(&self.http)?;
        let folder = Folder::open(&self.data)?;
        room_to_start(&self.data)?;
        let given = read(&self.genesis)?;
        let hash = given.hash();
        let genesis = folder.genesis(|| Ok(given))?;
        if genesis.hash() != hash {
            return Err(Problem::usage(format!(
                "{} holds the chain {}, and {} is the genesis of {hash}",
                self.data.display(),
                genesis.hash(),
                self.genesis.display()
            ))
            .hint("name another folder with --data DIR"));
        }
        let secret = folder.validator()?;
        let public = public_key(&secret);
        if !genesis.validators.contains(&public) {
            return Err(Problem::usage(format!("the key {public} of {} is no validator's of this genesis", self.data.display()))
                .hint("the genesis must name what `dure init` printed here"));
        }
        let (chain_id, validators) = (genesis.chain_id, genesis.validators.len());
        let seat = Seat { secret, listen: self.listen, reach: self.reach };
        let config = Config { folder: self.data.clone(), genesis, seats: vec![seat], peers: self.peers, speed: None };
        let threads = port::threads()?;
        let at_port = threads.handle().clone();
        let ran = disk::run(config, move |running| async move {
            let open = port::open(&at_port, &self.http, &self.door, addresses, (&running, &self.data), Router::new()).await?;
            let http = open.serving.addresses.first().map_or_else(|| self.http.clone(), SocketAddr::to_string);
            if json {
                line(&json!({ "event": "ready", "http": format!("http://{http}"), "chainId": chain_id, "genesis": hash,
                    "validator": public, "validators": validators }));
            } else {
                println!(
                    "Chain {chain_id}  {hash}\nThis is the validator {public}, one of {validators}.\nIt listens on {} for the others, and on http://{http} for questions. Ctrl-C stops.",
                    self.listen
                );
            }
            tracing::info!(chain_id, genesis = %hash, validator = %public, version = env!("CARGO_PKG_VERSION"), "the node is up");
            let ended = open.stopped().await;
            tracing::info!("the node stops");
            drop(running);
            open.serving.stop().await;
            ended
        });
        port::give_back(threads);
        ran.map_err(|error| Problem::unreachable(error.to_string()))?
    }
}

fn read(path: &Path) -> Result<Genesis, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Problem::usage(format!("{} is no genesis: {error}", path.display())).hint("make one: dure genesis community.toml")
    })
}
