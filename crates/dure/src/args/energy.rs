//! `dure energy`: a grid operator's market and its port, a solver, a meter.

mod audit;
mod find;
mod show;

use super::keys::Folder;
use super::remote;
use crate::port::{self, stopped};
use crate::say::{Problem, help, line};
use crate::solving::find;
use clap::Subcommand;
use dure_gateways::{
    chain::Chain,
    energy::{EnergyError, EnergyNote, config::RPC, market::MarketFile, meter::MeterProgram, port::Port, solver::Solver},
};
use dure_rules::energy::{AttestMeter, DAY_SLOTS, Slot, market_id};
use serde_json::json;
use std::path::PathBuf;

/// Trade power with the neighbours: open a market, look at it, work clearings out, run a meter.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure energy open market.toml --from operator   opens the market that the file describes\n  dure energy attest 0x… --from operator          lets a meter trade that somebody has put in\n  dure energy show 0x…                            its prices now and next, its pot; the first digits of an id are enough\n  dure energy solve --from anna                   works out the clearing of every auction that waits for one\n  dure energy meter meter.toml                    brings a meter's readings and bids for its owner\n  dure energy port port.toml                      carries out what a grid operator's OpenADR events ask\n  dure energy audit 0x… --from 1994976 --slots 96 what a day's lines carried, and by whose word")
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
        /// Its id, as `dure energy meter` says it, or its first digits.
        meter: String,
        /// Whose key signs: the operator's.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// No longer: it bids no more.
        #[arg(long)]
        withdraw: bool,
    },
    /// Show a market (prices of the quarters of an hour around now, its meters), a meter or an auction.
    Show {
        /// Its id, or its first digits.
        id: String,
    },
    /// Run a solver: the first that shows the best clearing of an auction earns a share of what it won.
    Solve {
        /// Whose key signs and whose money is the bond.
        #[arg(long, value_name = "NAME")]
        from: String,
        /// Only auctions of this market: its id, or its first digits.
        #[arg(long)]
        market: Option<String>,
    },
    /// Run a grid operator's port: OpenADR 3.1 events become caps and redispatch, and their server gets reports.
    Port {
        /// As in docs/gateways.md.
        #[arg(value_name = "FILE", default_value = "port.toml")]
        file: PathBuf,
    },
    /// Print for each slot and line: caps, flow, price, who cleared it, the transaction of each change. CSV, or JSON with --json.
    Audit {
        /// Its id, or its first digits.
        market: String,
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
                    let meter = find::meter(&chain, &meter).await?;
                    let action = dure_rules::energy::Action::from(AttestMeter { meter, attested });
                    let receipt = chain.act(&key, action).await?;
                    if json {
                        line(&json!({ "meter": meter, "attested": attested, "block": receipt.height }));
                    } else {
                        println!("{meter} {}", if attested { "trades" } else { "trades no more" });
                    }
                    Ok(())
                }
                Command::Show { id } => show::show(&Chain::connect(url).await?, &id, json).await,
                Command::Solve { from, market } => {
                    let key = self.folder.open(&from)?;
                    let chain = Chain::connect(url).await?;
                    let market = match market {
                        Some(market) => Some(find::market(&chain, &market).await?),
                        None => None,
                    };
                    Ok(Solver { chain, key, market, find }.run(until, &say).await?)
                }
                Command::Port { file } => {
                    let mut port = Port::open(&file, given).await?;
                    say(EnergyNote { about: Some(port.id()), what: "the port of this market".into() });
                    Ok(port.run(until, &say).await?)
                }
                Command::Audit { market, from, slots } => {
                    let chain = Chain::connect(url).await?;
                    audit::export(&chain, find::market(&chain, &market).await?, from, slots, json).await
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
