//! The book of an auction: its bids as arcs of a network, and a clearing as what each bid got.

use super::clearing::{self, Arc, Certificate, Cleared, Flaw, Network, Node, OUTSIDE, pro_rata, tree};
use super::{Battery, OpenBid, Order, Redispatch, Terms, Zone, redispatch};
use borsh::{BorshDeserialize, BorshSerialize};

/// Everything that a clearing depends on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Book {
    pub terms: Terms,
    pub zones: Vec<Zone>,
    /// What is free on each zone's line beside what a redispatch may need, for each slot and in it each zone: towards the parent and from it, Wh.
    pub free_wh: Vec<Vec<(u32, u32)>>,
    /// What earlier auctions have put over the root's line, for each slot: to the grid, below 0 from it. The supplier takes that back at the price that it has there. Wh.
    pub root_wh: Vec<i64>,
    /// Of an auction of one slot: what the operator asks, at most what the lines can carry.
    pub redispatch: Option<Redispatch>,
    /// In the order in which they were sealed.
    pub bids: Vec<OpenBid>,
}

/// What an arc of the network stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Order {
        bid: usize,
        order: usize,
    },
    Charge {
        bid: usize,
        slot: usize,
    },
    Discharge {
        bid: usize,
        slot: usize,
    },
    /// State of charge that is carried into the next slot or left at the end.
    Keep,
    Up {
        slot: usize,
        zone: usize,
    },
    Down {
        slot: usize,
        zone: usize,
    },
    Redispatch,
    Technical,
}

/// An order of the supplier at the root.
struct Standing {
    buys: bool,
    wh: u32,
    micro: i64,
}

/// What a bid got: for each slot of the auction what it sold (+) or bought (−), Wh, and what that brings (+) or costs (−), nano-units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allotment {
    pub net_wh: Vec<i64>,
    pub nano: Vec<i128>,
}

/// A clearing as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// One a bid.
    pub allotments: Vec<Allotment>,
    /// For each slot and in it each zone, micro-units per kWh.
    pub price_micro: Vec<Vec<i64>>,
    /// For each slot and in it each zone: over its line towards the parent, at the root to the grid; below 0 the other way. What is shifted goes
    /// over the lines between its zones. Wh.
    pub flow_wh: Vec<Vec<i64>>,
    /// For each slot and in it each zone: whether anything was bought, sold or stored there, or went over a line of it. Where nothing was, any price
    /// would have done, also a technical one, so the price says nothing.
    pub traded: Vec<Vec<bool>>,
    /// What was shifted for the operator, Wh, and what it is owed for that: it owes where below 0, and is never owed anything. Nano-units.
    pub shifted_wh: u32,
    pub operator_nano: i128,
    /// For each slot: what the supplier is owed (+) or owes (−) for what it sells and buys at the root, nano-units.
    pub supplier_nano: Vec<i128>,
    /// Σ value × flow, nano-units.
    pub welfare_nano: i128,
}

impl Book {
    /// The borsh encoding: what a solver reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// `None` where the bytes are not such an encoding to their end.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::try_from_slice(bytes).ok()
    }

    pub fn slots(&self) -> usize {
        self.free_wh.len()
    }

    /// Every arc in a fixed order: the bids', then for each slot the lines', then the redispatch, then the technical ones of every node. Nodes: the outside, then the
    /// zones slot by slot, then the batteries slot by slot in the order of their bids.
    pub fn network(&self) -> Network {
        let (arcs, _, given_wh) = self.arcs();
        Network { arcs, given_wh }
    }

    fn zone_node(&self, slot: usize, zone: usize) -> Node {
        node(slot.saturating_mul(self.zones.len()).saturating_add(zone).saturating_add(1))
    }

    fn arcs(&self) -> (Vec<Arc>, Vec<Use>, Vec<u32>) {
        let slots = self.slots();
        let zone_nodes = slots.saturating_mul(self.zones.len()).saturating_add(1);
        let mut given_wh = vec![0; zone_nodes];
        let (mut arcs, mut uses) = (Vec::new(), Vec::new());
        let mut add = |tail, head, capacity_wh, value_micro, what| {
            arcs.push(Arc { tail, head, capacity_wh, value_micro });
            uses.push(what);
        };
        for (number, open) in self.bids.iter().enumerate() {
            for (at, order) in open.bid.orders.iter().enumerate() {
                let zone = self.zone_node(usize::from(order.slot), usize::from(open.zone));
                let what = Use::Order { bid: number, order: at };
                match order.buys {
                    true => add(zone, OUTSIDE, order.wh, order.limit_micro, what),
                    false => add(OUTSIDE, zone, order.wh, order.limit_micro.saturating_neg(), what),
                }
            }
            let Some(battery) = open.bid.battery else { continue };
            for slot in 0..slots {
                let (zone, own) = (self.zone_node(slot, usize::from(open.zone)), node(given_wh.len()));
                given_wh.push(if slot == 0 { battery.initial_wh } else { 0 });
                add(zone, own, battery.charge_wh, 0, Use::Charge { bid: number, slot });
                add(own, zone, battery.discharge_wh, battery.wear_micro.saturating_neg(), Use::Discharge { bid: number, slot });
                let last = slot.saturating_add(1) == slots;
                let (next, value) = if last { (OUTSIDE, battery.final_micro) } else { (own.saturating_add(1), 0) };
                add(own, next, battery.capacity_wh, value, Use::Keep);
            }
        }
        for (slot, free) in self.free_wh.iter().enumerate() {
            for (zone, ((up_wh, down_wh), record)) in free.iter().zip(&self.zones).enumerate() {
                let own = self.zone_node(slot, zone);
                if zone == 0 {
                    for Standing { buys, wh, micro } in self.standing(slot) {
                        match buys {
                            true => add(own, OUTSIDE, wh, micro, Use::Up { slot, zone }),
                            false => add(OUTSIDE, own, wh, micro.saturating_neg(), Use::Down { slot, zone }),
                        }
                    }
                    continue;
                }
                let parent = self.zone_node(slot, usize::from(record.parent));
                let micro = i64::from(record.fee_micro).saturating_neg();
                add(own, parent, *up_wh, micro, Use::Up { slot, zone });
                add(parent, own, *down_wh, micro, Use::Down { slot, zone });
            }
        }
        if let Some(order) = self.redispatch {
            let (tail, head) = (self.zone_node(0, order.deficit.into()), self.zone_node(0, order.surplus.into()));
            add(tail, head, order.wh, order.limit_micro, Use::Redispatch);
        }
        let (ample, technical) = (u32::MAX, self.technical_micro().saturating_neg());
        for own in 1..node(given_wh.len()) {
            add(OUTSIDE, own, ample, technical, Use::Technical);
            add(own, OUTSIDE, ample, technical, Use::Technical);
        }
        (arcs, uses, given_wh)
    }

    /// What no order reaches, not even together with the operator's.
    fn technical_micro(&self) -> i64 {
        self.terms.technical_micro.saturating_add(self.redispatch.map_or(0, |order| order.limit_micro))
    }

    /// The supplier's orders at the root: it buys at feed-in and sells at retail. What earlier auctions sold to it, it sells back at feed-in, and buys back at retail what it
    /// sold to them, so that it gets and pays what the whole flow is worth at its two prices, however often that changes.
    fn standing(&self, slot: usize) -> Vec<Standing> {
        let Terms { feed_in_micro, retail_micro, .. } = self.terms;
        let (up_wh, down_wh) = self.free_wh.get(slot).and_then(|of| of.first()).copied().unwrap_or_default();
        let root_wh = self.root_wh.get(slot).copied().unwrap_or(0);
        let wh = u32::try_from(root_wh.unsigned_abs()).unwrap_or(u32::MAX);
        let buys = |wh, micro| Standing { buys: true, wh, micro };
        let sells = |wh, micro| Standing { buys: false, wh, micro };
        match root_wh.signum() {
            0 => vec![buys(up_wh, feed_in_micro), sells(down_wh, retail_micro)],
            1 => {
                let back_wh = wh.min(down_wh);
                vec![
                    buys(up_wh, feed_in_micro),
                    sells(down_wh.saturating_sub(back_wh), retail_micro),
                    sells(back_wh, feed_in_micro),
                ]
            }
            _ => {
                let back_wh = wh.min(up_wh);
                vec![
                    buys(up_wh.saturating_sub(back_wh), feed_in_micro),
                    sells(down_wh, retail_micro),
                    buys(back_wh, retail_micro),
                ]
            }
        }
    }

    /// Whether `certificate` shows the best clearing of this book, and what each bid gets by it.
    ///
    /// # Errors
    /// The first flaw.
    pub fn certified(&self, certificate: &Certificate) -> Result<Outcome, Flaw> {
        let (arcs, uses, given_wh) = self.arcs();
        let network = Network { arcs, given_wh };
        let cleared = clearing::check(&network, certificate)?;
        Ok(self.outcome(&uses, &cleared))
    }

    fn outcome(&self, uses: &[Use], cleared: &Cleared) -> Outcome {
        let price = |slot, zone| cleared.price_micro.get(self.zone_node(slot, zone) as usize).copied().unwrap_or(0);
        let price_micro: Vec<Vec<i64>> =
            (0..self.slots()).map(|slot| (0..self.zones.len()).map(|zone| price(slot, zone)).collect()).collect();
        let mut fills: Vec<Vec<u32>> = self.bids.iter().map(|open| vec![0; open.bid.orders.len()]).collect();
        let mut stored: Vec<Vec<i64>> = vec![vec![0; self.slots()]; self.bids.len()];
        let mut flow_wh = vec![vec![0i64; self.zones.len()]; self.slots()];
        let mut shifted_wh = 0;
        for (what, wh) in uses.iter().zip(&cleared.flow_wh) {
            let add = |to: Option<&mut i64>, wh: i64| {
                if let Some(to) = to {
                    *to = to.saturating_add(wh)
                }
            };
            let wh_signed = i64::from(*wh);
            match *what {
                Use::Order { bid, order } => {
                    if let Some(fill) = fills.get_mut(bid).and_then(|of| of.get_mut(order)) {
                        *fill = *wh;
                    }
                }
                Use::Charge { bid, slot } => add(stored.get_mut(bid).and_then(|of| of.get_mut(slot)), wh_signed.saturating_neg()),
                Use::Discharge { bid, slot } => add(stored.get_mut(bid).and_then(|of| of.get_mut(slot)), wh_signed),
                Use::Up { slot, zone } => add(flow_wh.get_mut(slot).and_then(|of| of.get_mut(zone)), wh_signed),
                Use::Down { slot, zone } => {
                    add(flow_wh.get_mut(slot).and_then(|of| of.get_mut(zone)), wh_signed.saturating_neg());
                }
                Use::Redispatch => shifted_wh = *wh,
                Use::Keep | Use::Technical => {}
            }
        }
        self.share_at_the_money(&price_micro, &mut fills);
        self.settle(price_micro, flow_wh, shifted_wh, &fills, &stored, cleared.welfare_nano)
    }

    /// Who is just at the price gets the same share of what is left there as everybody else of the zone, the slot and the side.
    fn share_at_the_money(&self, price_micro: &[Vec<i64>], fills: &mut [Vec<u32>]) {
        let mut groups: std::collections::BTreeMap<(u8, u8, bool), Vec<(usize, usize)>> = std::collections::BTreeMap::new();
        for (number, open) in self.bids.iter().enumerate() {
            for (at, order) in open.bid.orders.iter().enumerate() {
                if price_at(price_micro, order.slot.into(), open.zone.into()) == order.limit_micro {
                    groups.entry((order.slot, open.zone, order.buys)).or_default().push((number, at));
                }
            }
        }
        for members in groups.values() {
            let fill =
                |(bid, at): &(usize, usize), fills: &[Vec<u32>]| fills.get(*bid).and_then(|of| of.get(*at)).copied().unwrap_or(0);
            let wish = |(bid, at): &(usize, usize)| self.order(*bid, *at).map_or(0, |order| order.wh);
            let total = members.iter().map(|member| u64::from(fill(member, fills))).sum();
            let wishes: Vec<u32> = members.iter().map(wish).collect();
            for ((bid, at), share) in members.iter().zip(pro_rata(total, &wishes)) {
                if let Some(fill) = fills.get_mut(*bid).and_then(|of| of.get_mut(*at)) {
                    *fill = share;
                }
            }
        }
    }

    fn order(&self, bid: usize, at: usize) -> Option<&Order> {
        self.bids.get(bid)?.bid.orders.get(at)
    }

    /// Everybody pays and is paid the price of the own zone; the supplier has its own two prices, and the operator pays the difference between its zones'.
    fn settle(
        &self,
        price_micro: Vec<Vec<i64>>,
        mut flow_wh: Vec<Vec<i64>>,
        shifted_wh: u32,
        fills: &[Vec<u32>],
        stored: &[Vec<i64>],
        welfare_nano: i128,
    ) -> Outcome {
        let allot = |((open, fills), stored): ((&OpenBid, &Vec<u32>), &Vec<i64>)| {
            let mut net_wh = stored.clone();
            for (order, fill) in open.bid.orders.iter().zip(fills) {
                let wh = if order.buys { i64::from(*fill).saturating_neg() } else { i64::from(*fill) };
                if let Some(net) = net_wh.get_mut(usize::from(order.slot)) {
                    *net = net.saturating_add(wh);
                }
            }
            let price = |slot| i128::from(price_at(&price_micro, slot, usize::from(open.zone)));
            let nano = net_wh.iter().enumerate().map(|(slot, wh)| price(slot).saturating_mul(i128::from(*wh))).collect();
            Allotment { net_wh, nano }
        };
        let allotments: Vec<Allotment> = self.bids.iter().zip(fills).zip(stored).map(allot).collect();
        let mut operator_nano = 0;
        if let Some((order, flows)) = self.redispatch.as_ref().zip(flow_wh.first_mut()) {
            redispatch::carry(&self.zones, order, shifted_wh, flows);
            let price = |zone: u8| i128::from(price_at(&price_micro, 0, zone.into()));
            // Where the price turned the other way the difference is the pot's, as on every line.
            let dearer = price(order.deficit).saturating_sub(price(order.surplus)).max(0);
            operator_nano = dearer.saturating_mul(i128::from(shifted_wh)).saturating_neg();
        }
        let supplier_nano = flow_wh.iter().enumerate().map(|(slot, of)| {
            let before = self.root_wh.get(slot).copied().unwrap_or(0);
            let after = before.saturating_add(of.first().copied().unwrap_or(0));
            self.supplier_nano(after).saturating_sub(self.supplier_nano(before))
        });
        let supplier_nano = supplier_nano.collect();
        let traded = self.traded(fills, stored, &flow_wh);
        Outcome { allotments, price_micro, flow_wh, traded, shifted_wh, operator_nano, supplier_nano, welfare_nano }
    }

    fn traded(&self, fills: &[Vec<u32>], stored: &[Vec<i64>], flow_wh: &[Vec<i64>]) -> Vec<Vec<bool>> {
        let mut traded = vec![vec![false; self.zones.len()]; self.slots()];
        let mut mark = |slot: usize, zone: u8| {
            if let Some(there) = traded.get_mut(slot).and_then(|of| of.get_mut(usize::from(zone))) {
                *there = true;
            }
        };
        for ((open, fills), stored) in self.bids.iter().zip(fills).zip(stored) {
            let filled = open.bid.orders.iter().zip(fills).filter(|(_, wh)| **wh > 0);
            filled.for_each(|(order, _)| mark(order.slot.into(), open.zone));
            stored.iter().enumerate().filter(|(_, wh)| **wh != 0).for_each(|(slot, _)| mark(slot, open.zone));
        }
        for (slot, flows) in flow_wh.iter().enumerate() {
            for ((zone, record), _) in (0u8..).zip(&self.zones).zip(flows).filter(|(_, wh)| **wh != 0) {
                mark(slot, zone);
                mark(slot, record.parent);
            }
        }
        traded
    }

    /// What the supplier is owed for `flow_wh` to the grid (below 0: from it) in all. It never flows both ways: retail is above feed-in.
    fn supplier_nano(&self, flow_wh: i64) -> i128 {
        let price = if flow_wh > 0 { self.terms.feed_in_micro } else { self.terms.retail_micro };
        i128::from(price).saturating_mul(i128::from(flow_wh)).saturating_neg()
    }

    /// The clearing without a solver: each slot by itself, exactly; batteries stand still.
    pub fn by_slots(&self) -> Outcome {
        let mut fills: Vec<Vec<u32>> = self.bids.iter().map(|open| vec![0; open.bid.orders.len()]).collect();
        let (mut price_micro, mut flow_wh, mut welfare_nano) = (Vec::new(), Vec::new(), self.idle_nano());
        let mut shifted_wh = 0;
        for (slot, free) in self.free_wh.iter().enumerate() {
            let zones: Vec<tree::Zone> = free
                .iter()
                .zip(&self.zones)
                .map(|((up_wh, down_wh), zone)| tree::Zone {
                    parent: zone.parent.into(),
                    up_wh: *up_wh,
                    down_wh: *down_wh,
                    fee_micro: zone.fee_micro.into(),
                    given_wh: 0,
                })
                .collect();
            let (mut orders, mut whose) = (Vec::new(), Vec::new());
            for (number, open) in self.bids.iter().enumerate() {
                for (at, order) in open.bid.orders.iter().enumerate().filter(|(_, order)| usize::from(order.slot) == slot) {
                    let Order { buys, wh, limit_micro, .. } = *order;
                    orders.push(tree::Order { zone: open.zone.into(), buys, wh, limit_micro });
                    whose.push((number, at));
                }
            }
            let standing = self.standing(slot);
            orders.extend(standing.iter().map(|of| tree::Order { zone: 0, buys: of.buys, wh: of.wh, limit_micro: of.micro }));
            let shift = self.redispatch.filter(|_| slot == 0).map(|order| tree::Shift {
                tail: order.deficit.into(),
                head: order.surplus.into(),
                capacity_wh: order.wh,
                value_micro: order.limit_micro,
            });
            let technical = self.technical_micro();
            let cleared = if let Some(shift) = shift {
                let (cleared, wh) = tree::clear_with(&zones, &orders, technical, &shift);
                shifted_wh = wh;
                cleared
            } else {
                tree::clear(&zones, &orders, technical)
            };
            for ((bid, at), fill) in whose.iter().zip(&cleared.fill_wh) {
                if let Some(to) = fills.get_mut(*bid).and_then(|of| of.get_mut(*at)) {
                    *to = *fill;
                }
            }
            let net = |up: Option<&u32>, down: Option<&u32>| {
                i64::from(up.copied().unwrap_or(0)).saturating_sub(i64::from(down.copied().unwrap_or(0)))
            };
            let filled = standing.iter().zip(cleared.fill_wh.iter().skip(whose.len()));
            let root = filled.map(|(of, wh)| if of.buys { net(Some(wh), None) } else { net(None, Some(wh)) });
            let root = root.fold(0, i64::saturating_add);
            let lines = (0..zones.len()).map(|zone| match zone {
                0 => root,
                _ => net(cleared.up_wh.get(zone), cleared.down_wh.get(zone)),
            });
            flow_wh.push(lines.collect());
            price_micro.push(cleared.price_micro);
            welfare_nano = welfare_nano.saturating_add(cleared.welfare_nano);
        }
        let stored = vec![vec![0; self.slots()]; self.bids.len()];
        self.settle(price_micro, flow_wh, shifted_wh, &fills, &stored, welfare_nano)
    }

    /// What the batteries are worth to their owners where they stand still, nano-units.
    fn idle_nano(&self) -> i128 {
        let worth = |battery: &Battery| i128::from(battery.final_micro).saturating_mul(i128::from(battery.initial_wh));
        self.bids.iter().filter_map(|open| open.bid.battery.as_ref()).map(worth).sum()
    }
}

fn price_at(price_micro: &[Vec<i64>], slot: usize, zone: usize) -> i64 {
    price_micro.get(slot).and_then(|of| of.get(zone)).copied().unwrap_or(0)
}

fn node(index: usize) -> Node {
    Node::try_from(index).unwrap_or(Node::MAX)
}
