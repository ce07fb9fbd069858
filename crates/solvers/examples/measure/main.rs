//! How much processor time solving, certifying and checking take: `cargo run --release -p dure-solvers --example measure`.

use dure_rules::energy::clearing::check;
use dure_solvers::sample::{Market, Seed};
use dure_solvers::{certify, solve};

/// The kernel counts processor time in steps of some milliseconds.
const MEASURED_MS: f64 = 400.0;

fn main() {
    println!(
        "market: zones × slots, batteries, orders | arcs | nodes | solve ms | certify ms | check ms | check ms per 100,000 arcs"
    );
    for (zones, slots, batteries, orders) in [
        (1, 1, 0, 20_000),
        (10, 1, 0, 2_000),
        (10, 96, 10, 6),
        (10, 96, 10, 46),
        (10, 96, 100, 60),
        (20, 96, 200, 10),
        (100, 96, 0, 6),
        (10, 96, 100, 0),
    ] {
        let market = Market { zones, slots, batteries, orders, step_micro: 1_000 };
        let network = market.draw(&mut Seed(7));
        let (solve_ms, flow_wh) = measured(|| solve(&network).expect("solved"));
        let (certify_ms, certificate) = measured(|| certify(&network, &flow_wh).expect("certified"));
        let (check_ms, _) = measured(|| check(&network, &certificate).expect("the best"));
        let (arcs, nodes) = (network.arcs.len(), network.given_wh.len());
        println!(
            "{zones} × {slots}, {batteries}, {orders} | {arcs} | {nodes} | {solve_ms:.1} | {certify_ms:.1} | {check_ms:.2} | {:.2}",
            check_ms * 1e5 / arcs as f64
        );
    }
}

/// Processor time of this thread, so that what else the machine does is not counted (proc(5), schedstat).
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e6
}

/// Milliseconds of processor time that a run takes, of as many as fill [`MEASURED_MS`]; and what the last gave.
fn measured<T>(mut run: impl FnMut() -> T) -> (f64, T) {
    let began = processor_ms();
    let mut last = run();
    let mut runs = 1.0;
    while processor_ms() - began < MEASURED_MS {
        last = run();
        runs += 1.0;
    }
    ((processor_ms() - began) / runs, last)
}
