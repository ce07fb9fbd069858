//! The town's power: thirteen connections with the loads, roofs and batteries of a real street, their meters' programs, an operator and a solver. As
//! everybody in the town they are clients over JSON-RPC and MQTT alone.

pub mod grid;
mod house;
mod operator;
mod tell;

use super::Town;
use crate::{say::Problem, solving::find};
use dure_gateways::{
    chain::Chain,
    energy::{EnergyNote, config::MeterFile, lookout::Lookout, meter::MeterProgram, solver::Solver},
    key,
};
use dure_rules::energy::{DAY_SLOTS, SLOT_MS, Slot};
use grid::{FEEDERS, House, Street};
use std::{
    future::pending,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use operator::work;
pub use tell::journal;

/// A purse is filled up to this, minor units.
const PURSE: u64 = 20_000;
/// The most that is paid for a kWh: what the grid sells is traded too. The sun's is sold from 0 on, so that its price says where the lines are full.
const BUY_TO: f64 = 0.33;
/// A slot is traded once more where the forecast has moved by so much, Wh.
const TRADE_LEAST_WH: u32 = 250;
/// What the houses remember when they move in, days.
const REMEMBERED_DAYS: u32 = 8;

/// A house's devices and the program of its meter, until the task is dropped.
///
/// # Errors
/// What stands against the start; mostly that the market is not open yet.
pub async fn live(town: Arc<Town>, number: usize) -> Result<(), Problem> {
    let lookout = town.lookout.get_or_try_init(async || Lookout::start(Chain::connect(&town.rpc).await?).await).await?;
    let (street, folder) = (town.street.clone(), town.folder.join("street").join(number.to_string()));
    let head_ms = lookout.chain.node.head().await?.time_ms;
    let file = MeterFile::read(&move_in(&town, &street, number, &folder, head_ms)?)?;
    let mut meter = MeterProgram::with(file, lookout.clone())?;
    let (told, who) = (town.clone(), town.people.street[number].name);
    let say = move |note: EnergyNote| told.note(who, &note.what);
    tokio::select! {
        ended = house::live(town.clone(), street, number, folder) => ended,
        ended = meter.run(pending(), &say) => Ok(ended?),
    }
}

/// A solver of the town, until the task is dropped.
///
/// # Errors
/// Where no node answers at the start.
pub async fn solve(town: Arc<Town>) -> Result<(), Problem> {
    let chain = Chain::connect(&town.rpc).await?;
    let solver = Solver { chain, key: town.people.solver.clone(), market: Some(operator::market(&town)), find };
    let told = town.clone();
    let say = move |note: EnergyNote| told.note("Solver", &note.what);
    Ok(solver.run(pending(), &say).await?)
}

/// What the owner of house `number` would have: keys, a `meter.toml`, and what house and roof did before, by the weather report.
fn move_in(town: &Town, street: &Street, number: usize, folder: &Path, now_ms: u64) -> Result<PathBuf, Problem> {
    let (neighbour, house) = (&town.people.street[number], &street.houses[number]);
    let state = folder.join("meter-state");
    std::fs::create_dir_all(&state).map_err(Problem::unreachable)?;
    if !folder.join("owner.key").exists() {
        key::write_account(&folder.join("owner.key"), &neighbour.owner).map_err(Problem::unreachable)?;
    }
    if !folder.join("meter.key").exists() {
        neighbour.meter.write(&folder.join("meter.key")).map_err(Problem::unreachable)?;
    }
    if !state.join("history.csv").exists() {
        let now = Slot::try_from(now_ms / SLOT_MS).map_err(Problem::fault)?;
        let line = |slot| {
            let wh = |w: u64| (w / 4) as i64;
            format!("{slot},{}\n", wh(street.promised_w(number, slot)) - wh(street.load_w(number, slot)))
        };
        let lines: String = (now - REMEMBERED_DAYS * DAY_SLOTS..now).map(line).collect();
        std::fs::write(state.join("history.csv"), lines).map_err(Problem::unreachable)?;
    }
    let file = folder.join("meter.toml");
    std::fs::write(&file, meter_toml(town, house, number)).map_err(Problem::unreachable)?;
    Ok(file)
}

fn meter_toml(town: &Town, house: &House, number: usize) -> String {
    let (kw, market, zone) = (house.connection_kw(), operator::market(town), FEEDERS[house.feeder]);
    let mut text = format!(
        "rpc = \"{}\"\nkey = \"owner.key\"\nmeter_key = \"meter.key\"\nmarket = \"{market}\"\nzone = \"{zone}\"\n\
         import_kw = {kw}\nexport_kw = {kw}\npurse = {PURSE}\nbuy_to = {BUY_TO}\nsell_from = 0.0\n\
         trade_least_wh = {TRADE_LEAST_WH}\n\
         [mqtt]\nbroker = \"{}\"\nuser = \"{}\"\npassword = \"{}\"\n\
         [meter]\ntopic = \"{}\"\ntime = \"payload\"\n",
        town.rpc,
        town.broker,
        super::broker::USER,
        town.password,
        house::sensor_topic(number),
    );
    if let Some(battery) = house.battery {
        text += &format!(
            "[battery]\ncharge_w = {0}\ndischarge_w = {0}\ncapacity_wh = {1}\nsoc_topic = \"{2}\"\nsoc_unit = \"Wh\"\nset_topic = \"{3}\"\n",
            battery.power_w,
            battery.capacity_wh,
            house::soc_topic(number),
            house::set_topic(number),
        );
    }
    text
}
