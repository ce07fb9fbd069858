//! One slot in a tree of zones, and one arc beside the tree.
//!
//! # Protocol
//! With the arc a tree has a circle, which [`clear`] knows nothing of. But for a fixed amount on the arc there is only the tree again, with so much
//! taken out where the arc begins and put in where it ends. What that is worth, W(x), is concave in the amount x (it is the value of a linear programme in its
//! right-hand side), so that W(x) + v x is the greatest at the last x whose step still wins: W(x + 1) − W(x) is minus the shortest residual path
//! back from the arc's head to its tail. It is found by halving, with one clearing each time: 21 for [`SLOT_WH_MAX`](crate::energy::SLOT_WH_MAX).
//!
//! Then the extreme prices: those of the tree obey every residual edge but the arc's two, which are added, and relaxed until nothing moves (Bellman and
//! Ford; there are no circles that gain, because the flow is the best).
//!
//! # Source
//! Parametric linear programming and shortest residual paths: Ahuja, Magnanti, Orlin, *Network Flows*, 1993, sections 9.4 and 11.10.

#[cfg(test)]
mod tests;

use super::{Order, SlotCleared, Zone, clear, least_micro, most_micro};

/// What can be moved from a zone to another beside the lines, whatever they carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// Places of two different zones; where there is no such, nothing is moved.
    pub tail: u32,
    pub head: u32,
    pub capacity_wh: u32,
    /// What each kWh of it is worth, micro-units: from 0 on, and together with any limit less than the technical price.
    pub value_micro: i64,
}

/// An edge along which more can be moved: where from, where to, and what a kWh of it costs.
type Edge = (usize, usize, i64);

/// Clears one slot; gives the clearing, whose welfare has what the shift is worth in it, and how much is shifted, Wh. Of equally good amounts it is the largest.
///
/// Prices and welfare are those that [`check`](crate::energy::clearing::check) finds in the network of [`clear`] with one arc more.
pub fn clear_with(zones: &[Zone], orders: &[Order], technical_micro: i64, shift: &Shift) -> (SlotCleared, u32) {
    let ends = (shift.tail as usize, shift.head as usize);
    let there = ends.0 != ends.1 && ends.0.max(ends.1) < zones.len();
    let fixed = |wh: u32| {
        let mut zones = zones.to_vec();
        for (at, sign) in [(ends.0, -1), (ends.1, 1)] {
            if let Some(zone) = zones.get_mut(at) {
                zone.given_wh = zone.given_wh.saturating_add(i64::from(wh).saturating_mul(sign));
            }
        }
        clear(&zones, orders, technical_micro)
    };
    let (mut least, mut most) = (0, if there { shift.capacity_wh } else { 0 });
    while least < most {
        let middle = least.midpoint(most);
        if way_back_micro(zones, &fixed(middle), ends) <= shift.value_micro {
            least = middle.saturating_add(1);
        } else {
            most = middle;
        }
    }
    let mut cleared = if least == 0 { clear(zones, orders, technical_micro) } else { fixed(least) };
    let mut edges = line_edges(zones, &cleared);
    if there && least < shift.capacity_wh {
        edges.push((ends.0, ends.1, shift.value_micro.saturating_neg()));
    }
    if least > 0 {
        edges.push((ends.1, ends.0, shift.value_micro));
    }
    relax(&mut cleared, &edges);
    cleared.welfare_nano += i128::from(shift.value_micro) * i128::from(least);
    (cleared, least)
}

/// The shortest residual path from the arc's head to its tail: over the lines between them, or over the outside.
fn way_back_micro(zones: &[Zone], cleared: &SlotCleared, (tail, head): (usize, usize)) -> i64 {
    let price = |of: &[i64], zone: usize| of.get(zone).copied().unwrap_or(0);
    let outside = price(&cleared.highest_micro, tail).saturating_sub(price(&cleared.lowest_micro, head));
    let mut at: Vec<Option<i64>> = vec![None; zones.len()];
    if let Some(here) = at.get_mut(head) {
        *here = Some(0);
    }
    let edges = line_edges(zones, cleared);
    for _ in zones {
        let mut still = true;
        for (from, to, micro) in &edges {
            let Some(here) = at.get(*from).copied().flatten() else { continue };
            let Some(there) = at.get_mut(*to) else { continue };
            let over = here.saturating_add(*micro);
            if there.is_none_or(|known| over < known) {
                (*there, still) = (Some(over), false);
            }
        }
        if still {
            break;
        }
    }
    at.get(tail).copied().flatten().map_or(outside, |lines| lines.min(outside))
}

/// The residual edges of the lines, at most two each.
fn line_edges(zones: &[Zone], cleared: &SlotCleared) -> Vec<Edge> {
    let mut edges = Vec::new();
    let flows = cleared.up_wh.iter().zip(&cleared.down_wh);
    for ((own, zone), (up, down)) in zones.iter().enumerate().zip(flows) {
        let parent = zone.parent as usize;
        if parent >= own {
            continue;
        }
        let flow_wh = i64::from(*up).saturating_sub(i64::from(*down));
        // With the parent at 0 these are the lengths of the edges, or without end where there is none.
        let (from_parent, to_parent) = (most_micro(zone, flow_wh, 0), least_micro(zone, flow_wh, 0));
        if from_parent != i64::MAX {
            edges.push((parent, own, from_parent));
        }
        if to_parent != i64::MIN {
            edges.push((own, parent, to_parent.saturating_neg()));
        }
    }
    edges
}

/// The extreme prices obey every edge, and the price is between them.
fn relax(cleared: &mut SlotCleared, edges: &[Edge]) {
    let SlotCleared { highest_micro, lowest_micro, price_micro, .. } = cleared;
    for _ in 0..highest_micro.len() {
        let mut still = true;
        for (from, to, micro) in edges {
            let highest = highest_micro.get(*from).map(|price| price.saturating_add(*micro));
            if let Some((there, most)) = highest_micro.get_mut(*to).zip(highest).filter(|(there, most)| *most < **there) {
                (*there, still) = (most, false);
            }
            let lowest = lowest_micro.get(*to).map(|price| price.saturating_sub(*micro));
            if let Some((there, least)) = lowest_micro.get_mut(*from).zip(lowest).filter(|(there, least)| *least > **there) {
                (*there, still) = (least, false);
            }
        }
        if still {
            break;
        }
    }
    for (price, (highest, lowest)) in price_micro.iter_mut().zip(highest_micro.iter().zip(lowest_micro.iter())) {
        *price = highest.saturating_add(*lowest).div_euclid(2);
    }
}
