//! A node in a process of its own, for the tests of every command.
#![allow(dead_code, reason = "each test binary uses a part")]

pub mod console;
pub mod household;
pub mod network;
pub mod proofs;
pub mod street;
pub mod vtn;

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub const CREDIT: &str = "0xd00EC00000000000000000000000000000000001";
pub const FRIEND: &str = "0x00000000000000000000000000000000000000aa";
/// From the start of the process to its first line.
const READY_MAX: Duration = Duration::from_secs(60);

pub struct Dev {
    pub child: Child,
    pub url: String,
    pub ready: Value,
    /// From the start to the first line.
    pub took: Duration,
}

impl Dev {
    /// Without the town, at the wall's pace.
    pub fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    pub fn start_with(data: &Path, more: &[&str]) -> Self {
        Self::run(data, &[&["--empty"], more].concat())
    }

    /// With the town.
    pub fn town(data: &Path) -> Self {
        Self::run(data, &[])
    }

    fn run(data: &Path, more: &[&str]) -> Self {
        let since = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(["dev", "--json", "--http", "localhost:0", "--data"])
            .arg(data)
            .args(more)
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
    pub fn ask(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dure")).args(args).args(["--json", "--rpc", &self.url]).output().expect("dure runs")
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let output = self.ask(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }

    pub fn send(&self, amount: &str) -> Value {
        self.json(&["tx", "--from", "test/0", CREDIT, "transfer(address,uint256)", FRIEND, amount])
    }

    pub fn balance(&self, height: Option<u64>) -> String {
        let height = height.map(|height| height.to_string());
        let mut args = vec!["call", CREDIT, "balanceOf(address)(uint256)", FRIEND];
        if let Some(height) = &height {
            args.extend(["--height", height.as_str()]);
        }
        self.json(&args)["values"][0].as_str().expect("a number").to_owned()
    }

    /// Kills the process without warning.
    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop as a service manager does.
    pub fn stop(mut self) -> Option<i32> {
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
