//! What whoever operates a node relies on: figures, logs, and an end that is clean.

mod common;

use common::{CREDIT, FRIEND, network::Network};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Many times what anything here takes.
const SOON: Duration = Duration::from_secs(60);
/// From SIGTERM to the end.
const STOP_MAX: Duration = Duration::from_secs(5);

fn free_port() -> String {
    let port = TcpListener::bind("127.0.0.1:0").expect("a free port");
    port.local_addr().expect("bound").to_string()
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut all = String::new();
    stream.read_to_string(&mut all).expect("an answer");
    all
}

/// Opens a WebSocket that hears of every block.
fn subscriber(url: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n");
    let ask = r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
    let frame = [&[0x81, 0x80 | ask.len() as u8, 0, 0, 0, 0], ask.as_bytes()].concat();
    stream.write_all(&[head.as_bytes(), &frame].concat()).expect("sent");
    let mut reader = BufReader::new(stream.try_clone().expect("one socket"));
    let mut line = String::new();
    while !line.contains("\"subscription\"") {
        line.clear();
        let bytes = reader.fill_buf().expect("it is open").to_vec();
        assert!(!bytes.is_empty(), "it is closed");
        line += &String::from_utf8_lossy(&bytes);
        reader.consume(bytes.len());
    }
    stream
}

/// The names of metrics that a file of `ops/` relies on.
fn named(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let families = ["dure_", "validator_", "runtime_", "process_"];
    words.filter(|word| families.iter().any(|family| word.starts_with(family))).map(str::to_owned).collect()
}

#[test]
fn every_metric_that_dashboard_and_alerts_name_is_told() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 2);
    let metrics = free_port();
    let first = network.start_with(0, &["--metrics", &metrics], Stdio::inherit());
    let second = network.start(1);
    // Stands still for longer than a leader may take: some figures are told only once there was such a thing.
    for (signal, for_s) in [("-STOP", 2), ("-CONT", 0)] {
        let pid = second.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill runs").success());
        std::thread::sleep(Duration::from_secs(for_s));
    }
    let wanted: BTreeSet<String> = ["grafana/dure.json", "prometheus/dure.rules.yml"].into_iter().flat_map(named).collect();
    assert!(wanted.len() > 12, "{wanted:?}");
    let value =
        |text: &str, name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok());
    let since = Instant::now();
    let text = loop {
        let text = get(&metrics, "/metrics");
        let known: BTreeSet<&str> = text.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
        let missing: Vec<&String> = wanted.iter().filter(|name| !known.contains(name.as_str())).collect();
        if missing.is_empty() && value(&text, "dure_peers_connected") == Some(1.0) {
            break text;
        }
        assert!(since.elapsed() < SOON, "{missing:?} in\n{text}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(value(&text, "dure_height").is_some_and(|height| height > 0.0), "{text}");
    assert_eq!(value(&text, "dure_validators"), Some(2.0));
    let at_port = get(first.url.trim_start_matches("http://"), "/metrics");
    assert!(!at_port.contains("dure_height"), "the public port tells no figures: {at_port}");
}

#[test]
fn a_node_logs_in_json_nothing_personal_and_ends_soon_whoever_listens() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 1);
    let log = folder.path().join("log");
    let mut node = network.start_with(0, &["--log", "json"], File::create(&log).expect("made").into());
    let _subscribers: Vec<TcpStream> = (0..20).map(|_| subscriber(&node.url)).collect();
    let _silent: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(node.url.trim_start_matches("http://")).expect("it listens")).collect();
    for (args, succeeds) in [
        (vec!["tx", "--from", "test/1", CREDIT, "transfer(address,uint256)", FRIEND, "1"], true),
        (vec!["tx", "--from", "test/1", CREDIT, "transfer(address,uint256)", FRIEND, "1000000000"], false),
        (vec!["call", CREDIT, "noSuchFunction()"], false),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).args(["--rpc", &node.url]).output().expect("dure runs");
        assert_eq!(output.status.success(), succeeds, "{output:?}");
    }
    let since = Instant::now();
    assert_eq!(node.stop(), Some(0));
    assert!(since.elapsed() < STOP_MAX, "{:?}", since.elapsed());

    let text = std::fs::read_to_string(&log).expect("a log");
    let events: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    let said: Vec<&str> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    assert_eq!(said, ["the node is up", "the node stops"], "{text}");
    assert_eq!(events[0]["chain_id"], 20261);
    let payer = "70997970c51812dc3a010c7d01b50e0d17dc79c8";
    for personal in ["127.0.0.1", payer, &FRIEND[2..]] {
        assert!(!text.to_lowercase().contains(personal), "{personal} in {text}");
    }
}

#[test]
fn who_is_lost_and_who_comes_back_is_logged() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 2);
    let log = folder.path().join("log");
    let _node = network.start_with(0, &["--log", "json"], File::create(&log).expect("made").into());
    let until = |what: &str| {
        let since = Instant::now();
        while !std::fs::read_to_string(&log).expect("a log").contains(what) {
            assert!(since.elapsed() < SOON, "{what:?} is not in {}", std::fs::read_to_string(&log).expect("a log"));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let other = network.start(1);
    until("a validator is connected");
    drop(other);
    until("a validator is lost");
    until("no block comes");
    let _other = network.start(1);
    until("blocks come");
    assert!(std::fs::read_to_string(&log).expect("a log").contains(&network.keys[1]), "the log names who");
}
