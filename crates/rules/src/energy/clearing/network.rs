//! The graph that a clearing is a flow in.

/// A place: the outside, a zone in a slot, or a battery in a slot. [`OUTSIDE`] is 0, the others follow.
pub type Node = u32;
/// Where offers come from and bids go to. Its price is 0.
pub const OUTSIDE: Node = 0;

/// Most energy that one arc carries, Wh.
pub const CAPACITY_MAX_WH: u64 = u32::MAX as u64;
/// Prices and values lie within ± this, micro-units per kWh: a million units per kWh.
pub const VALUE_MAX_MICRO: i64 = 1 << 40;
/// Most arcs of a network. With the bounds above no sum over them leaves i128.
pub const ARCS_MAX: u32 = 1 << 24;

/// What can be moved from `tail` to `head`, and what each kWh of it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arc {
    pub tail: Node,
    pub head: Node,
    /// Wh, at most [`CAPACITY_MAX_WH`].
    pub capacity_wh: u32,
    /// Micro-units per kWh that are won by moving it: minus an offer's price, plus a bid's, minus a fee.
    pub value_micro: i64,
}

impl Arc {
    /// What moving one kWh more is worth at `price` (one for each node), in micro-units: v + π(head) − π(tail). A node that `price` has not is at 0.
    pub fn reduced_micro(&self, price: &[i64]) -> i64 {
        let at = |node: Node| price.get(node as usize).copied().unwrap_or(0);
        self.value_micro.saturating_add(at(self.head)).saturating_sub(at(self.tail))
    }
}

/// Every arc in the order in which the book has them, and what flows into a node from nowhere.
///
/// A flow gives each arc a whole number of Wh between 0 and its capacity, such that at every node but the outside
/// inflow − outflow = −`given_wh`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    pub arcs: Vec<Arc>,
    /// For each node what it is given, Wh: a battery's initial state at its first slot, 0 elsewhere. Its length is the number of nodes.
    pub given_wh: Vec<u32>,
}

impl Network {
    /// The outside included.
    pub fn nodes(&self) -> u32 {
        u32::try_from(self.given_wh.len()).unwrap_or(u32::MAX)
    }

    /// Σ value × flow, nano-units.
    pub fn welfare_nano(&self, flow_wh: &[u32]) -> i128 {
        self.arcs.iter().zip(flow_wh).map(|(arc, flow)| i128::from(arc.value_micro) * i128::from(*flow)).sum()
    }

    /// What no flow can exceed, whatever the prices are: Σ capacity · max(0, reduced) + Σ price · given, nano-units.
    ///
    /// For a flow x and prices π: Σ v x = Σ (v + π(head) − π(tail)) x + Σ π given, because x is balanced at every node but the
    /// outside, where π is 0; and each term of the first sum is at most capacity · max(0, reduced). (Weak duality of linear programming;
    /// Ahuja, Magnanti, Orlin, *Network Flows*, 1993, section 9.4.)
    pub fn bound_nano(&self, price_micro: &[i64]) -> i128 {
        let won = |arc: &Arc| i128::from(arc.capacity_wh) * i128::from(arc.reduced_micro(price_micro).max(0));
        let given = self.given_wh.iter().zip(price_micro).map(|(wh, price)| i128::from(*wh) * i128::from(*price));
        self.arcs.iter().map(won).sum::<i128>() + given.sum::<i128>()
    }
}
