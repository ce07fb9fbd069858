//! `dure index`.

use crate::{
    chain::Folder,
    say::{Problem, help, line},
    vitals,
};
use clap::Subcommand;
use dure_node::history::{History as _, HistoryError};
use serde_json::json;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// Between two looks how far the index is.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Make the read side again from the blocks of a stopped node.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure index rebuild\n  dure index rebuild --data /var/lib/dure\n\nThe index answers questions about older blocks. It is made from blocks alone; nothing is lost with it.")
)]
pub struct Index {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Remove the index and make it from the stored blocks.
    Rebuild {
        /// Folder of the chain.
        #[arg(long, value_name = "DIR", default_value = "dure-data")]
        data: PathBuf,
    },
}

impl Index {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let Command::Rebuild { data } = self.command;
        if !data.join("genesis.json").exists() {
            return Err(
                Problem::refused(format!("there is no chain in {}", data.display())).hint("name its folder with --data DIR")
            );
        }
        let folder = Folder::open(&data)?;
        let genesis = folder.genesis(|| Err(Problem::refused("the genesis is gone")))?;
        let config = folder.alone(genesis, None)?;
        folder.remove_index()?;
        let since = Instant::now();
        let rebuilt = vitals::run(config, |running| async move {
            // The chain goes on by itself meanwhile; what was final at the start is what must be there again.
            let wanted = running.served.node.chain.head().height;
            loop {
                let height = running.index.height()?;
                if height.is_some_and(|height| height >= wanted) {
                    return Ok(wanted);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        let height = rebuilt?.map_err(|error: HistoryError| Problem::unreachable(error.to_string()))?;
        let seconds = since.elapsed().as_secs_f64();
        if json {
            line(&json!({ "height": height, "seconds": seconds }));
        } else {
            println!("The index holds blocks 0 to {height} again ({seconds:.1} s).");
        }
        Ok(())
    }
}
