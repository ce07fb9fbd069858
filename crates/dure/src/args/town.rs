//! `dure town`: the demo town's people, as clients of a node that runs elsewhere.

use super::{
    dev::Until,
    remote::{self, Remote},
};
use crate::{
    port::{self, stopped},
    say::{Problem, help, line},
    town::{self, people::People, showroom::Showroom},
};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc};

/// Bring the demo town to life against a node that `dure dev --empty` runs.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure dev --empty --speed 600         in one terminal\n  dure town                            in another\n  dure town --until settled --json     ends with the first settled order and its timeline\n\nThe seed must be the one of the node's genesis: the people are members there.")
)]
pub struct Town {
    #[command(flatten)]
    remote: Remote,
    /// Seed of the people's keys.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for their keys, counters and tanks.
    #[arg(long, value_name = "DIR", default_value = "dure-town")]
    data: PathBuf,
    /// End once this has happened, and say how it went.
    #[arg(long, value_name = "EVENT")]
    until: Option<Until>,
}

impl Town {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log();
        let people = People::new(self.seed);
        remote::block_on(async {
            let node = self.remote.connect()?;
            let first = people.households[0].owner.address();
            let account: Value = node.ask("dure_account", &[json!(first)]).await?;
            if account["class"] != "member" {
                return Err(Problem::refused(format!(
                    "the chain at {} does not know the town of seed {}",
                    self.remote.rpc, self.seed
                ))
                .hint(format!("start it with: dure dev --empty --seed {}", self.seed)));
            }
            let showroom = Showroom::open(&people, crate::chain::CHAIN_ID, &self.data);
            tokio::select! {
                stopped = stopped() => stopped,
                lived = live(people, self.remote.rpc.clone(), self.data, showroom, self.until, json) => lived,
            }
        })
    }
}

/// The town's life: its journal line by line, or, with `--json`, only how it ended.
///
/// # Errors
/// Where broker or node are away.
pub async fn live(
    people: People,
    rpc: String,
    folder: PathBuf,
    showroom: Arc<Showroom>,
    until: Option<Until>,
    json: bool,
) -> Result<(), Problem> {
    let tell: town::Tell = Arc::new(move |at_ms, sentence| {
        if !json {
            println!("{}  {sentence}", town::hour(at_ms));
        }
    });
    let timeline = town::Town::new(people, rpc, folder, showroom, tell)?.live(until == Some(Until::Settled)).await?;
    if json {
        line(&timeline);
    } else {
        println!("The first order is settled: {} from {}.", timeline["household"], timeline["shop"]);
    }
    Ok(())
}
