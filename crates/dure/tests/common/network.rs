//! Several organisations' validators, a process each.

use serde_json::Value;
use std::{
    ffi::OsString,
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
    /// Starts a node, and waits for its first line.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("dure runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        Self { child, url: ready["http"].as_str().expect("an address").to_owned(), ready }
    }

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
    /// On ports of the loopback that are free now.
    pub fn new(folder: &Path, validators: usize) -> Self {
        let ports: Vec<TcpListener> = (0..validators).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let reach = ports.iter().map(|port| port.local_addr().expect("bound").to_string()).collect();
        // The well-known test/1, who has money.
        Self::at(folder, reach, &["0x70997970C51812dc3A010C7d01b50e0d17dc79C8".to_owned()])
    }

    /// Validators that reach each other there, in a community of `people`, who all have money.
    pub fn at(folder: &Path, reach: Vec<String>, people: &[String]) -> Self {
        let folders: Vec<PathBuf> = (0..reach.len()).map(|place| folder.join(format!("v{place}"))).collect();
        let keys: Vec<String> = folders.iter().map(|folder| init(folder)).collect();
        assert_eq!(init(&folders[0]), keys[0], "a key is made once");
        let mut text = "chain_id = 20261\ntime_ms = 1764057600000\n".to_owned();
        for (place, key) in keys.iter().enumerate() {
            text += &format!(
                "[[organisation]]\nname = \"Co-op {place}\"\naccount = \"0x{:040x}\"\nvalidator = \"{key}\"\n",
                1 + place
            );
        }
        let issued: Vec<String> = people.iter().map(|person| format!("{{ to = \"{person}\", amount = 1000000 }}")).collect();
        people.iter().for_each(|person| text += &format!("[[person]]\naccount = \"{person}\"\n"));
        text += &format!("[[credit]]\nname = \"Maple\"\nsymbol = \"MPL\"\ndecimals = 2\nissuer = \"0x{:040x}\"\n", 1);
        text += &format!("issued = [{}]\n", issued.join(", "));
        let (file, genesis) = (folder.join("community.toml"), folder.join("genesis.json"));
        std::fs::write(&file, text).expect("written");
        let made = json(&dure(&["genesis", file.to_str().expect("UTF-8"), "--out", genesis.to_str().expect("UTF-8")]));
        assert_eq!(made["validators"].as_array().map(Vec::len), Some(reach.len()), "{made}");
        Self { genesis, folders, keys, reach }
    }

    pub fn start(&self, place: usize) -> Running {
        self.start_with(place, &[], Stdio::inherit())
    }

    /// With more arguments, and `stderr` going there.
    pub fn start_with(&self, place: usize, more: &[&str], stderr: Stdio) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dure"));
        Running::spawn(command.args(self.args(place, "127.0.0.1:0")).args(more).stderr(stderr))
    }

    /// What the program is started with for this place.
    pub fn args(&self, place: usize, http: &str) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["node".into(), "--json".into(), "--http".into(), http.into()];
        args.extend(["--listen", &self.reach[place], "--reach", &self.reach[place]].map(OsString::from));
        args.extend(["--genesis".into(), self.genesis.clone().into(), "--data".into(), self.folders[place].clone().into()]);
        // Everybody knows one other; the rest they hear of.
        let other = (place + 1) % self.keys.len();
        args.extend(["--peer".into(), format!("{}@{}", self.keys[other], self.reach[other]).into()]);
        args
    }
}

pub fn init(folder: &Path) -> String {
    let made = json(&dure(&["init", "--data", folder.to_str().expect("UTF-8")]));
    made["validator"].as_str().expect("a key").to_owned()
}
