//! Certificates that were changed, blindly and by somebody who knows how they are checked: what is accepted has the same prices and is worth as much.

use dure_rules::energy::clearing::{Certificate, Cleared, Extreme, Network, OUTSIDE, check};
use dure_solvers::sample::{Market, Seed};
use dure_solvers::{certify, solve};

/// Changes of the certificates of one network, before the next is drawn.
const CHANGES_PER_NETWORK: u32 = 250;

/// How many changes: `DURE_CASES`, a number or `large`.
fn cases() -> u32 {
    match std::env::var("DURE_CASES") {
        Ok(text) if text == "large" => 1_000_000,
        Ok(text) => text.parse().expect("DURE_CASES is a number or `large`"),
        Err(_) => 10_000,
    }
}

/// What an attacker begins from.
struct Target {
    market: Market,
    network: Network,
    good: Certificate,
    right: Cleared,
}

impl Target {
    fn draw(seed: &mut Seed) -> Self {
        let (zones, slots, batteries, orders) = (seed.between(2, 5), seed.between(2, 4), seed.between(1, 4), seed.between(4, 10));
        let market = Market { zones, slots, batteries, orders, step_micro: [1, 20_000, 50_000, 100_000][seed.below(4) as usize] };
        let network = market.draw(seed);
        let good = certified(&network);
        let right = check(&network, &good).expect("the best");
        Self { market, network, good, right }
    }

    fn prices(&self) -> Prices {
        let of = |extremes: &[Extreme]| extremes.iter().map(|extreme| extreme.price_micro).collect();
        Prices { highest: of(&self.good.highest), lowest: of(&self.good.lowest) }
    }
}

fn certified(network: &Network) -> Certificate {
    certify(network, &solve(network).expect("solved")).expect("certified")
}

#[derive(Clone)]
struct Prices {
    highest: Vec<i64>,
    lowest: Vec<i64>,
}

/// The best that can be made of false prices: the flows that they imply, those of `flow_wh` where they say nothing, and paths of tight edges
/// wherever there are any.
fn dressed(network: &Network, prices: &Prices, flow_wh: &[u32]) -> Certificate {
    let (mut implied_wh, mut open_wh) = (Vec::new(), Vec::new());
    for (arc, flow) in network.arcs.iter().zip(flow_wh) {
        let (high, low) = (arc.reduced_micro(&prices.highest).signum(), arc.reduced_micro(&prices.lowest).signum());
        if arc.capacity_wh > 0 && high == 0 && low == 0 {
            open_wh.push(*flow);
        }
        implied_wh.push(match high + low {
            0 => *flow,
            gains if gains > 0 => arc.capacity_wh,
            _ => 0,
        });
    }
    let highest = paths(network, &implied_wh, &prices.highest, true);
    Certificate { highest, lowest: paths(network, &implied_wh, &prices.lowest, false), open_wh }
}

fn paths(network: &Network, flow_wh: &[u32], prices: &[i64], forwards: bool) -> Vec<Extreme> {
    let mut extremes: Vec<Extreme> =
        prices.iter().map(|price| Extreme { price_micro: *price, arc: u32::MAX, depth: u32::MAX }).collect();
    extremes[0].depth = 0;
    // Once for each step outwards, and once more so that circles of tight edges claim depths as well.
    for depth in 0..=extremes.len() {
        for (number, (arc, flow)) in
            (0..).zip(network.arcs.iter().zip(flow_wh)).filter(|(_, (arc, _))| arc.reduced_micro(prices) == 0)
        {
            for (near, far, room) in [(arc.tail, arc.head, *flow < arc.capacity_wh), (arc.head, arc.tail, *flow > 0)] {
                let (near, far) = if forwards { (near, far) } else { (far, near) };
                let last = depth == extremes.len();
                let found = &extremes[near as usize];
                let reaches = if last { extremes[far as usize].arc == u32::MAX } else { found.depth as usize == depth };
                if room && reaches && far != OUTSIDE && extremes[far as usize].depth == u32::MAX {
                    let depth = found.depth.wrapping_add(1);
                    (extremes[far as usize].arc, extremes[far as usize].depth) = (number, depth);
                }
            }
        }
    }
    extremes
}

/// One number of the certificate becomes another.
fn blind(target: &Target, seed: &mut Seed) -> Certificate {
    let mut changed = target.good.clone();
    let by = [1, -1, 2, -50_000, 20_000, i64::MAX, i64::from(seed.below(1_000_000))][seed.below(7) as usize];
    let extremes = if seed.below(2) == 0 { &mut changed.highest } else { &mut changed.lowest };
    let (node, other) = (seed.below(extremes.len() as u32) as usize, seed.below(extremes.len() as u32) as usize);
    match seed.below(6) {
        0 => extremes[node].price_micro = extremes[node].price_micro.wrapping_add(by),
        1 => extremes[node].price_micro = extremes[other].price_micro,
        2 => extremes[node].arc = seed.below(target.network.arcs.len() as u32),
        3 => extremes[node].depth = extremes[node].depth.wrapping_add(by as u32),
        4 => changed.open_wh.truncate(seed.below(changed.open_wh.len() as u32) as usize),
        _ => {
            let open = seed.below(changed.open_wh.len() as u32) as usize;
            changed.open_wh.iter_mut().skip(open).take(1).for_each(|flow| *flow = flow.wrapping_add(by as u32));
        }
    }
    changed
}

/// A zone, a slot or a battery is moved to another price, by one or to that of another order, and everything else is made to fit.
fn moved(target: &Target, seed: &mut Seed) -> Certificate {
    let Market { zones, slots, .. } = target.market;
    let mut prices = target.prices();
    let nodes = target.network.nodes();
    let (node, slot) = (seed.between(1, nodes - 1), seed.below(slots));
    let moves = |of: u32, all: u32| match all {
        0 => of == node,
        1 => (1 + slot * zones..1 + (slot + 1) * zones).contains(&of),
        2 => of > slots * zones && (of - slots * zones - 1) / slots == node % 7,
        _ => of != OUTSIDE,
    };
    let order = target.network.arcs[seed.below(target.network.arcs.len() as u32) as usize].value_micro.abs();
    let by = match seed.below(4) {
        0 => 1,
        1 => -1,
        2 => order - prices.highest[node as usize],
        _ => i64::from(seed.between(0, 100_000)) - 50_000,
    };
    let (which, all) = (seed.below(3), seed.below(4));
    for of in (1..nodes).filter(|of| moves(*of, all)) {
        if which != 0 {
            prices.highest[of as usize] += by;
        }
        if which != 1 {
            prices.lowest[of as usize] += by;
        }
    }
    dressed(&target.network, &prices, &target.right.flow_wh)
}

/// Prices between the extremes, or one extreme for both: all of them support the flow, and none but the extremes may be handed in.
fn between(target: &Target, seed: &mut Seed) -> Certificate {
    let Prices { highest, lowest } = target.prices();
    let middle = target.right.price_micro.clone();
    let pick = [&highest, &lowest, &middle];
    let (one, other) = (pick[seed.below(3) as usize].clone(), pick[seed.below(3) as usize].clone());
    dressed(&target.network, &Prices { highest: one, lowest: other }, &target.right.flow_wh)
}

/// Two open flows at the same node change by as much, so that the node stays in balance.
fn swapped(target: &Target, seed: &mut Seed) -> Certificate {
    let Prices { highest, lowest } = target.prices();
    let arcs = &target.network.arcs;
    let zero = |arc: usize| arcs[arc].reduced_micro(&highest) == 0 && arcs[arc].reduced_micro(&lowest) == 0;
    let open: Vec<usize> = (0..arcs.len()).filter(|arc| arcs[*arc].capacity_wh > 0 && zero(*arc)).collect();
    let mut changed = target.good.clone();
    let one = seed.below(open.len() as u32) as usize;
    let same = |other: &usize| {
        *other != one && (arcs[open[*other]].tail, arcs[open[*other]].head) == (arcs[open[one]].tail, arcs[open[one]].head)
    };
    let turned = |other: &usize| *other != one && (arcs[open[*other]].head == arcs[open[one]].head);
    let parallel = seed.below(2) == 0;
    let others: Vec<usize> = (0..open.len()).filter(|other| if parallel { same(other) } else { turned(other) }).collect();
    if let Some(other) = others.get(seed.below(others.len() as u32) as usize) {
        let room = arcs[open[*other]].capacity_wh - changed.open_wh[*other];
        let wh = seed.between(0, changed.open_wh[one].min(room));
        changed.open_wh[one] -= wh;
        changed.open_wh[*other] += wh;
        // Where an arc became empty or full, a path along it must go another way: the attacker finds one.
        if seed.below(2) == 0 {
            let mut flow_wh = target.right.flow_wh.clone();
            open.iter().zip(&changed.open_wh).for_each(|(arc, flow)| flow_wh[*arc] = *flow);
            changed = dressed(&target.network, &Prices { highest, lowest }, &flow_wh);
        }
    }
    changed
}

/// The honest certificate of a market in which one order, line or battery is different.
fn neighbour(target: &Target, seed: &mut Seed) -> Certificate {
    let mut network = target.network.clone();
    let orders = network.arcs.len() as u32 - 2 * (network.nodes() - 1); // The technical arcs are the last.
    let arc = &mut network.arcs[seed.below(orders) as usize];
    match seed.below(4) {
        0 => arc.capacity_wh = seed.below(2_000),
        1 => arc.capacity_wh = arc.capacity_wh.saturating_sub(1),
        2 => arc.value_micro += [1, -1, 20_000, -50_000][seed.below(4) as usize],
        _ => network.given_wh.iter_mut().rev().take(1).for_each(|given| *given += 1),
    }
    let other = certified(&network);
    if seed.below(2) == 0 {
        return other;
    }
    let of = |extremes: &[Extreme]| extremes.iter().map(|extreme| extreme.price_micro).collect();
    let flow_wh = check(&network, &other).expect("the best of its own").flow_wh;
    dressed(&target.network, &Prices { highest: of(&other.highest), lowest: of(&other.lowest) }, &flow_wh)
}

type Change = fn(&Target, &mut Seed) -> Certificate;

#[test]
fn no_tampering_moves_a_price_or_lowers_the_welfare() {
    let kinds: [(&str, Change); 5] =
        [("blind", blind), ("moved", moved), ("between", between), ("swapped", swapped), ("neighbour", neighbour)];
    let (mut accepted, mut tried) = ([0u32; 5], [0u32; 5]);
    let mut left = cases();
    for network in 1..=u64::from(cases()) {
        let mut seed = Seed(network);
        let target = Target::draw(&mut seed);
        for _ in 0..left.min(CHANGES_PER_NETWORK) {
            let kind = seed.below(5) as usize;
            let changed = kinds[kind].1(&target, &mut seed);
            if changed == target.good {
                continue; // Not counted: nothing was tampered with.
            }
            left -= 1;
            tried[kind] += 1;
            if let Ok(other) = check(&target.network, &changed) {
                accepted[kind] += 1;
                assert_eq!(other.price_micro, target.right.price_micro, "{}, network {network}", kinds[kind].0);
                assert_eq!(other.welfare_nano, target.right.welfare_nano, "{}, network {network}", kinds[kind].0);
            }
        }
        if left == 0 {
            break;
        }
    }
    assert_eq!(tried.iter().sum::<u32>(), cases());
    for ((name, _), (accepted, tried)) in kinds.iter().zip(accepted.iter().zip(&tried)) {
        println!("{name}: {accepted} of {tried} accepted, all as good and at the same prices");
        assert!(accepted < tried && *tried > 0, "{name} changes nothing");
    }
    assert!(accepted[3] > 0, "another best flow is accepted too");
}
