//! `dure dev` as people run it: a process of its own, killed without warning, started again.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

const CREDIT: &str = "0xd00EC00000000000000000000000000000000001";
const FRIEND: &str = "0x00000000000000000000000000000000000000aa";
/// From the start of the process to its first line.
const READY_MAX: Duration = Duration::from_secs(60);

struct Dev {
    child: Child,
    url: String,
    ready: Value,
    /// From the start to the first line.
    took: Duration,
}

impl Dev {
    fn start(data: &Path) -> Self {
        let since = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["dev", "--json", "--http", "localhost:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("dure runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(ready["event"], "ready", "{line}");
        assert!(since.elapsed() < READY_MAX, "ready after {:?}", since.elapsed());
        Self { url: ready["http"].as_str().expect("url").to_owned(), child, ready, took: since.elapsed() }
    }

    /// Runs a command of `dure` against this node.
    fn ask(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dure")).args(args).args(["--json", "--rpc", &self.url]).output().expect("dure runs")
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.ask(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    fn send(&self, amount: &str) -> Value {
        self.json(&["tx", "--from", "test/0", CREDIT, "transfer(address,uint256)", FRIEND, amount])
    }

    fn balance(&self, height: Option<u64>) -> String {
        let height = height.map(|height| height.to_string());
        let mut args = vec!["call", CREDIT, "balanceOf(address)(uint256)", FRIEND];
        if let Some(height) = &height {
            args.extend(["--height", height.as_str()]);
        }
        self.json(&args)["values"][0].as_str().expect("a number").to_owned()
    }

    /// Kills the process without warning.
    fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop as a service manager does.
    fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill(); // after a failed assertion; else it has ended
        let _ = self.child.wait();
    }
}

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
