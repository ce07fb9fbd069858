//! When a block is proposed, and what time it bears.
//!
//! Views move as fast as network and disk allow; the proposer paces them. Upon a turn: wait for work, at most a heartbeat;
//! upon the first transaction: wait a moment for others, then propose. The heartbeat stays inside the leader timeout, because
//! a proposer that says nothing in time loses its view.

use commonware_runtime::Clock;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The waits of a network. Every validator of it uses the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the first waiting transaction to the proposal: long enough that a burst shares the block's writes to disk.
    pub gather: Duration,
    /// Longest wait for work: also how late a deadline can run.
    pub heartbeat: Duration,
    /// A leader that proposed nothing for this long is passed over.
    pub leader_timeout: Duration,
    /// A view that certified nothing for this long is abandoned.
    pub certification_timeout: Duration,
    /// A leader unseen for this long is passed over at once.
    pub skip_timeout: Duration,
}

impl Pace {
    /// For validators within tens of milliseconds of each other.
    pub const COMMUNITY: Self = Self {
        gather: Duration::from_millis(5),
        heartbeat: Duration::from_millis(400),
        leader_timeout: Duration::from_millis(600),
        certification_timeout: Duration::from_millis(1_200),
        skip_timeout: Duration::from_millis(5_000),
    };
}

/// Furthest that a block's time may be ahead of a verifier's clock, milliseconds.
pub const AHEAD_MAX_MS: u64 = 500;
/// Longest that a verifier waits for its clock to come near a block's time; its view is over by then.
pub const AHEAD_WAIT_MAX_MS: u64 = 1_000;
/// Fastest that time may run, times the wall's.
pub const SPEED_MAX: u32 = 600;

/// The clock that proposals are timed and checked by.
///
/// Without a speed it is the wall's, but never behind the chain: where the last block is ahead of the wall (a directory that
/// ran faster before), it goes on from there at the wall's pace. With a speed (a development network only) it goes on from
/// the last block's time, times the speed, and stands still while the node is down.
#[derive(Debug)]
pub struct ConsensusClock {
    speed: Option<u32>,
    came_up_wall_ms: AtomicU64,
    came_up_chain_ms: AtomicU64,
}

impl ConsensusClock {
    pub const fn new(speed: Option<u32>) -> Self {
        Self { speed, came_up_wall_ms: AtomicU64::new(0), came_up_chain_ms: AtomicU64::new(0) }
    }

    /// Upon start: the last final block bears `chain_ms`.
    pub fn come_up(&self, clock: &impl Clock, chain_ms: u64) {
        self.came_up_wall_ms.store(wall_ms(clock), Ordering::Relaxed);
        self.came_up_chain_ms.store(chain_ms, Ordering::Relaxed);
    }

    /// Consensus time now, milliseconds since 1970-01-01 UTC.
    pub fn now_ms(&self, clock: &impl Clock) -> u64 {
        self.at(wall_ms(clock))
    }

    fn at(&self, wall_ms: u64) -> u64 {
        let up_ms = wall_ms.saturating_sub(self.came_up_wall_ms.load(Ordering::Relaxed));
        let chain_ms = self.came_up_chain_ms.load(Ordering::Relaxed);
        match self.speed {
            Some(speed) => chain_ms.saturating_add(up_ms.saturating_mul(u64::from(speed))),
            None => wall_ms.max(chain_ms.saturating_add(up_ms)),
        }
    }
}

/// Wall time, milliseconds since 1970-01-01 UTC.
pub fn wall_ms(clock: &impl Clock) -> u64 {
    since_epoch_ms(clock.current())
}

/// Wall time outside any runtime of ours, milliseconds since 1970-01-01 UTC.
pub fn system_ms() -> u64 {
    since_epoch_ms(SystemTime::now())
}

fn since_epoch_ms(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_follows_the_wall_but_never_falls_behind_the_chain() {
        // (speed, wall when the node came up, time of the last block, wall now, consensus time)
        for (speed, came_up, chain, now, expected) in [
            (None, 1_000, 900, 1_500, 1_500),
            (None, 1_000, 5_000, 1_500, 5_500),
            (None, 1_000, 5_000, 500, 5_000),
            (Some(1), 1_000, 900, 1_500, 1_400),
            (Some(600), 1_000, 900, 1_001, 1_500),
            (Some(600), 1_000, 900, 500, 900),
        ] {
            let clock = ConsensusClock::new(speed);
            clock.came_up_wall_ms.store(came_up, Ordering::Relaxed);
            clock.came_up_chain_ms.store(chain, Ordering::Relaxed);
            assert_eq!(clock.at(now), expected, "{speed:?} {came_up} {chain} {now}");
        }
    }

    #[test]
    fn a_heartbeat_fits_into_the_leader_timeout() {
        let pace = Pace::COMMUNITY;
        assert!(pace.heartbeat + pace.gather < pace.leader_timeout);
        assert!(pace.leader_timeout < pace.certification_timeout);
        assert!(pace.certification_timeout < pace.skip_timeout);
    }
}
