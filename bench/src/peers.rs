//! What is measured: a node of Dure, or anvil, each a process of its own on a free port.

use crate::{Fallible, http::Connection, transfers::ACCOUNTS};
use alloy_primitives::Address;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English};
use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpListener},
    ops::Sub,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// From the start of a node to its first answer.
const READY_MAX: Duration = Duration::from_secs(30);

/// A node that runs; ends with this.
pub struct Peer {
    pub name: &'static str,
    pub address: SocketAddr,
    pub chain_id: u64,
    pub accounts: Vec<PrivateKeySigner>,
    command: Command,
    process: Child,
    folder: tempfile::TempDir,
}

impl Peer {
    /// `dure dev` with a town that is empty, time at the wall's pace, and accounts whose allowance is not what is measured.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn dure(program: &Path, more: Vec<Address>) -> Fallible<Self> {
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
        let base = ["dev", "--empty", "--http", &address.to_string(), "--data"].map(str::to_owned);
        let mut command = Command::new(program);
        command.args(&base).arg(&data).arg("--accounts").arg(&file).stdout(Stdio::null());
        let process = command.spawn()?;
        // The genesis stands from the first start on, so later ones name no accounts.
        let mut command = Command::new(program);
        command.args(&base).arg(&data).stdout(Stdio::null());
        let accounts = accounts.into_iter().skip(DEV_ACCOUNTS).collect();
        Self { name: "dure", address, chain_id: 0, accounts, command, process, folder }.up().await
    }

    /// Ends the process without warning and starts it again; gives when it was started, once it answers.
    ///
    /// # Errors
    /// Where it does not come back.
    pub async fn kill_and_start(&mut self) -> Fallible<Instant> {
        self.process.kill()?;
        self.process.wait()?;
        let began = Instant::now();
        self.process = self.command.spawn()?;
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
            .args(["--mnemonic", MNEMONIC, "--accounts", &accounts.len().to_string(), "--port", &address.port().to_string()])
            .stdout(Stdio::null());
        let process = command.spawn()?;
        let accounts = accounts.into_iter().skip(DEV_ACCOUNTS).collect();
        Self { name: "anvil", address, chain_id: 0, accounts, command, process, folder }.up().await
    }

    async fn up(mut self) -> Fallible<Self> {
        self.chain_id = self.answered().await?;
        Ok(self)
    }

    /// Waits until the node answers; gives the id of its chain.
    async fn answered(&self) -> Fallible<u64> {
        let since = Instant::now();
        let mut connection = loop {
            match Connection::open(self.address).await {
                Ok(connection) => break connection,
                Err(error) if since.elapsed() > READY_MAX => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        let id: alloy_primitives::U64 = serde_json::from_value(connection.ask("eth_chainId", serde_json::json!([])).await?)?;
        Ok(id.to())
    }

    /// Processor time that the node has taken since it started.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn cpu(&self) -> Fallible<Cpu> {
        Cpu::of(&self.process.id().to_string())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill(); // an error says that it has ended
        let _ = self.process.wait();
    }
}

fn free_port() -> Fallible<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Accounts that every development chain has and whose allowance is a member's.
const DEV_ACCOUNTS: usize = 10;

fn accounts() -> Fallible<Vec<PrivateKeySigner>> {
    let key = |index| Ok(MnemonicBuilder::<English>::default().phrase(MNEMONIC).index(index)?.build()?);
    (0..(DEV_ACCOUNTS + ACCOUNTS) as u32).map(key).collect()
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
