//! `dure energy`: a grid operator's market, a solver, a meter.

use super::keys::Folder;
use super::remote;
use super::remote::Remote;
use crate::port::{self, stopped};
use crate::say::{Problem, help, line, table, time};
use crate::solving::find;
use alloy_primitives::B256;
use clap::Subcommand;
use dure_api::abi::energy::IEnergy;
use dure_gateways::{
    chain::Chain,
    energy::{EnergyError, EnergyNote, market::MarketFile, meter::MeterProgram, solver::Solver},
};
use dure_rules::energy::{MODULE, SLOT_MS, Slot, market_id};
use serde_json::json;
use std::path::PathBuf;

/// Trade power with the neighbours: open a market, look at it, work clearings out, run a meter.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure energy open market.toml --from operator   opens the market that the file describes\n  dure energy show 0x…                            its prices now and next, its pot\n  dure energy solve --from anna                   works out the clearing of every auction that waits for one\n  dure energy meter meter.toml                    brings a meter's readings and bids for its owner")
)]
pub struct Energy {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    folder: Folder,
}

#[derive(Subcommand)]
enum Command {
    /// Open a market; the account that does is its operator.
    Open {
        /// As in docs/gateways.md.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Whose key signs: a name from `dure keys list`, or test/0 to test/9. It must hold the role grid-operator.
        #[arg(long, value_name = "NAME")]
        from: String,
    },
    /// Show a market: prices of the quarters of an hour around now.
    Show { market: B256 },
    /// Run a solver: the first that shows the best clearing of an auction earns a share of what it won.
    Solve {
        /// Whose key signs and whose money is the bond.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// Only auctions of this market.
        #[arg(long)]
        market: Option<B256>,
    },
    /// Run a meter and the default agent of its owner.
    Meter {
        /// As in docs/gateways.md.
        #[arg(value_name = "FILE", default_value = "meter.toml")]
        file: PathBuf,
    },
}

impl Energy {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        port::log();
        let say = move |note: EnergyNote| tell(&note, json);
        let until = async {
            let _ = stopped().await; // an error means that no signal can be heard: then nothing stops it but kill
        };
        remote::block_on(async {
            match self.command {
                Command::Open { file, from } => {
                    let (opening, key) = (MarketFile::read(&file)?, self.folder.open(&from)?);
                    let market = market_id(key.address(), opening.credit, &opening.name);
                    let name = opening.name.clone();
                    let chain = Chain::connect(&self.remote.rpc).await?;
                    let receipt = chain.act(&key, dure_rules::energy::Action::from(opening)).await?;
                    if json {
                        line(&json!({ "market": market, "block": receipt.height }));
                    } else {
                        println!(
                            "{name} is open: {market}\nhint: meters that people put in trade once you have attested them, as with\n      dure tx --from {from} energy 'attestMeter(bytes32,bool)' 0x… true"
                        );
                    }
                    Ok(())
                }
                Command::Show { market } => show(&Chain::connect(&self.remote.rpc).await?, market, json).await,
                Command::Solve { from, market } => {
                    let key = self.folder.open(&from)?;
                    let chain = Chain::connect(&self.remote.rpc).await?;
                    Ok(Solver { chain, key, market, find }.run(until, &say).await?)
                }
                Command::Meter { file } => {
                    let mut meter = MeterProgram::open(&file).await?;
                    let about = Some(meter.id());
                    say(EnergyNote { about, what: "this is the meter".into() });
                    Ok(meter.run(until, &say).await?)
                }
            }
        })
    }
}

impl From<EnergyError> for Problem {
    fn from(error: EnergyError) -> Self {
        match error {
            EnergyError::Node(error) => error.into(),
            EnergyError::Config(error) => error.into(),
            EnergyError::Key(_) | EnergyError::File { .. } | EnergyError::Zone { .. } => Self::usage(error),
        }
    }
}

fn tell(note: &EnergyNote, json: bool) {
    match note.about {
        _ if json => line(note),
        Some(about) => println!("{about}  {}", note.what),
        None => println!("{}", note.what),
    }
}

/// Slots before and after now that are shown.
const SHOWN_SLOTS: Slot = 6;

async fn show(chain: &Chain, market: B256, json: bool) -> Result<(), Problem> {
    let record = chain.view_at(MODULE, IEnergy::marketCall { id: market }).await?;
    let now_ms = chain.node.head().await?.time_ms;
    let now = Slot::try_from(now_ms / SLOT_MS).unwrap_or(Slot::MAX);
    let mut rows = Vec::new();
    for slot in now.saturating_sub(SHOWN_SLOTS)..=now.saturating_add(SHOWN_SLOTS) {
        // A slot of which nothing is known is no error: nobody has traded it and nothing was read.
        let Ok(book) = chain.view_at(MODULE, IEnergy::slotCall { market, number: slot }).await else { continue };
        let begins_ms = u64::from(slot) * SLOT_MS;
        if json {
            line(&json!({
                "slot": slot, "beginsMs": begins_ms, "progress": PROGRESS.get(usize::from(book.progress)),
                "priceMicro": book.priceMicro, "flowWh": book.flowWh,
            }));
            continue;
        }
        let prices: Vec<String> = record
            .zones
            .iter()
            .zip(&book.priceMicro)
            .map(|(zone, price)| format!("{} {:.4}", zone.name, *price as f64 / 1e6))
            .collect();
        let to_grid = book.flowWh.first().copied().unwrap_or(0);
        let state = PROGRESS.get(usize::from(book.progress)).copied().unwrap_or("?");
        rows.push(vec![time(begins_ms), prices.join("  "), to_grid.to_string(), state.into()]);
    }
    if json {
        return Ok(());
    }
    let pot = record.potNano.to_string().parse::<f64>().unwrap_or(0.0) / 1e9;
    println!("{}: {} zones, {} meters, {pot:.4} in the pot", record.name, record.zones.len(), record.meters);
    if rows.is_empty() {
        println!("nothing was traded or read around now");
        return Ok(());
    }
    print!("{}", table(&["begins", "price per kWh", "Wh to the grid", "state"], &rows));
    Ok(())
}

const PROGRESS: [&str; 3] = ["running", "settling", "settled"];
