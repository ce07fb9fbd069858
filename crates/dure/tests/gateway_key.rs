//! A gateway whose key the owner let in at pairing: it brings what the machine says in the owner's name, and can do nothing else
//! there; taken back, it goes on from its own account and says so.

mod common;

use alloy_primitives::{Address, B256, U256};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolEvent as _;
use common::{
    CREDIT, Dev,
    console::{document, grant},
    household::{GTIN, Mosquitto, Running, address, hear, read, secret, shop_file},
};
use dure_api::abi::orders::IOrders;
use dure_gateways::{chain::Chain, key};
use dure_rules::{
    Action, accounts,
    credits::{self, CreditId},
    orders::MODULE,
};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

/// A chain with a shop, an owner at a console, and the home that the owner pairs.
struct Town {
    chain: Chain,
    owner: PrivateKeySigner,
    relay: PrivateKeySigner,
    home_toml: String,
}

impl Town {
    async fn paired(node: &Dev, folder: &Path, broker: &Mosquitto) -> Self {
        let home_toml = folder.join("home.toml").to_str().expect("UTF-8").to_owned();
        let owner: PrivateKeySigner = secret("test/1").parse().expect("a key");
        let (owner_address, arbiter) = (owner.address().to_string(), address(node, "test/5"));
        let broker = format!("127.0.0.1:{}", broker.port);
        let mut pair = Running::start(
            &[
                &["home", "--json", "--config", &home_toml, "pair", "--rpc", &node.url, "--owner", &owner_address][..],
                &["--topic", "washer/detergent", "--gtin", GTIN, "--capacity", "2000", "--threshold", "300", "--rearm", "1200"],
                &["--arbiter", &arbiter, "--address", "Example Street 1", "--broker", &broker],
            ]
            .concat(),
        );
        pair.hear("link");
        let shown: Value = serde_json::from_str(pair.heard.last().expect("a line")).expect("JSON");
        let (_, document) = document(shown["link"].as_str().expect("a link"));
        let chain = Chain::connect(&node.url).await.expect("a node");
        grant(&chain, &owner, &document).await;
        pair.hear("paired");
        let text = fs::read_to_string(&home_toml).expect("written");
        let text = text.replace("# user = \"\"\n# password = \"\"", "user = \"home\"\npassword = \"secret\"");
        fs::write(&home_toml, text).expect("written");
        let relay = key::read_account(&folder.join("washer-relay.key")).expect("a key that nobody else reads");
        Self { chain, owner, relay, home_toml }
    }

    /// What another command about this home says.
    fn home(&self, args: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dure"));
        let output = command.args(["home", "--json", "--config", &self.home_toml]).args(args).output().expect("runs");
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Who sent the newest transaction with this event of orders, and by which access key.
    async fn who_sent(&self, event: B256) -> (Address, Option<Address>) {
        let filter = json!({ "address": MODULE, "topics": [event], "fromBlock": "0x0" });
        let logs: Vec<Value> = self.chain.node.ask("eth_getLogs", &[filter]).await.expect("answered");
        let hash = &logs.last().expect("it happened")["transactionHash"];
        let sent: Value = self.chain.node.ask("eth_getTransactionByHash", std::slice::from_ref(hash)).await.expect("answered");
        let account = |name: &str| serde_json::from_value(sent[name].clone()).ok();
        (account("from").expect("a sender"), account("accessKey"))
    }

    async fn owners_nonce(&self) -> U256 {
        self.chain.node.ask("eth_getTransactionCount", &[json!(self.owner.address()), json!("latest")]).await.expect("answered")
    }
}

#[tokio::test]
async fn a_paired_gateway_acts_in_the_owners_name_until_its_key_is_taken_back() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let node = Dev::start_with(&folder.join("data"), &["--speed", "60"]);
    let broker = Mosquitto::start(folder);
    let mut shop = Running::start(&["shop", "--config", &shop_file(&node, folder)]);
    shop.hear("offers");
    let town = Town::paired(&node, folder, &broker).await;
    let (owner, key) = (town.owner.address(), town.relay.address());
    let before = town.owners_nonce().await;

    // A low level: the order is placed in the owner's name, in a sequence of the key's own.
    let (sensor, heard) = broker.client("sensor", &["dure/washer/0/state"]);
    let mut home = Running::start(&["home", "--config", &town.home_toml]);
    home.hear("connected to the broker");
    hear(&heard, "dure/washer/0/state", |state| state["capacity"] == 2_000);
    read(&sensor, 200, 4);
    home.hear(&format!("in the name of {owner}"));
    hear(&heard, "dure/washer/0/state", |state| state["order"]["id"].is_string());
    assert_eq!(town.who_sent(IOrders::OrderAsked::SIGNATURE_HASH).await, (owner, Some(key)));
    assert_eq!(town.owners_nonce().await, before, "the owner's own sequence is not touched");

    // Who steals the key relays, and does nothing else in the owner's name.
    let money = credits::Action::Transfer { credit: CreditId(CREDIT.parse().expect("an address")), to: key, amount: 1 };
    let stolen = town.chain.act_for(owner, &town.relay, money).await.expect_err("out of scope");
    assert!(stolen.to_string().contains("the access key may not call"), "{stolen}");

    // Taken back: the next word goes from the gateway's own account, and that is said once.
    town.chain.act(&town.owner, Action::from(accounts::Action::RevokeKey { key })).await.expect("revoked");
    read(&sensor, 1_300, 4);
    home.hear("took the key of this gateway back: messages go from its own account");
    assert_eq!(town.who_sent(IOrders::LevelRead::SIGNATURE_HASH).await, (key, None));

    // What a person then does: another key, let in as the first one was.
    let check = town.home(&["check"]);
    assert!(check.contains("taken back; hint: `dure home key --new`"), "{check}");
    let another: Value = serde_json::from_str(&town.home(&["key", "--new"])).expect("JSON");
    let (page, document) = document(another["link"].as_str().expect("a link"));
    assert_eq!((page, &document["key"]), (format!("{}/keys/grant", node.url), &another["key"]));
    assert_ne!(another["key"], json!(key));
}
