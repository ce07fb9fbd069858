//! Who stands at the door: how many connections one address has, how much work it has had lately, and what was turned away.
//!
//! Work is counted in time, because questions differ by more than a thousand times: an address has a purse of
//! [`Allowance::saved_max`], out of which every question takes the time it took, at least [`WORK_MIN`], and which fills again by
//! [`Allowance::share_percent`] of the time that passes. Who has spent more than there was waits until it is made good. This machine
//! itself is not counted: whoever is on it can do worse, and gateways and benchmarks are.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What the cheapest question takes out of a purse.
pub(crate) const WORK_MIN: Duration = Duration::from_millis(1);
/// Addresses whose purses are remembered; beyond them newcomers share one.
const PURSES_MAX: usize = 65_536;
/// Full purses are forgotten so often, where there are too many.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Whom limits are kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Client {
    /// This machine.
    Here,
    /// An address; of IPv6 the first 64 bits, which is what one household has.
    There(IpAddr),
}

/// Shared by those for whom there is no purse left.
const CROWD: Client = Client::There(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            own if own.is_loopback() => Self::Here,
            IpAddr::V6(address) => Self::There(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()),
            address => Self::There(address),
        }
    }
}

/// What one address may use.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub connections_max: usize,
    /// Work of this node that it can save up.
    pub saved_max: Duration,
    /// By how much of the time that passes its purse fills.
    pub share_percent: u32,
}

/// How often something happened.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was let in and turned away since the start.
#[derive(Debug, Default)]
pub struct Counts {
    pub connections: Count,
    /// Connections that were closed at once: too many, in all or of one address.
    pub connections_refused: Count,
    /// Clients that sent or read too slowly.
    pub slow: Count,
    pub quick: Count,
    pub plain: Count,
    pub heavy: Count,
    /// Questions of an address that had had its share.
    pub over_share: Count,
    /// Questions that found the line before the gate too long, or waited in it for too long.
    pub busy: Count,
    /// Requests under a foreign host's name.
    pub foreign_host: Count,
}

pub(crate) struct Doors {
    allowance: Allowance,
    connections_max: usize,
    open: Mutex<BTreeMap<Client, usize>>,
    purses: Mutex<Purses>,
    pub counts: Arc<Counts>,
}

struct Purses {
    all: HashMap<Client, Purse>,
    swept: Instant,
}

#[derive(Clone, Copy)]
struct Purse {
    /// Below 0 where more was used than there was.
    left_us: i64,
    since: Instant,
}

/// A connection's place. Dropping it makes room.
pub(crate) struct Place {
    doors: Arc<Doors>,
    client: Client,
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

impl Doors {
    pub fn new(allowance: Allowance, connections_max: usize) -> Self {
        Self {
            allowance,
            connections_max,
            open: Mutex::default(),
            purses: Mutex::new(Purses { all: HashMap::new(), swept: Instant::now() }),
            counts: Arc::default(),
        }
    }

    /// A place for one more connection, where there is one.
    pub fn enter(self: &Arc<Self>, client: Client) -> Option<Place> {
        let mut open = self.open();
        let (all, own) = (open.values().sum::<usize>(), open.get(&client).copied().unwrap_or(0));
        let own_max = if client == Client::Here { self.connections_max } else { self.allowance.connections_max };
        if all >= self.connections_max || own >= own_max {
            self.counts.connections_refused.one_more();
            return None;
        }
        open.insert(client, own + 1);
        self.counts.connections.one_more();
        Some(Place { doors: self.clone(), client })
    }

    /// Connections now.
    pub fn connected(&self) -> usize {
        self.open().values().sum()
    }

    /// Whether `client` has something left in its purse.
    pub fn may_ask(&self, client: Client) -> bool {
        let may = client == Client::Here || self.purse(client, Duration::ZERO) > 0;
        if !may {
            self.counts.over_share.one_more();
        }
        may
    }

    /// Takes work that was done for `client` out of its purse.
    pub fn used(&self, client: Client, took: Duration) {
        if client != Client::Here {
            self.purse(client, took.max(WORK_MIN));
        }
    }

    /// Fills the purse of `client` by the time that has passed, takes `took` out of it, and gives what is left, microseconds.
    fn purse(&self, client: Client, took: Duration) -> i64 {
        let (full_us, now) = (micros(self.allowance.saved_max), Instant::now());
        let fill = |purse: &Purse| {
            let came_us = micros(now - purse.since).saturating_mul(i64::from(self.allowance.share_percent)) / 100;
            purse.left_us.saturating_add(came_us).min(full_us)
        };
        let mut purses = self.purses.lock().unwrap_or_else(PoisonError::into_inner);
        if purses.all.len() >= PURSES_MAX && !purses.all.contains_key(&client) && now - purses.swept >= SWEEP_EVERY {
            purses.swept = now;
            purses.all.retain(|_, purse| fill(purse) < full_us);
        }
        let room = purses.all.len() < PURSES_MAX || purses.all.contains_key(&client);
        let purse = purses.all.entry(if room { client } else { CROWD }).or_insert(Purse { left_us: full_us, since: now });
        *purse = Purse { left_us: fill(purse).saturating_sub(micros(took)), since: now };
        purse.left_us
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<Client, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Notes that the connection is closed because its client is too slow.
    pub fn too_slow(&self) {
        self.doors.counts.slow.one_more();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.doors.open();
        if let Some(own) = open.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> Client {
        text.parse::<IpAddr>().expect("an address").into()
    }

    #[test]
    fn an_address_is_a_household_and_this_machine_is_itself() {
        for (one, other, same) in [
            ("127.0.0.1", "::1", true),
            ("127.0.0.1", "127.9.9.9", true),
            ("::ffff:127.0.0.1", "::1", true),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("::1", "192.0.2.7", false),
        ] {
            assert_eq!(client(one) == client(other), same, "{one} {other}");
        }
    }

    fn doors(connections_max: usize, saved_ms: u64, share_percent: u32) -> Arc<Doors> {
        let allowance = Allowance { connections_max: 2, saved_max: Duration::from_millis(saved_ms), share_percent };
        Arc::new(Doors::new(allowance, connections_max))
    }

    #[test]
    fn one_address_has_so_many_connections_and_all_together_so_many() {
        let doors = doors(5, 0, 0);
        let (a, b) = (client("192.0.2.7"), client("192.0.2.8"));
        let mut places = vec![doors.enter(a).expect("a place"), doors.enter(a).expect("a place")];
        assert!(doors.enter(a).is_none(), "two are its share");
        places.push(doors.enter(b).expect("the other's share is its own"));
        places.push(doors.enter(Client::Here).expect("a place"));
        places.push(doors.enter(Client::Here).expect("this machine has no share of its own"));
        assert!(doors.enter(b).is_none() && doors.enter(Client::Here).is_none(), "all are taken");
        assert_eq!((doors.connected(), doors.counts.connections_refused.get()), (5, 3));
        places.remove(0);
        assert!(doors.enter(b).is_some(), "one has left");
        places.clear();
        assert_eq!((doors.connected(), doors.open().len()), (0, 0));
    }

    #[test]
    fn who_spends_more_than_there_was_waits_and_others_do_not() {
        let doors = doors(1, 100, 50);
        let (a, b) = (client("192.0.2.7"), client("192.0.2.8"));
        assert!(doors.may_ask(a));
        doors.used(a, Duration::from_millis(120)); // what it takes is known when it is done
        assert!(!doors.may_ask(a));
        assert!(doors.may_ask(b) && doors.may_ask(Client::Here));
        doors.used(Client::Here, Duration::from_secs(1_000));
        assert!(doors.may_ask(Client::Here));
        std::thread::sleep(Duration::from_millis(60)); // half of it comes back, more than the 20 that are missing
        assert!(doors.may_ask(a));
    }

    #[test]
    fn purses_are_bounded_and_those_beyond_share_one() {
        let doors = doors(1, 100, 0);
        for address in 1..=PURSES_MAX as u32 {
            doors.used(Client::There(Ipv4Addr::from_bits(address).into()), WORK_MIN);
        }
        let (a, b) = (client("192.0.2.7"), client("192.0.2.8"));
        assert!(doors.may_ask(a));
        doors.used(a, Duration::from_millis(100));
        assert!(!doors.may_ask(b), "both pay out of the crowd's");
        assert!(doors.may_ask(Client::There(Ipv4Addr::from_bits(1).into())));
        assert!(doors.purses.lock().expect("no panic").all.len() <= PURSES_MAX + 1);
    }
}
