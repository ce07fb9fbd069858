//! `dure doctor`.

use super::site::read;
use crate::{
    chain::Folder,
    doctor::{Finding, State, machine, node::Asked},
    port,
    say::{Problem, help, line},
};
use dure_node::network::Peer;
use std::{net::SocketAddr, path::PathBuf};

/// Look whether this machine and its node are well: each thing that is not is told with its mend.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure doctor --genesis genesis.json --data /var/lib/dure --peer 0xKEY@192.0.2.8:9600      before the first start\n  dure doctor --data /var/lib/dure                                                         while the node runs\n  dure doctor --http http://192.0.2.8:8545                                                 another's node, and whether the clocks agree\n  dure doctor --origin https://town.example                                                where people will make passkeys\n\nChecks: genesis, key, folder, p2p and http (ports), disk, sync (time until a write is on the disk), peer (sockets at the others), ntp,\nversion, clock, blocks, peers (connected), origin. With --json each is {\"check\":…,\"state\":\"ok|warn|fail|skip\",\"what\":…,\"mend\":…}.\nExits with 1 where one fails.")
)]
pub struct Doctor {
    /// What `dure genesis` wrote.
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// Folder of the chain and of the validator's key.
    #[arg(long, value_name = "DIR", default_value = "dure-data")]
    data: PathBuf,
    /// Where the node listens for other validators.
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:9600")]
    listen: SocketAddr,
    /// A validator that must be reached; may be given several times.
    #[arg(long = "peer", value_name = "KEY@ADDR")]
    peers: Vec<Peer>,
    /// A node to ask; without it the one of this folder, where one runs.
    #[arg(long, value_name = "URL")]
    http: Option<String>,
    /// Where people open the console.
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
}

/// Where a node answers that was not told otherwise.
const USUAL: &str = "localhost:8545";

impl Doctor {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let mut findings = Vec::new();
        let runs = self.machine(&mut findings)?;
        findings.extend(self.peers.iter().map(|peer| machine::reach(peer.reach)));
        findings.push(machine::ntp());
        self.node(runs, &mut findings)?;
        for finding in &findings {
            if json {
                line(finding);
            } else {
                println!("{}", finding.line());
            }
        }
        match findings.iter().filter(|finding| finding.state == State::Fail).count() {
            0 => Ok(()),
            failed => Err(Problem::refused(format!("{failed} of {} checks failed", findings.len()))
                .hint("do what is written after `mend:`")),
        }
    }

    /// The folder and the ports; gives whether a node runs on the folder.
    fn machine(&self, findings: &mut Vec<Finding>) -> Result<bool, Problem> {
        let named = self.genesis.as_deref().map(read).transpose()?;
        if !self.data.exists() {
            let what = format!("{} is not there", self.data.display());
            findings.push(if self.http.is_some() && named.is_none() {
                Finding::skip("folder", what)
            } else {
                Finding::fail("folder", what, format!("dure init --data {}, or name another with --data", self.data.display()))
            });
            return Ok(false);
        }
        let held = read(&self.data.join("genesis.json")).ok();
        let runs = Folder::in_use(&self.data);
        findings.push(machine::genesis(held.as_ref(), named.as_ref()));
        let genesis = held.or(named);
        if genesis.as_ref().is_some_and(|genesis| genesis.seed.is_some()) {
            findings.push(Finding::skip("key", "a development chain, whose keys everybody knows"));
        } else {
            findings.push(machine::key(&self.data, genesis.as_ref()));
            findings.push(machine::sealed(&self.data));
            findings.push(machine::port("p2p", self.listen, runs));
        }
        if !runs && self.http.is_none() {
            findings.push(machine::port("http", port::addresses(USUAL)?[0], runs));
        }
        findings.extend([machine::disk(&self.data), machine::sync(&self.data)]);
        Ok(runs)
    }

    fn node(&self, runs: bool, findings: &mut Vec<Finding>) -> Result<(), Problem> {
        let usual = runs.then(|| format!("http://{USUAL}"));
        let Some(url) = self.http.clone().or(usual) else {
            findings.push(Finding::skip("node", "none runs on this folder; name one with --http URL"));
            if let Some(origin) = &self.origin {
                findings.push(Finding::skip("origin", format!("{origin} is checked where a node is asked")));
            }
            return Ok(());
        };
        let asked = Asked::new(&url).ok_or_else(|| {
            Problem::usage(format!("`{url}` is no node's address"))
                .hint("write it as http://localhost:8545, the node itself and not its proxy")
        })?;
        findings.extend(asked.look());
        findings.extend(self.origin.as_ref().map(|origin| asked.origin(origin)));
        Ok(())
    }
}
