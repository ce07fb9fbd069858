//! A node that runs: its version, its clock, its blocks, its peers, and the name that passkeys are bound to.

use super::Finding;
use serde_json::{Value, json};
use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, TcpStream, ToSocketAddrs as _},
    time::{Duration, SystemTime},
};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// More than any answer that is asked for here has.
const ANSWER_MAX_BYTES: u64 = 1 << 20;
/// A `Date` has whole seconds; peers that differ by more than five do not meet.
const CLOCK_OFF_MAX_MS: i64 = 2_000;
/// A block's time may be half a second ahead of a clock that is right, and is cut to a second.
const AHEAD_MAX_MS: i64 = 1_500;
const STILL_MS: i64 = 30_000;

/// A node, asked by plain HTTP.
pub struct Asked {
    /// `name:port`.
    authority: String,
}

struct Answer {
    status: u16,
    date: Option<SystemTime>,
    body: String,
}

impl Asked {
    /// Of an address like `http://localhost:8545`.
    pub fn new(url: &str) -> Option<Self> {
        let authority = url.strip_prefix("http://")?.split('/').next()?;
        let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        Some(Self { authority })
    }

    fn ask(&self, host: &str, method: &str) -> io::Result<Answer> {
        let address = self.authority.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        let params = if method == "eth_getBlockByNumber" { json!(["latest", false]) } else { json!([]) };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        let mut text = String::new();
        stream.take(ANSWER_MAX_BYTES).read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let mut lines = head.lines().map(str::to_ascii_lowercase);
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let date = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("date") { httpdate::parse_http_date(value.trim()).ok() } else { None }
        });
        Ok(Answer { status, date, body: body.to_owned() })
    }

    fn result(&self, method: &str) -> Option<Value> {
        let answer = self.ask(&self.authority, method).ok()?;
        serde_json::from_str::<Value>(&answer.body).ok()?.get_mut("result").map(Value::take)
    }

    /// Everything that a node says of itself.
    pub fn look(&self) -> Vec<Finding> {
        let answer = match self.ask(&self.authority, "web3_clientVersion") {
            Ok(answer) => answer,
            Err(error) => {
                let what = format!("no node answers at http://{}: {error}", self.authority);
                return vec![Finding::fail("node", what, "start it, or name it with --http URL")];
            }
        };
        let now = SystemTime::now();
        let mut findings = vec![version(&answer.body), clock(answer.date.map(|date| difference_ms(now, date)))];
        let network = self.result("dure_network").unwrap_or_default();
        let block = self.result("eth_getBlockByNumber").unwrap_or_default();
        let time = block["timestamp"].as_str().and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        findings.push(match (time, network["speed"].as_u64()) {
            (Some(seconds), Some(1)) => {
                blocks(difference_ms(SystemTime::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
            }
            _ => Finding::skip("blocks", "the chain's time is not the wall's"),
        });
        let validators = network["validators"].as_array().map_or(0, Vec::len);
        findings.push(peers(validators, network["connected"].as_u64().unwrap_or(0) as usize));
        findings
    }

    /// Whether passkeys can be made and used at `origin`, and the node answers to its name.
    pub fn origin(&self, origin: &str) -> Finding {
        let fitting = match name_of(origin) {
            Ok(name) => name,
            Err(finding) => return finding,
        };
        match self.ask(fitting, "web3_clientVersion") {
            Ok(answer) if answer.status == 403 => Finding::fail(
                "origin",
                format!("the node does not answer to the host {fitting}"),
                format!("start it with --host {fitting}"),
            ),
            Ok(_) => Finding::ok("origin", format!("passkeys belong to {fitting}; they do not come along to another name")),
            Err(error) => {
                Finding::fail("origin", format!("the node does not answer: {error}"), "start it, or name it with --http URL")
            }
        }
    }
}

/// The name that passkeys of `origin` are bound to.
fn name_of(origin: &str) -> Result<&str, Finding> {
    let mend = "put a proxy with TLS before the node, and name it: --origin https://town.example";
    let (scheme, rest) = origin.split_once("://").unwrap_or(("", origin));
    let rest = rest.split('/').next().unwrap_or_default();
    let name = rest.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(rest, |(name, _)| name);
    let address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if name.is_empty() || address {
        return Err(Finding::fail("origin", format!("{origin} has no name, and browsers bind passkeys to names"), mend));
    }
    if scheme != "https" && !(scheme == "http" && name == "localhost") {
        return Err(Finding::fail(
            "origin",
            format!("{origin} is not https, and browsers make passkeys only there or on localhost"),
            mend,
        ));
    }
    Ok(name)
}

fn difference_ms(one: SystemTime, other: SystemTime) -> i64 {
    let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    one.duration_since(other).map_or_else(|behind| -ms(behind.duration()), ms)
}

fn version(answer: &str) -> Finding {
    let own = concat!("dure/", env!("CARGO_PKG_VERSION"));
    let said = serde_json::from_str::<Value>(answer).ok().and_then(|answer| answer["result"].as_str().map(str::to_owned));
    match said {
        Some(theirs) if theirs == own => Finding::ok("version", format!("the node runs {own}, as this program")),
        Some(theirs) => Finding::warn(
            "version",
            format!("the node runs {theirs}, this program is {own}"),
            "start the node again after an upgrade",
        ),
        None => Finding::fail("version", "what answers there is no node", "name it with --http URL"),
    }
}

/// `ahead_ms`: by how much this machine's clock is ahead of the node's.
fn clock(ahead_ms: Option<i64>) -> Finding {
    let mend = "timedatectl set-ntp true, on both machines";
    match ahead_ms {
        None => Finding::skip("clock", "the node does not say what time it has"),
        Some(off) if off.abs() > CLOCK_OFF_MAX_MS => {
            let way = if off > 0 { "ahead of" } else { "behind" };
            Finding::fail("clock", format!("this clock is {:.1} s {way} the node's", off.abs() as f64 / 1e3), mend)
        }
        Some(_) => Finding::ok("clock", "this clock and the node's agree to a second or two"),
    }
}

/// `age_ms`: of the newest block, by this machine's clock.
fn blocks(age_ms: i64) -> Finding {
    let seconds = age_ms.abs() as f64 / 1e3;
    match age_ms {
        _ if age_ms < -AHEAD_MAX_MS => Finding::fail(
            "blocks",
            format!("the newest block is {seconds:.1} s in the future: this clock is behind"),
            "timedatectl set-ntp true",
        ),
        _ if age_ms > STILL_MS => Finding::fail(
            "blocks",
            format!("the newest block is {seconds:.0} s old"),
            "a quorum of validators must be up: call the others; if they have newer blocks, this clock is ahead",
        ),
        _ => Finding::ok("blocks", "blocks come"),
    }
}

fn peers(validators: usize, connected: usize) -> Finding {
    let (others, quorum) = (validators.saturating_sub(1), validators - validators.saturating_sub(1) / 3);
    let what = format!("{connected} of {others} other validators are connected");
    let mend = "the log names who is lost: call them; look at the firewalls, at the --reach of each, and at the clocks";
    match connected {
        _ if validators == 0 => Finding::fail("peers", "the node does not say who votes", "look at its log"),
        _ if connected + 1 < quorum => Finding::fail("peers", format!("{what}, and {quorum} in all make a quorum"), mend),
        _ if connected < others => Finding::warn("peers", what, mend),
        _ => Finding::ok("peers", what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn what_a_node_says_is_judged() {
        let own = concat!("{\"result\":\"dure/", env!("CARGO_PKG_VERSION"), "\"}");
        for (finding, state) in [
            (version(own), State::Ok),
            (version("{\"result\":\"dure/0.0.9\"}"), State::Warn),
            (version("hello"), State::Fail),
            (clock(Some(1_900)), State::Ok),
            (clock(Some(-1_900)), State::Ok),
            (clock(Some(2_100)), State::Fail),
            (clock(Some(-60_000)), State::Fail),
            (clock(None), State::Skip),
            (blocks(-1_000), State::Ok),
            (blocks(-5_000), State::Fail),
            (blocks(29_000), State::Ok),
            (blocks(31_000), State::Fail),
            (peers(1, 0), State::Ok),
            (peers(4, 3), State::Ok),
            (peers(4, 2), State::Warn),
            (peers(4, 1), State::Fail),
            (peers(3, 1), State::Fail),
            (peers(7, 4), State::Warn),
            (peers(7, 3), State::Fail),
            (peers(0, 0), State::Fail),
        ] {
            assert_eq!(finding.state, state, "{finding:?}");
            assert_eq!(finding.mend.is_some(), matches!(state, State::Warn | State::Fail), "{finding:?}");
        }
    }

    #[test]
    fn passkeys_need_a_name_and_tls() {
        for (origin, name) in [
            ("https://town.example", Some("town.example")),
            ("https://town.example:8443/console", Some("town.example")),
            ("http://localhost:8545", Some("localhost")),
            ("http://town.example", None),
            ("https://192.0.2.7", None),
            ("https://[2001:db8::1]:443", None),
            ("town.example", None),
            ("https://", None),
        ] {
            assert_eq!(name_of(origin).ok(), name, "{origin}");
        }
    }
}
