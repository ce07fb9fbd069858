//! Networks drawn from a seed, for tests and measurements: the same seed gives the same network.

use dure_rules::energy::clearing::storage::{Battery, Book};
use dure_rules::energy::clearing::{Arc, Network, Node, OUTSIDE};

/// Between these every order's price lies, micro-units per kWh.
pub const TECHNICAL_MICRO: i64 = 4_000_000;

/// Numbers from a seed (SplitMix64, Steele, Lea and Flood 2014). Not for secrets.
#[derive(Clone, Debug)]
pub struct Seed(pub u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 to `end` − 1; 0 where `end` is.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end.max(1))).unwrap_or(0)
    }

    /// One of `from` to `to`, both included.
    pub fn between(&mut self, from: u32, to: u32) -> u32 {
        from + self.below(to.saturating_sub(from) + 1)
    }
}

/// Two to six nodes, some arcs of few different values and small capacities between any of them, circles included: nearly everything is tied.
pub fn tangle(seed: &mut Seed) -> Network {
    let nodes = seed.between(2, 6);
    let mut network = Network { arcs: Vec::new(), given_wh: vec![0; nodes as usize] };
    for _ in 0..seed.below(16) {
        let (tail, head) = (seed.below(nodes), seed.below(nodes));
        let (capacity_wh, value_micro) = (seed.below(6), i64::from(seed.below(9)) - 4);
        if tail != head {
            network.arcs.push(Arc { tail, head, capacity_wh, value_micro });
        }
    }
    for node in 1..nodes {
        network.given_wh[node as usize] = seed.below(4);
        for (tail, head) in [(OUTSIDE, node), (node, OUTSIDE)] {
            network.arcs.push(Arc { tail, head, capacity_wh: 1_000, value_micro: -100 });
        }
    }
    network
}

/// How large a market is.
#[derive(Clone, Copy, Debug)]
pub struct Market {
    /// At least 1; they form a tree, the root trades with the grid.
    pub zones: u32,
    pub slots: u32,
    pub batteries: u32,
    /// Offers and bids of each zone in each slot.
    pub orders: u32,
    /// Prices are multiples of this: the coarser, the more ties.
    pub step_micro: u32,
}

impl Market {
    /// Zones with lines of small and large capacity, offers and bids, batteries over all slots, import and export at the root.
    pub fn draw(&self, seed: &mut Seed) -> Network {
        let nodes = 1 + (self.zones + self.batteries) * self.slots;
        let mut network = Network { arcs: Vec::new(), given_wh: vec![0; nodes as usize] };
        for slot in 0..self.slots {
            self.slot(slot, 1 + slot * self.zones, &mut network.arcs, seed);
        }
        for battery in 0..self.batteries {
            let of = self.battery(1_000, seed);
            network.given_wh[self.in_battery(battery, 0) as usize] = of.initial_wh;
            for slot in 0..self.slots {
                let (node, zone) = (self.in_battery(battery, slot), slot * self.zones + of.zone);
                push(&mut network.arcs, zone, node, of.charge_wh, 0);
                push(&mut network.arcs, node, zone, of.discharge_wh, -of.wear_micro);
                let (next, value_micro) = if slot + 1 < self.slots { (node + 1, 0) } else { (OUTSIDE, of.final_micro) };
                push(&mut network.arcs, node, next, of.capacity_wh, value_micro);
            }
        }
        technical(&mut network);
        network
    }

    /// The same with batteries that lose energy: one network for each slot.
    pub fn book(&self, efficiency_permille: u16, seed: &mut Seed) -> Book {
        let mut book = Book::default();
        for slot in 0..self.slots {
            let mut network = Network { arcs: Vec::new(), given_wh: vec![0; 1 + self.zones as usize] };
            self.slot(slot, 1, &mut network.arcs, seed);
            technical(&mut network);
            book.slots.push(network);
        }
        book.batteries = (0..self.batteries).map(|_| self.battery(efficiency_permille, seed)).collect();
        book
    }

    fn in_battery(&self, battery: u32, slot: u32) -> Node {
        1 + (self.zones + battery) * self.slots + slot
    }

    fn price(&self, seed: &mut Seed, from_micro: u32, to_micro: u32) -> i64 {
        let step = self.step_micro.max(1);
        i64::from(seed.between(from_micro / step, to_micro / step)) * i64::from(step)
    }

    /// Orders and lines of a slot; `root` is its first zone's node.
    fn slot(&self, slot: u32, root: Node, arcs: &mut Vec<Arc>, seed: &mut Seed) {
        push(arcs, OUTSIDE, root, 1_000 * self.orders * self.zones, -320_000);
        push(arcs, root, OUTSIDE, seed.below(1_000) * self.orders * self.zones, 80_000);
        let sunny = slot % 96 / 16 == 2 || slot % 96 / 16 == 3;
        for zone in 0..self.zones {
            let node = root + zone;
            if zone > 0 {
                let (above, capacity_wh) = (root + (zone - 1) / 3, seed.below(400) * self.orders);
                push(arcs, node, above, capacity_wh, -10_000);
                push(arcs, above, node, capacity_wh, -10_000);
            }
            for order in 0..self.orders {
                if order % 2 == 0 {
                    let wh = seed.between(1, if sunny { 3_000 } else { 300 });
                    push(arcs, OUTSIDE, node, wh, -self.price(seed, 0, 200_000));
                } else {
                    push(arcs, node, OUTSIDE, seed.between(1, 1_000), self.price(seed, 60_000, 400_000));
                }
            }
        }
    }

    fn battery(&self, efficiency_permille: u16, seed: &mut Seed) -> Battery {
        let zone = 1 + seed.below(self.zones);
        let power_wh = seed.between(1, 1_500);
        let capacity_wh = power_wh * seed.between(1, 12);
        Battery {
            zone,
            charge_wh: power_wh,
            discharge_wh: power_wh,
            capacity_wh,
            initial_wh: seed.below(capacity_wh),
            efficiency_permille,
            wear_micro: 1 + self.price(seed, 0, 30_000),
            final_micro: self.price(seed, 0, 100_000),
        }
    }
}

/// Every node's two arcs to and from the outside at the technical prices.
fn technical(network: &mut Network) {
    for node in 1..network.nodes() {
        push(&mut network.arcs, OUTSIDE, node, 1_000_000_000, -TECHNICAL_MICRO);
        push(&mut network.arcs, node, OUTSIDE, 1_000_000_000, -TECHNICAL_MICRO);
    }
}

fn push(arcs: &mut Vec<Arc>, tail: Node, head: Node, capacity_wh: u32, value_micro: i64) {
    arcs.push(Arc { tail, head, capacity_wh, value_micro });
}
