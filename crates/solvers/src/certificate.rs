//! The certificate of a best flow: the extreme prices, the paths that show them, and the flows that they leave open.

use crate::{Unsolved, fits};
use dure_rules::energy::clearing::{Arc, Certificate, Extreme, Network, Node, OUTSIDE};

/// Shows that `flow_wh` is the best flow of `network`.
///
/// # Errors
/// [`Unsolved::NotBest`] where it is not, [`Unsolved::NoPrice`] where a node's price has no end, [`Unsolved::Flows`], [`Unsolved::NoSuchNode`],
/// [`Unsolved::TooLarge`].
pub fn certify(network: &Network, flow_wh: &[u32]) -> Result<Certificate, Unsolved> {
    fits(network)?;
    if flow_wh.len() != network.arcs.len() {
        return Err(Unsolved::Flows { arcs: network.arcs.len(), found: flow_wh.len() });
    }
    let highest = Edges::from_outside(network, flow_wh).extremes(1)?;
    let lowest = Edges::to_outside(network, flow_wh).extremes(-1)?;
    let zero =
        |arc: &Arc, of: &[Extreme]| arc.value_micro + of[arc.head as usize].price_micro == of[arc.tail as usize].price_micro;
    let open = |(arc, _): &(&Arc, &u32)| arc.capacity_wh > 0 && zero(arc, &highest) && zero(arc, &lowest);
    let open_wh = network.arcs.iter().zip(flow_wh).filter(open).map(|(_, flow)| *flow).collect();
    Ok(Certificate { highest, lowest, open_wh })
}

/// A step of a path.
#[derive(Clone, Copy, Default)]
struct Edge {
    to: Node,
    arc: u32,
    /// What is lost by moving one kWh along it, micro-units.
    length: i64,
}

/// Each edge with the node from which it goes.
fn each(network: &Network, flow_wh: &[u32], ends: fn(&Arc) -> (Node, Node), mut found: impl FnMut(Node, Edge)) {
    for (arc, (of, flow)) in (0..).zip(network.arcs.iter().zip(flow_wh)) {
        let (from, to) = ends(of);
        if *flow < of.capacity_wh {
            found(from, Edge { to, arc, length: -of.value_micro });
        }
        if *flow > 0 {
            found(to, Edge { to: from, arc, length: of.value_micro });
        }
    }
}

/// Everything along which more, or less, could be moved, by the node from which a path goes on.
struct Edges {
    /// Where each node's edges begin, and the end.
    begins: Vec<usize>,
    edges: Vec<Edge>,
}

impl Edges {
    fn from_outside(network: &Network, flow_wh: &[u32]) -> Self {
        Self::new(network, flow_wh, |arc| (arc.tail, arc.head))
    }

    /// Against their direction.
    fn to_outside(network: &Network, flow_wh: &[u32]) -> Self {
        Self::new(network, flow_wh, |arc| (arc.head, arc.tail))
    }

    /// Sorted by counting; `ends` says between which nodes a path goes when it moves more along an arc.
    fn new(network: &Network, flow_wh: &[u32], ends: fn(&Arc) -> (Node, Node)) -> Self {
        let mut begins = vec![0; network.given_wh.len() + 1];
        each(network, flow_wh, ends, |from, _| begins[from as usize + 1] += 1);
        for node in 1..begins.len() {
            begins[node] += begins[node - 1];
        }
        let (mut filled, mut edges) = (begins.clone(), vec![Edge::default(); begins.last().copied().unwrap_or(0)]);
        each(network, flow_wh, ends, |from, edge| {
            edges[filled[from as usize]] = edge;
            filled[from as usize] += 1;
        });
        Self { begins, edges }
    }

    fn of(&self, node: Node) -> &[Edge] {
        &self.edges[self.begins[node as usize]..self.begins[node as usize + 1]]
    }

    fn extremes(&self, sign: i64) -> Result<Vec<Extreme>, Unsolved> {
        let distances = self.distances()?;
        self.paths(&distances, sign)
    }

    /// Shortest distances from the outside (Bellman and Ford; the nodes that came nearer wait in turn). After as many rounds as there are nodes
    /// only a circle of negative length can bring any of them nearer.
    fn distances(&self) -> Result<Vec<i64>, Unsolved> {
        let nodes = self.begins.len() - 1;
        let mut distance: Vec<Option<i64>> = vec![None; nodes];
        let mut waits = vec![false; nodes];
        let mut round = Vec::new();
        if let Some(outside) = distance.first_mut() {
            *outside = Some(0);
            round.push(OUTSIDE);
        }
        for _ in 0..nodes {
            let mut next = Vec::new();
            for node in round {
                waits[node as usize] = false;
                let Some(here) = distance[node as usize] else { continue };
                for edge in self.of(node) {
                    let (to, found) = (edge.to as usize, here + edge.length);
                    if distance[to].is_none_or(|known| found < known) {
                        distance[to] = Some(found);
                        if !std::mem::replace(&mut waits[to], true) {
                            next.push(edge.to);
                        }
                    }
                }
            }
            round = next;
            if distance.first().is_some_and(|outside| *outside != Some(0)) {
                return Err(Unsolved::NotBest { node: OUTSIDE });
            }
        }
        match round.first() {
            Some(node) => Err(Unsolved::NotBest { node: *node }),
            None => (0..).zip(distance).map(|(node, found)| found.ok_or(Unsolved::NoPrice { node })).collect(),
        }
    }

    /// Every node by the fewest of the edges that shortest paths are made of, so that depths fall towards the outside although circles of
    /// length 0 exist.
    fn paths(&self, distance: &[i64], sign: i64) -> Result<Vec<Extreme>, Unsolved> {
        let mut found: Vec<Option<Extreme>> = vec![None; distance.len()];
        let mut reached = Vec::with_capacity(distance.len());
        if let Some(outside) = found.first_mut() {
            *outside = Some(Extreme { price_micro: 0, arc: 0, depth: 0 });
            reached.push((OUTSIDE, 0));
        }
        let mut at = 0;
        while let Some((node, depth)) = reached.get(at).copied() {
            at += 1;
            for edge in self.of(node) {
                let to = edge.to as usize;
                if found[to].is_none() && distance[node as usize] + edge.length == distance[to] {
                    found[to] = Some(Extreme { price_micro: sign * distance[to], arc: edge.arc, depth: depth + 1 });
                    reached.push((edge.to, depth + 1));
                }
            }
        }
        (0..).zip(found).map(|(node, extreme)| extreme.ok_or(Unsolved::NoPrice { node })).collect()
    }
}
