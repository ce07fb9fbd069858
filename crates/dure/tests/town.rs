//! The demo town as a newcomer sees it, and against a node that knows nothing of it.

mod common;

use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use common::Dev;
use dure_api::abi::energy::IEnergy;
use dure_gateways::chain::Chain;
use dure_rules::energy::{MODULE, Slot};
use serde_json::{Value, json};
use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

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

/// The street as the chain has it.
#[derive(Debug)]
struct Street {
    /// Slots in which something was traded, and those that are settled. A day's auction, which needs a solver, takes longer than a test may.
    cleared: Vec<Slot>,
    settled: Vec<Slot>,
    /// Of each meter until when it is read.
    read_until: Vec<Slot>,
}

async fn street(chain: &Chain) -> Street {
    let head = chain.node.head().await.expect("a head").height;
    let logs = async |topic: B256| chain.node.logs(MODULE, &json!([topic]), 0, head).await.expect("logs");
    let mut street = Street { cleared: Vec::new(), settled: Vec::new(), read_until: Vec::new() };
    for seen in logs(IEnergy::Cleared::SIGNATURE_HASH).await {
        let event = IEnergy::Cleared::decode_log(&seen.log).expect("an event");
        if !event.welfareNano.is_zero() {
            street.cleared.push(event.firstSlot);
        }
    }
    for seen in logs(IEnergy::SlotSettled::SIGNATURE_HASH).await {
        street.settled.push(IEnergy::SlotSettled::decode_log(&seen.log).expect("an event").slot);
    }
    for seen in logs(IEnergy::MeterRegistered::SIGNATURE_HASH).await {
        let id = IEnergy::MeterRegistered::decode_log(&seen.log).expect("an event").meter;
        let meter = chain.view_at(MODULE, IEnergy::meterCall { id }).await.expect("a meter");
        if meter.attested {
            street.read_until.push(meter.readUntil);
        }
    }
    street
}

#[test]
fn the_street_trades_its_power_and_goes_on_after_a_kill() {
    const SOON: Duration = Duration::from_secs(240);
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let until = |town: &Dev, what: &str, good: &dyn Fn(&Street) -> bool| {
        let since = Instant::now();
        loop {
            let now = runtime.block_on(async { street(&Chain::connect(&town.url).await.expect("a node")).await });
            if good(&now) {
                eprintln!("{what}: after {:.0} s", since.elapsed().as_secs_f64());
                return now;
            }
            assert!(since.elapsed() < SOON, "{what}: {now:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    };
    let town = Dev::town(&data);
    let before = until(&town, "a slot is traded and settled, and all thirteen are read", &|street| {
        street.read_until.iter().filter(|slot| **slot > 0).count() == 13
            && street.settled.iter().any(|slot| street.cleared.contains(slot))
    });
    town.kill();
    let town = Dev::town(&data);
    let newest = before.settled.iter().chain(&before.read_until).max().copied().unwrap_or_default();
    until(&town, "it is traded, settled and read further", &|street| {
        street.settled.iter().any(|slot| *slot > newest && street.cleared.contains(slot))
            && street.read_until.len() == 13
            && street.read_until.iter().all(|slot| *slot > newest)
    });
}
