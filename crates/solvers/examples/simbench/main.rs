//! Storage schedules of a real grid, day by day: the proven gap and the time, and how near to the proven bound the chain's schedule comes, which knows no losses.
//! The folder holds a grid of SimBench as `NAME.json` and `profiles.csv`:
//! `cargo run --release -p dure-solvers --example simbench -- FOLDER NAME`.
//!
//! From the data: what each load takes and each roof could give in a quarter of an hour, and the batteries' capacity, charging power and efficiency.
//! Our own: prices (loads bid 0.40 and more, roofs offer at 0, the grid sells at 0.32 and buys at 0.08, the line costs 0.01), an export cap of
//! 60 kW, batteries that give what power they take, are a fifth full in the morning, wear by 0.02 and are worth 0.10 a kWh in the evening.

mod chain;

use dure_rules::energy::clearing::storage::{BOUND_PER_NANO, Battery, Book, check};
use dure_rules::energy::clearing::{Arc, Network, OUTSIDE};
use dure_solvers::plan;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;

const SLOTS: usize = 96;
/// The grid behind the transformer, and the neighbourhood.
const ROOT: u32 = 1;
const STREET: u32 = 2;
const EXPORT_CAP_WH: u32 = 60_000 / 4;
const RETAIL_MICRO: i64 = 320_000;
const FEED_IN_MICRO: i64 = 80_000;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, name] = &words[..] else {
        eprintln!("usage: simbench FOLDER NAME");
        return Ok(());
    };
    let grid: Value = serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}.json"))?)?;
    let profiles = std::fs::read_to_string(format!("{folder}/profiles.csv"))?;
    let mut lines = profiles.lines();
    let heads: Vec<&str> = lines.next().ok_or("profiles.csv is empty")?.split(',').collect();
    let rows: Vec<BTreeMap<&str, &str>> = lines.map(|line| heads.iter().copied().zip(line.split(',')).collect()).collect();
    let (mut worst, mut slowest_ms) = (0.0f64, 0.0f64);
    let mut parts: Vec<[[f64; 2]; 2]> = Vec::new();
    for day in rows.chunks_exact(SLOTS) {
        let book =
            Book { slots: day.iter().map(|row| slot(&grid, row)).collect::<Result<_, _>>()?, batteries: batteries(&grid)? };
        let began = Instant::now();
        let plan = plan(&book)?;
        let ms = began.elapsed().as_secs_f64() * 1_000.0;
        let proven = check(&book, &plan).map_err(|refused| format!("{}: {refused:?}", day[0]["time"]))?;
        let gap = (proven.bound - proven.worth) as f64 / proven.bound as f64;
        let curtailed = 1.0
            - solar(&book, |slot, arc| plan.flow_wh[slot][arc])
                / solar(&book, |slot, arc| book.slots[slot].arcs[arc].capacity_wh);
        let given: i64 = plan.moved_wh.iter().flatten().map(|wh| -wh.min(&0)).sum();
        // By the chain: once with losses that nobody expects, once with those of the first plan in the houses' forecasts.
        let still = vec![vec![0; SLOTS]; book.batteries.len()];
        let loss_micro = FEED_IN_MICRO.midpoint(RETAIL_MICRO);
        let unexpected = chain::schedule(&book, loss_micro, &still)?;
        let expected = chain::schedule(&book, loss_micro, &unexpected)?;
        let [idle, unexpected, expected] = [still, unexpected, expected].map(|of| chain::worth(&book, &of));
        let (idle, of_chain) = (idle?, [unexpected?, expected?]);
        let part = |worth: i128, less: i128| 100.0 * (worth - less) as f64 / (proven.bound - less) as f64;
        parts.push(of_chain.map(|worth| [part(worth, 0), part(worth, idle)]));
        let [[blind, _], [share, _]] = parts[parts.len() - 1];
        println!(
            "{} worth {:8.2} gap {gap:.1e}, batteries gave {:6.1} kWh, curtailed {:4.1} %, planned in {ms:.0} ms; by the chain {share:.3} % of the bound ({blind:.3} %)",
            &day[0]["time"][..10],
            (proven.worth / BOUND_PER_NANO) as f64 / 1e9,
            given as f64 / 1e3,
            curtailed * 100.0,
        );
        (worst, slowest_ms) = (worst.max(gap), slowest_ms.max(ms));
    }
    println!("worst gap {worst:.1e}, slowest plan {slowest_ms:.0} ms");
    for (losses, name) in ["nobody expects", "the houses expect"].into_iter().enumerate() {
        for (whole, of) in ["the bound", "what batteries win"].into_iter().enumerate() {
            let mut parts: Vec<f64> = parts.iter().map(|day| day[losses][whole]).collect();
            parts.sort_by(f64::total_cmp);
            println!("by the chain, losses {name}: of {of} median {:.3} %, worst {:.3} %", parts[parts.len() / 2], parts[0]);
        }
    }
    Ok(())
}

/// Wh that the roofs' arcs carry, as `of` says.
fn solar(book: &Book, of: impl Fn(usize, usize) -> u32) -> f64 {
    let roofs = |network: &Network| (0..network.arcs.len()).filter(|arc| network.arcs[*arc].value_micro == 0).collect::<Vec<_>>();
    let wh = |(slot, network)| roofs(network).into_iter().map(|arc| f64::from(of(slot, arc))).sum::<f64>();
    book.slots.iter().enumerate().map(wh).sum::<f64>().max(1.0)
}

fn slot(grid: &Value, row: &BTreeMap<&str, &str>) -> Result<Network, Failed> {
    let arc = |tail, head, capacity_wh, value_micro| Arc { tail, head, capacity_wh, value_micro };
    let transformer_wh = u32::try_from(grid["transformer_kva"].as_array().ok_or("transformer_kva")?.len() * 40_000)?;
    let mut arcs = vec![
        arc(OUTSIDE, ROOT, transformer_wh, -RETAIL_MICRO),
        arc(ROOT, OUTSIDE, EXPORT_CAP_WH, FEED_IN_MICRO),
        arc(ROOT, STREET, transformer_wh, -10_000),
        arc(STREET, ROOT, EXPORT_CAP_WH, -10_000),
    ];
    for (list, kind) in [("loads", "load"), ("generators", "gen")] {
        for (value_micro, unit) in (400_000..).step_by(1_000).zip(grid[list].as_array().ok_or(list)?) {
            let profile = format!("{kind}:{}", unit["profile"].as_str().ok_or("profile")?);
            let share: u64 = row.get(profile.as_str()).ok_or(profile)?.parse()?;
            let wh = u32::try_from(unit["peak_w"].as_u64().ok_or("peak_w")? * share / 10_000 / 4)?;
            arcs.push(if kind == "load" { arc(STREET, OUTSIDE, wh, value_micro) } else { arc(OUTSIDE, STREET, wh, 0) });
        }
    }
    for node in [ROOT, STREET] {
        arcs.extend([arc(OUTSIDE, node, 1_000_000_000, -4_000_000), arc(node, OUTSIDE, 1_000_000_000, -4_000_000)]);
    }
    Ok(Network { arcs, given_wh: vec![0; 3] })
}

fn batteries(grid: &Value) -> Result<Vec<Battery>, Failed> {
    let battery = |of: &Value| -> Result<Battery, Failed> {
        let number = |name: &str| of[name].as_u64().ok_or_else(|| format!("no {name} in {of}"));
        let power_wh = u32::try_from(number("charge_w")? / 4)?;
        let capacity_wh = u32::try_from(number("capacity_wh")?)?;
        Ok(Battery {
            zone: STREET,
            charge_wh: power_wh,
            discharge_wh: power_wh,
            capacity_wh,
            initial_wh: capacity_wh / 5,
            efficiency_permille: u16::try_from(number("efficiency_permille")?)?,
            wear_micro: 20_000,
            final_micro: 100_000,
        })
    };
    grid["batteries"].as_array().ok_or("batteries")?.iter().map(battery).collect()
}
