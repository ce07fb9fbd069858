//! A machine whose owner signs elsewhere: `dure home pair` waits for what a console would send, and the town's showroom gives a
//! machine to whoever asks.

mod common;

use alloy_primitives::{Address, B256, U256, hex};
use alloy_signer_local::PrivateKeySigner;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{CREDIT, Dev};
use dure_api::abi::credits::ICredit;
use dure_gateways::chain::Chain;
use dure_rules::{
    Action, Gtin,
    bounds::{AMOUNT_MAX, DAY_MS},
    credits::CreditId,
    orders::{DeviceKey, MandateTerms, Mode, RegisterDevice, SetMandate, SetSlot, device_id},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(90);

/// What a console does with a document: three actions of the owner.
async fn grant(chain: &Chain, owner: &PrivateKeySigner, document: &Value) -> B256 {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("text: {document}")).to_owned();
    let bytes = |name: &str| hex::decode(text(&document[name])).expect("hex").try_into().expect("64 bytes");
    let number = |value: &Value| value.as_u64().expect("a number");
    assert_eq!(document["keyKind"], "p256");
    let key = DeviceKey::P256(bytes("key"));
    let slot = &document["slot"];
    let gtins: Vec<Gtin> =
        slot["gtins"].as_array().expect("a list").iter().map(|gtin| text(gtin).parse().expect("a GTIN")).collect();
    let device = device_id(&key);
    let model = text(&document["model"]).parse().expect("a GTIN");
    let number_of = number(&slot["number"]) as u8;
    let now_ms = chain.node.head().await.expect("a block").time_ms;
    let terms = MandateTerms {
        mode: Mode::Auto,
        credit: CreditId(text(&document["credit"]).parse().expect("an address")),
        shops: Vec::new(),
        gtins: gtins.clone(),
        unit_price_max: AMOUNT_MAX,
        order_max: 900,
        period_ms: 30 * DAY_MS,
        period_amount_max: 3_600,
        period_count_max: 4,
        interval_min_ms: 0,
        arbiters: document["arbiters"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| text(one).parse().expect("an address"))
            .collect(),
        default_refund_min_percent: 0,
        evidence_settles: true,
        address_commitment: text(&document["addressCommitment"]).parse().expect("a hash"),
        expires_ms: now_ms + 360 * DAY_MS,
    };
    let described = SetSlot {
        device,
        slot: number_of,
        unit: text(&slot["unit"]),
        capacity: number(&slot["capacity"]),
        threshold: number(&slot["threshold"]),
        rearm: number(&slot["rearm"]),
        gtins,
    };
    use dure_rules::orders::Action as Orders;
    let possession = bytes("possession");
    for action in [
        Orders::from(RegisterDevice { model, key, attestation: B256::ZERO, possession }),
        described.into(),
        SetMandate { device, slot: number_of, terms }.into(),
    ] {
        chain.act(owner, Action::from(action)).await.expect("granted");
    }
    device
}

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
    let (page, fragment) = link.split_once('#').expect("a fragment");
    assert_eq!(page, format!("{}/pair", dev.url));
    let document: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(fragment).expect("base64url")).expect("JSON");
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
    });
}
