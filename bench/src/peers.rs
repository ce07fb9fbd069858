//! What is measured: a node of Dure, or anvil, each a process of its own on a free port.

use crate::{Fallible, http::Connection, transfers::ACCOUNTS};
use alloy_primitives::Address;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpListener},
    ops::Sub,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// What a network of four is called in tables.
pub const FOUR: &str = "dure, four validators";
/// From the start of a node to its first answer.
const READY_MAX: Duration = Duration::from_secs(30);

/// A node that runs; ends with this.
pub struct Peer {
    pub name: &'static str,
    pub address: SocketAddr,
    /// Where it takes transactions: one address, or one of each validator.
    pub doors: Vec<SocketAddr>,
    pub chain_id: u64,
    pub accounts: Vec<PrivateKeySigner>,
    nodes: Vec<Node>,
    folder: tempfile::TempDir,
}

struct Node {
    command: Command,
    process: Child,
}

impl Node {
    fn start(mut command: Command) -> Fallible<Self> {
        let process = command.stdout(Stdio::null()).spawn()?;
        Ok(Self { command, process })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill(); // an error says that it has ended
        let _ = self.process.wait();
    }
}

impl Peer {
    /// `dure dev` with a town that is empty, time at the wall's pace, and accounts whose allowance is not what is measured.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn dure(program: &Path, more: Vec<Address>) -> Fallible<Self> {
        Self::dure_at(program, more, 1).await
    }

    /// The same, its time `speed` times as fast as the wall's.
    ///
    /// # Errors
    /// As [`Self::dure`].
    pub async fn dure_at(program: &Path, more: Vec<Address>, speed: u32) -> Fallible<Self> {
        let folder = tempfile::tempdir()?;
        let accounts = accounts()?;
        let file = folder.path().join("accounts");
        let all = accounts.iter().map(PrivateKeySigner::address).chain(more);
        // The mnemonic's first ten are members of every development chain.
        let text = all.skip(DEV_ACCOUNTS).fold(String::new(), |mut text, address| {
            let _ = writeln!(text, "{address} organisation 1_000_000_000 1_000_000_000_000");
            text
        });
        std::fs::write(&file, text)?;
        let (data, address) = (folder.path().join("data"), free_port()?);
        let base = ["dev", "--empty", "--speed", &speed.to_string(), "--http", &address.to_string(), "--data"].map(str::to_owned);
        let mut command = Command::new(program);
        command.args(&base).arg(&data).arg("--accounts").arg(&file);
        let mut node = Node::start(command)?;
        // The genesis stands from the first start on, so later ones name no accounts.
        node.command = Command::new(program);
        node.command.args(&base).arg(&data).stdout(Stdio::null());
        let accounts = accounts.into_iter().skip(DEV_ACCOUNTS).collect();
        Self { name: "dure", address, doors: vec![address], chain_id: 0, accounts, nodes: vec![node], folder }.up().await
    }

    /// `dure node`, four times on this machine: a process, a key and a folder each, sockets between them. The accounts are
    /// organisations, whose allowance is the largest.
    ///
    /// # Errors
    /// Where one does not come up.
    pub async fn four(program: &Path) -> Fallible<Self> {
        let (folder, count) = (tempfile::tempdir()?, 4);
        let accounts: Vec<_> = accounts()?.into_iter().skip(DEV_ACCOUNTS).collect();
        let data: Vec<_> = (0..count).map(|place| folder.path().join(format!("v{place}"))).collect();
        let keys = data.iter().map(|data| init(program, data)).collect::<Fallible<Vec<_>>>()?;
        let genesis = genesis(program, folder.path(), &keys, &accounts)?;
        let free = free_ports(2 * count)?;
        let (doors, reach) = free.split_at(count);
        let start = |(place, data): (usize, &PathBuf)| {
            let other = (place + 1) % count;
            let (reach, peer) = (reach[place].to_string(), format!("{}@{}", keys[other], reach[other]));
            let mut command = Command::new(program);
            command.args(["node", "--http", &doors[place].to_string(), "--listen", &reach, "--reach", &reach, "--peer", &peer]);
            command.arg("--genesis").arg(&genesis).arg("--data").arg(data).stderr(Stdio::null());
            Node::start(command)
        };
        let nodes = data.iter().enumerate().map(start).collect::<Fallible<Vec<_>>>()?;
        let name = FOUR;
        Self { name, address: doors[0], doors: doors.to_vec(), chain_id: 0, accounts, nodes, folder }.up().await
    }

    /// Ends the last validator without warning.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn kill_last(&mut self) -> Fallible<()> {
        self.doors.pop();
        self.nodes.pop().map(drop).ok_or_else(|| "there is none left".into())
    }

    /// Ends the process without warning and starts it again; gives when it was started, once it answers.
    ///
    /// # Errors
    /// Where it does not come back.
    pub async fn kill_and_start(&mut self) -> Fallible<Instant> {
        let node = &mut self.nodes[0];
        node.process.kill()?;
        node.process.wait()?;
        let began = Instant::now();
        node.process = node.command.spawn()?;
        self.answered().await?;
        Ok(began)
    }

    /// Bytes that the node keeps on the disk.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn disk_bytes(&self) -> Fallible<u64> {
        fn of(path: &Path) -> std::io::Result<u64> {
            std::fs::read_dir(path)?.try_fold(0, |sum, entry| {
                let entry = entry?;
                let kept = entry.metadata()?;
                Ok(sum + if kept.is_dir() { of(&entry.path())? } else { kept.len() })
            })
        }
        Ok(of(self.folder.path())?)
    }

    /// anvil with blocks of a second, which is where it is fastest, no fee and no bound on a block.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn anvil(program: &Path) -> Fallible<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_port()?;
        let accounts = accounts()?;
        let mut command = Command::new(program);
        command
            .args(["--silent", "--block-time", "1", "--base-fee", "0", "--gas-price", "0", "--disable-block-gas-limit"])
            .args(["--mnemonic", MNEMONIC, "--accounts", &accounts.len().to_string(), "--port", &address.port().to_string()]);
        let nodes = vec![Node::start(command)?];
        let accounts = accounts.into_iter().skip(DEV_ACCOUNTS).collect();
        Self { name: "anvil", address, doors: vec![address], chain_id: 0, accounts, nodes, folder }.up().await
    }

    async fn up(mut self) -> Fallible<Self> {
        self.chain_id = self.answered().await?;
        Ok(self)
    }

    /// Waits until every door answers; gives the id of the chain.
    async fn answered(&self) -> Fallible<u64> {
        let mut id = 0;
        for door in &self.doors {
            id = Self::answered_at(*door).await?;
        }
        Ok(id)
    }

    async fn answered_at(door: SocketAddr) -> Fallible<u64> {
        let since = Instant::now();
        let mut connection = loop {
            match Connection::open(door).await {
                Ok(connection) => break connection,
                Err(error) if since.elapsed() > READY_MAX => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let id: alloy_primitives::U64 = serde_json::from_value(connection.ask("eth_chainId", serde_json::json!([])).await?)?;
        Ok(id.to())
    }

    /// Processor time that its processes have taken since they started.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn cpu(&self) -> Fallible<Cpu> {
        self.nodes.iter().try_fold(Cpu(Duration::ZERO), |sum, node| Ok(Cpu(sum.0 + Cpu::of(&node.process.id().to_string())?.0)))
    }
}

/// Makes a validator's key and gives its public half.
fn init(program: &Path, data: &Path) -> Fallible<String> {
    let output = Command::new(program).args(["init", "--json", "--data"]).arg(data).output()?;
    let made: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    Ok(made["validator"].as_str().ok_or("no key was made")?.to_owned())
}

/// The genesis of a community of validators and accounts, all of them organisations; the accounts have money.
fn genesis(program: &Path, folder: &Path, keys: &[String], accounts: &[PrivateKeySigner]) -> Fallible<PathBuf> {
    const ISSUER: &str = "0x0000000000000000000000000000000000000001";
    let mut text = "chain_id = 20261\ntime_ms = 1764057600000\n".to_owned();
    for (place, key) in keys.iter().enumerate() {
        let account = format!("0x{:040x}", 1 + place);
        writeln!(text, "[[organisation]]\nname = \"v{place}\"\naccount = \"{account}\"\nvalidator = \"{key}\"")?;
    }
    for (place, account) in accounts.iter().enumerate() {
        writeln!(text, "[[organisation]]\nname = \"a{place}\"\naccount = \"{}\"", account.address())?;
    }
    writeln!(text, "[[credit]]\nname = \"Load\"\nsymbol = \"LOAD\"\ndecimals = 2\nissuer = \"{ISSUER}\"\nissued = [")?;
    for account in accounts {
        writeln!(text, "{{ to = \"{}\", amount = 1000000 }},", account.address())?;
    }
    let (file, genesis) = (folder.join("community.toml"), folder.join("genesis.json"));
    std::fs::write(&file, text + "]\n")?;
    let output = Command::new(program).arg("genesis").arg(&file).arg("--out").arg(&genesis).output()?;
    if !output.status.success() {
        return Err(format!("dure genesis: {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(genesis)
}

/// So many that no two are the same.
fn free_ports(count: usize) -> Fallible<Vec<SocketAddr>> {
    let held = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    Ok(held.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?)
}

fn free_port() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Accounts that every development chain has and whose allowance is a member's.
const DEV_ACCOUNTS: usize = 10;

fn accounts() -> Fallible<Vec<PrivateKeySigner>> {
    (0..(DEV_ACCOUNTS + ACCOUNTS) as u32).map(test_key).collect()
}

/// A test account; the first issues the credit and grants roles.
///
/// # Errors
/// A fault of the library.
pub fn test_key(index: u32) -> Fallible<PrivateKeySigner> {
    Ok(MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?)
}

/// Processor time of a process, all threads, user and system.
#[derive(Clone, Copy)]
pub struct Cpu(Duration);

impl Cpu {
    /// # Errors
    /// Where the system does not say.
    pub fn own() -> Fallible<Self> {
        Self::of("self")
    }

    fn of(process: &str) -> Fallible<Self> {
        /// USER_HZ: what proc(5) counts in, on every Linux that people run.
        const TICKS_PER_SECOND: u64 = 100;
        let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let after_name = text.rsplit_once(')').ok_or("no name in stat")?.1;
        let ticks: Result<Vec<u64>, _> = after_name.split_whitespace().skip(11).take(2).map(str::parse).collect();
        Ok(Self(Duration::from_millis(ticks?.iter().sum::<u64>() * 1_000 / TICKS_PER_SECOND)))
    }
}

impl Sub for Cpu {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
