//! Transfers between accounts that all have some: the same ones for every peer.

use crate::{Fallible, http::Connection, http::send_raw, peers::Peer};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address, hex, keccak256};
use alloy_signer::SignerSync as _;
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::{SolCall as _, sol};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

sol! {
    function transfer(address to, uint256 amount) returns (bool);
    function mint(address to, uint256 amount);
}

/// Accounts that send, and that receive.
pub const ACCOUNTS: usize = 64;
/// The development chain's credit.
const CREDIT: Address = address!("d00ec00000000000000000000000000000000001");
/// An ERC-20 in Solidity, the same bytes for both: `scripts/compile-sol`.
const TOKEN: &str = include_str!("../../crates/execution/sol/Token.json");
const SET_UP_MAX: Duration = Duration::from_secs(60);

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call of an account without code, nothing else. (Dure has no coin.)
    Plain,
    /// `transfer` of an ERC-20 written in Solidity.
    Erc20,
    /// `transfer` of a credit, which is an ERC-20 that the rules keep.
    Credit,
}

pub const ANVIL: [Kind; 2] = [Kind::Plain, Kind::Erc20];
pub const DURE: [Kind; 3] = [Kind::Plain, Kind::Erc20, Kind::Credit];

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain transaction",
            Self::Erc20 => "ERC-20 transfer (Solidity)",
            Self::Credit => "credit transfer",
        }
    }

    pub const fn gas_limit(self) -> u64 {
        match self {
            Self::Plain => 21_000,
            Self::Erc20 => 60_000,
            Self::Credit => 100_000,
        }
    }
}

/// Signs in the order of nonces.
pub struct Signer<'a> {
    peer: &'a Peer,
    nonces: Vec<u64>,
    token: Address,
}

impl<'a> Signer<'a> {
    /// Makes the token, and gives everybody some.
    ///
    /// # Errors
    /// Where the node refuses.
    pub async fn new(peer: &'a Peer) -> Fallible<Self> {
        let mut signer = Self::known(peer);
        let compiled: Value = serde_json::from_str(TOKEN)?;
        let code = hex::decode(compiled["bytecode"].as_str().ok_or("no bytecode")?)?;
        let mut connection = Connection::open(peer.address).await?;
        signer.token = peer.accounts[0].address().create(0);
        let mut raw = vec![signer.one(0, TxKind::Create, code.into(), 2_000_000)?];
        for account in &peer.accounts {
            let data = mintCall { to: account.address(), amount: U256::from(1_000_000_000) }.abi_encode();
            raw.push(signer.one(0, TxKind::Call(signer.token), data.into(), 100_000)?);
        }
        let last = keccak256(raw.last().ok_or("nobody")?);
        for raw in raw {
            connection.post(send_raw(&raw)).await??;
        }
        wait(&mut connection, last).await?;
        Ok(signer)
    }

    /// For an account that has what it needs: credits, which need no token.
    pub fn known(peer: &'a Peer) -> Self {
        Self { peer, nonces: vec![0; ACCOUNTS], token: Address::ZERO }
    }

    /// `total` transfers of this kind, dealt to `connections` so that each account sends on one of them.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub async fn sign(&mut self, kind: Kind, total: usize, connections: usize) -> Fallible<Vec<std::vec::IntoIter<Bytes>>> {
        self.ask_nonces().await?;
        let each = total.div_ceil(ACCOUNTS);
        let addresses: Vec<Address> = self.peer.accounts.iter().map(PrivateKeySigner::address).collect();
        let threads = std::thread::available_parallelism()?.get();
        let signer = &*self;
        let signed: Fallible<Vec<Vec<Bytes>>> = std::thread::scope(|scope| {
            let part = |thread: usize| {
                let addresses = &addresses;
                scope.spawn(move || {
                    let mine = (thread..ACCOUNTS).step_by(threads);
                    mine.map(|from| Ok((from, signer.of_account(kind, from, each, addresses)?))).collect::<Fallible<Vec<_>>>()
                })
            };
            let parts: Vec<_> = (0..threads).map(part).collect();
            let mut all = vec![Vec::new(); ACCOUNTS];
            for part in parts {
                for (from, signed) in part.join().map_err(|_| "a thread that signs ended")?? {
                    all[from] = signed;
                }
            }
            Ok(all)
        });
        let mut shares = vec![Vec::new(); connections];
        let mut accounts: Vec<_> = signed?.into_iter().map(Vec::into_iter).collect();
        for _ in 0..each {
            for (from, account) in accounts.iter_mut().enumerate() {
                shares[from % connections].extend(account.next());
            }
        }
        Ok(shares.into_iter().map(Vec::into_iter).collect())
    }

    /// What the chain says: a load that ended by its clock did not send all that was signed for it.
    async fn ask_nonces(&mut self) -> Fallible<()> {
        let mut connection = Connection::open(self.peer.address).await?;
        for (account, nonce) in self.peer.accounts.iter().zip(&mut self.nonces) {
            let count = connection.ask("eth_getTransactionCount", json!([account.address(), "latest"])).await?;
            *nonce = serde_json::from_value::<alloy_primitives::U64>(count)?.to();
        }
        Ok(())
    }

    fn of_account(&self, kind: Kind, from: usize, count: usize, addresses: &[Address]) -> Fallible<Vec<Bytes>> {
        let one = |index: usize| {
            let to = addresses[(from + 1 + index % (ACCOUNTS - 1)) % ACCOUNTS];
            let data: Bytes = match kind {
                Kind::Plain => Bytes::new(),
                Kind::Erc20 | Kind::Credit => transferCall { to, amount: U256::from(1) }.abi_encode().into(),
            };
            let target = match kind {
                Kind::Plain => to,
                Kind::Erc20 => self.token,
                Kind::Credit => CREDIT,
            };
            let nonce = self.nonces[from] + index as u64;
            sign(&self.peer.accounts[from], self.peer.chain_id, nonce, TxKind::Call(target), data, kind.gas_limit())
        };
        (0..count).map(one).collect()
    }

    fn one(&mut self, from: usize, to: TxKind, data: Bytes, gas_limit: u64) -> Fallible<Bytes> {
        let nonce = self.nonces[from];
        self.nonces[from] += 1;
        sign(&self.peer.accounts[from], self.peer.chain_id, nonce, to, data, gas_limit)
    }
}

/// A signed transaction in its EIP-2718 form. Gas costs nothing, on either.
///
/// # Errors
/// A fault of the signer.
pub fn sign(key: &PrivateKeySigner, chain_id: u64, nonce: u64, to: TxKind, input: Bytes, gas_limit: u64) -> Fallible<Bytes> {
    let transaction = TxEip1559 { chain_id, nonce, gas_limit, to, input, ..TxEip1559::default() };
    let signature = key.sign_hash_sync(&transaction.signature_hash())?;
    Ok(TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into())
}

/// Waits until a transaction is final and has succeeded.
///
/// # Errors
/// Where it has not, or not in time.
pub async fn wait(connection: &mut Connection, hash: B256) -> Fallible<()> {
    let since = Instant::now();
    while since.elapsed() < SET_UP_MAX {
        let receipt = connection.ask("eth_getTransactionReceipt", json!([hash])).await?;
        if !receipt.is_null() {
            return if receipt["status"] == "0x1" { Ok(()) } else { Err(format!("{hash} failed").into()) };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{hash} is not final").into())
}
