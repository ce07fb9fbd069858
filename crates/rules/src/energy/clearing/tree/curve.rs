//! How much a zone, with all that lies below it, puts in at each price; and what of it a line lets through.

use super::{ZONES_MAX, Zone};

/// Ranks to a micro-unit: no path has as many lines as half of it.
const RANKS_PER_MICRO: i64 = 2 * ZONES_MAX as i64;
/// What the technical orders offer, Wh: more than all others of a slot together, and so small that sums of it stay within i64.
const AMPLE_WH: i64 = 1 << 60;

/// A price, and among equal prices the number of lines that lie between: `micro · RANKS_PER_MICRO + lines`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(i64);

impl Rank {
    pub fn of(micro: i64) -> Self {
        Self(micro.saturating_mul(RANKS_PER_MICRO))
    }

    /// The price without the lines, of which there are fewer than [`ZONES_MAX`] either way.
    pub fn micro(self) -> i64 {
        self.0.saturating_add(i64::from(ZONES_MAX)).div_euclid(RANKS_PER_MICRO)
    }

    /// What costs this at the near end of a line costs so much at the far end.
    fn dearer(self, line: &Zone) -> Self {
        Self(self.0.saturating_add(toll(line)))
    }

    /// What brings this at the far end of a line brings so much at the near end.
    fn cheaper(self, line: &Zone) -> Self {
        Self(self.0.saturating_sub(toll(line)))
    }
}

/// A line's fee and one rank more, so that of two equal ways the one over fewer lines is better.
fn toll(line: &Zone) -> i64 {
    line.fee_micro.saturating_mul(RANKS_PER_MICRO).saturating_add(1)
}

/// A curve that is being put together, in no order.
pub(super) struct Steps {
    /// What is put in below every step, Wh: negative where energy is taken out.
    below_wh: i64,
    /// From which rank on how many Wh more are put in.
    steps: Vec<(Rank, i64)>,
}

impl Steps {
    /// What is fixed in a zone, and the two technical orders.
    pub fn new(given_wh: i64, technical_micro: i64) -> Self {
        let mut steps = Self { below_wh: given_wh.saturating_sub(AMPLE_WH), steps: Vec::new() };
        steps.offer(technical_micro.saturating_neg(), AMPLE_WH);
        steps.offer(technical_micro, AMPLE_WH);
        steps
    }

    /// From its limit on it is put in.
    pub fn offer(&mut self, limit_micro: i64, wh: i64) {
        self.steps.push((Rank::of(limit_micro), wh));
    }

    /// Below its limit it is taken out.
    pub fn bid(&mut self, limit_micro: i64, wh: i64) {
        self.below_wh = self.below_wh.saturating_sub(wh);
        self.offer(limit_micro, wh);
    }

    /// What the zone at the far end of `line` sends to this one. Its curve is cut at the caps; what it sends is dearer here than there by
    /// the toll, and what it takes brings less here than there.
    pub fn join(&mut self, line: &Zone, far: &Curve) {
        let mut from = clipped(line, far.below_wh);
        self.below_wh = self.below_wh.saturating_add(from);
        for (rank, supply_wh) in &far.points {
            let to = clipped(line, *supply_wh);
            let taken = to.min(0).saturating_sub(from.min(0));
            let sent = to.max(0).saturating_sub(from.max(0));
            // In this order: the steps of one line come sorted, which the sort makes use of.
            if taken > 0 {
                self.steps.push((rank.cheaper(line), taken));
            }
            if sent > 0 {
                self.steps.push((rank.dearer(line), sent));
            }
            from = to;
        }
    }

    pub fn summed(self) -> Curve {
        let Self { below_wh, mut steps } = self;
        steps.sort_by_key(|(rank, _)| *rank);
        let mut supply_wh = below_wh;
        for (_, wh) in &mut steps {
            supply_wh = supply_wh.saturating_add(*wh);
            *wh = supply_wh;
        }
        Curve { below_wh, points: steps }
    }
}

fn clipped(line: &Zone, wh: i64) -> i64 {
    wh.clamp(-i64::from(line.down_wh), i64::from(line.up_wh))
}

/// How much is put in at each rank, less what is taken out: it only rises.
pub(super) struct Curve {
    below_wh: i64,
    /// The ranks at which it rises, in order, and how many Wh are put in above each.
    points: Vec<(Rank, i64)>,
}

impl Curve {
    /// Just below a rank, Wh.
    pub fn before(&self, rank: Rank) -> i64 {
        self.after_points(self.points.partition_point(|(at, _)| *at < rank))
    }

    /// Just above a rank, Wh.
    pub fn after(&self, rank: Rank) -> i64 {
        self.after_points(self.points.partition_point(|(at, _)| *at <= rank))
    }

    fn after_points(&self, count: usize) -> i64 {
        count.checked_sub(1).and_then(|last| self.points.get(last)).map_or(self.below_wh, |(_, supply_wh)| *supply_wh)
    }

    /// The lowest and the highest rank at which `wh` can be put in.
    pub fn ranks_of(&self, wh: i64) -> (Rank, Rank) {
        let at = |count: usize| self.points.get(count).or(self.points.last()).map_or(Rank(0), |(rank, _)| *rank);
        let lowest = self.points.partition_point(|(_, supply_wh)| *supply_wh < wh);
        let highest = self.points.partition_point(|(_, supply_wh)| *supply_wh <= wh);
        (at(lowest), at(highest))
    }

    /// The least and the most that a line from the zone of this curve carries to a zone where the rank is `rank`, Wh.
    pub fn sent(&self, line: &Zone, rank: Rank) -> (i64, i64) {
        let (sends_at, takes_at) = (rank.cheaper(line), rank.dearer(line));
        // The curve rises, so that at most one of the two terms is not 0.
        let carried = |sends: i64, takes: i64| clipped(line, sends.max(0).saturating_add(takes.min(0)));
        (carried(self.before(sends_at), self.before(takes_at)), carried(self.after(sends_at), self.after(takes_at)))
    }
}
