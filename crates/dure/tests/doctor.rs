//! Every fault that `dure doctor` looks for is found in a machine that has it, and told with its mend.

mod common;

use common::network::{Network, dure};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What was found, by check: the worst where there are several.
type Found = BTreeMap<String, (String, String)>;

fn doctor(args: &[&str]) -> (Found, Option<i32>) {
    let output = dure(&[&["doctor"], args].concat());
    let mut found = Found::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        if value["check"].is_string() && found.get(&text("check")).is_none_or(|(state, _)| state != "fail") {
            found.insert(text("check"), (text("state"), format!("{} | {}", text("what"), text("mend"))));
        }
    }
    (found, output.status.code())
}

/// Checks that `check` has `state`, with these words in what was found or in its mend, and that the exit code says whether one fails.
fn expect(args: &[&str], check: &str, state: &str, words: &[&str]) {
    let (found, code) = doctor(args);
    let (is, text) = found.get(check).unwrap_or_else(|| panic!("{check} is not in {found:?}"));
    assert_eq!(is, state, "{check}: {text}");
    assert!(words.iter().all(|word| text.contains(word)), "{check}: {text} lacks {words:?}");
    let fails = found.values().any(|(state, _)| state == "fail");
    assert_eq!(code, Some(i32::from(fails)), "{found:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn faults_of_a_machine_are_found() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 2);
    let (data, genesis, free) = (text(&network.folders[0]), text(&network.genesis), network.reach[0].as_str());
    let usual = ["--data", data, "--genesis", genesis, "--listen", free];
    for check in ["key", "folder", "genesis", "p2p"] {
        expect(&usual, check, "ok", &[]);
    }
    expect(&usual, "node", "skip", &[]);
    expect(&["--data", text(&folder.path().join("nowhere"))], "folder", "fail", &["dure init"]);

    let key = network.folders[0].join("validator.key");
    let open = |mode| std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("set");
    open(0o644);
    expect(&usual, "key", "fail", &["validator.key", "chmod 600"]);
    open(0o600);

    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("bound");
    expect(&["--data", data, "--listen", &taken.1], "p2p", "fail", &[&taken.1, "ss -ltnp"]);
    let peer = format!("{}@{}", network.keys[1], taken.1);
    expect(&[&usual[..], &["--peer", &peer]].concat(), "peer", "ok", &[]);
    drop(taken);
    expect(&[&usual[..], &["--peer", &peer]].concat(), "peer", "fail", &["firewall"]);

    let other = Network::new(&folder.path().join("other"), 1);
    std::fs::copy(&network.genesis, network.folders[0].join("genesis.json")).expect("copied");
    expect(&["--data", data, "--genesis", text(&other.genesis)], "genesis", "fail", &["that the others have"]);
    expect(&["--data", text(&other.folders[0]), "--genesis", genesis], "key", "fail", &["no validator of the genesis"]);

    let copied = folder.path().join("copied");
    assert!(Command::new("cp").arg("-a").args([&network.folders[0], &copied]).status().expect("cp runs").success());
    expect(&["--data", text(&copied)], "folder", "warn", &["copied", "--vouch"]);
}

#[test]
fn faults_of_a_running_node_are_found() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 2);
    let node = network.start_with(0, &["--host", "town.example"], Stdio::null());
    let other = network.start(1);
    let at = ["--data", text(&network.folders[0]), "--listen", &network.reach[0], "--http", &node.url];
    let since = Instant::now();
    while ["peers", "blocks"].iter().any(|check| doctor(&at).0[*check].0 != "ok") {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", doctor(&at));
    }
    for check in ["key", "folder", "p2p", "version", "clock", "blocks", "peers"] {
        expect(&at, check, "ok", &[]);
    }
    for (origin, state, words) in [
        ("https://town.example", "ok", "town.example"),
        ("http://localhost:8545", "ok", "localhost"),
        ("https://village.example", "fail", "--host village.example"),
        ("http://town.example", "fail", "https"),
        ("https://192.0.2.7", "fail", "name"),
    ] {
        expect(&[&at[..], &["--origin", origin]].concat(), "origin", state, &[words]);
    }
    drop(other);
    let since = Instant::now();
    while doctor(&at).0["peers"].0 == "ok" {
        assert!(since.elapsed() < Duration::from_secs(60), "the other is away");
    }
    expect(&at, "peers", "fail", &["0 of 1", "quorum"]);
    let url = node.url.clone();
    drop(node);
    expect(&["--data", "does-not-exist", "--http", &url], "node", "fail", &["start it"]);
}

#[test]
fn a_node_of_another_version_with_another_clock_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    // Answers whatever is asked, as a node of long ago, until the test's process ends.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 1_024];
            let _ = stream.read(&mut asked);
            let body = r#"{"jsonrpc":"2.0","id":1,"result":"dure/0.0.1"}"#;
            let head = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    let nowhere = ["--data", "does-not-exist", "--http", &url];
    expect(&nowhere, "version", "warn", &["dure/0.0.1", "after an upgrade"]);
    expect(&nowhere, "clock", "fail", &["ahead of the node's", "timedatectl"]);
    expect(&nowhere, "peers", "fail", &[]);
}
