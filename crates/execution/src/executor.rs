//! The staged executor of a block.
//!
//! Upon the beginning: what is due runs by itself; where it has events they stand in the receipt of the system transaction.
//! Upon each transaction, in order: block gas, its window of time, nonce, signers, allowance, newcomers' share, funds are checked
//! (cheapest first, and in this order); then the EVM runs it, and the gas that it did not use goes back to the block and to
//! the allowance. Allowance and share are those of whoever pays: the signer, or the fee payer in its place.
//! Upon a missing record: the transaction is dropped without a trace, the key asked for, and the transaction begun anew once
//! it is supplied. Upon the end: the changes, sorted by key.
//!
//! The same block gives the same outcome whatever was hinted, supplied in advance, or read at once.

use crate::ledger::{Between, Db, Ledger, Miss, Shared, Why};
use crate::machine::{Machine, Work, evm_env, machine, transact};
use crate::modules::{Law, Place, Signatures};
use crate::outcome::receipt;
use crate::{
    AccountRecord, Allowance, BlockEnv, Bytes, Class, Envelope, Error, Key, Mode, NonceRecord, Outcome, RECENT_HASHES, Receipt,
    Skip, StateReader, Transaction, allowance_of, gas, keys, law, signers,
};
use alloy_consensus::{TxType, proofs::ordered_trie_root_with_encoder};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, Bloom, KECCAK256_EMPTY, map::B256Set};
use dure_rules::{
    Stop,
    accounts::{KEYS, RINGS},
    ids::SYSTEM,
};
use revm::DatabaseCommit as _;
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction, Output};
use revm::inspector::NoOpInspector;

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

/// How one transaction was met.
enum Met {
    /// `nonce` is the account's own from before.
    Ran {
        result: ExecutionResult,
        nonce: u64,
    },
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

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Missing(_) => Self::Missed,
            Stop::Corrupt(key) => Self::Failed(Error::Corrupt(key)),
            Stop::OutOfGas => Self::Failed(Error::Evm("something ran out of gas that pays for none".into())),
        }
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
            let signer = transaction.signer();
            for who in [signer, transaction.payer()] {
                keys.extend([keys::account(who), RINGS.key(&who)]);
            }
            let granted = transaction.grant().map(|grant| grant.key);
            keys.extend(transaction.access_key().into_iter().chain(granted).map(|key| KEYS.key(&(signer, key))));
            if !transaction.nonce_key().is_zero() {
                keys.push(NonceRecord::place(signer, transaction.nonce_key()));
            }
            for authority in signers::authorities(transaction, self.env.chain_id) {
                keys.extend([keys::account(authority), RINGS.key(&authority)]);
            }
            for (to, input) in transaction.envelope().calls() {
                match to {
                    Some(to) if (self.law.is_module)(&to) => (self.law.hints)(signer, to, input, &mut keys),
                    Some(to) => keys.push(keys::account(to)),
                    None => keys.push(keys::account(signer.create(transaction.nonce()))),
                }
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
        let bloom = self.receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.envelope.bloom());
        Outcome {
            changes,
            tx_root: ordered_trie_root_with_encoder(&self.ran, |transaction, out| transaction.envelope().encode(out)),
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
        let called = self.transactions.iter().flat_map(|transaction| transaction.envelope().calls());
        for to in called.filter_map(|(to, _)| to).filter(|to| !(self.law.is_module)(to)) {
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
        let mut evm = machine(self.law, place, evm_env(&self.env), &db, NoOpInspector {});
        while let Some(transaction) = self.transactions.get(self.next).cloned() {
            let mark = self.ledger.lock().mark();
            let met = self.meet(&mut evm, &db, &transaction).inspect_err(|_| self.ledger.lock().forget(mark))?;
            let index = u32::try_from(self.next).unwrap_or(u32::MAX);
            match met {
                Met::Ran { result, nonce } => self.include(index, transaction, result, nonce),
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
        let effects = (self.law.due)(&mut between, &Signatures, place.env(SYSTEM), self.env.parent_hash)?;
        let mut ledger = self.ledger.lock();
        for key in effects.writes.keys() {
            ledger.read_record(*key, db.reader)?; // all or nothing: a miss half-way would repeat what was written
        }
        for account in law::recovered(&effects.events) {
            ledger.end_delegation(account, db.reader)?; // twice is as once
        }
        for (key, value) in effects.writes {
            ledger.write_record(key, value, db.reader)?;
        }
        drop(ledger);
        if !effects.events.is_empty() {
            let logs = effects.events.iter().map(self.law.log).collect();
            let transaction = Transaction::system(self.env.chain_id, self.env.number);
            self.ran.push(transaction);
            self.receipts.push(receipt(TxType::Legacy as u8, true, 0, 0, logs, None));
        }
        Ok(())
    }

    /// Checks, cheapest first, then runs. Nothing has changed where the answer is not [`Met::Ran`].
    fn meet(&mut self, evm: &mut Machine<'_>, db: &Db<'_>, transaction: &Transaction) -> Result<Met, Halt> {
        let (signer, payer) = (transaction.signer(), transaction.payer());
        if let Err(reason) = self.fits_block(transaction) {
            return Ok(Met::Skipped(reason));
        }
        let sender = self.ledger.lock().account(signer, db.reader)?.clone();
        if let Err(reason) = check_nonce(transaction.nonce(), self.next_nonce(db, transaction, &sender)?) {
            return Ok(Met::Skipped(reason));
        }
        let env = Place::of(&self.env).env(signer);
        let acting = match signers::admit(&mut Between(db), env, transaction) {
            Ok(acting) => acting,
            Err(failure) => return Ok(Met::Skipped(signers::refused(failure)?.into())),
        };
        let paying = if payer == signer { None } else { Some(self.ledger.lock().account(payer, db.reader)?.clone()) };
        let (available_gas, newcomer) = match self.fits_allowance(transaction, paying.as_ref().unwrap_or(&sender)) {
            Ok(fits) => fits,
            Err(reason) => return Ok(Met::Skipped(reason)),
        };
        let (balance, value) = (sender.balance(), transaction.value());
        if value > balance {
            return Ok(Met::Skipped(Skip::Funds { balance, value }));
        }
        let mut work = Work::of(transaction, sender.nonce, acting);
        signers::pass_over_replaced(&mut Between(db), &mut work, self.env.chain_id)?;
        let ran = match transact(evm, work) {
            Ok(ran) => ran,
            Err(EVMError::Transaction(reason)) => return Ok(Met::Skipped(skip(reason))),
            Err(EVMError::Database(_) | EVMError::Custom(_) | EVMError::CustomAny(_)) if self.ledger.lock().has_why() => {
                return Err(Halt::Missed);
            }
            Err(other) => return Err(Halt::Failed(Error::Evm(other.to_string()))),
        };
        evm.ctx.journaled_state.database.commit(ran.state);
        let used = ran.result.tx_gas_used();
        self.gas_used = self.gas_used.saturating_add(used);
        self.newcomers_gas = self.newcomers_gas.saturating_add(if newcomer { used } else { 0 });
        let left = Allowance { left_gas: available_gas.saturating_sub(used), at_ms: self.env.time_ms };
        let mut ledger = self.ledger.lock();
        ledger.account(payer, db.reader)?.allowance = Some(left);
        if !transaction.nonce_key().is_zero() {
            let next = NonceRecord::new(signer, transaction.nonce_key(), transaction.nonce().saturating_add(1));
            let place = NonceRecord::place(signer, transaction.nonce_key());
            ledger.write_record(place, Some(next.encode()), db.reader)?; // read above, so it cannot miss
        }
        Ok(Met::Ran { result: ran.result, nonce: sender.nonce })
    }

    /// What needs no record.
    fn fits_block(&self, transaction: &Transaction) -> Result<(), Skip> {
        let gas_limit = transaction.gas_limit();
        let left_gas = self.env.gas_limit.saturating_sub(self.gas_used);
        if gas_limit > left_gas {
            return Err(Skip::BlockFull { gas_limit, left_gas });
        }
        let ((valid_after_s, valid_before_s), time_s) = (transaction.envelope().window_s(), self.env.time_ms / 1_000);
        if time_s < valid_after_s {
            return Err(Skip::NotValidYet { valid_after_s, time_s });
        }
        if time_s >= valid_before_s {
            return Err(Skip::Expired { valid_before_s, time_s });
        }
        Ok(())
    }

    /// The next nonce of the sequence that the transaction is of.
    fn next_nonce(&self, db: &Db<'_>, transaction: &Transaction, sender: &AccountRecord) -> Result<u64, Halt> {
        let key = transaction.nonce_key();
        if key.is_zero() {
            return Ok(sender.nonce);
        }
        let place = NonceRecord::place(transaction.signer(), key);
        let Some(bytes) = self.ledger.lock().read_record(place, db.reader)? else { return Ok(0) };
        let record = NonceRecord::decode(&bytes, transaction.signer(), key);
        record.map(|record| record.next).ok_or(Halt::Failed(Error::Corrupt(place)))
    }

    /// Gas that whoever pays may reserve, and whether a newcomer does.
    fn fits_allowance(&self, transaction: &Transaction, payer: &AccountRecord) -> Result<(u64, bool), Skip> {
        let gas_limit = transaction.gas_limit();
        let available_gas = allowance_of(payer, self.env.time_ms);
        if gas_limit > available_gas {
            return Err(Skip::Allowance { gas_limit, available_gas });
        }
        let newcomer = payer.class == Class::Newcomer;
        let left_gas = newcomers_gas(self.env.gas_limit).saturating_sub(self.newcomers_gas);
        if newcomer && gas_limit > left_gas {
            return Err(Skip::NewcomersFull { gas_limit, left_gas });
        }
        Ok((available_gas, newcomer))
    }

    /// `nonce` is the account's own from before.
    fn include(&mut self, index: u32, transaction: Transaction, result: ExecutionResult, nonce: u64) {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let contract_address = match (&result, transaction.envelope()) {
            (ExecutionResult::Success { .. }, Envelope::Batch(_)) if transaction.to().is_none() => {
                Some(transaction.signer().create(nonce)) // the last call's output is not the first's
            }
            (ExecutionResult::Success { output: Output::Create(_, address), .. }, Envelope::Ethereum(_)) => *address,
            _ => None,
        };
        let logs = if success { result.into_logs() } else { Vec::new() };
        self.receipts.push(receipt(transaction.envelope().ty(), success, self.gas_used, gas_used, logs, contract_address));
        self.ran.push(transaction);
        self.included.push(index);
    }
}

/// Gas of a block that newcomers may use together.
const fn newcomers_gas(block_gas_limit: u64) -> u64 {
    (block_gas_limit / 100).saturating_mul(gas::NEWCOMERS_PERCENT)
}

fn check_nonce(have: u64, want: u64) -> Result<(), Skip> {
    match have.cmp(&want) {
        std::cmp::Ordering::Less => Err(Skip::NonceTooLow { have, want }),
        std::cmp::Ordering::Greater => Err(Skip::NonceTooHigh { have, want }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Names the refusals that the checks of [`Execution`] have not named before the EVM could.
fn skip(reason: InvalidTransaction) -> Skip {
    Skip::Invalid(reason.to_string())
}
