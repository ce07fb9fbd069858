//! `dure follow`.

use super::site::{Ready, Site};
use crate::{
    certified, port,
    say::{Problem, help, line},
    vitals,
};
use dure_node::{
    disk::Config,
    upstreams::{UPSTREAMS_MAX, Upstream},
};
use serde_json::json;
use std::net::SocketAddr;

/// Run a node without a vote: it needs nobody's permission and no key, checks everything itself, and answers like any other.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure follow --genesis genesis.json --data /var/lib/dure --from http://192.0.2.7:8545\n\nThe genesis is what you trust: compare its hash with the organisations'. Blocks come from the nodes that --from names, and count only\nwhere the validators of the genesis certified them, so that plain HTTP and a node that lies do no harm; name two, in case one is down or\nlies. Transactions that come to this node are passed on to them. A node that follows can itself be followed.")
)]
pub struct Follow {
    #[command(flatten)]
    site: Site,
    /// A node to follow, as http://HOST:PORT; may be given several times, the one to ask first comes first.
    #[arg(long = "from", value_name = "URL", required = true)]
    upstreams: Vec<Upstream>,
}

impl Follow {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        if self.upstreams.len() > UPSTREAMS_MAX {
            return Err(Problem::usage(format!("{} times --from, at most {UPSTREAMS_MAX} are taken", self.upstreams.len()))
                .hint("two or three are enough"));
        }
        let Ready { folder: _held, genesis, addresses } = self.site.ready()?;
        let (chain_id, hash, validators) = (genesis.chain_id, genesis.hash(), genesis.validators.len());
        let (folder, upstreams) = (self.site.data.clone(), self.upstreams.clone());
        let config = Config { folder, genesis, seats: Vec::new(), peers: Vec::new(), upstreams, speed: None };
        let threads = port::threads()?;
        let at_port = threads.handle().clone();
        let ran = vitals::run(config, move |running| async move {
            let more = certified::routes(running.relay.clone());
            let mut open =
                port::open(&at_port, &self.site.http, &self.site.door, addresses, (&running, &self.site.data), more).await?;
            let http = open.serving.addresses.first().map_or_else(|| self.site.http.clone(), SocketAddr::to_string);
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
            port::goes_down();
            drop(running);
            open.close().await;
            ended
        });
        port::give_back(threads);
        ran?
    }
}
