//! `dure home` and `dure shop` as people run them, over Mosquitto with a password: discovery, a test order, an order, a broker
//! that goes away, a gateway that is killed, and one order only.

mod common;

use common::{
    Dev,
    household::{GTIN, Mosquitto, Running, address, hear, read, shop_file},
};
use rumqttc::QoS;
use serde_json::Value;
use std::{fs, process::Command, time::Duration};

/// How long the broker is away; at 600 times the wall's pace 1,008 seconds are a week.
fn away() -> Duration {
    Duration::from_secs(std::env::var("DURE_AWAY_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6))
}

/// What a shop has to ship in, three days of the town.
const SHIP_MAX: Duration = Duration::from_secs(432);

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
