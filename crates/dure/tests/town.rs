//! The demo town as a newcomer sees it, and against a node that knows nothing of it.

mod common;

use common::Dev;
use serde_json::Value;
use std::process::{Command, Output};

/// The last line on stdout: how the first order went.
fn settled(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["event"], "settled", "{last}");
    let steps = last["timeline"].as_array().expect("a timeline");
    let states: Vec<&str> = steps.iter().filter_map(|step| step["state"].as_str()).collect();
    assert_eq!(states.last(), Some(&"Settled"), "{last}");
    assert!(["Placed", "Accepted", "Shipped"].iter().all(|state| states.contains(state)), "{last}");
    let times: Vec<u64> = steps.iter().filter_map(|step| step["atMs"].as_u64()).collect();
    assert!(times.is_sorted() && times.len() == states.len(), "{last}");
    last
}

#[test]
fn one_command_and_a_machine_has_bought_its_detergent() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["dev", "--http", "localhost:0", "--until", "settled", "--json", "--data"])
        .arg(&data)
        .output()
        .expect("dure runs");
    let last = settled(&output);
    eprintln!("settled after {} s of wall time", last["wallSeconds"]);
}

#[test]
fn the_town_lives_on_a_node_of_another_process_and_is_marked_simulated() {
    let folder = tempfile::tempdir().expect("folder");
    let node = Dev::start_with(&folder.path().join("data"), &["--speed", "600", "--seed", "5"]);
    let town = |seed: &str| {
        Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["town", "--until", "settled", "--json", "--rpc", &node.url, "--seed", seed, "--data"])
            .arg(folder.path().join("town"))
            .output()
            .expect("dure runs")
    };
    let stranger = town("6");
    assert_eq!(stranger.status.code(), Some(1), "{stranger:?}");
    assert!(String::from_utf8_lossy(&stranger.stdout).contains("--seed 6"), "{stranger:?}");
    let last = settled(&town("5"));
    let id = last["order"].as_str().expect("id");
    let shown = node.json(&["orders", "show", id]);
    assert_eq!(shown["order"]["state"], "Settled", "{shown}");
    assert!(shown["timeline"].as_array().is_some_and(|steps| steps.len() >= 5), "{shown}");
    let output = node.ask(&["orders", "list"]);
    let first = String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned).expect("a line");
    assert!(serde_json::from_str::<Value>(&first).is_ok_and(|order| order["shopName"].is_string()), "{first}");
}
