//! The gate before questions that make a node work (calls, estimates, traces, logs): a few at once, a short line before it, and nobody
//! waits for long. So whoever asks much costs other askers patience, and the chain nothing.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longest wait before the gate.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);
/// Most that wait.
pub(crate) const LINE_MAX: usize = 256;

pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

struct State {
    free: usize,
    waiting: usize,
}

/// Held while the question is worked on.
pub(crate) struct Pass<'a>(&'a Gate);

impl Default for Gate {
    /// One less than the machine has cores, at least one: the last core is the chain's.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new(cores.saturating_sub(1).max(1))
    }
}

impl Gate {
    fn new(inside_max: usize) -> Self {
        Self { state: Mutex::new(State { free: inside_max, waiting: 0 }), left: Condvar::new() }
    }

    /// Waits on this thread for a place; `None` where the line is too long or the wait was.
    pub fn enter(&self) -> Option<Pass<'_>> {
        self.enter_within(WAIT_MAX)
    }

    fn enter_within(&self, wait_max: Duration) -> Option<Pass<'_>> {
        let mut state = self.state();
        if state.free == 0 && state.waiting >= LINE_MAX {
            return None;
        }
        let until = Instant::now() + wait_max;
        state.waiting += 1;
        while state.free == 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.waiting -= 1;
                return None;
            }
            state = self.left.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.waiting -= 1;
        state.free -= 1;
        Some(Pass(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.state().free += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_the_next_when_one_has_left() {
        let gate = Gate::new(2);
        let first = gate.enter().expect("a place");
        let _second = gate.enter().expect("a place");
        assert!(gate.enter_within(Duration::ZERO).is_none(), "both are taken");
        drop(first);
        assert!(gate.enter_within(Duration::ZERO).is_some(), "one has left");
    }

    #[test]
    fn who_waits_is_let_in_by_who_leaves() {
        let gate = Gate::new(1);
        let inside = gate.enter().expect("a place");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| gate.enter().is_some());
            while gate.state().waiting == 0 {
                std::thread::yield_now();
            }
            drop(inside);
            assert!(waits.join().expect("it ends"));
        });
    }

    #[test]
    fn a_line_that_is_too_long_turns_people_away_at_once() {
        let gate = Gate::new(1);
        let _inside = gate.enter().expect("a place");
        gate.state().waiting = LINE_MAX;
        let began = Instant::now();
        assert!(gate.enter().is_none());
        assert!(began.elapsed() < WAIT_MAX);
    }
}
