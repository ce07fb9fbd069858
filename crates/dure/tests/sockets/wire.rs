//! Machines of their own for several nodes, and the wire between them, with delay, loss and cuts.
//!
//! Each machine is a network namespace with one TUN device; this program holds the other end of all of them and carries every packet
//! from one to the next. Nothing leaves the namespace that [`inside`] makes, and nothing of it is left behind.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    io::{Read as _, Write as _},
    net::Ipv4Addr,
    process::{Command, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};
use tappers::{Interface, Tun};

/// Set in the process that has namespaces of its own.
const INSIDE: &str = "DURE_INSIDE_NAMESPACES";
/// Packets on their way; what comes beyond is lost, as in a router whose queue is full.
const ON_THE_WAY_MAX: usize = 65_536;
const PACKET_MAX_BYTES: usize = 65_536;
/// Where an IPv4 header names the receiver.
const RECEIVER_AT: std::ops::Range<usize> = 16..20;

/// Runs the test called `name`, whose body is `work`, in namespaces of its own: of users, networks, mounts and processes, which end with it.
/// Fails where the machine gives none.
pub fn inside(name: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return work();
    }
    let namespaces = ["--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let needed = "this test needs namespaces of users, networks, mounts and processes, /dev/net/tun and the program `ip`";
    // Where `ip` is, whoever asks.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let allowed = Command::new("unshare").args(namespaces).args(["sh", "-c", TRIAL]).env("PATH", &path).output();
    let allowed = allowed.unwrap_or_else(|error| panic!("{needed}; unshare: {error}"));
    assert!(
        allowed.status.success(),
        "{needed}, and this machine does not give them: {}",
        String::from_utf8_lossy(&allowed.stderr)
    );

    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new("unshare");
    command.args(namespaces).arg(program).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").env("PATH", path);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("unshare runs");
    let mut said = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
    let ended = child.wait().expect("it ends");
    // Indented, so that who counts tests counts this one once.
    said.lines().for_each(|line| println!("    {line}"));
    assert!(ended.success() && said.contains("1 passed"), "{name}: {ended}");
}

/// What [`Wire::new`] does, for one machine.
const TRIAL: &str = "mount -t tmpfs none /run && ip netns add trial && ip tuntap add dev trial mode tun && ip link set trial netns trial \
                     && ip netns exec trial true";

/// What happens to a packet between two machines, in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weather {
    pub delay: Duration,
    /// Evenly spread around the delay. Packets of a link keep their order, as on most real ones.
    pub jitter: Duration,
    pub loss: f64,
}

impl Weather {
    pub const BAD: Self = Self { delay: Duration::from_millis(40), jitter: Duration::from_millis(10), loss: 0.02 };
}

/// The wire between some machines, and this program, which every one reaches as if it stood beside it.
#[derive(Clone)]
pub struct Wire(Arc<Shared>);

struct Shared {
    devices: Vec<Tun>,
    state: Mutex<State>,
    news: Condvar,
}

struct State {
    weather: Weather,
    /// Pairs of machines that do not reach each other, the smaller first.
    cut: BTreeSet<(usize, usize)>,
    dice: StdRng,
    on_the_way: BinaryHeap<Reverse<(Instant, u64, Packet)>>,
    sent: u64,
    /// When the last packet of a link arrives.
    last: Vec<Vec<Instant>>,
    pub told: Told,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Packet {
    to: usize,
    bytes: Vec<u8>,
}

/// What became of the packets between machines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    pub passed: u64,
    pub lost: u64,
    pub cut: u64,
}

impl Wire {
    /// Makes `machines` machines. Only inside namespaces of its own.
    pub fn new(machines: usize, seed: u64, weather: Weather) -> Self {
        assert!(std::env::var_os(INSIDE).is_some(), "the network of this machine stays as it is");
        run("mount", &["-t", "tmpfs", "none", "/run"]);
        run("ip", &["link", "set", "lo", "up"]);
        let devices = (0..=machines).map(|place| device(place, place == machines)).collect();
        let now = Instant::now();
        let state = State {
            weather,
            cut: BTreeSet::new(),
            dice: StdRng::seed_from_u64(seed),
            on_the_way: BinaryHeap::new(),
            sent: 0,
            last: vec![vec![now; machines + 1]; machines + 1],
            told: Told::default(),
        };
        let wire = Self(Arc::new(Shared { devices, state: Mutex::new(state), news: Condvar::new() }));
        for place in 0..=machines {
            let wire = wire.clone();
            thread::spawn(move || wire.take_from(place));
        }
        let delivers = wire.clone();
        thread::spawn(move || delivers.deliver());
        wire
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program on the machine of this place.
    pub fn command(place: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name(place), program]);
        command
    }

    /// Who is in different groups does not reach each other from now on; an empty list heals everything.
    pub fn cut(&self, groups: &[&[usize]]) {
        let mut state = self.state();
        state.cut.clear();
        for (number, group) in groups.iter().enumerate() {
            let others = groups[number + 1..].iter().copied().flatten();
            state.cut.extend(others.flat_map(|b| group.iter().map(|a| (*a.min(b), *a.max(b)))));
        }
    }

    pub fn heal(&self) {
        self.cut(&[]);
    }

    pub fn told(&self) -> Told {
        self.state().told
    }

    /// Takes in what the machine of this place sends.
    fn take_from(&self, from: usize) {
        let mut buffer = vec![0; PACKET_MAX_BYTES];
        loop {
            let length = self.0.devices[from].recv(&mut buffer).expect("the device lasts");
            let packet = &buffer[..length];
            let receiver = packet.get(RECEIVER_AT).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(Ipv4Addr::from);
            let to = (0..self.0.devices.len()).find(|to| Some(address(*to)) == receiver);
            let Some(to) = to.filter(|to| *to != from && packet[0] >> 4 == 4) else { continue };
            let here = self.0.devices.len() - 1;
            let mut state = self.state();
            if from == here || to == here {
                drop(state);
                self.hand_over(to, packet);
            } else if state.accept(from, to, packet.to_vec()) {
                self.0.news.notify_one();
            }
        }
    }

    fn deliver(&self) {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let wait = state.on_the_way.peek().map(|Reverse((due, ..))| due.saturating_duration_since(now));
            state = match wait {
                Some(Duration::ZERO) => {
                    let Reverse((_, _, packet)) = state.on_the_way.pop().expect("one is due");
                    drop(state);
                    self.hand_over(packet.to, &packet.bytes);
                    self.state()
                }
                Some(wait) => self.0.news.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.news.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn hand_over(&self, to: usize, packet: &[u8]) {
        // A machine that takes no packet loses it.
        let _ = self.0.devices[to].send(packet);
    }
}

impl State {
    /// Whether a packet is on its way now.
    fn accept(&mut self, from: usize, to: usize, bytes: Vec<u8>) -> bool {
        if self.cut.contains(&(from.min(to), from.max(to))) {
            self.told.cut += 1;
            return false;
        }
        if self.dice.gen_bool(self.weather.loss) || self.on_the_way.len() >= ON_THE_WAY_MAX {
            self.told.lost += 1;
            return false;
        }
        let Weather { delay, jitter, .. } = self.weather;
        let due = Instant::now() + (delay + jitter.mul_f64(self.dice.gen_range(-1.0..=1.0) + 1.0)).saturating_sub(jitter);
        let due = due.max(self.last[from][to]);
        self.last[from][to] = due;
        self.sent += 1;
        self.told.passed += 1;
        self.on_the_way.push(Reverse((due, self.sent, Packet { to, bytes })));
        true
    }
}

/// Address of the machine of this place.
pub fn address(place: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 96, 0, 1 + u8::try_from(place).expect("few machines"))
}

fn name(place: usize) -> String {
    format!("dure{place}")
}

/// Makes the machine of this place and gives the other end of its device; `here` is this program's own.
fn device(place: usize, here: bool) -> Tun {
    let name = name(place);
    let device = Tun::new_named(Interface::new(&name).expect("a name")).expect("/dev/net/tun gives a device");
    let address = format!("{}/24", address(place));
    if here {
        run("ip", &["address", "add", &address, "dev", &name]);
        run("ip", &["link", "set", &name, "up"]);
    } else {
        run("ip", &["netns", "add", &name]);
        run("ip", &["link", "set", &name, "netns", &name]);
        for rest in [&["address", "add", &address, "dev", &name][..], &["link", "set", &name, "up"], &["link", "set", "lo", "up"]]
        {
            run("ip", &[&["-n", &name], rest].concat());
        }
    }
    device
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Says a figure to whoever watches the run, also where the test passes.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "  {text}");
}
