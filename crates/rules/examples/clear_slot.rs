//! How long one slot takes: cleared by the tree, its certificate checked, and cleared with a redispatch between its first and its last zone. The last
//! book is the largest that an auction can have.
//!
//! `cargo run --release -p dure-rules --example clear_slot` prints the median, the least and the most of 21 runs for each book. Orders are
//! pseudo-random with a fixed seed; every clearing is shown to be the best one before its time is printed.

use dure_rules::energy::clearing::tree::{Order, Shift, SlotCleared, Zone, clear, clear_with};
use dure_rules::energy::clearing::{Arc, Certificate, Extreme, Network, OUTSIDE, check};
use dure_rules::energy::{AUCTION_ORDERS_MAX, SLOT_WH_MAX};
use std::hint::black_box;
use std::time::{Duration, Instant};

const ORDERS: u32 = 20_000;
const RUNS: usize = 21;
const TECHNICAL: i64 = 4_000_000;

/// What is drawn for one order, Wh, and the span of its limit, micro-units per kWh.
const WH_MAX: u64 = 5_000;
const LIMIT_MAX: u64 = 400_000;

fn main() {
    let line = |parent| Zone { parent, up_wh: 400_000, down_wh: 400_000, fee_micro: 10_000, given_wh: 0 };
    let tree = |parents: &[u32]| parents.iter().map(|parent| line(*parent)).collect::<Vec<_>>();
    let chain: Vec<u32> = (0..64_u32).map(|number| number.saturating_sub(1)).collect();
    println!(
        "{:<36} {:>32} {:>24} {:>28}",
        "orders, half of them bids", "clear (µs: median, least, most)", "check", "with a redispatch"
    );
    for (name, zones, same_limit, count) in [
        ("one zone", tree(&[0]), false, ORDERS),
        ("one zone, all at the money", tree(&[0]), true, ORDERS),
        ("8 zones, a star", tree(&[0; 8]), false, ORDERS),
        ("8 zones, a binary tree", tree(&[0, 0, 0, 1, 1, 2, 2, 3]), false, ORDERS),
        ("8 zones, a chain", tree(&chain[..8]), false, ORDERS),
        ("64 zones, a chain", tree(&chain), false, ORDERS),
        ("32 zones, a chain", tree(&chain[..32]), false, AUCTION_ORDERS_MAX),
    ] {
        let orders = orders(zones.len() as u64, same_limit, count);
        let cleared = clear(&zones, &orders, TECHNICAL);
        let network = network(&zones, &orders);
        let certificate = certificate(&network, &zones, &cleared);
        let checked = check(&network, &certificate).expect("the best flow");
        assert_eq!((checked.welfare_nano, &checked.price_micro[1..]), (cleared.welfare_nano, &cleared.price_micro[..]));
        let clearing = timed(|| clear(black_box(&zones), black_box(&orders), TECHNICAL));
        let checking = timed(|| check(black_box(&network), black_box(&certificate)));
        let (tail, capacity_wh) = (u32::try_from(zones.len() - 1).expect("few"), SLOT_WH_MAX);
        let shift = Shift { tail, head: 0, capacity_wh, value_micro: 100_000 };
        let shifting = timed(|| clear_with(black_box(&zones), black_box(&orders), 2 * TECHNICAL, &shift));
        println!("{:<36} {clearing:>32} {checking:>24} {shifting:>28}", format!("{count}: {name}"));
    }
}

fn timed<T>(mut run: impl FnMut() -> T) -> String {
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            black_box(run());
            begin.elapsed()
        })
        .collect();
    took.sort();
    format!("{}, {}, {}", took[RUNS / 2].as_micros(), took[0].as_micros(), took[RUNS - 1].as_micros())
}

/// Splitmix64 (Steele, Lea, Flood, *Fast splittable pseudorandom number generators*, 2014).
fn draws() -> impl FnMut(u64) -> u64 {
    let mut state = 0_u64;
    move |below| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

fn orders(zones: u64, same_limit: bool, count: u32) -> Vec<Order> {
    let mut draw = draws();
    (0..count)
        .map(|number| Order {
            zone: u32::try_from(draw(zones)).expect("few"),
            buys: number % 2 == 1,
            wh: u32::try_from(1 + draw(WH_MAX)).expect("little"),
            limit_micro: i64::try_from(if same_limit { LIMIT_MAX / 2 } else { draw(LIMIT_MAX) }).expect("little"),
        })
        .collect()
}

/// An arc for each order, two for each line, two technical ones for each zone.
fn network(zones: &[Zone], orders: &[Order]) -> Network {
    let mut arcs: Vec<Arc> = orders
        .iter()
        .map(|Order { zone, buys, wh, limit_micro }| {
            let (node, capacity_wh) = (zone + 1, *wh);
            if *buys {
                Arc { tail: node, head: OUTSIDE, capacity_wh, value_micro: *limit_micro }
            } else {
                Arc { tail: OUTSIDE, head: node, capacity_wh, value_micro: -limit_micro }
            }
        })
        .collect();
    for (node, zone) in (1..).zip(zones).skip(1) {
        let (parent, value_micro) = (zone.parent + 1, -zone.fee_micro);
        arcs.push(Arc { tail: node, head: parent, capacity_wh: zone.up_wh, value_micro });
        arcs.push(Arc { tail: parent, head: node, capacity_wh: zone.down_wh, value_micro });
    }
    for (node, _) in (1..).zip(zones) {
        arcs.push(Arc { tail: OUTSIDE, head: node, capacity_wh: u32::MAX, value_micro: -TECHNICAL });
        arcs.push(Arc { tail: node, head: OUTSIDE, capacity_wh: u32::MAX, value_micro: -TECHNICAL });
    }
    Network { arcs, given_wh: vec![0; zones.len() + 1] }
}

fn certificate(network: &Network, zones: &[Zone], cleared: &SlotCleared) -> Certificate {
    let mut flow_wh = cleared.fill_wh.clone();
    for number in 1..zones.len() {
        flow_wh.extend([cleared.up_wh[number], cleared.down_wh[number]]);
    }
    flow_wh.resize(network.arcs.len(), 0);
    let prices = |of: &[i64]| std::iter::once(0).chain(of.iter().copied()).collect::<Vec<_>>();
    let (high, low) = (prices(&cleared.highest_micro), prices(&cleared.lowest_micro));
    let open = |(arc, _): &(&Arc, &u32)| arc.reduced_micro(&high) == 0 && arc.reduced_micro(&low) == 0;
    let open_wh = network.arcs.iter().zip(&flow_wh).filter(open).map(|(_, flow)| *flow).collect();
    let (highest, lowest) = (extremes(network, &flow_wh, &high, true), extremes(network, &flow_wh, &low, false));
    Certificate { highest, lowest, open_wh }
}

/// Breadth first from the outside along the tight edges, each of which shows the price of the node that it reaches.
fn extremes(network: &Network, flow_wh: &[u32], price_micro: &[i64], from_outside: bool) -> Vec<Extreme> {
    let unknown = u32::MAX;
    let mut extremes: Vec<Extreme> =
        price_micro.iter().map(|price| Extreme { price_micro: *price, arc: 0, depth: unknown }).collect();
    extremes[0].depth = 0;
    for depth in 1..=network.nodes() {
        for (number, (arc, flow)) in (0..).zip(network.arcs.iter().zip(flow_wh)) {
            let tight = arc.reduced_micro(price_micro) == 0;
            let along = if from_outside { (arc.tail, arc.head) } else { (arc.head, arc.tail) };
            for (near, far, room) in [(along.0, along.1, *flow < arc.capacity_wh), (along.1, along.0, *flow > 0)] {
                if tight && room && extremes[near as usize].depth == depth - 1 && extremes[far as usize].depth == unknown {
                    extremes[far as usize] = Extreme { arc: number, depth, ..extremes[far as usize] };
                }
            }
        }
    }
    extremes
}
