//! A node without a vote: from nothing to the newest block, through kills and lies.

mod common;

use common::{CREDIT, Dev, FRIEND};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a follower may take to know what its upstream knows; many times what it takes.
const SOON: Duration = Duration::from_secs(30);
/// How long is waited to see that something does not happen.
const A_WHILE: Duration = Duration::from_secs(3);

struct Follower {
    child: Child,
    url: String,
}

impl Follower {
    fn start(genesis: &Path, data: &Path, from: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dure"));
        command.args(["follow", "--json", "--http", "127.0.0.1:0", "--genesis"]).arg(genesis).arg("--data").arg(data);
        for url in from {
            command.args(["--from", url]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("dure runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, url: ready["http"].as_str().expect("an address").to_owned() }
    }

    /// Waits until the block of `height` is here.
    fn until(&self, height: u64) {
        let since = Instant::now();
        while self.height() < height {
            assert!(since.elapsed() < SOON, "at {} after {SOON:?}, not {height}", self.height());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn height(&self) -> u64 {
        number(&rpc(&self.url, "eth_blockNumber", json!([])))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `url` answers to a request of HTTP, head and body apart.
fn http(url: &str, method: &str, path: &str, body: &str) -> (String, Vec<u8>) {
    let address = url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end + 4..].to_vec())
}

fn rpc_whole(url: &str, method: &str, params: Value) -> Value {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let (head, body) = http(url, "POST", "/", &request);
    serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {head}"))
}

fn rpc(url: &str, method: &str, params: Value) -> Value {
    let mut answer = rpc_whole(url, method, params);
    assert!(answer["error"].is_null(), "{method}: {answer}");
    answer["result"].take()
}

fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().expect("a number").trim_start_matches("0x"), 16).expect("hex")
}

fn genesis(data: &Path) -> PathBuf {
    data.join("genesis.json")
}

/// The same questions to both, about what is final at `height`.
fn same(dev: &Dev, url: &str, height: u64, hash: &Value) {
    let at = format!("{height:#x}");
    let balance = format!("0x70a08231{:0>64}", FRIEND.trim_start_matches("0x"));
    for (method, params) in [
        ("eth_getBlockByNumber", json!([at, true])),
        ("eth_getBalance", json!([FRIEND, at])),
        ("eth_call", json!([{ "to": CREDIT, "data": balance }, at])),
        ("eth_getTransactionReceipt", json!([hash])),
        ("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": at, "address": CREDIT }])),
    ] {
        let theirs = rpc(&dev.url, method, params.clone());
        assert_eq!(theirs, rpc(url, method, params), "{method}");
        assert!(!theirs.is_null() && theirs != json!([]), "{method}");
    }
}

#[test]
fn a_node_without_a_vote_knows_what_the_validators_know_and_goes_on_after_a_kill() {
    let folder = tempfile::tempdir().expect("folder");
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let data = folder.path().join("data");
    let dev = Dev::start(&data);
    for amount in ["1", "2", "3"] {
        dev.send(amount);
    }
    let paid = dev.send("4");
    let height = paid["height"].as_u64().expect("a height");

    let follower = Follower::start(&genesis(&data), &first, &[&dev.url]);
    follower.until(height);
    same(&dev, &follower.url, height, &paid["hash"]);
    let network = rpc(&follower.url, "dure_network", json!([]));
    assert_eq!(network["validators"][0]["here"], false, "{network}");
    assert!(network["follows"]["newest"].as_u64() >= Some(height), "{network}");
    let health: Value = serde_json::from_slice(&http(&follower.url, "GET", "/health", "").1).expect("JSON");
    assert!(health["follows"]["behind"].is_u64(), "{health}");
    assert!(rpc(&dev.url, "dure_network", json!([]))["follows"].is_null(), "a validator follows nobody");

    // What it takes in becomes final; what the validator refuses it refuses, in the same words.
    let passed = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["tx", "--json", "--rpc", &follower.url, "--from", "test/0", CREDIT, "transfer(address,uint256)", FRIEND, "5"])
        .output()
        .expect("dure runs");
    let passed: Value = serde_json::from_slice(&passed.stdout).unwrap_or_else(|error| panic!("{error}: {passed:?}"));
    assert_eq!(passed["success"], true, "{passed}");
    assert_eq!(dev.balance(None), "15");
    same(&dev, &follower.url, passed["height"].as_u64().expect("a height"), &passed["hash"]);
    let refused = |url: &str| rpc_whole(url, "eth_sendRawTransaction", json!(["0x02c0"]))["error"]["message"].clone();
    assert!(refused(&dev.url).is_string());
    assert_eq!(refused(&follower.url), refused(&dev.url));

    // Killed, it goes on where it was; meanwhile somebody follows the one that follows.
    drop(follower);
    let missed = dev.send("6");
    let follower = Follower::start(&genesis(&data), &first, &[&dev.url]);
    let height = missed["height"].as_u64().expect("a height");
    let of_follower = Follower::start(&genesis(&data), &second, &[&follower.url]);
    for one in [&follower, &of_follower] {
        one.until(height);
        same(&dev, &one.url, height, &missed["hash"]);
    }
}

/// Passes questions on to `honest` and answers with what `lie` makes of the path and the answer. Ends with the test's process.
fn liar(honest: String, lie: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let shared = std::sync::Arc::new((honest, lie));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), shared) = (stream, shared.clone()) else { return };
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().expect("cloned")).lines();
                let Some(Ok(first)) = lines.next() else { return };
                for line in lines.by_ref() {
                    if line.is_ok_and(|line| line.is_empty()) {
                        break;
                    }
                }
                let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
                let (head, body) = http(&shared.0, "GET", &path, "");
                let status = head.split(' ').nth(1).unwrap_or("500").to_owned();
                let body = if status == "200" { (shared.1)(&path, body) } else { body };
                let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()); // an error says that nobody listens any more
            });
        }
    });
    url
}

#[test]
fn a_node_that_lies_is_not_believed_and_an_honest_one_is_asked_instead() {
    let folder = tempfile::tempdir().expect("folder");
    let (data, other_data) = (folder.path().join("data"), folder.path().join("other"));
    let dev = Dev::start(&data);
    let other = Dev::start(&other_data);
    let height = dev.send("7")["height"].as_u64().expect("a height");
    other.send("8");

    let flip = |at: fn(usize) -> usize| {
        move |path: &str, mut body: Vec<u8>| {
            if path.starts_with("/chain/finalized") || path.starts_with("/chain/block") {
                let at = at(body.len());
                body[at] ^= 1;
            }
            body
        }
    };
    let elsewhere = other.url.clone();
    let liars = [
        ("the first byte of a certificate", liar(dev.url.clone(), flip(|_| 0))),
        ("the last byte of a block", liar(dev.url.clone(), flip(|length| length - 1))),
        ("a byte in between", liar(dev.url.clone(), flip(|length| length / 2))),
        (
            "heights that do not exist",
            liar(dev.url.clone(), |path, body| {
                if path.starts_with("/chain/head") { br#"{"height":18446744073709551615}"#.to_vec() } else { body }
            }),
        ),
        (
            "blocks of another chain of the same validator",
            liar(
                dev.url.clone(),
                move |path, body| {
                    if path.starts_with("/chain/head") { body } else { http(&elsewhere, "GET", path, "").1 }
                },
            ),
        ),
    ];
    let followers: Vec<_> = liars
        .iter()
        .enumerate()
        .map(|(place, (_, url))| Follower::start(&genesis(&data), &folder.path().join(format!("alone{place}")), &[url]))
        .collect();
    std::thread::sleep(A_WHILE);
    for (follower, (what, _)) in followers.iter().zip(&liars) {
        assert_eq!(follower.height(), 0, "{what}");
    }
    drop(followers);

    // With an honest one named last, all of them come to the truth.
    let mut from: Vec<&str> = liars.iter().map(|(_, url)| url.as_str()).collect();
    from.push(&dev.url);
    let follower = Follower::start(&genesis(&data), &folder.path().join("both"), &from);
    follower.until(height);
    let at = json!([format!("{height:#x}"), false]);
    let theirs = rpc(&dev.url, "eth_getBlockByNumber", at.clone());
    assert_eq!(rpc(&follower.url, "eth_getBlockByNumber", at), theirs);
    let bytes = |data: &Path| std::fs::read(genesis(data)).expect("read");
    assert_ne!(bytes(&data), bytes(&other_data), "the other chain is another one");
}
