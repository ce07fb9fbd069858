//! A machine whose owner signs elsewhere: `dure home pair` waits for what a console would send, and the town's showroom gives a
//! machine to whoever asks.

mod common;

use alloy_primitives::{Address, B512, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolEvent as _;
use common::{
    CREDIT, Dev,
    console::{document, grant},
};
use dure_api::abi::{credits::ICredit, orders::IOrders::OrderAsked};
use dure_gateways::chain::Chain;
use dure_rules::orders::MODULE;
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(90);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn a_gateway_shows_a_link_and_goes_on_when_the_owner_has_signed() {
    let folder = tempfile::tempdir().expect("folder");
    let dev = Dev::start(&folder.path().join("data"));
    let owner =
        PrivateKeySigner::from_slice(&hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")).expect("a key");
    let arbiter = Address::repeat_byte(0xab).to_string();
    let home_toml = folder.path().join("home.toml");
    let args = ["--capacity", "2000", "--threshold", "300", "--rearm", "1200", "--gtin", "9521000000018", "--topic", "washer"];
    let mut pair = Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["home", "--json", "--config"])
        .arg(&home_toml)
        .args(["pair", "--rpc", &dev.url, "--owner", &owner.address().to_string(), "--arbiter", &arbiter])
        .args(["--address", "Example Street 1"])
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(pair.stdout.take().expect("piped")).lines();
    let mut line = || -> Value { serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("JSON") };
    let shown = line();
    let link = shown["link"].as_str().expect("a link");
    let (page, document) = document(link);
    assert_eq!(page, format!("{}/pair", dev.url));
    let device = runtime().block_on(async {
        let chain = Chain::connect(&dev.url).await.expect("a node");
        grant(&chain, &owner, &document).await
    });
    assert_eq!(shown["device"], device.to_string());
    assert_eq!(line()["paired"], device.to_string());
    assert!(pair.wait().expect("it ends").success());
    let check =
        Command::new(env!("CARGO_BIN_EXE_dure")).args(["home", "check", "--config"]).arg(&home_toml).output().expect("runs");
    assert!(check.status.success(), "{check:?}");
    assert_eq!(dev.stop(), Some(0));
}

/// Asks the showroom for a machine.
fn machine(url: &str, owner: Address) -> Value {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://").replace("localhost", "127.0.0.1")).expect("it listens");
    let body = json!({ "owner": owner }).to_string();
    let head = "POST /town/machine HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let document = answer.split_once("\r\n\r\n").expect("a body").1;
    serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn a_visitor_without_money_takes_a_machine_of_the_showroom_and_it_buys() {
    let folder = tempfile::tempdir().expect("folder");
    let dev = Dev::town(&folder.path().join("data"));
    let owner = PrivateKeySigner::random();
    let document = machine(&dev.url, owner.address());
    assert_eq!(document["simulated"], true);
    assert_eq!(machine(&dev.url, owner.address()), document, "the same one at every question");
    runtime().block_on(async {
        let chain = Chain::connect(&dev.url).await.expect("a node");
        let device = grant(&chain, &owner, &document).await;
        let since = Instant::now();
        let order = loop {
            assert!(since.elapsed() < SOON, "nothing was ordered");
            let all: Vec<Value> = chain.node.ask("dure_orders", &[json!(1_000)]).await.expect("answered");
            match all.into_iter().find(|order| order["device"] == device.to_string()) {
                Some(order) => break order,
                None => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        let balance = ICredit::balanceOfCall { account: owner.address() };
        let balance = chain.view_at(CREDIT.parse().expect("an address"), balance).await.expect("answered");
        assert!(balance > U256::ZERO && balance < U256::from(5_000), "welcomed, and has paid: {balance} {order}");
        // The gateway acted in the visitor's name, and left the gas of a newcomer to the visitor.
        let asked = json!({ "address": MODULE, "topics": [OrderAsked::SIGNATURE_HASH, order["id"]], "fromBlock": "0x0" });
        let logs: Vec<Value> = chain.node.ask("eth_getLogs", &[asked]).await.expect("answered");
        let hash = logs[0]["transactionHash"].clone();
        let sent: Value = chain.node.ask("eth_getTransactionByHash", &[hash]).await.expect("answered");
        let gateway: B512 = document["gateway"]["key"].as_str().and_then(|key| key.parse().ok()).expect("a key");
        let gateway = json!(Address::from_raw_public_key(gateway.as_slice()));
        assert_eq!((&sent["from"], &sent["accessKey"], &sent["feePayer"]), (&json!(owner.address()), &gateway, &gateway));
    });
}
