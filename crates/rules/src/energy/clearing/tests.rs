use super::*;
use proptest::prelude::*;

/// The slowest way there is: pushes along the shortest residual paths found by Bellman and Ford until no circle gains anything.
pub(in crate::energy) mod model {
    use super::super::*;

    /// Residual edges: (from, to, cost of one Wh more, how many Wh, arc).
    fn edges(network: &Network, flow: &[u32]) -> Vec<(usize, usize, i128, u32, u32)> {
        let mut edges = Vec::new();
        for (number, (arc, flow)) in (0..).zip(network.arcs.iter().zip(flow)) {
            let (tail, head, cost) = (arc.tail as usize, arc.head as usize, -i128::from(arc.value_micro));
            if *flow < arc.capacity_wh {
                edges.push((tail, head, cost, arc.capacity_wh - flow, number));
            }
            if *flow > 0 {
                edges.push((head, tail, -cost, *flow, number));
            }
        }
        edges
    }

    /// The greatest flow's value: cancels circles that gain until there are none, beginning from what each given Wh can do at once.
    pub fn solve(network: &Network) -> Vec<u32> {
        let mut flow = vec![0u32; network.arcs.len()];
        let nodes = network.given_wh.len();
        for (node, given) in network.given_wh.iter().enumerate().skip(1) {
            // A given Wh leaves by the ample arc of the lowest technical price, which every node has.
            let out = network.arcs.iter().rposition(|arc| arc.tail as usize == node && arc.head == OUTSIDE).expect("a way out");
            flow[out] += given;
        }
        while let Some(circle) = gaining_circle(nodes, &edges(network, &flow)) {
            let room = circle.iter().map(|edge| edge.3).min().expect("an edge");
            for (from, _, _, _, arc) in circle {
                let number = arc as usize;
                if network.arcs[number].tail as usize == from { flow[number] += room } else { flow[number] -= room }
            }
        }
        flow
    }

    type Edge = (usize, usize, i128, u32, u32);

    fn gaining_circle(nodes: usize, edges: &[Edge]) -> Option<Vec<Edge>> {
        let mut distance = vec![0i128; nodes];
        let mut by: Vec<Option<Edge>> = vec![None; nodes];
        let mut last = None;
        for _ in 0..=nodes {
            last = None;
            for edge in edges {
                if distance[edge.0] + edge.2 < distance[edge.1] {
                    distance[edge.1] = distance[edge.0] + edge.2;
                    by[edge.1] = Some(*edge);
                    last = Some(edge.1);
                }
            }
            last?;
        }
        let mut node = last?;
        for _ in 0..nodes {
            node = by[node].expect("on a way").0;
        }
        let (begin, mut circle) = (node, Vec::new());
        loop {
            let edge = by[node].expect("on the circle");
            circle.push(edge);
            node = edge.0;
            if node == begin {
                return Some(circle);
            }
        }
    }

    /// Shortest paths from the outside (`forward`) or to it, as extremes.
    fn extremes(network: &Network, flow: &[u32], forward: bool) -> Vec<Extreme> {
        let nodes = network.given_wh.len();
        let mut best: Vec<Option<(i128, u32, u32)>> = vec![None; nodes];
        best[0] = Some((0, 0, 0));
        for _ in 0..nodes {
            for (from, to, cost, _, arc) in edges(network, flow) {
                let (near, far) = if forward { (from, to) } else { (to, from) };
                let Some((distance, depth, _)) = best[near] else { continue };
                let found = (distance + cost, depth + 1, arc);
                if far != 0 && best[far].is_none_or(|known| (found.0, found.1) < (known.0, known.1)) {
                    best[far] = Some(found);
                }
            }
        }
        let sign = if forward { 1 } else { -1 };
        best.into_iter()
            .map(|found| found.expect("every node is reached"))
            .map(|(distance, depth, arc)| Extreme { price_micro: i64::try_from(sign * distance).expect("fits"), arc, depth })
            .collect()
    }

    pub fn certify(network: &Network, flow: &[u32]) -> Certificate {
        let (highest, lowest) = (extremes(network, flow, true), extremes(network, flow, false));
        let price = |of: &[Extreme]| of.iter().map(|extreme| extreme.price_micro).collect::<Vec<_>>();
        let (high, low) = (price(&highest), price(&lowest));
        let open = |(arc, _): &(&Arc, &u32)| arc.capacity_wh > 0 && arc.reduced_micro(&high) == 0 && arc.reduced_micro(&low) == 0;
        let open_wh = network.arcs.iter().zip(flow).filter(open).map(|(_, flow)| *flow).collect();
        Certificate { highest, lowest, open_wh }
    }
}

const TECHNICAL: i64 = 4_000_000;

/// Two zones, two slots, one battery of the design's example. Nodes: N1, S1, N2, S2, B1, B2.
fn example(export_cap_wh: u32) -> Network {
    let arc = |tail, head, capacity_wh, value_micro| Arc { tail, head, capacity_wh, value_micro };
    let (n1, s1, n2, s2, b1, b2) = (1, 2, 3, 4, 5, 6);
    let mut arcs = vec![
        arc(0, n1, 9_000, 0),
        arc(n1, 0, 1_500, 250_000),
        arc(s1, 0, 2_000, 300_000),
        arc(0, n2, 1_000, 0),
        arc(n2, 0, 500, 280_000),
        arc(s2, 0, 6_000, 310_000),
        arc(0, s2, 1_000, -150_000),
        arc(n1, s1, 3_000, -10_000),
        arc(s1, n1, 3_000, -10_000),
        arc(n2, s2, 3_000, -10_000),
        arc(s2, n2, 3_000, -10_000),
        arc(0, s1, 100_000, -320_000),
        arc(s1, 0, export_cap_wh, 80_000),
        arc(0, s2, 100_000, -320_000),
        arc(s2, 0, 100_000, 80_000),
        arc(n1, b1, 3_000, 0),
        arc(b1, n1, 3_000, -20_000),
        arc(n2, b2, 3_000, 0),
        arc(b2, n2, 3_000, -20_000),
        arc(b1, b2, 4_000, 0),
        arc(b2, 0, 4_000, 60_000),
    ];
    for node in 1..=6 {
        arcs.push(arc(0, node, 1_000_000, -TECHNICAL));
        arcs.push(arc(node, 0, 1_000_000, -TECHNICAL));
    }
    let mut given_wh = vec![0; 7];
    given_wh[b1 as usize] = 500;
    Network { arcs, given_wh }
}

fn cleared(network: &Network) -> Cleared {
    let certificate = model::certify(network, &model::solve(network));
    check(network, &certificate).expect("the model's is the best")
}

#[test]
fn the_worked_example_comes_out_to_the_unit() {
    let network = example(100_000);
    let Cleared { flow_wh, price_micro, welfare_nano } = cleared(&network);
    assert_eq!(price_micro, [0, 0, 80_000, 80_000, 310_000, 60_000, 60_000]);
    assert_eq!(welfare_nano, 2_235_000_000);
    assert_eq!(network.bound_nano(&price_micro), welfare_nano);
    let wind = flow_wh[0];
    let (export, house_south) = (flow_wh[12], flow_wh[5]);
    let (charge, discharge, left, import) = (flow_wh[15], flow_wh[18], flow_wh[20], flow_wh[11] + flow_wh[13]);
    assert_eq!((wind, export, house_south, charge, discharge, left, import), (7_500, 1_000, 4_000, 3_000, 2_500, 1_000, 0));
}

#[test]
fn where_highest_and_lowest_differ_the_price_is_between_them() {
    let network = example(1_000);
    let certificate = model::certify(&network, &model::solve(&network));
    assert_eq!((certificate.lowest[2].price_micro, certificate.highest[2].price_micro), (10_000, 80_000));
    let cleared = check(&network, &certificate).expect("the best");
    assert_eq!((cleared.price_micro[2], cleared.welfare_nano), (45_000, 2_235_000_000));
}

#[test]
fn each_flaw_has_a_name() {
    let network = example(100_000);
    let good = model::certify(&network, &model::solve(&network));
    let wrong = |change: &dyn Fn(&mut Certificate)| {
        let mut certificate = good.clone();
        change(&mut certificate);
        check(&network, &certificate).expect_err("wrong")
    };
    assert_eq!(wrong(&|c| c.highest.truncate(6)), Flaw::Nodes { expected: 7, found: 6 });
    assert_eq!(wrong(&|c| c.lowest[0].price_micro = 1), Flaw::Outside);
    assert_eq!(wrong(&|c| c.highest[3].price_micro = VALUE_MAX_MICRO + 1), Flaw::Price { node: 3 });
    assert_eq!(wrong(&|c| c.lowest[4].price_micro = 330_000), Flaw::Contradiction { arc: 13 });
    let open = u32::try_from(good.open_wh.len()).expect("few");
    assert_eq!(wrong(&|c| c.open_wh.push(0)), Flaw::OpenFlows { expected: open, found: open + 1 });
    assert_eq!(wrong(&|c| c.open_wh[0] = u32::MAX), Flaw::Capacity { arc: 0 });
    assert_eq!(wrong(&|c| c.open_wh[0] -= 1), Flaw::Balance { node: 1 });
    assert_eq!(wrong(&|c| c.highest[1].arc = 1), Flaw::Path { node: 1 });
    // The path of node 3 leads over node 6.
    assert_eq!(wrong(&|c| c.lowest[6].depth += 1), Flaw::Path { node: 3 });
    // Arc 0 is no longer open, so the flows that were stated for it and those after it stand for the wrong arcs.
    assert_eq!(wrong(&|c| c.highest[1].price_micro += 1), Flaw::Capacity { arc: 5 });
}

/// Small networks with many ties: few different prices, small capacities, lines, batteries.
pub(crate) fn networks() -> impl Strategy<Value = Network> {
    let arc = (0u32..6, 0u32..6, 0u32..6, -4i64..5).prop_filter("two ends", |(tail, head, ..)| tail != head);
    (prop::collection::vec(arc, 0..16), prop::collection::vec(0u32..4, 5)).prop_map(|(arcs, given)| {
        let mut all: Vec<Arc> =
            arcs.into_iter().map(|(tail, head, capacity_wh, value_micro)| Arc { tail, head, capacity_wh, value_micro }).collect();
        for node in 1..6 {
            all.push(Arc { tail: OUTSIDE, head: node, capacity_wh: 1_000, value_micro: -100 });
            all.push(Arc { tail: node, head: OUTSIDE, capacity_wh: 1_000, value_micro: -100 });
        }
        Network { arcs: all, given_wh: std::iter::once(0).chain(given).collect() }
    })
}

proptest! {
    #[test]
    fn the_best_flow_is_accepted_and_worth_its_bound(network in networks()) {
        let flow = model::solve(&network);
        let cleared = check(&network, &model::certify(&network, &flow)).expect("the best");
        prop_assert_eq!(cleared.welfare_nano, network.bound_nano(&cleared.price_micro));
        prop_assert_eq!(cleared.welfare_nano, network.welfare_nano(&flow));
    }

    /// Whatever is changed: either it is refused, or it shows another flow that is as good, at the same prices.
    #[test]
    fn no_change_moves_a_price_or_lowers_the_welfare(
        network in networks(), which in 0usize..4, at in any::<prop::sample::Index>(), by in prop_oneof![-3i64..4, any::<i64>()],
    ) {
        let good = model::certify(&network, &model::solve(&network));
        let right = check(&network, &good).expect("the best");
        let mut changed = good.clone();
        let extremes = if by % 2 == 0 { &mut changed.highest } else { &mut changed.lowest };
        let node = at.index(extremes.len());
        match which {
            0 => extremes[node].price_micro = extremes[node].price_micro.wrapping_add(by),
            1 => extremes[node].arc = extremes[node].arc.wrapping_add(by as u32),
            2 => extremes[node].depth = extremes[node].depth.wrapping_add(by as u32),
            _ if changed.open_wh.is_empty() => changed.open_wh.push(by as u32),
            _ => {
                let open = at.index(changed.open_wh.len());
                changed.open_wh[open] = changed.open_wh[open].wrapping_add(by as u32);
            }
        }
        if let Ok(other) = check(&network, &changed) {
            prop_assert_eq!(other.price_micro, right.price_micro);
            prop_assert_eq!(other.welfare_nano, right.welfare_nano);
        }
    }
}
