//! The staged executor of a block.
//!
//! Upon the beginning: what is due runs by itself; where it has events they stand in the receipt of the system transaction.
//! Upon each transaction, in order: block gas, nonce, allowance, the newcomers' share and funds are checked (cheapest first,
//! and in this order); then the EVM runs it, and the gas that it did not use goes back to the block and to the allowance.
//! Upon a missing record: the transaction is dropped without a trace, the key asked for, and the transaction begun anew once
//! it is supplied. Upon the end: the changes, sorted by key.
//!
//! The same block gives the same outcome whatever was hinted, supplied in advance, or read at once.

use crate::ledger::{Db, Ledger, Miss, Shared, Why};
use crate::modules::{Law, Place, Signatures, precompiles};
use crate::{
    Allowance, BlockEnv, Bytes, Class, Key, Mode, PREVRANDAO, RECENT_HASHES, ReceiptEnvelope, StateReader, Transaction,
    Unavailable, allowance_of, gas, keys, law,
};
use alloy_consensus::{Eip658Value, Transaction as _, TxType, proofs::ordered_trie_root_with_encoder};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_evm::{EvmEnv, FromRecoveredTx as _, eth::EthEvmBuilder};
use alloy_primitives::{Address, B256, Bloom, KECCAK256_EMPTY, Log, U256, map::B256Set};
use dure_rules::{Source, Stop, ids::SYSTEM};
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction, Output};
use revm::context::{CfgEnv, TxEnv};
use revm::{DatabaseCommit as _, primitives::hardfork::SpecId};

/// How often one transaction is begun anew because a record was missing, before the machine asks for a reader.
pub const RESTARTS_MAX: u32 = 8;

/// What the machine wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetch these records and [`Execution::supply`] them; then go on.
    Need(Vec<Key>),
    /// One transaction missed [`RESTARTS_MAX`] times. Go on with [`Execution::advance_with`], which reads at each miss
    /// instead of beginning anew; supplying the key works too and costs another beginning.
    NeedBlocking(Key),
    /// The block is executed: [`Execution::finish`].
    Done,
}

/// Why a transaction is left out of a block, or makes a block invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    #[error("the gas limit {gas_limit} is beyond the account's allowance of {available_gas} gas at this time")]
    Allowance { gas_limit: u64, available_gas: u64 },
    #[error("the gas limit {gas_limit} is beyond the {left_gas} gas that newcomers have left in this block")]
    NewcomersFull { gas_limit: u64, left_gas: u64 },
    #[error("the gas limit {gas_limit} is beyond the {left_gas} gas left in this block")]
    BlockFull { gas_limit: u64, left_gas: u64 },
    #[error("nonce {have} is too low: the account's next is {want}")]
    NonceTooLow { have: u64, want: u64 },
    #[error("nonce {have} is too high: the account's next is {want}")]
    NonceTooHigh { have: u64, want: u64 },
    #[error("the account has {balance} wei, less than the value {value}: this chain has no coin of its own")]
    Funds { balance: U256, value: U256 },
    #[error("no transaction of this chain: {0}")]
    Invalid(String),
}

impl Skip {
    /// Whether the same transaction may fit a later block; else the pool drops it.
    pub const fn may_fit_later(&self) -> bool {
        matches!(self, Self::Allowance { .. } | Self::NewcomersFull { .. } | Self::BlockFull { .. } | Self::NonceTooHigh { .. })
    }
}

/// Why a block cannot be executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Only in [`crate::Mode::Verify`]: whoever proposed this block broke a rule.
    #[error("transaction {index} ({hash}) does not fit the block: {reason}")]
    InvalidBlock { index: u32, hash: B256, reason: Skip },
    /// The record under this key does not decode: this node's storage is at fault and the node must stop.
    #[error("the record under {0} does not decode")]
    Corrupt(Key),
    /// The reader given to [`Execution::advance_with`] failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The EVM ended in a way that no transaction can cause.
    #[error("the EVM failed: {0}")]
    Evm(String),
}

/// One transaction's receipt, and what the receipts root does not hold but clients ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Status, cumulative gas, bloom and logs, typed as the receipts root commits to them.
    pub envelope: ReceiptEnvelope,
    /// Gas of this transaction alone.
    pub gas_used: u64,
    /// The contract made, where one was.
    pub contract_address: Option<Address>,
}

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Every record written (`None` deletes), sorted by key, each key once.
    pub changes: Vec<(Key, Option<Bytes>)>,
    /// What the transactions root commits to: the system transaction, where the block did something by itself, then the
    /// included transactions.
    pub transactions: Vec<Transaction>,
    /// One for each of `transactions`.
    pub receipts: Vec<Receipt>,
    /// Places in the given list of the transactions that were included, in order.
    pub included: Vec<u32>,
    /// Places in the given list of those left out, and why. Empty in [`crate::Mode::Verify`].
    pub skipped: Vec<(u32, Skip)>,
    pub gas_used: u64,
    pub bloom: Bloom,
    pub tx_root: B256,
    pub receipts_root: B256,
}

/// How one transaction was met.
enum Met {
    Ran(ExecutionResult),
    Skipped(Skip),
}

/// Why the machine stands still.
enum Halt {
    Missed,
    Failed(Error),
}

impl From<Miss> for Halt {
    fn from(_: Miss) -> Self {
        Self::Missed
    }
}

/// A block being executed.
pub struct Execution {
    law: Law,
    env: BlockEnv,
    transactions: Vec<Transaction>,
    ledger: Shared,
    /// Whether what was due has run.
    begun: bool,
    /// Whether the code of called contracts has been asked for.
    asked_code: bool,
    /// Place of the transaction at hand.
    next: usize,
    restarts: u32,
    gas_used: u64,
    newcomers_gas: u64,
    ran: Vec<Transaction>,
    receipts: Vec<Receipt>,
    included: Vec<u32>,
    skipped: Vec<(u32, Skip)>,
    done: bool,
}

impl Execution {
    /// A block of these transactions, none of them the system transaction: that one follows from the records.
    pub fn new(env: BlockEnv, transactions: Vec<Transaction>) -> Self {
        Self::under(law::LAW, env, transactions)
    }

    pub(crate) fn under(law: Law, mut env: BlockEnv, transactions: Vec<Transaction>) -> Self {
        env.recent_hashes.truncate(RECENT_HASHES as usize);
        let ledger = Shared::new(Ledger::new(env.number, env.recent_hashes.clone(), law.is_module));
        Self {
            law,
            env,
            transactions,
            ledger,
            begun: false,
            asked_code: false,
            next: 0,
            restarts: 0,
            gas_used: 0,
            newcomers_gas: 0,
            ran: Vec::new(),
            receipts: Vec::new(),
            included: Vec::new(),
            skipped: Vec::new(),
            done: false,
        }
    }

    /// Keys that the block will surely or likely touch, each once. Fetch and [`Self::supply`] them before the first
    /// [`Self::advance`]; leaving it out costs time and changes nothing.
    pub fn hints(&self) -> Vec<Key> {
        let mut keys = vec![keys::account(Address::ZERO)]; // the EVM looks at the beneficiary
        (self.law.due_hints)(&Place::of(&self.env).env(SYSTEM), &mut keys);
        for transaction in &self.transactions {
            keys.push(keys::account(transaction.signer()));
            match transaction.to() {
                Some(to) if (self.law.is_module)(&to) => (self.law.hints)(transaction, &mut keys),
                Some(to) => keys.push(keys::account(to)),
                None => keys.push(keys::account(transaction.signer().create(transaction.nonce()))),
            }
            for item in transaction.envelope().access_list().into_iter().flat_map(|list| list.iter()) {
                keys.push(keys::account(item.address));
                keys.extend(item.storage_keys.iter().map(|slot| keys::slot(item.address, (*slot).into())));
            }
        }
        let mut seen = B256Set::default();
        keys.retain(|key| seen.insert(*key));
        keys
    }

    /// Goes on until a record is missing or the block is done.
    ///
    /// # Errors
    /// [`Error`]; the execution is then spent.
    pub fn advance(&mut self) -> Result<Step, Error> {
        self.go(None)
    }

    /// As [`Self::advance`], and what is missed is read from `reader` at once.
    ///
    /// # Errors
    /// [`Error`]; the execution is then spent.
    pub fn advance_with(&mut self, reader: &dyn StateReader) -> Result<Step, Error> {
        self.go(Some(reader))
    }

    /// Hands in records as they stood before the block. A key that is already known is left as it is.
    pub fn supply(&mut self, records: Vec<(Key, Option<Bytes>)>) {
        self.ledger.lock().supply(records);
    }

    /// What the block did.
    ///
    /// # Panics
    /// Where [`Self::advance`] has not answered [`Step::Done`]: a bug of the caller.
    pub fn finish(self) -> Outcome {
        assert!(self.done, "finish before Step::Done");
        let changes = self.ledger.lock().changes();
        let bloom = self.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.envelope.logs_bloom());
        Outcome {
            changes,
            tx_root: ordered_trie_root_with_encoder(&self.ran, |transaction, out| transaction.envelope().encode_2718(out)),
            receipts_root: ordered_trie_root_with_encoder(&self.receipts, |receipt, out| receipt.envelope.encode_2718(out)),
            transactions: self.ran,
            receipts: self.receipts,
            included: self.included,
            skipped: self.skipped,
            gas_used: self.gas_used,
            bloom,
        }
    }

    /// The state after the last transaction, for a trace of the one that would come next.
    pub(crate) fn into_ledger(self) -> Shared {
        self.ledger
    }

    fn go(&mut self, reader: Option<&dyn StateReader>) -> Result<Step, Error> {
        if let Some(codes) = self.codes_to_ask_for(reader.is_some()) {
            return Ok(Step::Need(codes));
        }
        match self.run(reader) {
            Ok(()) => {
                self.done = true;
                Ok(Step::Done)
            }
            Err(Halt::Failed(error)) => Err(error),
            Err(Halt::Missed) => self.missed(),
        }
    }

    fn missed(&mut self) -> Result<Step, Error> {
        let why = self.ledger.lock().why();
        match why {
            Some(Why::Missing(key)) if self.restarts < RESTARTS_MAX => {
                self.restarts += 1;
                Ok(Step::Need(vec![key]))
            }
            Some(Why::Missing(key)) => Ok(Step::NeedBlocking(key)),
            Some(Why::Corrupt(key)) => Err(Error::Corrupt(key)),
            Some(Why::Unavailable(unavailable)) => Err(Error::Unavailable(unavailable)),
            None => Err(Error::Evm("a read failed for no reason".into())),
        }
    }

    /// Once, after the accounts were supplied: the code of all called contracts in one go instead of one miss each.
    fn codes_to_ask_for(&mut self, reading: bool) -> Option<Vec<Key>> {
        if std::mem::replace(&mut self.asked_code, true) || reading {
            return None;
        }
        let mut ledger = self.ledger.lock();
        let mut codes = B256Set::default();
        for to in self.transactions.iter().filter_map(Transaction::to).filter(|to| !(self.law.is_module)(to)) {
            if ledger.knows(&keys::account(to))
                && let Ok(account) = ledger.account(to, None)
            {
                codes.insert(account.code_hash());
            }
        }
        codes.remove(&KECCAK256_EMPTY);
        let mut codes: Vec<Key> = codes.into_iter().map(keys::code).filter(|key| !ledger.knows(key)).collect();
        codes.sort_unstable();
        (!codes.is_empty()).then_some(codes)
    }

    fn run(&mut self, reader: Option<&dyn StateReader>) -> Result<(), Halt> {
        let db = Db { ledger: self.ledger.clone(), reader };
        if !self.begun {
            self.begin(&db)?;
            self.begun = true;
            self.restarts = 0;
        }
        let place = Place::of(&self.env);
        let evm_env = evm_env(&self.env);
        let mut evm = EthEvmBuilder::new(db.clone(), evm_env).precompiles(precompiles(self.law, place, &db)).build();
        while let Some(transaction) = self.transactions.get(self.next).cloned() {
            let mark = self.ledger.lock().mark();
            let met = self.meet(&mut evm, &db, &transaction).inspect_err(|_| self.ledger.lock().forget(mark))?;
            let index = u32::try_from(self.next).unwrap_or(u32::MAX);
            match met {
                Met::Ran(result) => self.include(index, transaction, result),
                Met::Skipped(reason) if self.env.mode == Mode::Verify => {
                    let hash = transaction.hash();
                    return Err(Halt::Failed(Error::InvalidBlock { index, hash, reason }));
                }
                Met::Skipped(reason) => self.skipped.push((index, reason)),
            }
            self.next += 1;
            self.restarts = 0;
        }
        Ok(())
    }

    /// What every block does by itself.
    fn begin(&mut self, db: &Db<'_>) -> Result<(), Halt> {
        let place = Place::of(&self.env);
        let mut between = Between(db);
        let effects = match (self.law.due)(&mut between, &Signatures, place.env(SYSTEM), self.env.parent_hash) {
            Ok(effects) => effects,
            Err(Stop::Missing(_)) => return Err(Halt::Missed),
            Err(Stop::Corrupt(key)) => return Err(Halt::Failed(Error::Corrupt(key))),
            Err(Stop::OutOfGas) => {
                return Err(Halt::Failed(Error::Evm("what is due ran out of gas, which it does not pay".into())));
            }
        };
        let mut ledger = self.ledger.lock();
        for key in effects.writes.keys() {
            ledger.read_record(*key, db.reader)?; // all or nothing: a miss half-way would repeat what was written
        }
        for (key, value) in effects.writes {
            ledger.write_record(key, value, db.reader)?;
        }
        drop(ledger);
        if !effects.events.is_empty() {
            let logs = effects.events.iter().map(self.law.log).collect();
            let transaction = Transaction::system(self.env.chain_id, self.env.number);
            self.ran.push(transaction);
            self.receipts.push(receipt(TxType::Legacy, true, 0, 0, logs, None));
        }
        Ok(())
    }

    /// Checks, cheapest first, then runs. Nothing has changed where the answer is not [`Met::Ran`].
    fn meet<E>(&mut self, evm: &mut E, db: &Db<'_>, transaction: &Transaction) -> Result<Met, Halt>
    where
        E: alloy_evm::Evm<Tx = TxEnv, Error = EVMError<Miss>, HaltReason = revm::context::result::HaltReason>,
        E::DB: revm::DatabaseCommit,
    {
        let gas_limit = transaction.gas_limit();
        let left_gas = self.env.gas_limit.saturating_sub(self.gas_used);
        if gas_limit > left_gas {
            return Ok(Met::Skipped(Skip::BlockFull { gas_limit, left_gas }));
        }
        let sender = self.ledger.lock().account(transaction.signer(), db.reader)?.clone();
        let (have, want) = (transaction.nonce(), sender.nonce);
        if have < want {
            return Ok(Met::Skipped(Skip::NonceTooLow { have, want }));
        }
        if have > want {
            return Ok(Met::Skipped(Skip::NonceTooHigh { have, want }));
        }
        let available_gas = allowance_of(&sender, self.env.time_ms);
        if gas_limit > available_gas {
            return Ok(Met::Skipped(Skip::Allowance { gas_limit, available_gas }));
        }
        let newcomer = sender.class == Class::Newcomer;
        let left_gas = newcomers_gas(self.env.gas_limit).saturating_sub(self.newcomers_gas);
        if newcomer && gas_limit > left_gas {
            return Ok(Met::Skipped(Skip::NewcomersFull { gas_limit, left_gas }));
        }
        let (balance, value) = (sender.balance(), transaction.value());
        if value > balance {
            return Ok(Met::Skipped(Skip::Funds { balance, value }));
        }
        let ran = match evm.transact_raw(tx_env(transaction)) {
            Ok(ran) => ran,
            Err(EVMError::Transaction(reason)) => return Ok(Met::Skipped(skip(reason))),
            Err(EVMError::Database(_) | EVMError::Custom(_) | EVMError::CustomAny(_)) if self.ledger.lock().has_why() => {
                return Err(Halt::Missed);
            }
            Err(other) => return Err(Halt::Failed(Error::Evm(other.to_string()))),
        };
        evm.db_mut().commit(ran.state);
        let used = ran.result.tx_gas_used();
        self.gas_used = self.gas_used.saturating_add(used);
        self.newcomers_gas = self.newcomers_gas.saturating_add(if newcomer { used } else { 0 });
        let left = Allowance { left_gas: available_gas.saturating_sub(used), at_ms: self.env.time_ms };
        self.ledger.lock().account(transaction.signer(), db.reader)?.allowance = Some(left);
        Ok(Met::Ran(ran.result))
    }

    fn include(&mut self, index: u32, transaction: Transaction, result: ExecutionResult) {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let contract_address = match &result {
            ExecutionResult::Success { output: Output::Create(_, address), .. } => *address,
            _ => None,
        };
        let logs = if success { result.into_logs() } else { Vec::new() };
        let tx_type = transaction.envelope().tx_type();
        self.receipts.push(receipt(tx_type, success, self.gas_used, gas_used, logs, contract_address));
        self.ran.push(transaction);
        self.included.push(index);
    }
}

/// Gas of a block that newcomers may use together.
const fn newcomers_gas(block_gas_limit: u64) -> u64 {
    (block_gas_limit / 100).saturating_mul(gas::NEWCOMERS_PERCENT)
}

fn receipt(
    tx_type: TxType,
    success: bool,
    cumulative_gas_used: u64,
    gas_used: u64,
    logs: Vec<Log>,
    contract_address: Option<Address>,
) -> Receipt {
    let inner = alloy_consensus::Receipt { status: Eip658Value::Eip658(success), cumulative_gas_used, logs };
    Receipt { envelope: ReceiptEnvelope::from_typed(tx_type, inner), gas_used, contract_address }
}

/// Names the refusals that the checks of [`Execution`] have not named before the EVM could.
fn skip(reason: InvalidTransaction) -> Skip {
    Skip::Invalid(reason.to_string())
}

/// Osaka, with nothing charged: the base fee is 0 and so is every price (see [`tx_env`]).
pub(crate) fn evm_env(env: &BlockEnv) -> EvmEnv {
    let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA);
    cfg.chain_id = env.chain_id;
    let block = revm::context::BlockEnv {
        number: U256::from(env.number),
        beneficiary: Address::ZERO,
        timestamp: U256::from(env.time_ms / 1_000),
        gas_limit: env.gas_limit,
        basefee: 0,
        difficulty: U256::ZERO,
        prevrandao: Some(PREVRANDAO),
        ..Default::default()
    };
    EvmEnv::new(cfg, block)
}

/// The transaction as the EVM sees it. A price or tip that a wallet offers is tolerated and never charged: the EVM is told
/// 0, so GASPRICE answers 0 and the balance has to cover the value alone.
pub(crate) fn tx_env(transaction: &Transaction) -> TxEnv {
    let mut env = TxEnv::from_recovered_tx(transaction.envelope(), transaction.signer());
    env.gas_price = 0;
    env.gas_priority_fee = env.gas_priority_fee.map(|_| 0);
    env
}

/// Records between transactions, where nobody pays gas.
struct Between<'a, 'r>(&'a Db<'r>);

impl Source for Between<'_, '_> {
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop> {
        self.0.ledger.lock().read_record(key, self.0.reader).map_err(|Miss| Stop::Missing(key))
    }
}
