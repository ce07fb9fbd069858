//! The gate before questions that make a node work (calls, estimates, traces, logs): a few at once, a short line before it, and nobody
//! waits for long. So whoever asks much costs other askers patience, and the chain nothing.
//!
//! The line is no queue: next is whose address has the fewest in the house before it. So one that asks a hundred things at once
//! is served between the others, and not before them.

use crate::doors::Client;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Longest wait before the gate.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);
/// Most that wait.
pub(crate) const LINE_MAX: usize = 256;
/// Most of one address that wait or are inside; this machine itself may fill the line.
const CLIENT_MAX: usize = 64;

pub(crate) struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

struct State {
    free: usize,
    /// How many of its client were in the house when it came, and when that was: the first is next.
    line: BTreeSet<(usize, u64)>,
    /// Those that wait or are inside.
    clients: BTreeMap<Client, usize>,
    came: u64,
}

/// Held while the question is worked on.
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    client: Client,
}

impl Default for Gate {
    /// One less than the machine has cores, at least one: the last core is the chain's.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new(cores.saturating_sub(1).max(1))
    }
}

impl Gate {
    fn new(inside_max: usize) -> Self {
        let state = State { free: inside_max, line: BTreeSet::new(), clients: BTreeMap::new(), came: 0 };
        Self { state: Mutex::new(state), left: Condvar::new() }
    }

    /// Waits on this thread for a place; `None` where the line is too long or the wait was.
    pub fn enter(&self, client: Client) -> Option<Pass<'_>> {
        self.enter_within(client, WAIT_MAX)
    }

    fn enter_within(&self, client: Client, wait_max: Duration) -> Option<Pass<'_>> {
        let mut state = self.state();
        let own = state.clients.get(&client).copied().unwrap_or(0);
        let full = state.free == 0 && state.line.len() >= LINE_MAX;
        if full || (own >= CLIENT_MAX && client != Client::Here) {
            return None;
        }
        state.came += 1;
        let ticket = (own, state.came);
        state.line.insert(ticket);
        state.clients.insert(client, own + 1);
        let until = Instant::now() + wait_max;
        while state.free == 0 || state.line.first() != Some(&ticket) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.line.remove(&ticket);
                state.goes(client);
                self.left.notify_all(); // whoever stood behind may be next
                return None;
            }
            state = self.left.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.line.pop_first();
        state.free -= 1;
        if state.free > 0 {
            self.left.notify_all();
        }
        Some(Pass { gate: self, client })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn goes(&mut self, client: Client) {
        if let Some(own) = self.clients.get_mut(&client) {
            *own -= 1;
            if *own == 0 {
                self.clients.remove(&client);
            }
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        state.free += 1;
        state.goes(self.client);
        drop(state);
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const A: Client = Client::There(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)));
    const B: Client = Client::There(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8)));

    fn until_waiting(gate: &Gate, many: usize) {
        while gate.state().line.len() < many {
            std::thread::yield_now();
        }
    }

    #[test]
    fn so_many_at_once_and_the_next_when_one_has_left() {
        let gate = Gate::new(2);
        let first = gate.enter(A).expect("a place");
        let second = gate.enter(B).expect("a place");
        assert!(gate.enter_within(B, Duration::ZERO).is_none(), "both are taken");
        drop(first);
        assert!(gate.enter_within(B, Duration::ZERO).is_some(), "one has left");
        drop(second);
        let state = gate.state();
        assert!(state.free == 2 && state.line.is_empty() && state.clients.is_empty());
    }

    #[test]
    fn who_waits_is_let_in_by_who_leaves() {
        let gate = Gate::new(1);
        let inside = gate.enter(A).expect("a place");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| gate.enter(A).is_some());
            until_waiting(&gate, 1);
            drop(inside);
            assert!(waits.join().expect("it ends"));
        });
    }

    #[test]
    fn who_asks_one_thing_goes_before_the_many_of_another() {
        let gate = Gate::new(1);
        let inside = gate.enter(A).expect("a place");
        let served = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let ask = |client: Client| {
                let pass = gate.enter(client).expect("it is patient");
                served.lock().expect("no panic").push(client);
                drop(pass);
            };
            for waiting in 1..=3 {
                scope.spawn(move || ask(A));
                until_waiting(&gate, waiting);
            }
            scope.spawn(move || ask(B));
            until_waiting(&gate, 4);
            drop(inside);
        });
        assert_eq!(served.into_inner().expect("no panic"), [B, A, A, A]);
    }

    #[test]
    fn one_address_has_a_part_of_the_line() {
        let gate = Gate::new(1);
        let _inside = gate.enter(B).expect("a place");
        gate.state().clients.insert(A, CLIENT_MAX);
        let began = Instant::now();
        assert!(gate.enter(A).is_none());
        assert!(began.elapsed() < WAIT_MAX, "it is told at once");
        gate.state().clients.insert(Client::Here, CLIENT_MAX);
        assert!(
            gate.enter_within(Client::Here, Duration::from_millis(1)).is_none() && began.elapsed() >= Duration::from_millis(1)
        );
    }

    #[test]
    fn a_line_that_is_too_long_turns_people_away_at_once() {
        let gate = Gate::new(1);
        let _inside = gate.enter(A).expect("a place");
        gate.state().line.extend((0..LINE_MAX as u64).map(|ticket| (0, ticket)));
        let began = Instant::now();
        assert!(gate.enter(B).is_none());
        assert!(began.elapsed() < WAIT_MAX);
    }
}
