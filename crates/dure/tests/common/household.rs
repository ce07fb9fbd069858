//! What stands in a home and beside it, for the tests of gateways: a broker, sensors, programs that run, a shop.

use super::{CREDIT, Dev};
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

pub const GTIN: &str = "9521000000018";
/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(40);

/// A program that is killed when the test ends, and what it says.
pub struct Running {
    child: Child,
    said: mpsc::Receiver<String>,
    pub heard: Vec<String>,
}

impl Running {
    pub fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).stdout(Stdio::piped()).spawn().expect("dure runs");
        let (tell, said) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, said, heard: Vec::new() }
    }

    /// Waits until it says something with `words` in it.
    pub fn hear(&mut self, words: &str) {
        let until = Instant::now() + SOON;
        while Instant::now() < until {
            if let Ok(line) = self.said.recv_timeout(Duration::from_millis(200)) {
                self.heard.push(line);
                if self.heard.last().is_some_and(|line| line.contains(words)) {
                    return;
                }
            }
        }
        panic!("`{words}` was not said, but:\n{}", self.heard.join("\n"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Mosquitto on loopback with one user.
pub struct Mosquitto {
    child: Child,
    config: PathBuf,
    pub port: u16,
}

impl Mosquitto {
    fn program() -> &'static str {
        ["/usr/sbin/mosquitto", "mosquitto"]
            .into_iter()
            .find(|path| !path.starts_with('/') || Path::new(path).exists())
            .expect("one")
    }

    pub fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let (passwords, config) = (folder.join("passwords"), folder.join("mosquitto.conf"));
        let made = Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&passwords).args(["home", "secret"]).status();
        assert!(made.expect("mosquitto is installed (scripts/test installs it)").success());
        let text =
            format!("listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\n", passwords.display());
        fs::write(&config, text).expect("written");
        Self { child: Self::run(&config, port), config, port }
    }

    fn run(config: &Path, port: u16) -> Child {
        let child = Command::new(Self::program()).arg("-c").arg(config).stderr(Stdio::null()).spawn().expect("mosquitto runs");
        let until = Instant::now() + SOON;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        child
    }

    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    pub fn again(&mut self) {
        self.child = Self::run(&self.config, self.port);
    }

    /// A client, and what it hears on `topics`.
    pub fn client(&self, name: &str, topics: &[&str]) -> (Client, mpsc::Receiver<(String, Vec<u8>)>) {
        let mut options = MqttOptions::new(name, "127.0.0.1", self.port);
        options.set_credentials("home", "secret");
        let (client, mut connection) = Client::new(options, 64);
        let (tell, heard) = mpsc::channel();
        let (again, topics) = (client.clone(), topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>());
        std::thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Packet::ConnAck(_))) => {
                        topics.iter().for_each(|topic| again.try_subscribe(topic, QoS::AtLeastOnce).expect("room"));
                    }
                    Ok(Event::Incoming(Packet::Publish(published))) => {
                        if tell.send((published.topic, published.payload.to_vec())).is_err() {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(200)),
                }
            }
        });
        (client, heard)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

pub fn hear(heard: &mpsc::Receiver<(String, Vec<u8>)>, topic: &str, what: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + SOON;
    let mut last = Value::Null;
    while Instant::now() < until {
        if let Ok((on, payload)) = heard.recv_timeout(Duration::from_millis(200))
            && on == topic
        {
            last = serde_json::from_slice(&payload).unwrap_or_default();
            if what(&last) {
                return last;
            }
        }
    }
    panic!("{topic} did not say it; the last was {last}");
}

/// Readings as a sensor sends them.
pub fn read(client: &Client, level: u64, times: u32) {
    for _ in 0..times {
        client.publish("washer/detergent", QoS::AtLeastOnce, false, level.to_string()).expect("published");
        std::thread::sleep(Duration::from_millis(250));
    }
}

pub fn address(node: &Dev, name: &str) -> String {
    node.json(&["accounts", name])["address"].as_str().expect("address").to_owned()
}

/// A shop of `test/2` that accepts by itself and ships by hand.
pub fn shop_file(node: &Dev, folder: &Path) -> String {
    let secret = secret("test/2");
    for (file, text) in [("shop.key", format!("secp256k1 {secret}")), ("sealing.key", format!("x25519 {}", "07".repeat(32)))] {
        fs::write(folder.join(file), text).expect("written");
        let private = Command::new("chmod").arg("600").arg(folder.join(file)).status();
        assert!(private.expect("chmod runs").success());
    }
    let file = folder.join("shop.toml");
    let text = format!(
        "rpc = {:?}\nkey = \"shop.key\"\nsealing_key = \"sealing.key\"\ngln = \"9521000001015\"\nname = \"Corner Shop\"\n\
         credit = \"{CREDIT}\"\nbond = 100000\n[rules]\nship = \"hand\"\n[[offer]]\ngtin = \"{GTIN}\"\ncontent = 1500\nunit = \"mL\"\n\
         price = 649\nstock = 3\narbiters = [\"{}\"]\ncancel_minutes = 0\n",
        node.url,
        address(node, "test/5"),
    );
    fs::write(&file, text).expect("written");
    file.to_str().expect("UTF-8").to_owned()
}

/// The key of a test account, in hex.
pub fn secret(name: &str) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_dure")).args(["keys", "show", name, "--secret", "--json"]).output().expect("runs");
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    value["secret"].as_str().expect("secret").trim_start_matches("0x").to_owned()
}
