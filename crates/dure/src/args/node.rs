//! `dure node`.

use super::site::{Ready, Site};
use crate::{
    certified,
    port::{self, Open},
    say::{Problem, help, line},
    vitals,
};
use dure_node::{
    disk::{Config, Running},
    network::{Peer, Seat, public_key},
    pacing::system_ms,
};
use serde_json::json;
use std::net::SocketAddr;
use tokio::runtime::Handle;

/// Run one validator of a network, with the key that `dure init` made.
#[derive(clap::Args, Clone)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure node --genesis genesis.json --data /var/lib/dure --reach 192.0.2.7:9600 \\\n      --peer 0xKEY@192.0.2.8:9600\n\nOne peer that runs is enough: it tells of the others. Validators authenticate each other by the keys of the genesis and encrypt what\nthey say. Put a proxy with TLS before --http where people reach it over a network.")
)]
pub struct Node {
    #[command(flatten)]
    site: Site,
    /// Where to listen for other validators.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9600")]
    listen: SocketAddr,
    /// Where the other validators reach this one.
    #[arg(long, value_name = "ADDR")]
    reach: SocketAddr,
    /// A validator to meet first; may be given several times.
    #[arg(long = "peer", value_name = "KEY@ADDR")]
    peers: Vec<Peer>,
    /// Vote at once from a folder that was copied, restored or emptied: you vouch that there is no newer one with its key, and
    /// that the key votes nowhere else.
    #[arg(long)]
    vouch: bool,
}

impl Node {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let Ready { folder, genesis, mut addresses } = self.site.ready()?;
        let secret = folder.validator()?;
        let public = public_key(&secret);
        if !genesis.validators.contains(&public) {
            return Err(Problem::usage(format!(
                "the key {public} of {} is no validator's of this genesis",
                self.site.data.display()
            ))
            .hint("the genesis must name what `dure init` printed here"));
        }
        if self.vouch && folder.votes_above()?.is_none() {
            folder.seal(0)?;
        }
        let threads = port::threads()?;
        let ended = loop {
            let votes_above = folder.votes_above()?;
            let seat = Seat { secret: secret.clone(), listen: self.listen, reach: self.reach, votes_above };
            let (genesis, peers) = (genesis.clone(), self.peers.clone());
            let folder_path = self.site.data.clone();
            let config = Config { folder: folder_path, genesis, seats: vec![seat], peers, upstreams: Vec::new(), speed: None };
            let (since_ms, at_port, node) = (system_ms(), threads.handle().clone(), self.clone());
            let ran =
                vitals::run(config, move |running| async move { node.serve(running, &at_port, addresses, since_ms, json).await });
            match ran? {
                Ok(Ended::MayVote { above, at }) => {
                    folder.seal(above)?;
                    addresses = at;
                }
                Ok(Ended::Stopped) => break Ok(()),
                Err(problem) => break Err(problem),
            }
        };
        port::give_back(threads);
        ended
    }

    /// Answers at the port until the node stops, or until one that watches may vote: then it comes up anew, at the same addresses.
    async fn serve(
        self,
        running: Running,
        at_port: &Handle,
        addresses: Vec<SocketAddr>,
        since_ms: u64,
        json: bool,
    ) -> Result<Ended, Problem> {
        let mut open = port::open(
            at_port,
            &self.site.http,
            &self.site.door,
            addresses,
            (&running, &self.site.data),
            certified::routes(running.relay.clone()),
        )
        .await?;
        self.tell(&running, &open, json);
        let ended = tokio::select! {
            stopped = open.stopped() => stopped.map(|()| Ended::Stopped),
            above = running.agreed_since(since_ms), if !running.votes => {
                tracing::info!(above, "the others have agreed without this validator since it came up: from now on it votes");
                Ok(Ended::MayVote { above, at: open.serving.addresses.clone() })
            }
        };
        if !matches!(ended, Ok(Ended::MayVote { .. })) {
            tracing::info!("the node stops");
            port::goes_down();
        }
        drop(running);
        open.close().await;
        ended
    }

    fn tell(&self, running: &Running, open: &Open, json: bool) {
        let served = &running.served;
        let (chain_id, genesis, votes) = (served.node.chain_id, served.node.chain.genesis().hash, running.votes);
        let here = served.validators.iter().find(|validator| validator.here).map(|validator| validator.public_key);
        let (public, validators) = (here.unwrap_or_default(), served.validators.len());
        let http = open.serving.addresses.first().map_or_else(|| self.site.http.clone(), SocketAddr::to_string);
        if json {
            line(&json!({ "event": "ready", "http": format!("http://{http}"), "chainId": chain_id, "genesis": genesis,
                "validator": public, "validators": validators, "votes": votes }));
        } else {
            println!(
                "Chain {chain_id}  {genesis}\nThis is the validator {public}, one of {validators}.\nIt listens on {} for the others, and on http://{http} for questions. Ctrl-C stops.",
                self.listen
            );
        }
        tracing::info!(chain_id, %genesis, validator = %public, votes, version = env!("CARGO_PKG_VERSION"), "the node is up");
        if !votes {
            tracing::warn!(
                "this folder was copied, restored or emptied, so the validator only watches until the others have agreed on a new \
                 block; where they cannot without it, and no newer folder with its key exists, start it with --vouch"
            );
        }
    }
}

/// Why a node went down.
enum Ended {
    Stopped,
    /// The validator may vote above this height.
    MayVote {
        above: u64,
        at: Vec<SocketAddr>,
    },
}
