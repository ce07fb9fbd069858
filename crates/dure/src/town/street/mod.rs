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
    energy::{EnergyNote, meter::MeterProgram, solver::Solver},
    key,
};
use grid::{FEEDERS, Street};
use std::{fmt::Write as _, future::pending, path::PathBuf, sync::Arc};

pub use operator::work;
pub use tell::journal;

/// A purse is filled up to this, minor units.
const PURSE: u64 = 20_000;
/// Slots are traded once more where the forecast has moved by so much, Wh.
const TRADES_FROM_WH: u64 = 250;

/// A house's devices and the program of its meter, until the task is dropped.
///
/// # Errors
/// What stands against the start; mostly that the market is not open yet.
pub async fn live(town: Arc<Town>, number: usize) -> Result<(), Problem> {
    let street = town.street.clone();
    let folder = town.folder.join("street").join(number.to_string());
    let file = write_files(&town, &street, number, folder.clone())?;
    let mut meter = MeterProgram::open(&file).await?;
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

/// What the owner of house `number` would have: a key, a `meter.toml`, and yesterday's day for a beginning.
fn write_files(town: &Town, street: &Street, number: usize, folder: PathBuf) -> Result<PathBuf, Problem> {
    std::fs::create_dir_all(&folder).map_err(Problem::unreachable)?;
    let neighbour = &town.people.street[number];
    if !folder.join("owner.key").exists() {
        key::write_account(&folder.join("owner.key"), &neighbour.owner)
            .map_err(|error| Problem::unreachable(error.to_string()))?;
    }
    if !folder.join("meter.key").exists() {
        neighbour.meter.write(&folder.join("meter.key")).map_err(|error| Problem::unreachable(error.to_string()))?;
    }
    let house = &street.houses[number];
    let kw = house.connection_kw();
    let mut text = format!(
        "rpc = \"{}\"\nkey = \"owner.key\"\nmeter_key = \"meter.key\"\nmarket = \"{}\"\nzone = \"{}\"\nimport_kw = {kw}\nexport_kw = {kw}\npurse = {PURSE}\n",
        town.rpc,
        operator::market(town),
        FEEDERS[house.feeder],
    );
    let _ = write!(text, "trades_from_wh = {TRADES_FROM_WH}\n");
    let file = folder.join("meter.toml");
    std::fs::write(&file, text).map_err(Problem::unreachable)?;
    Ok(file)
}
