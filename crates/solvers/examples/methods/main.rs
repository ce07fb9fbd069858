//! Draws networks, and clears them by our own method: tests/energy/run compares what this and other methods say.

mod text;

use dure_rules::energy::clearing::{Network, check};
use dure_solvers::sample::{Market, Seed, tangle};
use dure_solvers::{certify, solve};
use std::io::Read;

type Answer = Result<(i128, Vec<i64>), Box<dyn std::error::Error>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["draw", seed, count] => draw(Seed(seed.parse()?), count.parse()?),
        ["market", zones, slots, batteries, orders] => {
            let [zones, slots, batteries, orders] = [zones.parse()?, slots.parse()?, batteries.parse()?, orders.parse()?];
            let market = Market { zones, slots, batteries, orders, step_micro: 1_000 };
            print!("{}", text::write(&market.draw(&mut Seed(7))));
        }
        ["own"] => answer()?,
        _ => eprintln!("usage: methods draw SEED COUNT | market ZONES SLOTS BATTERIES ORDERS | own < NETWORKS"),
    }
    Ok(())
}

fn draw(mut seed: Seed, count: u32) {
    for number in 0..count {
        let market = Market {
            zones: seed.between(1, 4),
            slots: seed.between(1, 4),
            batteries: seed.below(4),
            orders: seed.below(8),
            step_micro: [1, 10_000, 50_000][(number % 3) as usize],
        };
        let network = if number % 2 == 0 { tangle(&mut seed) } else { market.draw(&mut seed) };
        print!("{}", text::write(&network));
    }
}

fn answer() -> Result<(), Box<dyn std::error::Error>> {
    let mut networks = String::new();
    std::io::stdin().read_to_string(&mut networks)?;
    for network in text::read(&networks)? {
        let (welfare_nano, price_micro) = own(&network)?;
        let prices: Vec<String> = price_micro.iter().map(i64::to_string).collect();
        println!("welfare {welfare_nano} prices {}", prices.join(" "));
    }
    Ok(())
}

fn own(network: &Network) -> Answer {
    let certificate = certify(network, &solve(network)?)?;
    let cleared = check(network, &certificate).map_err(|flaw| format!("refused: {flaw:?}"))?;
    Ok((cleared.welfare_nano, cleared.price_micro))
}
