//! A machine is lost, or a folder is copied: the validator comes back, and never votes where it may have voted.

mod common;

use common::{
    CREDIT, FRIEND,
    network::{Network, Running, dure, init, json},
};
use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Many times what anything here takes.
const SOON: Duration = Duration::from_secs(90);
/// So long a chain stands still before the test believes it: seven heartbeats and more than one round of timeouts.
const STILL: Duration = Duration::from_secs(4);

fn pay(node: &Running) {
    let args = ["tx", "--rpc", &node.url, "--from", "test/1", CREDIT, "transfer(address,uint256)", FRIEND, "1"];
    assert_eq!(json(&dure(&args))["success"], true);
}

fn height(node: &Running) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime
        .block_on(async { dure_gateways::node::Node::new(&node.url).expect("an address").head().await.expect("a head").height })
}

fn until_log(log: &Path, what: &str) {
    let (since, text) = (Instant::now(), || std::fs::read_to_string(log).expect("a log"));
    while !text().contains(what) {
        assert!(since.elapsed() < SOON, "{what:?} is not in {}", text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn run(command: &str, folder: &Path) {
    assert!(Command::new("sh").args(["-c", command]).current_dir(folder).status().expect("sh runs").success());
}

#[test]
fn a_lost_machine_is_replaced_from_its_key_and_votes_when_the_others_have_gone_on() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 4);
    let mut nodes: Vec<Running> = (0..4).map(|place| network.start(place)).collect();
    assert!(nodes.iter().all(|node| node.ready["votes"] == true), "who is new votes at once");
    nodes.iter().for_each(pay);

    // The fourth machine burns down. What is left of it is a copy of its key. A second one is away too.
    let lost = nodes.pop().expect("four");
    drop(lost);
    run("mv v3/validator.key key && rm -r v3", folder.path());
    init(&network.folders[3]); // as somebody would who reads the beginning of the manual again
    run("mv key v3/validator.key", folder.path());
    drop(nodes.pop());
    let log = folder.path().join("log");
    let restored = network.start_with(3, &[], std::fs::File::create(&log).expect("made").into());
    assert_eq!(restored.ready["votes"], false, "{}", restored.ready);
    until_log(&log, "a validator is connected");
    std::thread::sleep(STILL); // what was decided and not yet told
    let stood = height(&nodes[0]);
    std::thread::sleep(STILL);
    assert_eq!(height(&nodes[0]), stood, "two vote, the third would be a quorum: it only watches");
    assert!(height(&restored) <= stood);

    // The third comes back, and the restored one sees that the network agrees without it.
    nodes.push(network.start(2));
    until_log(&log, "from now on it votes");
    drop(nodes.pop());
    let since = Instant::now();
    let stood = height(&nodes[0]);
    while height(&nodes[0]) < stood + 10 {
        assert!(since.elapsed() < SOON, "the restored one makes the quorum");
        std::thread::sleep(Duration::from_millis(100));
    }
    pay(&nodes[0]);

    // Started again, its folder is its own.
    drop(restored);
    let restored = network.start(3);
    assert_eq!(restored.ready["votes"], true);
    pay(&restored);
}

#[test]
fn a_copied_folder_watches_a_moved_one_votes_and_who_vouches_is_believed() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 1);
    let votes = |more: &[&str]| {
        let mut node = network.start_with(0, more, Stdio::null());
        let ready: Value = node.ready.clone();
        if ready["votes"] == true {
            pay(&node);
        }
        assert_eq!(node.stop(), Some(0));
        ready["votes"].as_bool().expect("it says so")
    };
    assert!(votes(&[]));
    assert!(votes(&[]), "again");
    run("mkdir there && mv v0 there/ && mv there/v0 .", folder.path());
    assert!(votes(&[]), "moved");
    run("cp -a v0 copy && rm -r v0 && mv copy v0", folder.path());
    assert!(!votes(&[]), "copied");
    assert!(!votes(&[]), "and it stays so");
    assert!(votes(&["--vouch"]));
    assert!(votes(&[]), "who vouched need not again");
    run("rm -r v0/chain/*", folder.path());
    assert!(!votes(&[]), "emptied");
}
