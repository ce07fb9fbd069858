//! Four organisations start a network: a key each, one file, four processes.

mod common;

use common::{
    FRIEND,
    network::{Network, Running, dure, init, json},
};
use dure_gateways::node::Node;
use serde_json::Value;
use std::{
    io::Write as _,
    net::TcpStream,
    path::Path,
    process::Output,
    time::{Duration, Instant},
};

const VALIDATORS: usize = 4;
/// How long four may take to meet, or three to go on without one; many times what it takes.
const SOON: Duration = Duration::from_secs(60);

/// Pays one unit at `node`, and waits until it is final there.
fn pay(node: &Running) {
    let credit = common::CREDIT;
    let args = ["tx", "--rpc", &node.url, "--from", "test/1", credit, "transfer(address,uint256)", FRIEND, "1"];
    assert_eq!(json(&dure(&args))["success"], true);
}

fn balance(node: &Running) -> String {
    let answer = json(&dure(&["call", "--rpc", &node.url, common::CREDIT, "balanceOf(address)(uint256)", FRIEND]));
    answer["values"][0].as_str().expect("a number").to_owned()
}

/// Waits until `node` knows what the others know.
fn until_balance(node: &Running, wanted: &str) {
    let since = Instant::now();
    while balance(node) != wanted {
        assert!(since.elapsed() < SOON, "{} after {SOON:?}, not {wanted}", balance(node));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn four_organisations_start_a_network_and_go_on_without_one_of_them() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), VALIDATORS);
    let mut nodes: Vec<Running> = (0..VALIDATORS).map(|place| network.start(place)).collect();
    for (paid, node) in nodes.iter().enumerate() {
        pay(node);
        for node in &nodes {
            until_balance(node, &(paid + 1).to_string());
        }
    }

    // One is killed without warning: the three go on. It comes back and hears what it missed.
    nodes[2].child.kill().expect("it runs");
    nodes[2].child.wait().expect("it ends");
    for place in [0, 1, 3] {
        pay(&nodes[place]);
    }
    nodes[2] = network.start(2);
    until_balance(&nodes[2], "7");
    pay(&nodes[2]);
    until_balance(&nodes[0], "8");

    // All are killed, all come back.
    for node in &mut nodes {
        node.child.kill().expect("it runs");
        node.child.wait().expect("it ends");
    }
    let nodes: Vec<Running> = (0..VALIDATORS).map(|place| network.start(place)).collect();
    pay(&nodes[3]);
    nodes.iter().for_each(|node| until_balance(node, "9"));

    // One history: the same block at the same height everywhere.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let heights =
        nodes.iter().map(|node| runtime.block_on(Node::new(&node.url).expect("an address").head()).expect("a head").height);
    let height = format!("{:#x}", heights.min().expect("four"));
    let hash = |node: &Running| -> Value {
        let node = Node::new(&node.url).expect("an address");
        runtime.block_on(node.ask::<Value>("eth_getBlockByNumber", &[height.clone().into(), false.into()])).expect("a block")["hash"].clone()
    };
    let first = hash(&nodes[0]);
    assert!(first.is_string() && nodes.iter().all(|node| hash(node) == first));
}

#[test]
fn strangers_at_the_door_of_validators_keep_nobody_out() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), 2);
    let mut nodes: Vec<Running> = (0..2).map(|place| network.start(place)).collect();
    pay(&nodes[0]);
    // Many more than are heard at once; they say nothing, or what nobody understands.
    let flood: Vec<TcpStream> = (0..300)
        .filter_map(|number| {
            let mut stream = TcpStream::connect(&network.reach[0]).ok()?;
            if number % 2 == 0 {
                stream.write_all(&[b'x'; 1_024]).ok()?;
            }
            Some(stream)
        })
        .collect();
    assert!(flood.len() > 100, "{} were let in by the system", flood.len());
    pay(&nodes[1]);
    nodes[1].child.kill().expect("it runs");
    nodes[1].child.wait().expect("it ends");
    nodes[1] = network.start(1);
    pay(&nodes[0]);
    drop(flood);
    until_balance(&nodes[1], "3");
}

#[test]
fn who_is_not_of_the_genesis_or_of_another_chain_is_told_so() {
    let folder = tempfile::tempdir().expect("folder");
    let network = Network::new(folder.path(), VALIDATORS);
    let (genesis, stranger) = (network.genesis.to_str().expect("UTF-8"), folder.path().join("stranger"));
    let run = |folder: &Path, genesis: &str| {
        let folder = folder.to_str().expect("UTF-8");
        dure(&["node", "--http", "127.0.0.1:0", "--reach", "127.0.0.1:9", "--genesis", genesis, "--data", folder])
    };
    let said = |output: Output| {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = said(run(&stranger, genesis));
    assert!(text.contains("no validator's key") && text.contains("dure init"), "{text}");
    init(&stranger);
    let text = said(run(&stranger, genesis));
    assert!(text.contains("is no validator's of this genesis"), "{text}");

    let key = network.folders[0].join("validator.key");
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&key, permissions).expect("set");
    let text = said(run(&network.folders[0], genesis));
    assert!(text.contains("validator.key"), "others could read it: {text}");
}
