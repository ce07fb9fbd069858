//! A market on a chain six hundred times as fast as the wall, and what households of it run.

use super::{CREDIT, Dev};
use alloy_primitives::B256;
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::{chain::Chain, key::DeviceSigner};
use dure_rules::credits::CreditId;
use dure_rules::energy::*;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// Many times what it takes.
const SOON: Duration = Duration::from_secs(120);

/// A program that is ended with the test.
pub struct Program(Child);

impl Program {
    pub fn start(dev: &Dev, args: &[&str], log: &Path) -> Self {
        let log = std::fs::File::create(log).expect("a file");
        let child = Command::new(env!("CARGO_BIN_EXE_dure"))
            .args(args)
            .args(["--rpc", &dev.url, "--json"])
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(Stdio::from(log))
            .spawn();
        Self(child.expect("dure runs"))
    }

    pub fn kill(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Street {
    pub dev: Dev,
    pub folder: tempfile::TempDir,
    pub runtime: Runtime,
    pub chain: Chain,
    pub market: B256,
}

impl Street {
    /// A chain six hundred times as fast as the wall, and a market on it whose operator is test/0 and whose supplier is test/9.
    pub fn open(day_gate_minutes: u64, times: &str) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let dev = Dev::start_with(&folder.path().join("data"), &["--speed", "600"]);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let chain = runtime.block_on(Chain::connect(&dev.url)).expect("a node");
        let path = folder.path().join("market.toml");
        let supplier = key(9).address();
        let text = format!(
            "name = \"Street\"\ncredit = \"{}\"\nsupplier = \"{supplier}\"\nretail = 0.32\nfeed_in = 0.08\n\
             day_gate_minutes = {day_gate_minutes}\n{times}{TWO_ZONES}",
            CREDIT
        );
        std::fs::write(&path, text).expect("written");
        let opened = dev.json(&["energy", "open", path.to_str().expect("UTF-8"), "--from", "test/0"]);
        let market = opened["market"].as_str().expect("an id").parse().expect("32 bytes");
        assert_eq!(market, market_id(key(0).address(), CreditId::nth(1), "Street"));
        Self { dev, folder, runtime, chain, market }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn act(&self, key: &PrivateKeySigner, action: impl Into<Action>) {
        self.runtime.block_on(self.chain.act(key, action.into())).expect("it is done");
    }

    pub fn now_ms(&self) -> u64 {
        self.runtime.block_on(self.chain.node.head()).expect("a head").time_ms
    }

    pub fn view<C: alloy_sol_types::SolCall>(&self, call: C) -> Option<C::Return> {
        self.runtime.block_on(self.chain.view_at(MODULE, call)).ok()
    }

    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let since = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            if since.elapsed() > SOON {
                let logs = std::fs::read_dir(self.folder.path()).expect("a folder").flatten().map(|entry| entry.path());
                for log in logs.filter(|path| path.extension().is_some_and(|end| end == "log")) {
                    eprintln!("{}:\n{}", log.display(), std::fs::read_to_string(&log).unwrap_or_default());
                }
                panic!("{what}: not after {SOON:?}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The n-th of the well-known test accounts.
pub fn key(number: usize) -> PrivateKeySigner {
    let words = "test test test test test test test test test test test junk";
    let path = format!("m/44'/60'/0'/0/{number}");
    let builder = alloy_signer_local::MnemonicBuilder::english().phrase(words).derivation_path(path);
    builder.and_then(|builder| builder.build()).expect("a test account")
}

/// Minutes of the chain: ten of them are a second of the wall.
pub const QUICK: &str = "slot_gate_minutes = 120\nreveal_minutes = 60\nsolve_minutes = 50\n";
pub const PATIENT: &str = "slot_gate_minutes = 480\nreveal_minutes = 100\nsolve_minutes = 360\n";
const TWO_ZONES: &str = "[[zone]]\nname = \"South\"\nup_kw = 400\ndown_kw = 400\n\
    [[zone]]\nname = \"North\"\nparent = \"South\"\nup_kw = 12\ndown_kw = 12\nfee = 0.01\n";

/// Writes what a household's meter runs from: its keys, its day, its `meter.toml`.
pub fn household(street: &Street, name: &str, number: usize, zone: &str, line: &str) -> (PathBuf, DeviceSigner) {
    let folder = street.path(name);
    std::fs::create_dir(&folder).expect("made");
    dure_gateways::key::write_account(&folder.join("owner.key"), &key(number)).expect("written");
    let signer = DeviceSigner::random();
    signer.write(&folder.join("meter.key")).expect("written");
    std::fs::write(folder.join("day.csv"), format!("{line}\n").repeat(96)).expect("written");
    let text = format!(
        "rpc = \"{}\"\nkey = \"owner.key\"\nmeter_key = \"meter.key\"\nmarket = \"{}\"\nzone = \"{zone}\"\nimport_kw = 11\nexport_kw = 11\npurse = 100000\nprofile = \"day.csv\"\n",
        street.dev.url, street.market
    );
    let file = folder.join("meter.toml");
    std::fs::write(&file, text).expect("written");
    (file, signer)
}
