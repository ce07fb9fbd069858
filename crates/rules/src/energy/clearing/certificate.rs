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
    let nodes = network.nodes();
    let (highest, lowest) = (prices(nodes, &certificate.highest)?, prices(nodes, &certificate.lowest)?);
    let flow_wh = flows(network, &highest, &lowest, &certificate.open_wh)?;
    balanced(network, &flow_wh)?;
    paths(network, &flow_wh, &highest, &certificate.highest, Towards::Node)?;
    paths(network, &flow_wh, &lowest, &certificate.lowest, Towards::Outside)?;
    let mut price_micro = Vec::with_capacity(highest.len());
    for (node, (high, low)) in (0..).zip(highest.iter().zip(&lowest)) {
        if low > high {
            return Err(Flaw::Order { node });
        }
        price_micro.push(high.saturating_add(*low).div_euclid(2)); // both within ± 2⁴⁰
    }
    Ok(Cleared { welfare_nano: network.welfare_nano(&flow_wh), flow_wh, price_micro })
}

fn prices(nodes: u32, extremes: &[Extreme]) -> Result<Vec<i64>, Flaw> {
    if extremes.len() as u64 != u64::from(nodes) {
        return Err(Flaw::Nodes { expected: nodes, found: u32::try_from(extremes.len()).unwrap_or(u32::MAX) });
    }
    if extremes.first().is_some_and(|outside| outside.price_micro != 0) {
        return Err(Flaw::Outside);
    }
    let price = |(node, extreme): (Node, &Extreme)| {
        let price = extreme.price_micro;
        if (-VALUE_MAX_MICRO..=VALUE_MAX_MICRO).contains(&price) { Ok(price) } else { Err(Flaw::Price { node }) }
    };
    (0..).zip(extremes).map(price).collect()
}

/// What the prices say of each arc, and the stated flow where they say nothing.
fn flows(network: &Network, highest: &[i64], lowest: &[i64], open_wh: &[u32]) -> Result<Vec<u32>, Flaw> {
    let mut stated = open_wh.iter();
    let mut open = 0u32;
    let mut flow_wh = Vec::with_capacity(network.arcs.len());
    for (number, arc) in (0..).zip(&network.arcs) {
        let (high, low) = (arc.reduced_micro(highest).signum(), arc.reduced_micro(lowest).signum());
        flow_wh.push(match (high, low) {
            // A closed line has no edge that a price would have to obey.
            _ if arc.capacity_wh == 0 => 0,
            (0, 0) => {
                open = open.saturating_add(1);
                let flow = stated.next().copied().unwrap_or(0);
                if flow > arc.capacity_wh {
                    return Err(Flaw::Capacity { arc: number });
                }
                flow
            }
            (0 | 1, 0 | 1) => arc.capacity_wh,
            (0 | -1, 0 | -1) => 0,
            _ => return Err(Flaw::Contradiction { arc: number }),
        });
    }
    let found = u32::try_from(open_wh.len()).unwrap_or(u32::MAX);
    if found != open { Err(Flaw::OpenFlows { expected: open, found }) } else { Ok(flow_wh) }
}

fn balanced(network: &Network, flow_wh: &[u32]) -> Result<(), Flaw> {
    let mut excess: Vec<i64> = network.given_wh.iter().map(|wh| i64::from(*wh)).collect();
    for (arc, flow) in network.arcs.iter().zip(flow_wh) {
        // At most 2²⁴ arcs of less than 2³² Wh each: far from the ends of i64.
        if let Some(tail) = excess.get_mut(arc.tail as usize) {
            *tail = tail.saturating_sub(i64::from(*flow));
        }
        if let Some(head) = excess.get_mut(arc.head as usize) {
            *head = head.saturating_add(i64::from(*flow));
        }
    }
    match (0..).zip(&excess).skip(1).find(|(_, excess)| **excess != 0) {
        Some((node, _)) => Err(Flaw::Balance { node }),
        None => Ok(()),
    }
}

/// Every node but the outside names an arc that leads one step nearer to the outside, along which more (or less) could be moved at a
/// reduced value of exactly 0.
fn paths(network: &Network, flow_wh: &[u32], price: &[i64], extremes: &[Extreme], towards: Towards) -> Result<(), Flaw> {
    for (node, extreme) in (0..).zip(extremes) {
        if node == OUTSIDE {
            continue;
        }
        let step = || -> Option<()> {
            let (arc, flow) = (network.arcs.get(extreme.arc as usize)?, *flow_wh.get(extreme.arc as usize)?);
            let other = residual(arc, flow, node, towards)?;
            let nearer = if other == OUTSIDE { 0 } else { extremes.get(other as usize)?.depth };
            let tight = arc.reduced_micro(price) == 0;
            (tight && nearer.checked_add(1) == Some(extreme.depth)).then_some(())
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
