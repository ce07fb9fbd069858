//! A clearing that anybody may have computed, and what shows that it is the best one.

use super::network::{Arc, Network, Node, OUTSIDE, VALUE_MAX_MICRO};
use borsh::{BorshDeserialize, BorshSerialize};

/// One of the two extreme prices of a node, and the last edge of the path that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Extreme {
    /// Micro-units per kWh.
    pub price_micro: i64,
    /// The arc of the path's edge that touches this node; for the outside it means nothing.
    pub arc: u32,
    /// Edges between this node and the outside along the path: 0 for the outside alone.
    pub depth: u32,
}

/// What a solver hands in.
///
/// Prices say how much flows on almost every arc: at a reduced value above 0 all of it, below 0 nothing. Only where both extreme
/// prices leave it open is the flow stated, so a book of 20,000 orders needs some hundred bytes for its fills.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// For each node the highest price at which the flow is the best: the length of the shortest path from the outside.
    pub highest: Vec<Extreme>,
    /// For each node the lowest such price: minus the length of the shortest path to the outside.
    pub lowest: Vec<Extreme>,
    /// Wh on each arc that the prices leave open, in the order of the arcs.
    pub open_wh: Vec<u32>,
}

impl Certificate {
    /// The borsh encoding: what a solver sends.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// `None` where the bytes are not such an encoding to their end.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::try_from_slice(bytes).ok()
    }
}

/// Why a certificate shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Not as many prices as there are nodes.
    Nodes { expected: u32, found: u32 },
    /// The outside is at another price than 0.
    Outside,
    /// A price beyond ± [`VALUE_MAX_MICRO`].
    Price { node: Node },
    /// One extreme says that all flows, the other that nothing does.
    Contradiction { arc: u32 },
    /// More or fewer open flows than arcs that are open.
    OpenFlows { expected: u32, found: u32 },
    /// More flows than the arc can carry.
    Capacity { arc: u32 },
    /// What flows in is not what flows out.
    Balance { node: Node },
    /// The edge of the path to this node is not one along which more could be moved at no loss, or it leads away from the outside.
    Path { node: Node },
    /// The lowest price is above the highest.
    Order { node: Node },
}

/// A clearing that was shown to be the best one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// Wh on each arc.
    pub flow_wh: Vec<u32>,
    /// ⌊(highest + lowest) / 2⌋ of each node, micro-units per kWh.
    pub price_micro: Vec<i64>,
    /// Σ value × flow, nano-units: no flow has more.
    pub welfare_nano: i128,
}

/// Which way a path uses an arc: to move more along it, or to move less.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Towards {
    /// Paths from the outside: an edge ends at the node.
    Node,
    /// Paths to the outside: an edge begins at the node.
    Outside,
}

/// Checks it in one pass over the arcs and one over the nodes, without division and without sorting.
///
/// Accepted are exactly the certificates whose flow is balanced and within its capacities, and whose prices are the highest and the
/// lowest at which every arc with a reduced value above 0 is full and below 0 is empty. Such a flow is the best there is (complementary slackness;
/// Ahuja, Magnanti, Orlin, *Network Flows*, 1993, theorem 9.4), and what it is worth equals [`Network::bound_nano`] at either price.
///
/// Highest and lowest are proven as shortest paths are: the prices obey every residual edge, so none lies beyond the shortest path; and each lies
/// on a path of tight edges, whose depth falls towards the outside, so it is the length of one.
///
/// # Errors
/// The first [`Flaw`] met, in the order of its variants.
pub fn check(network: &Network, certificate: &Certificate) -> Result<Cleared, Flaw> {
    let mut places = places(network, certificate)?;
    let flow_wh = flows(network, &mut places, &certificate.open_wh)?;
    if let Some((node, _)) = (0..).zip(&places).skip(1).find(|(_, place)| place.excess_wh != 0) {
        return Err(Flaw::Balance { node });
    }
    paths(network, &flow_wh, &certificate.highest, Towards::Node)?;
    paths(network, &flow_wh, &certificate.lowest, Towards::Outside)?;
    let mut price_micro = Vec::with_capacity(places.len());
    for (node, Place { highest, lowest, .. }) in (0..).zip(&places) {
        if lowest > highest {
            return Err(Flaw::Order { node });
        }
        price_micro.push(highest.saturating_add(*lowest).div_euclid(2)); // both within ± 2⁴⁰
    }
    Ok(Cleared { welfare_nano: network.welfare_nano(&flow_wh), flow_wh, price_micro })
}

/// All that an arc asks of a node, in one line of the processor's cache: this is what checking takes its time for.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Place {
    highest: i64,
    lowest: i64,
    /// What it was given and what flowed in, less what flowed out.
    excess_wh: i64,
}

fn places(network: &Network, certificate: &Certificate) -> Result<Vec<Place>, Flaw> {
    let expected = network.nodes();
    for extremes in [&certificate.highest, &certificate.lowest] {
        let found = u32::try_from(extremes.len()).unwrap_or(u32::MAX);
        if found != expected {
            return Err(Flaw::Nodes { expected, found });
        }
        if extremes.first().is_some_and(|outside| outside.price_micro != 0) {
            return Err(Flaw::Outside);
        }
        let beyond = |extreme: &Extreme| !(-VALUE_MAX_MICRO..=VALUE_MAX_MICRO).contains(&extreme.price_micro);
        if let Some((node, _)) = (0..).zip(extremes).find(|(_, extreme)| beyond(extreme)) {
            return Err(Flaw::Price { node });
        }
    }
    let extremes = certificate.highest.iter().zip(&certificate.lowest).zip(&network.given_wh);
    let place = |((highest, lowest), given): ((&Extreme, &Extreme), &u32)| Place {
        highest: highest.price_micro,
        lowest: lowest.price_micro,
        excess_wh: i64::from(*given),
    };
    Ok(extremes.map(place).collect())
}

/// What the prices say of each arc, and the stated flow where they say nothing; moved from place to place.
fn flows(network: &Network, places: &mut [Place], open_wh: &[u32]) -> Result<Vec<u32>, Flaw> {
    // A node that does not exist is at price 0, like the outside.
    const NOWHERE: Place = Place { highest: 0, lowest: 0, excess_wh: 0 };
    let mut stated = open_wh.iter();
    let mut open = 0u32;
    let mut flow_wh = Vec::with_capacity(network.arcs.len());
    for (number, arc) in (0..).zip(&network.arcs) {
        let at = |node: Node| places.get(node as usize).copied().unwrap_or(NOWHERE);
        let (tail, head) = (at(arc.tail), at(arc.head));
        // Values and prices are within ± 2⁴⁰ and at most 2²⁴ arcs carry less than 2³² Wh each: nothing here leaves i64. Wrapping, because
        // saturating takes a third of the time of the whole check.
        let high = arc.value_micro.wrapping_add(head.highest.wrapping_sub(tail.highest));
        let low = arc.value_micro.wrapping_add(head.lowest.wrapping_sub(tail.lowest));
        let (full, empty) = (high.max(low) > 0, high.min(low) < 0);
        let mut flow = if full { arc.capacity_wh } else { 0 };
        // A closed line has no edge that a price would have to obey.
        if full == empty && arc.capacity_wh > 0 {
            if full {
                return Err(Flaw::Contradiction { arc: number });
            }
            open = open.saturating_add(1);
            flow = stated.next().copied().unwrap_or(0);
            if flow > arc.capacity_wh {
                return Err(Flaw::Capacity { arc: number });
            }
        }
        flow_wh.push(flow);
        if let Some(tail) = places.get_mut(arc.tail as usize) {
            tail.excess_wh = tail.excess_wh.wrapping_sub(i64::from(flow));
        }
        if let Some(head) = places.get_mut(arc.head as usize) {
            head.excess_wh = head.excess_wh.wrapping_add(i64::from(flow));
        }
    }
    let found = u32::try_from(open_wh.len()).unwrap_or(u32::MAX);
    if found != open { Err(Flaw::OpenFlows { expected: open, found }) } else { Ok(flow_wh) }
}

/// Every node but the outside names an arc that leads one step nearer to the outside, along which more (or less) could be moved at a
/// reduced value of exactly 0.
fn paths(network: &Network, flow_wh: &[u32], extremes: &[Extreme], towards: Towards) -> Result<(), Flaw> {
    for (node, extreme) in (0..).zip(extremes) {
        if node == OUTSIDE {
            continue;
        }
        let step = || -> Option<()> {
            let (arc, flow) = (network.arcs.get(extreme.arc as usize)?, *flow_wh.get(extreme.arc as usize)?);
            let other = residual(arc, flow, node, towards)?;
            let nearer = if other == OUTSIDE { 0 } else { extremes.get(other as usize)?.depth };
            let price = |node: Node| extremes.get(node as usize).map_or(0, |extreme| extreme.price_micro);
            let reduced = arc.value_micro.saturating_add(price(arc.head)).saturating_sub(price(arc.tail));
            (reduced == 0 && nearer.checked_add(1) == Some(extreme.depth)).then_some(())
        };
        step().ok_or(Flaw::Path { node })?;
    }
    Ok(())
}

/// The other end of the edge by which a path reaches (or leaves) `node` over `arc`, where there is such an edge: along the arc where it
/// is not full, against it where it is not empty.
fn residual(arc: &Arc, flow: u32, node: Node, towards: Towards) -> Option<Node> {
    let (more, less) = (flow < arc.capacity_wh, flow > 0);
    let (along, against) = match towards {
        Towards::Node => (arc.head == node, arc.tail == node),
        Towards::Outside => (arc.tail == node, arc.head == node),
    };
    let far = if arc.head == node { arc.tail } else { arc.head };
    ((along && more) || (against && less)).then_some(far)
}
