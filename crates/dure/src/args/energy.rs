//! `dure energy`: a grid operator's market and its port, a solver, a meter.

mod audit;

use super::keys::Folder;
use super::remote;
use crate::port::{self, stopped};
use crate::say::{Problem, help, line, table, time};
use crate::solving::find;
use alloy_primitives::B256;
use clap::Subcommand;
use dure_api::abi::energy::IEnergy;
use dure_gateways::{
    chain::Chain,
    energy::{EnergyError, EnergyNote, config::RPC, market::MarketFile, meter::MeterProgram, port::Port, solver::Solver},
};
use dure_rules::energy::{AttestMeter, DAY_SLOTS, MODULE, SLOT_MS, Slot, market_id};
use serde_json::json;
use std::path::PathBuf;

/// Trade power with the neighbours: open a market, look at it, work clearings out, run a meter.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure energy open market.toml --from operator   opens the market that the file describes\n  dure energy attest 0x… --from operator          lets a meter trade that somebody has put in\n  dure energy show 0x…                            its prices now and next, its pot\n  dure energy solve --from anna                   works out the clearing of every auction that waits for one\n  dure energy meter meter.toml                    brings a meter's readings and bids for its owner\n  dure energy port port.toml                      carries out what a grid operator's OpenADR events ask\n  dure energy audit 0x… --from 1994976 --slots 96 what a day's lines carried, and by whose word")
)]
pub struct Energy {
    #[command(subcommand)]
    command: Command,
    /// The node's address, else what a meter.toml or port.toml names, else http://localhost:8545
    #[arg(long, value_name = "URL", env = "DURE_RPC", global = true)]
    rpc: Option<String>,
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
    /// Say that a meter is what it says it is: from then on it trades. The market's operator does.
    Attest {
        /// Its id, as `dure energy meter` says it.
        meter: B256,
        /// Whose key signs: the operator's.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// No longer: it bids no more.
        #[arg(long)]
        withdraw: bool,
    },
    /// Show a market: prices of the quarters of an hour around now, and its meters.
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
    /// Run a grid operator's port: OpenADR 3.1 events become caps and redispatch, and their server gets reports.
    Port {
        /// As in docs/gateways.md.
        #[arg(value_name = "FILE", default_value = "port.toml")]
        file: PathBuf,
    },
    /// Print for each slot and line: caps, flow, price, who cleared it, the transaction of each change. CSV, or JSON with --json.
    Audit {
        market: B256,
        /// The first: a quarter of an hour, by its number since 1970-01-01 UTC.
        #[arg(long, value_name = "SLOT")]
        from: Slot,
        /// How many, a week at most.
        #[arg(long, value_name = "N", default_value_t = DAY_SLOTS)]
        slots: u32,
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
        let (given, url) = (self.rpc.as_deref(), self.rpc.as_deref().unwrap_or(RPC));
        remote::block_on(async {
            match self.command {
                Command::Open { file, from } => {
                    let (opening, key) = (MarketFile::read(&file)?, self.folder.open(&from)?);
                    let market = market_id(key.address(), opening.credit, &opening.name);
                    let name = opening.name.clone();
                    let chain = Chain::connect(url).await?;
                    let receipt = chain.act(&key, dure_rules::energy::Action::from(opening)).await?;
                    if json {
                        line(&json!({ "market": market, "block": receipt.height }));
                    } else {
                        println!(
                            "{name} is open: {market}\nhint: meters that people put in trade once you have attested them, as with\n      dure energy attest 0x… --from {from}"
                        );
                    }
                    Ok(())
                }
                Command::Attest { meter, from, withdraw } => {
                    let (key, attested) = (self.folder.open(&from)?, !withdraw);
                    let chain = Chain::connect(url).await?;
                    let action = dure_rules::energy::Action::from(AttestMeter { meter, attested });
                    let receipt = chain.act(&key, action).await?;
                    if json {
                        line(&json!({ "meter": meter, "attested": attested, "block": receipt.height }));
                    } else {
                        println!("{meter} {}", if attested { "trades" } else { "trades no more" });
                    }
                    Ok(())
                }
                Command::Show { market } => show(&Chain::connect(url).await?, market, json).await,
                Command::Solve { from, market } => {
                    let key = self.folder.open(&from)?;
                    let chain = Chain::connect(url).await?;
                    Ok(Solver { chain, key, market, find }.run(until, &say).await?)
                }
                Command::Port { file } => {
                    let mut port = Port::open(&file, given).await?;
                    say(EnergyNote { about: Some(port.id()), what: "the port of this market".into() });
                    Ok(port.run(until, &say).await?)
                }
                Command::Audit { market, from, slots } => {
                    audit::export(&Chain::connect(url).await?, market, from, slots, json).await
                }
                Command::Meter { file } => {
                    let mut meter = MeterProgram::open(&file, given).await?;
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
            other => Self::usage(other),
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
    let meters = meters(chain, market, &record).await?;
    if json {
        meters.iter().for_each(|(_, said)| line(said));
        return Ok(());
    }
    let pot = record.potNano.to_string().parse::<f64>().unwrap_or(0.0) / 1e9;
    println!("{}: {} zones, {} meters, {pot:.4} in the pot", record.name, record.zones.len(), record.meters);
    if rows.is_empty() {
        println!("nothing was traded or read around now");
    } else {
        print!("{}", table(&["begins", "price per kWh", "Wh to the grid", "state"], &rows));
    }
    let rows: Vec<Vec<String>> = meters.into_iter().map(|(row, _)| row).collect();
    if !rows.is_empty() {
        print!("\n{}", table(&["meter", "zone", "attested", "read until", "drew kWh", "gave kWh"], &rows));
    }
    if record.meters > SHOWN_METERS {
        println!("and {} more", record.meters - SHOWN_METERS);
    }
    Ok(())
}

/// Meters of a market that are shown.
const SHOWN_METERS: u32 = 64;

/// The first of a market's meters, for people and for programs.
async fn meters(chain: &Chain, market: B256, record: &IEnergy::Market) -> Result<Vec<(Vec<String>, serde_json::Value)>, Problem> {
    let mut meters = Vec::new();
    for number in 0..record.meters.min(SHOWN_METERS) {
        let id = chain.view_at(MODULE, IEnergy::meterAtCall { market, number }).await?;
        let meter = chain.view_at(MODULE, IEnergy::meterCall { id }).await?;
        let zone = record.zones.get(usize::from(meter.zone)).map_or_else(String::new, |zone| zone.name.clone());
        let said = json!({
            "meter": id, "owner": meter.owner, "zone": zone, "attested": meter.attested, "readUntil": meter.readUntil,
            "importWh": meter.importWh, "exportWh": meter.exportWh,
        });
        let kwh = |wh: u64| format!("{:.3}", wh as f64 / 1e3);
        let until = if meter.readUntil == 0 { "never".into() } else { time(u64::from(meter.readUntil) * SLOT_MS) };
        let attested = if meter.attested { "yes" } else { "no" };
        let row = vec![id.to_string(), zone, attested.into(), until, kwh(meter.importWh), kwh(meter.exportWh)];
        meters.push((row, said));
    }
    Ok(meters)
}

const PROGRESS: [&str; 3] = ["running", "settling", "settled"];
