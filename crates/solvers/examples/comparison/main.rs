//! What trading is worth on a real grid: the same roofs and batteries, once each battery for its own house, once on the market.
//! `cargo run --release -p dure-solvers --example comparison -- FOLDER [PLOT.svg]`; the folder holds SimBench's `lv1.101.json` and `profiles.csv`.
//!
//! From the data: loads, roofs, capacities, charging power, efficiency. Ours: what comes out at the transformer is capped at 60 kW; the supplier sells at
//! 0.32 and buys at 0.08; a battery gives what power it takes, wears by 0.02, is a fifth full at first, and a kWh left at night is worth 0.10. In the data
//! no battery stands beside a roof, so for own use the largest is given to the largest roof, and so on.

mod grid;
mod market;
mod plot;

use grid::{Grid, SLOTS};
use market::{Cleared, plan};

type Failed = Box<dyn std::error::Error>;

const CAP_W: i64 = 60_000;
const RETAIL_MICRO: i64 = 320_000;
const FEED_IN_MICRO: i64 = 80_000;
const WEAR_MICRO: i64 = 20_000;
const LEFT_MICRO: i64 = 100_000;
const BID_MICRO: i64 = 400_000;
const TECHNICAL_MICRO: i64 = 4_000_000;
const FEE_MICRO: i64 = 20_000;

/// Who says what the batteries do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    None,
    OwnUse,
    /// The day is traded on the evening before; batteries do what was traded. The forecast is right, or that of the day before.
    Day {
        right: bool,
        fee_micro: i64,
    },
    /// As the chain has it: the day on the evening before, by the day before as forecast, then the auction of each slot with the batteries' orders. There
    /// power that was sold to the grid is bought back at what the grid pays, or, unless `takes_back`, at retail, as everything.
    Slots {
        takes_back: bool,
    },
    /// Each quarter of an hour anew for the rest of the day: this one as it is, the others as on the day before.
    Again {
        fee_micro: i64,
    },
}

const WAYS: [(&str, Way); 9] = [
    ("no batteries", Way::None),
    ("each for its own roof", Way::OwnUse),
    ("market, perfect forecast", Way::Day { right: true, fee_micro: 0 }),
    ("market, perfect forecast, fee 0.02", Way::Day { right: true, fee_micro: FEE_MICRO }),
    ("market, day before as forecast, traded once", Way::Day { right: false, fee_micro: 0 }),
    ("market as the chain has it: the day once, then each slot with the batteries' orders", Way::Slots { takes_back: true }),
    ("the same, if what the grid was sold came back at retail", Way::Slots { takes_back: false }),
    ("market, day before as forecast, traded again each slot", Way::Again { fee_micro: 0 }),
    ("the same, fee 0.02", Way::Again { fee_micro: FEE_MICRO }),
];

/// Sums over all days, Wh.
#[derive(Clone, Copy, Default)]
struct Sums {
    sun: i64,
    surplus: i64,
    absorbed: i64,
    curtailed: i64,
    import: i64,
    export: i64,
}

/// What each battery is to take (+) or give (−) in a slot, Wh at the connection.
type Wanted = Vec<i64>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = words.first() else {
        eprintln!("usage: comparison FOLDER [PLOT.svg]");
        return Ok(());
    };
    let grid = Grid::read(folder)?;
    println!(
        "| batteries | surplus absorbed | curtailed, MWh | of the sun | imported, MWh | exported, MWh | paid to the supplier |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut curves = Vec::new();
    for (name, way) in WAYS {
        let (sums, curve) = live(&grid, way)?;
        let mwh = |wh: i64| wh as f64 / 1e6;
        let paid = (sums.import * RETAIL_MICRO - sums.export * FEED_IN_MICRO) as f64 / 1e9;
        println!(
            "| {name} | {:.1} % | {:.2} | {:.1} % | {:.2} | {:.2} | {paid:.0} |",
            100.0 * sums.absorbed as f64 / sums.surplus as f64,
            mwh(sums.curtailed),
            100.0 * sums.curtailed as f64 / sums.sun as f64,
            mwh(sums.import),
            mwh(sums.export),
        );
        curves.push((name, curve));
    }
    if let Some(file) = words.get(1) {
        std::fs::write(file, plot::svg(&grid, &curves))?;
    }
    Ok(())
}

/// All days that have one before them. Gives the sums, and the power at the transformer in each slot before anything is curtailed (+ out), W.
fn live(grid: &Grid, way: Way) -> Result<(Sums, Vec<i64>), Failed> {
    let mut sums = Sums::default();
    let mut curve = Vec::new();
    let mut stored_mwh: Vec<i64> = Vec::new();
    for day in 1..grid.days() {
        if !grid.follows(day) {
            stored_mwh.clear();
            continue;
        }
        if stored_mwh.is_empty() {
            stored_mwh = grid.batteries.iter().map(|battery| battery.capacity_wh * 200).collect();
        }
        let traded = match way {
            Way::Day { right, fee_micro } => {
                let from = if right { day } else { day - 1 };
                plan(grid, &stored_mwh, fee_micro, |slot| (grid.sun_w(from, slot), grid.load_w(from, slot)), 0)?
            }
            Way::Slots { .. } => plan(grid, &stored_mwh, 0, |slot| (grid.sun_w(day - 1, slot), grid.load_w(day - 1, slot)), 0)?,
            _ => Cleared::default(),
        };
        for slot in 0..SLOTS {
            let (sun_w, load_w) = (grid.sun_w(day, slot), grid.load_w(day, slot));
            let wanted: Wanted = match way {
                Way::None => vec![0; grid.batteries.len()],
                Way::OwnUse => (0..grid.batteries.len()).map(|battery| grid.own_w(battery, day, slot) / 4).collect(),
                Way::Day { .. } => traded.wanted.get(slot).ok_or("a day has 96 slots")?.clone(),
                Way::Slots { takes_back } => market::trade_slot(grid, &traded, takes_back, &stored_mwh, slot, (sun_w, load_w))?,
                Way::Again { fee_micro } => {
                    let known = |at: usize| {
                        if at == slot { (sun_w, load_w) } else { (grid.sun_w(day - 1, at), grid.load_w(day - 1, at)) }
                    };
                    plan(grid, &stored_mwh, fee_micro, known, slot)?.wanted.swap_remove(0)
                }
            };
            let charged: i64 =
                wanted.iter().enumerate().map(|(battery, wh)| grid.batteries[battery].take(&mut stored_mwh[battery], *wh)).sum();
            let (sun, load) = (sun_w / 4, load_w / 4);
            let net = sun - load - charged;
            let (surplus, cap) = ((sun - load).max(0), CAP_W / 4);
            sums.sun += sun;
            sums.surplus += surplus;
            sums.absorbed += charged.clamp(0, surplus);
            sums.curtailed += (net - cap).max(0);
            sums.import += (-net).max(0);
            sums.export += net.clamp(0, cap);
            curve.push(net * 4);
        }
    }
    Ok((sums, curve))
}
