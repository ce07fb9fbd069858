//! Several organisations' validators, a process each.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

pub fn dure(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dure")).args(args).arg("--json").output().expect("dure runs")
}

pub fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// One validator's process.
pub struct Running {
    pub child: Child,
    pub url: String,
    /// Its first line.
    pub ready: Value,
}

impl Running {
    /// Asks it to stop as a service manager does, and gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the four agreed on before they start.
pub struct Network {
    pub genesis: PathBuf,
    pub folders: Vec<PathBuf>,
    pub keys: Vec<String>,
    pub reach: Vec<String>,
}

impl Network {
    pub fn new(folder: &Path, validators: usize) -> Self {
        let folders: Vec<PathBuf> = (0..validators).map(|place| folder.join(format!("v{place}"))).collect();
        let keys: Vec<String> = folders.iter().map(|folder| init(folder)).collect();
        assert_eq!(init(&folders[0]), keys[0], "a key is made once");
        let mut text = "chain_id = 20261\ntime_ms = 1764057600000\n".to_owned();
        for (place, key) in keys.iter().enumerate() {
            text += &format!(
                "[[organisation]]\nname = \"Co-op {place}\"\naccount = \"0x{:040x}\"\nvalidator = \"{key}\"\n",
                1 + place
            );
        }
        // The well-known test/1, who has money.
        let payer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        text += &format!("[[person]]\naccount = \"{payer}\"\n[[credit]]\nname = \"Maple\"\nsymbol = \"MPL\"\ndecimals = 2\n");
        text += &format!("issuer = \"0x{:040x}\"\nissued = [{{ to = \"{payer}\", amount = 1000 }}]\n", 1);
        let (file, genesis) = (folder.join("community.toml"), folder.join("genesis.json"));
        std::fs::write(&file, text).expect("written");
        let made = json(&dure(&["genesis", file.to_str().expect("UTF-8"), "--out", genesis.to_str().expect("UTF-8")]));
        assert_eq!(made["validators"].as_array().map(Vec::len), Some(validators), "{made}");
        let ports: Vec<TcpListener> = keys.iter().map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let reach = ports.iter().map(|port| port.local_addr().expect("bound").to_string()).collect();
        Self { genesis, folders, keys, reach }
    }

    pub fn start(&self, place: usize) -> Running {
        self.start_with(place, &[], Stdio::inherit())
    }

    /// With more arguments, and `stderr` going there.
    pub fn start_with(&self, place: usize, more: &[&str], stderr: Stdio) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dure"));
        command.args(["node", "--json", "--http", "127.0.0.1:0", "--listen", &self.reach[place], "--reach", &self.reach[place]]);
        command.arg("--genesis").arg(&self.genesis).arg("--data").arg(&self.folders[place]);
        // Everybody knows one other; the rest they hear of.
        let other = (place + 1) % self.keys.len();
        command.args(["--peer", &format!("{}@{}", self.keys[other], self.reach[other])]);
        let mut child = command.args(more).stdout(Stdio::piped()).stderr(stderr).spawn().expect("dure runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Running { child, url: ready["http"].as_str().expect("an address").to_owned(), ready }
    }
}

pub fn init(folder: &Path) -> String {
    let made = json(&dure(&["init", "--data", folder.to_str().expect("UTF-8")]));
    made["validator"].as_str().expect("a key").to_owned()
}
