//! `dure dev` as people run it: a process of its own, killed without warning, started again.

mod common;

use common::{CREDIT, Dev, FRIEND};
use serde_json::Value;
use std::process::Command;

#[test]
fn what_is_final_outlives_kill_9_and_older_heights_still_answer() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let mut heights = Vec::new();
    for round in 0..3u64 {
        let dev = Dev::start(&data);
        assert_eq!(dev.ready["continued"], round > 0);
        eprintln!("round {round}: ready after {:?}", dev.took);
        assert_eq!(dev.balance(None), (5 * round).to_string(), "round {round}");
        for (past, height) in heights.iter().enumerate() {
            assert_eq!(dev.balance(Some(*height)), (5 * (past + 1)).to_string(), "height {height}");
        }
        let receipt = dev.send("5");
        assert_eq!(receipt["success"], true, "{receipt}");
        heights.push(receipt["height"].as_u64().expect("height"));
        dev.kill();
    }
    let rebuilt = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["index", "rebuild", "--json", "--data"])
        .arg(&data)
        .output()
        .expect("runs");
    assert!(rebuilt.status.success(), "{rebuilt:?}");
    let dev = Dev::start(&data);
    for (past, height) in heights.iter().enumerate() {
        assert_eq!(dev.balance(Some(*height)), (5 * (past + 1)).to_string(), "height {height} after the rebuild");
    }
    assert_eq!(dev.stop(), Some(0), "SIGTERM is a clean end");
}

#[test]
fn a_folder_is_run_by_one_process_and_refusals_come_in_words() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let dev = Dev::start(&data);
    let second = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["dev", "--http", "localhost:0", "--data"])
        .arg(&data)
        .output()
        .expect("runs");
    assert_eq!(second.status.code(), Some(3), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another dure runs"), "{second:?}");

    let refused = dev.ask(&["tx", "--from", "test/0", CREDIT, "transfer(address,uint256)", FRIEND, "99000000000"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let error: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    let what = error["error"]["what"].as_str().expect("words");
    assert!(what.contains("insufficient (have 1000000, want 99000000000)"), "{what}");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_folder_of_an_older_version_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let dev = Dev::start(&data);
    assert_eq!(dev.send("5")["success"], true);
    assert_eq!(dev.stop(), Some(0));
    let genesis = data.join("genesis.json");
    let made = std::fs::read_to_string(&genesis).expect("a genesis");
    let mut older: Value = serde_json::from_str(&made).expect("JSON");
    // The credit's record, as a version would have written it whose credits have a field more.
    let records = older["records"].as_array_mut().expect("records");
    let record = records.iter_mut().find(|record| record[0].as_str() >= Some("0x10")).expect("an institution's record");
    record[1] = format!("{}00", record[1].as_str().expect("bytes")).into();
    let same_form = made.replacen("\"gas_limit\":", "\"gas_limit\":1", 1);
    assert_ne!(made, same_form);
    // And one whose records can be read, but block 0 was another.
    for older in [older.to_string(), same_form] {
        std::fs::write(&genesis, older).expect("written");
        let output =
            Command::new(env!("CARGO_BIN_EXE_dure")).args(["dev", "--http", "localhost:0", "--data"]).arg(&data).output();
        let output = output.expect("runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let anew = format!("remove {} to begin anew", data.display());
        assert!(said.contains("version of dure") && said.contains(&anew), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }

    std::fs::write(&genesis, made).expect("written");
    assert_eq!(Dev::start(&data).balance(None), "5", "nothing was lost");
}

#[test]
fn four_validators_agree_over_sockets_and_go_on_after_kill_9() {
    let folder = tempfile::tempdir().expect("folder");
    let data = folder.path().join("data");
    let dev = Dev::start_with(&data, &["--validators", "4"]);
    assert_eq!(dev.ready["validators"], 4);
    // More than one turn of each: what the port took in was handed on, or its own validator had its turn.
    for _ in 0..8 {
        assert_eq!(dev.send("5")["success"], true);
    }
    assert_eq!(dev.balance(None), "40");
    dev.kill();

    let dev = Dev::start(&data);
    assert_eq!((&dev.ready["validators"], &dev.ready["continued"]), (&4.into(), &true.into()));
    assert_eq!(dev.balance(None), "40");
    assert_eq!(dev.send("2")["success"], true, "all four go on");
    assert_eq!(dev.stop(), Some(0));

    let other = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["dev", "--http", "localhost:0", "--validators", "3", "--data"])
        .arg(&data)
        .output()
        .expect("runs");
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    assert!(String::from_utf8_lossy(&other.stderr).contains("has 4 validators"), "{other:?}");
}
