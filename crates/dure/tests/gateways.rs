//! `dure home` and `dure shop` as people run them, over Mosquitto with a password: discovery, a test order, an order, a broker
//! that goes away, a gateway that is killed, and one order only.

mod common;

use common::{CREDIT, Dev};
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

const GTIN: &str = "9521000000018";
/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(40);
/// How long the broker is away; at 600 times the wall's pace 1,008 seconds are a week.
fn away() -> Duration {
    Duration::from_secs(std::env::var("DURE_AWAY_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6))
}

/// What a shop has to ship in, three days of the town.
const SHIP_MAX: Duration = Duration::from_secs(432);

/// A program that is killed when the test ends, and what it says.
struct Running {
    child: Child,
    said: mpsc::Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).stdout(Stdio::piped()).spawn().expect("dure runs");
        let (tell, said) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, said, heard: Vec::new() }
    }

    /// Waits until it says something with `words` in it.
    fn hear(&mut self, words: &str) {
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
struct Mosquitto {
    child: Child,
    config: PathBuf,
    port: u16,
}

impl Mosquitto {
    fn program() -> &'static str {
        ["/usr/sbin/mosquitto", "mosquitto"]
            .into_iter()
            .find(|path| !path.starts_with('/') || Path::new(path).exists())
            .expect("one")
    }

    fn start(folder: &Path) -> Self {
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

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    fn again(&mut self) {
        self.child = Self::run(&self.config, self.port);
    }

    /// A client, and what it hears on `topics`.
    fn client(&self, name: &str, topics: &[&str]) -> (Client, mpsc::Receiver<(String, Vec<u8>)>) {
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

fn hear(heard: &mpsc::Receiver<(String, Vec<u8>)>, topic: &str, what: impl Fn(&Value) -> bool) -> Value {
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
fn read(client: &Client, level: u64, times: u32) {
    for _ in 0..times {
        client.publish("washer/detergent", QoS::AtLeastOnce, false, level.to_string()).expect("published");
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn address(node: &Dev, name: &str) -> String {
    node.json(&["accounts", name])["address"].as_str().expect("address").to_owned()
}

/// A shop of `test/2` that accepts by itself and ships by hand.
fn shop_file(node: &Dev, folder: &Path) -> String {
    let secret = node_key("test/2");
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

fn node_key(name: &str) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_dure")).args(["keys", "show", name, "--secret", "--json"]).output().expect("runs");
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    value["secret"].as_str().expect("secret").trim_start_matches("0x").to_owned()
}

/// All but those that were cancelled.
fn orders(node: &Dev) -> Vec<Value> {
    let output = node.ask(&["orders", "list"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    all.filter(|order| order["state"] != "Cancelled").collect()
}

/// An order by hand whose address nobody can open: the shop cancels it before it has accepted anything.
fn an_address_that_does_not_open_is_cancelled(node: &Dev, shop: &mut Running, device: &str) {
    let offer = dure_rules::orders::offer_id(address(node, "test/2").parse().expect("an address"), 1).to_string();
    let nothing = format!("0x{}", "00".repeat(32));
    let place = "placeOrder(bytes32,uint8,bytes32,bytes32,bytes)";
    let junk = format!("0x{}", "5a".repeat(560));
    node.json(&["tx", "--from", "test/1", "orders", place, device, "0", &offer, &nothing, &junk]);
    shop.hear("cancelled: ");
    // The shop failed in this cycle; the owner begins another.
    node.json(&["tx", "--from", "test/1", "orders", "rearmSlot(bytes32,uint8,uint32)", device, "0", "0"]);
}

#[test]
fn a_low_level_makes_one_order_whatever_happens_to_broker_and_gateway() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let node = Dev::start_with(&folder.join("data"), &["--speed", "600"]);
    let mut broker = Mosquitto::start(folder);
    let shop_toml = shop_file(&node, folder);
    let mut shop = Running::start(&["shop", "--config", &shop_toml]);
    shop.hear("offers");

    let home_toml = folder.join("home.toml").to_str().expect("UTF-8").to_owned();
    let arbiter = address(&node, "test/5");
    let made = node.ask(&[
        "home",
        "--config",
        &home_toml,
        "init",
        "--owner",
        "test/1",
        "--topic",
        "washer/detergent",
        "--gtin",
        GTIN,
        "--capacity",
        "2000",
        "--threshold",
        "300",
        "--rearm",
        "1200",
        "--order-max",
        "900",
        "--month-max",
        "3600",
        "--arbiter",
        &arbiter,
        "--address",
        "Example Street 1",
        "--broker",
        &format!("127.0.0.1:{}", broker.port),
    ]);
    assert!(made.status.success(), "{made:?}");
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let device = made["device"].as_str().expect("a device").to_owned();
    let text = fs::read_to_string(&home_toml).expect("written");
    let text = text.replace("# user = \"\"\n# password = \"\"", "user = \"home\"\npassword = \"secret\"");
    fs::write(&home_toml, text).expect("written");

    // Home Assistant finds the device, and finds it again after it was restarted itself.
    let (sensor, announcements) = broker.client("sensor", &["homeassistant/device/+/config"]);
    let (_screen, heard) = broker.client("screen", &["dure/washer/0/state"]);
    let mut home = Running::start(&["home", "--config", &home_toml]);
    home.hear("connected to the broker");
    let config = "homeassistant/device/dure_dure-home_washer/config";
    let announced = hear(&announcements, config, |config| config["components"].is_object());
    assert!(announced["origin"]["name"].is_string() && announced["device"]["identifiers"].is_array(), "{announced}");
    sensor.publish("homeassistant/status", QoS::AtLeastOnce, false, "online").expect("published");
    hear(&announcements, config, |config| config["components"].is_object());

    // A test order goes the whole way and moves nothing.
    hear(&heard, "dure/washer/0/state", |state| state["capacity"] == 2_000);
    sensor.publish("dure/washer/0/test", QoS::AtLeastOnce, false, "PRESS").expect("published");
    home.hear("test passed");
    assert_eq!(orders(&node), Vec::<Value>::new());

    an_address_that_does_not_open_is_cancelled(&node, &mut shop, &device);
    assert_eq!(orders(&node), Vec::<Value>::new());

    // One outlier orders nothing; three that agree order once, and so do all that follow.
    read(&sensor, 900, 3);
    read(&sensor, 100, 1);
    read(&sensor, 890, 3);
    assert_eq!(orders(&node), Vec::<Value>::new());
    read(&sensor, 650, 4);
    read(&sensor, 200, 4);
    home.hear("ordered");
    let code = hear(&heard, "dure/washer/0/state", |state| state["code"].is_string())["code"].clone();
    read(&sensor, 195, 6);
    assert_eq!(orders(&node).len(), 1);

    // The broker goes away, the gateway is killed, both come back, the level is still low: no second order.
    broker.kill();
    home.hear("the broker is away");
    std::thread::sleep(away());
    drop(home);
    broker.again();
    let mut home = Running::start(&["home", "--config", &home_toml]);
    home.hear("connected to the broker");
    read(&sensor, 190, 8);
    let all = orders(&node);
    assert_eq!(all.len(), 1, "{all:?}");
    if away() < SHIP_MAX {
        let state = hear(&heard, "dure/washer/0/state", |state| state["code"].is_string());
        assert_eq!(state["code"], code, "the code outlives the gateway");
    } else {
        // Nobody shipped in time: the money went back by itself. The shop failed in this cycle; the owner begins another.
        assert_eq!(all[0]["state"], "Refunded", "{all:?}");
        node.json(&["tx", "--from", "test/1", "orders", "rearmSlot(bytes32,uint8,uint32)", &device, "0", "0"]);
        read(&sensor, 185, 8);
        home.hear("ordered");
    }

    // The shop reads the address, ships by hand; the level rises: evidence of delivery.
    let open: Vec<Value> = orders(&node).into_iter().filter(|order| order["state"] != "Refunded").collect();
    assert_eq!(open.len(), 1, "{open:?}");
    let id = open[0]["id"].as_str().expect("id").to_owned();
    hear(&heard, "dure/washer/0/state", |state| state["order"]["state"] == "Accepted");
    let shop_says = |args: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_dure")).args(["shop", "--json", "--config", &shop_toml]).args(args).output();
        let output = output.expect("runs");
        assert!(output.status.success(), "{args:?}: {output:?}");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    assert_eq!(shop_says(&["address", &id])["address"], "Example Street 1");
    shop_says(&["ship", &id, "--tracking", "AB123"]);
    hear(&heard, "dure/washer/0/state", |state| state["order"]["state"] == "Shipped");
    read(&sensor, 1_700, 4);
    home.hear("evidence of delivery");
    let all = orders(&node);
    assert_eq!(all.iter().find(|order| order["id"] == *id).expect("it stays")["state"], "Claimed", "{all:?}");
}

#[test]
fn a_wrong_file_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("home.toml");
    fs::write(&file, "relay = \"r.key\"\n[mqtt]\nbrocker = \"localhost:1883\"\n").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_dure")).args(["home", "--config"]).arg(&file).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("unknown field `brocker`") && text.contains("hint: is it `broker`?"), "{text}");
}
