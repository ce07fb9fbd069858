//! The best flow by the primal network simplex method.
//!
//! At each step the arcs are: empty, full, or one of a spanning tree, whose prices make every arc of the tree worth exactly 0. Upon an empty arc that
//! would gain, or a full one that would lose: it enters, closes a circle with the tree, as much is moved along the circle as it has room
//! for, and what then blocks leaves the tree. Upon no such arc: the flow is the best one.
//!
//! The tree is *strongly feasible*: from every node something can be moved to the outside along it. It begins so (each node hangs by an arc to
//! the outside that is not full), and stays so because of several arcs that block the last one leaves, counted in the direction of the move from
//! the circle's topmost node. So no tree comes twice, although most steps move nothing (Cunningham 1976; Ahuja, Magnanti, Orlin, *Network
//! Flows*, 1993, section 11.6). Which arc enters: the best of a block of arcs, the blocks in turn (section 11.5).

use crate::tree::Tree;
use crate::{Unsolved, fits};
use dure_rules::energy::clearing::{Arc, Network, Node, OUTSIDE};

/// Steps per arc and node, at most. Markets took 0.3 to 0.8; the worst case that is known of is exponential.
const PIVOTS_PER_ITEM_MAX: u64 = 1_000;
/// Arcs of a block, at least.
const BLOCK_MIN: usize = 32;

/// The greatest flow's Wh on each arc.
///
/// # Errors
/// [`Unsolved::NoWayOut`] where a node has no arc to the outside that carries more than the node is given: with one everywhere, each network
/// has a best flow. [`Unsolved::NoSuchNode`], [`Unsolved::TooLarge`], [`Unsolved::Unfinished`].
pub fn solve(network: &Network) -> Result<Vec<u32>, Unsolved> {
    fits(network)?;
    let mut simplex = Simplex::begin(network)?;
    let pivots_max = PIVOTS_PER_ITEM_MAX * (network.arcs.len() + network.given_wh.len() + 1) as u64;
    for _ in 0..pivots_max {
        let Some(entering) = simplex.entering() else { return Ok(simplex.flow_wh) };
        simplex.pivot(entering);
    }
    Err(Unsolved::Unfinished { pivots: pivots_max })
}

/// Where an arc stands, as the sign that makes what it would gain by changing positive.
const EMPTY: i8 = 1;
const FULL: i8 = -1;
const IN_TREE: i8 = 0;

struct Simplex<'a> {
    arcs: &'a [Arc],
    flow_wh: Vec<u32>,
    stands: Vec<i8>,
    price_micro: Vec<i64>,
    tree: Tree,
    /// Where the next block begins.
    next: usize,
    block: usize,
}

/// Of the arcs that block a move along one side of the circle, the one that leaves.
#[derive(Clone, Copy)]
struct Blocks {
    room_wh: u32,
    /// The node whose arc to its parent it is.
    cut: Option<Node>,
}

impl<'a> Simplex<'a> {
    /// Nothing is traded: what a node is given leaves at once, along the arc by which it hangs in the tree.
    fn begin(network: &'a Network) -> Result<Self, Unsolved> {
        let nodes = network.given_wh.len();
        let mut out: Vec<Option<u32>> = vec![None; nodes];
        for (number, arc) in (0..).zip(&network.arcs) {
            let wider = |known: u32| arc.capacity_wh >= network.arcs[known as usize].capacity_wh;
            if arc.head == OUTSIDE && arc.tail != OUTSIDE && out[arc.tail as usize].is_none_or(wider) {
                out[arc.tail as usize] = Some(number);
            }
        }
        let (mut flow_wh, mut stands) = (vec![0; network.arcs.len()], vec![EMPTY; network.arcs.len()]);
        let (mut price_micro, mut by) = (vec![0; nodes], vec![0; nodes]);
        for (node, given_wh) in (0..).zip(&network.given_wh).skip(1) {
            let carries = |arc: &u32| network.arcs[*arc as usize].capacity_wh > *given_wh;
            let arc = out[node as usize].filter(carries).ok_or(Unsolved::NoWayOut { node, given_wh: *given_wh })?;
            (flow_wh[arc as usize], stands[arc as usize]) = (*given_wh, IN_TREE);
            (price_micro[node as usize], by[node as usize]) = (network.arcs[arc as usize].value_micro, arc);
        }
        let block = BLOCK_MIN.max(network.arcs.len().isqrt());
        Ok(Self { arcs: &network.arcs, flow_wh, stands, price_micro, tree: Tree::star(&by), next: 0, block })
    }

    /// The arc that gains most by each Wh, of the first block that has one that gains.
    fn entering(&mut self) -> Option<u32> {
        let (mut most, mut best) = (0, None);
        let mut left = self.arcs.len();
        while left > 0 && best.is_none() {
            if self.next >= self.arcs.len() {
                self.next = 0;
            }
            let until = (self.next + self.block.min(left)).min(self.arcs.len());
            for number in self.next..until {
                let arc = &self.arcs[number];
                let gains = i64::from(self.stands[number]) * self.reduced_micro(arc);
                if gains > most && arc.capacity_wh > 0 {
                    (most, best) = (gains, Some(number));
                }
            }
            left -= until - self.next;
            self.next = until;
        }
        best.and_then(|number| u32::try_from(number).ok())
    }

    fn reduced_micro(&self, arc: &Arc) -> i64 {
        arc.value_micro + self.price_micro[arc.head as usize] - self.price_micro[arc.tail as usize]
    }

    fn pivot(&mut self, entering: u32) {
        let number = entering as usize;
        let arc = self.arcs[number];
        let fills = self.stands[number] == EMPTY;
        let (from, to) = if fills { (arc.tail, arc.head) } else { (arc.head, arc.tail) };
        let (down, up) = self.blocks(from, to, arc.capacity_wh);
        // Counted from the topmost node: down to `from`, over the entering arc, up from `to`. The last one that blocks leaves.
        let (room_wh, leaves) = match up.cut {
            Some(cut) if up.room_wh <= down.room_wh => (up.room_wh, Some((cut, to, from))),
            _ => (down.room_wh, down.cut.map(|cut| (cut, from, to))),
        };
        if room_wh > 0 {
            self.change(entering, fills, room_wh);
            self.shift(from, to, room_wh);
        }
        let Some((cut, inside, anchor)) = leaves else {
            self.stands[number] = -self.stands[number];
            return;
        };
        let leaving = self.tree.arc(cut) as usize;
        self.stands[leaving] = if self.flow_wh[leaving] == 0 { EMPTY } else { FULL };
        self.stands[number] = IN_TREE;
        let reduced = self.reduced_micro(&arc);
        let by_micro = if inside == arc.head { -reduced } else { reduced };
        let price_micro = &mut self.price_micro;
        self.tree.rehang(cut, inside, anchor, entering, |node| price_micro[node as usize] += by_micro);
    }

    /// What blocks a move from `from` to `to` by an arc of `room_wh` and back along the tree: on the way down to `from`, and up from `to`.
    fn blocks(&self, from: Node, to: Node, room_wh: u32) -> (Blocks, Blocks) {
        let (mut down, mut up) = (Blocks { room_wh, cut: None }, Blocks { room_wh: u32::MAX, cut: None });
        let (mut low, mut high) = (from, to);
        while low != high {
            if self.tree.depth(low) >= self.tree.depth(high) {
                let room_wh = self.room_wh(low, false);
                if room_wh < down.room_wh {
                    down = Blocks { room_wh, cut: Some(low) };
                }
                low = self.tree.parent(low);
            } else {
                let room_wh = self.room_wh(high, true);
                if room_wh <= up.room_wh {
                    up = Blocks { room_wh, cut: Some(high) };
                }
                high = self.tree.parent(high);
            }
        }
        (down, up)
    }

    /// What can be moved from `node` `up` to its parent, or from there down to it.
    fn room_wh(&self, node: Node, up: bool) -> u32 {
        let number = self.tree.arc(node) as usize;
        let along = (self.arcs[number].tail == node) == up;
        if along { self.arcs[number].capacity_wh - self.flow_wh[number] } else { self.flow_wh[number] }
    }

    /// Moves `wh` from the topmost node down to `from`, and from `to` up to it.
    fn shift(&mut self, from: Node, to: Node, wh: u32) {
        let (mut low, mut high) = (from, to);
        while low != high {
            let down = self.tree.depth(low) >= self.tree.depth(high);
            let node = if down { &mut low } else { &mut high };
            let number = self.tree.arc(*node);
            let along = (self.arcs[number as usize].tail == *node) != down;
            *node = self.tree.parent(*node);
            self.change(number, along, wh);
        }
    }

    fn change(&mut self, arc: u32, more: bool, wh: u32) {
        let flow_wh = &mut self.flow_wh[arc as usize];
        *flow_wh = if more { *flow_wh + wh } else { *flow_wh - wh };
    }
}
