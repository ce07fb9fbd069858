//! The machine: key, folder, disk, ports, and the clock as the system sees it.

use super::Finding;
use crate::{
    chain, seal,
    vitals::{LOW_BYTES, START_BYTES, free_bytes},
};
use dure_node::{genesis::Genesis, network::public_key};
use std::{
    fs::File,
    io::{self, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Writes that are timed.
const SYNCS: usize = 20;
/// A view of agreement waits for about four writes, and a leader has 600 ms.
const SYNC_SLOW: Duration = Duration::from_millis(20);
const SYNC_MAX: Duration = Duration::from_millis(100);
/// For a socket at a peer to open.
const REACH_WITHIN: Duration = Duration::from_secs(3);

/// The key is there, readable by its owner alone, and of the genesis where one is named.
pub fn key(data: &Path, genesis: Option<&Genesis>) -> Finding {
    let secret = match chain::validator(data) {
        Ok(secret) => secret,
        Err(problem) => {
            let file = data.join("validator.key");
            let mend = match file.exists() {
                true => format!(
                    "chmod 600 {0}, as its owner, if others could read it; else put the backup of the key there",
                    file.display()
                ),
                false => format!("dure init --data {}", data.display()),
            };
            return Finding::fail("key", problem.to_string(), mend);
        }
    };
    let public = public_key(&secret);
    match genesis {
        Some(genesis) if !genesis.validators.contains(&public) => Finding::fail(
            "key",
            format!("{public} is no validator of the genesis"),
            "the genesis must name what `dure init` printed here",
        ),
        _ => Finding::ok("key", format!("{public}, readable by its owner alone")),
    }
}

/// Whether the folder is known to be the newest of its key.
pub fn sealed(data: &Path) -> Finding {
    let Ok(secret) = chain::validator(data) else { return Finding::skip("folder", "without its key nothing is known of it") };
    match seal::votes_above(data, public_key(&secret)) {
        Ok(Some(_)) => Finding::ok("folder", format!("{} is the one that was used last", data.display())),
        Ok(None) => Finding::warn(
            "folder",
            format!("{} was copied, restored or emptied: its validator will watch before it votes", data.display()),
            "start it and wait; only where the others cannot go on without it, and no newer folder exists: dure node --vouch",
        ),
        Err(error) => {
            Finding::fail("folder", format!("{}: {error}", data.display()), "give the folder to the user that runs the node")
        }
    }
}

/// The chain of the folder is that of the genesis.
pub fn genesis(held: Option<&Genesis>, named: Option<&Genesis>) -> Finding {
    match (held, named) {
        (Some(held), Some(named)) if held.hash() != named.hash() => Finding::fail(
            "genesis",
            format!("the folder holds the chain {}, the file is of {}", held.hash(), named.hash()),
            "take the genesis that the others have, or another folder",
        ),
        (Some(genesis), _) | (None, Some(genesis)) => {
            Finding::ok("genesis", format!("{}; compare it with the others'", genesis.hash()))
        }
        (None, None) => Finding::skip("genesis", "no chain is here yet; name the file with --genesis"),
    }
}

pub fn disk(data: &Path) -> Finding {
    match free_bytes(data) {
        Ok(free) => space(free),
        Err(error) => Finding::fail("disk", format!("{}: {error}", data.display()), "look whether the disk is there"),
    }
}

fn space(free: u64) -> Finding {
    let what = format!("{} MiB are free", free >> 20);
    match free {
        _ if free < START_BYTES => {
            Finding::fail("disk", what, format!("free some space: a node needs {} MiB to start", START_BYTES >> 20))
        }
        _ if free < LOW_BYTES => Finding::warn("disk", what, "give it more disk soon"),
        _ => Finding::ok("disk", what),
    }
}

/// How long the disk takes until something is really written.
pub fn sync(data: &Path) -> Finding {
    match time_syncs(&data.join("doctor.part")) {
        Ok(median) => speed(median),
        Err(error) => Finding::fail(
            "sync",
            format!("nothing can be written in {}: {error}", data.display()),
            "give the folder to the user that runs the node",
        ),
    }
}

fn time_syncs(path: &Path) -> io::Result<Duration> {
    let mut file = File::create(path)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        let began = Instant::now();
        let written = file.write_all(&[1; 4_096]).and_then(|()| file.sync_data());
        took.push(began.elapsed());
        if let Err(error) = written {
            let _ = std::fs::remove_file(path); // the first error is the one that matters
            return Err(error);
        }
    }
    std::fs::remove_file(path)?;
    took.sort_unstable();
    Ok(took[SYNCS / 2])
}

fn speed(median: Duration) -> Finding {
    let what = format!("a write is on the disk after {:.1} ms", median.as_secs_f64() * 1e3);
    let mend = "put the folder on a local SSD, not on a network disk; look for others that write much";
    match median {
        _ if median > SYNC_MAX => Finding::fail("sync", what, mend),
        _ if median > SYNC_SLOW => Finding::warn("sync", what, mend),
        _ => Finding::ok("sync", what),
    }
}

/// Whether this machine lets a node listen there; `runs` says that one does already.
pub fn port(check: &'static str, address: SocketAddr, runs: bool) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) if runs => Finding::warn(
            check,
            format!("nobody listens on {address}, although a node runs"),
            "did it start with another address?",
        ),
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) if runs && error.kind() == io::ErrorKind::AddrInUse => Finding::ok(check, format!("{address} is in use")),
        Err(error) => Finding::fail(
            check,
            format!("{address} cannot be listened on: {error}"),
            format!("ss -ltnp shows who uses port {}; end it, or choose another address", address.port()),
        ),
    }
}

/// Whether a socket opens at another validator.
pub fn reach(peer: SocketAddr) -> Finding {
    match TcpStream::connect_timeout(&peer, REACH_WITHIN) {
        Ok(_) => Finding::ok("peer", format!("{peer} can be reached")),
        Err(error) => Finding::fail(
            "peer",
            format!("{peer} cannot be reached: {error}"),
            "is it up, and does its firewall let this machine in at that port?",
        ),
    }
}

/// Whether the system keeps its clock by others.
pub fn ntp() -> Finding {
    let asked = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    let said = asked.ok().filter(|output| output.status.success());
    synchronised(said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).as_deref())
}

fn synchronised(said: Option<&str>) -> Finding {
    match said {
        Some("yes") => Finding::ok("ntp", "the system keeps its clock by others"),
        Some("no") => Finding::warn("ntp", "the clock is not synchronised", "timedatectl set-ntp true"),
        _ => Finding::skip("ntp", "the system does not say whether its clock is synchronised"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn what_is_measured_is_judged() {
        for (finding, state) in [
            (space(START_BYTES - 1), State::Fail),
            (space(LOW_BYTES - 1), State::Warn),
            (space(LOW_BYTES), State::Ok),
            (speed(SYNC_SLOW), State::Ok),
            (speed(SYNC_SLOW * 2), State::Warn),
            (speed(SYNC_MAX * 2), State::Fail),
            (synchronised(Some("yes")), State::Ok),
            (synchronised(Some("no")), State::Warn),
            (synchronised(None), State::Skip),
        ] {
            assert_eq!(finding.state, state, "{finding:?}");
            assert_eq!(finding.mend.is_some(), matches!(state, State::Warn | State::Fail), "{finding:?}");
        }
    }

    #[test]
    fn a_port_in_use_is_a_fault_unless_the_node_uses_it() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        assert_eq!(port("p2p", address, false).state, State::Fail);
        assert_eq!(port("p2p", address, true).state, State::Ok);
        assert_eq!(reach(address).state, State::Ok);
        drop(listener);
        assert_eq!(port("p2p", address, false).state, State::Ok);
        assert_eq!(port("p2p", address, true).state, State::Warn);
        assert_eq!(reach(address).state, State::Fail);
    }

    #[test]
    fn a_disk_that_can_be_written_is_timed_and_left_as_it_was() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(sync(folder.path()).what.contains(" ms"));
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0);
        assert_eq!(sync(&folder.path().join("nowhere")).state, State::Fail);
    }
}
