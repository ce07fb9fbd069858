//! Computes what the chain only checks: the best clearing of an energy market, and the certificate that shows it.
//!
//! Nothing here has to be trusted: [`dure_rules::energy::clearing::check`] decides. Whoever has a better method hands in the same
//! certificate, and a method with an error hands in one that is refused.
//!
//! This crate never decides what counts as a clearing, never opens a socket, never hands floating point out:
//! what it suggests is rounded, and shown in whole numbers or refused.

mod certificate;
pub mod sample;
mod simplex;
#[cfg(feature = "storage")]
mod storage;
mod tree;
pub mod value;

pub use certificate::certify;
pub use simplex::solve;
#[cfg(feature = "storage")]
pub use storage::{flows, plan, rounded};

use dure_rules::energy::clearing::{ARCS_MAX, Network, Node};

/// Why a network has no clearing, or none that was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsolved {
    #[error("arc {arc} touches node {node}, and the network has {nodes} nodes; hint: every arc stands between two of them")]
    NoSuchNode { arc: u32, node: Node, nodes: u32 },
    #[error(
        "{arcs} arcs between {nodes} nodes, values up to {value_micro} micro-units: sums leave 63 bits; hint: clear fewer slots at once"
    )]
    TooLarge { arcs: usize, nodes: usize, value_micro: u64 },
    #[error(
        "node {node} is given {given_wh} Wh and has no single arc to the outside that carries more; hint: every node needs its \
         technical arcs, in at the highest and out at the lowest price"
    )]
    NoWayOut { node: Node, given_wh: u32 },
    #[error(
        "node {node} has no finite price; hint: every node needs its technical arcs, in at the highest and out at the lowest price"
    )]
    NoPrice { node: Node },
    #[error("{found} flows, expected one for each of {arcs} arcs")]
    Flows { arcs: usize, found: usize },
    #[error("the flow is not the best one: a circle of arcs at node {node} gains; hint: certify what solve returned")]
    NotBest { node: Node },
    #[error("not solved after {pivots} steps; hint: clear fewer slots at once")]
    Unfinished { pivots: u64 },
    #[error(
        "the book cannot be planned: more than 96 slots, a value beyond a million units per kWh, or a battery outside its bounds or its zone"
    )]
    Book,
    #[error(
        "the storage programme was not solved: {said}; hint: every zone needs its technical arcs, every battery a state within its capacity"
    )]
    Programme { said: String },
}

/// Sums of values along a path, and differences of two, stay below this.
const SUM_MAX: u128 = 1 << 61;

/// That every index stands for something and that no sum of values along a path leaves i64.
fn fits(network: &Network) -> Result<(), Unsolved> {
    let (nodes, arcs) = (network.given_wh.len(), network.arcs.len());
    let value_micro = network.arcs.iter().map(|arc| arc.value_micro.unsigned_abs()).max().unwrap_or(0);
    if arcs > ARCS_MAX as usize || nodes > ARCS_MAX as usize || nodes as u128 * u128::from(value_micro) > SUM_MAX {
        return Err(Unsolved::TooLarge { arcs, nodes, value_micro });
    }
    let nodes = network.nodes();
    for (number, arc) in (0..).zip(&network.arcs) {
        if let Some(node) = [arc.tail, arc.head].into_iter().find(|node| *node >= nodes) {
            return Err(Unsolved::NoSuchNode { arc: number, node, nodes });
        }
    }
    Ok(())
}
