//! The state of a block while it runs: what was read, what was written, and the arena of record values.
//!
//! Upon a module's write of a record: the bytes go to the end of the arena, and the slot `key` of the account [`RECORDS`]
//! is set to their place plus one. Upon a revert: revm's journal puts the slot back, and with it what the record reads as.
//! Upon the end of a transaction: the changed slots are remembered as pointers. Upon the end of the block: the pointers are
//! resolved to bytes. The slots exist in revm's journal only: no database key, no trace and no storage read shows them.
//!
//! Upon a read of something that is not at hand: its key is noted and the read fails, which ends the transaction without a
//! trace; with a reader at hand it is read at once instead. Which of the two happens can change no result.

use crate::{AccountRecord, Key, StateReader, Unavailable, genesis::slot_bytes, keys};
use alloy_primitives::map::{AddressMap, AddressSet, B256Map, HashMap};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, address};
use dure_rules::{Source, Stop};
use revm::bytecode::Bytecode;
use revm::state::{Account, AccountInfo, AccountStatus};
use revm::{Database, DatabaseCommit, DatabaseRef};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The account whose journaled slots are the pointers to records. Nobody holds a key for it and its code is 0xfe.
pub(crate) const RECORDS: Address = address!("d00e00000000000000000000000000000000fffe");

/// The code that every module seems to have: INVALID, so that Solidity's check for code passes and nothing else does.
pub(crate) const MODULE_CODE: &[u8] = &[0xfe];

/// A read could not be answered; [`Ledger::why`] says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record is not at hand")]
pub(crate) struct Miss;

impl revm::context::DBErrorMarker for Miss {}

/// Why the last read failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Missing(Key),
    Corrupt(Key),
    Unavailable(Unavailable),
}

/// The access key by which the account of the transaction at hand acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acting {
    pub account: Address,
    pub key: Address,
    /// No full key: code that the account has taken on (EIP-7702) does not run.
    pub limited: bool,
}

struct Held<T> {
    base: T,
    now: T,
}

/// See the module's head.
pub(crate) struct Ledger {
    known: B256Map<Option<Bytes>>,
    accounts: AddressMap<Held<AccountRecord>>,
    slots: HashMap<(Address, U256), Held<U256>>,
    /// Contracts made in this block: what was never written in their storage is zero, and nothing needs to be read for it.
    made: AddressSet,
    codes: B256Map<Bytecode>,
    made_codes: Vec<B256>,
    pointers: B256Map<U256>,
    arena: Vec<Option<Bytes>>,
    recent_hashes: Vec<B256>,
    number: u64,
    is_module: fn(&Address) -> bool,
    why: Option<Why>,
    /// `None` while an account acts by its own key, and between transactions.
    pub acting: Option<Acting>,
}

impl Ledger {
    pub fn new(number: u64, recent_hashes: Vec<B256>, is_module: fn(&Address) -> bool) -> Self {
        Self {
            known: Default::default(),
            accounts: Default::default(),
            slots: Default::default(),
            made: Default::default(),
            codes: Default::default(),
            made_codes: Vec::new(),
            pointers: Default::default(),
            arena: Vec::new(),
            recent_hashes,
            number,
            is_module,
            why: None,
            acting: None,
        }
    }

    pub fn supply(&mut self, records: Vec<(Key, Option<Bytes>)>) {
        for (key, value) in records {
            self.known.entry(key).or_insert(value);
        }
    }

    pub fn knows(&self, key: &Key) -> bool {
        self.known.contains_key(key)
    }

    /// Takes the reason of the last failed read.
    pub fn why(&mut self) -> Option<Why> {
        self.why.take()
    }

    pub const fn has_why(&self) -> bool {
        self.why.is_some()
    }

    /// The record as it stood before the block.
    fn base(&mut self, key: Key, reader: Option<&dyn StateReader>) -> Result<Option<Bytes>, Miss> {
        if let Some(value) = self.known.get(&key) {
            return Ok(value.clone());
        }
        let why = match reader.map(|reader| reader.read(key)) {
            None => Why::Missing(key),
            Some(Err(unavailable)) => Why::Unavailable(unavailable),
            Some(Ok(value)) => {
                self.known.insert(key, value.clone());
                return Ok(value);
            }
        };
        self.why = Some(why);
        Err(Miss)
    }

    /// Notes that the bytes under `key` do not decode.
    pub fn found_corrupt(&mut self, key: Key) {
        self.why = Some(Why::Corrupt(key));
    }

    fn corrupt<T>(&mut self, key: Key) -> Result<T, Miss> {
        self.found_corrupt(key);
        Err(Miss)
    }

    /// The account as it stands now.
    pub fn account(&mut self, who: Address, reader: Option<&dyn StateReader>) -> Result<&mut AccountRecord, Miss> {
        if !self.accounts.contains_key(&who) {
            let base = if (self.is_module)(&who) {
                let code_hash = alloy_primitives::keccak256(MODULE_CODE).0;
                AccountRecord { nonce: 1, code_hash, ..AccountRecord::unknown(who) }
            } else {
                let key = keys::account(who);
                match self.base(key, reader)?.map(|bytes| AccountRecord::decode(&bytes)) {
                    None => AccountRecord::unknown(who),
                    Some(Some(record)) if record.address() == who => record,
                    Some(_) => return self.corrupt(key),
                }
            };
            self.accounts.insert(who, Held { now: base.clone(), base });
        }
        match self.accounts.get_mut(&who) {
            Some(held) => Ok(&mut held.now),
            None => Err(Miss),
        }
    }

    fn code(&mut self, hash: B256, reader: Option<&dyn StateReader>) -> Result<Bytecode, Miss> {
        if hash == KECCAK256_EMPTY || hash.is_zero() {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.codes.get(&hash) {
            return Ok(code.clone());
        }
        let key = keys::code(hash);
        let Some(bytes) = self.base(key, reader)? else { return self.corrupt(key) };
        let Ok(code) = Bytecode::new_raw_checked(bytes) else { return self.corrupt(key) };
        self.codes.insert(hash, code.clone());
        Ok(code)
    }

    fn slot(&mut self, who: Address, index: U256, reader: Option<&dyn StateReader>) -> Result<U256, Miss> {
        if who == RECORDS {
            let key = Key::from(index);
            // The base is made sure of here, so that a miss surfaces as the failed load of a slot.
            self.base(key, reader)?;
            return Ok(self.pointers.get(&key).copied().unwrap_or_default());
        }
        if let Some(held) = self.slots.get(&(who, index)) {
            return Ok(held.now);
        }
        if self.made.contains(&who) {
            return Ok(U256::ZERO);
        }
        let key = keys::slot(who, index);
        let value = match self.base(key, reader)? {
            None => U256::ZERO,
            Some(bytes) if bytes.len() == 32 => U256::from_be_slice(&bytes),
            Some(_) => return self.corrupt(key),
        };
        self.slots.insert((who, index), Held { base: value, now: value });
        Ok(value)
    }

    /// What a pointer means: the arena's bytes, or the record as before the block.
    pub fn record(&self, key: &Key, pointer: U256) -> Option<Bytes> {
        match usize::try_from(pointer).unwrap_or(usize::MAX).checked_sub(1) {
            None => self.known.get(key).cloned().flatten(),
            Some(place) => self.arena.get(place).cloned().flatten(),
        }
    }

    /// Adds a value to the arena; the answer is the pointer to it.
    pub fn put(&mut self, value: Option<Bytes>) -> U256 {
        self.arena.push(value);
        U256::from(self.arena.len())
    }

    /// The arena's length, to be given to [`Self::forget`] where a transaction must begin anew.
    pub fn mark(&self) -> usize {
        self.arena.len()
    }

    pub fn forget(&mut self, mark: usize) {
        self.arena.truncate(mark);
    }

    /// The record as it stands between transactions.
    pub fn read_record(&mut self, key: Key, reader: Option<&dyn StateReader>) -> Result<Option<Bytes>, Miss> {
        let pointer = self.slot(RECORDS, key.into(), reader)?;
        Ok(self.record(&key, pointer))
    }

    /// Writes a record between transactions. Its base is read first, so that [`Self::changes`] can leave out what did not
    /// change whatever else was supplied.
    pub fn write_record(&mut self, key: Key, value: Option<Bytes>, reader: Option<&dyn StateReader>) -> Result<(), Miss> {
        self.base(key, reader)?;
        let pointer = self.put(value);
        self.pointers.insert(key, pointer);
        Ok(())
    }

    /// Takes from `who` the code that it has taken on (EIP-7702); a contract keeps its own.
    pub fn end_delegation(&mut self, who: Address, reader: Option<&dyn StateReader>) -> Result<(), Miss> {
        let hash = self.account(who, reader)?.code_hash();
        if self.code(hash, reader)?.is_eip7702() {
            self.account(who, reader)?.code_hash = KECCAK256_EMPTY.0;
        }
        Ok(())
    }

    fn commit(&mut self, changes: impl Iterator<Item = (Address, Account)>) {
        for (who, account) in changes {
            if who == RECORDS {
                let changed = account.storage.into_iter().filter(|(_, slot)| slot.is_changed());
                self.pointers.extend(changed.map(|(key, slot)| (Key::from(key), slot.present_value)));
            } else if account.is_touched() && !(self.is_module)(&who) {
                self.commit_account(who, account);
            }
        }
    }

    /// An account destroyed was made by the same transaction (EIP-6780), so nothing of its storage was ever stored. Coin
    /// that SELFDESTRUCT forces on a module never comes here: it is lost.
    fn commit_account(&mut self, who: Address, account: Account) {
        let destroyed = account.is_selfdestructed();
        let info = if destroyed { AccountInfo::default() } else { account.info };
        let Some(held) = self.accounts.get_mut(&who) else { return };
        held.now.nonce = info.nonce;
        held.now.balance = info.balance.to_be_bytes();
        let code_hash = if info.code_hash.is_zero() { KECCAK256_EMPTY } else { info.code_hash };
        if held.now.code_hash() != code_hash {
            held.now.code_hash = code_hash.0;
            if let Some(code) = info.code.filter(|code| !code.is_empty()) {
                self.codes.insert(code_hash, code);
                self.made_codes.push(code_hash);
            }
        }
        if destroyed {
            return;
        }
        if account.status.contains(AccountStatus::Created) {
            self.made.insert(who);
        }
        for (index, slot) in account.storage.into_iter().filter(|(_, slot)| slot.is_changed()) {
            // A slot that was never loaded belongs to a contract made by this transaction: it was zero.
            self.slots.entry((who, index)).or_insert(Held { base: U256::ZERO, now: U256::ZERO }).now = slot.present_value;
        }
    }

    /// Everything that the block changed, sorted by key. Empties the ledger.
    pub fn changes(&mut self) -> Vec<(Key, Option<Bytes>)> {
        let mut changes = Vec::with_capacity(self.accounts.len() + self.slots.len() + self.pointers.len());
        for (who, held) in self.accounts.drain().filter(|(_, held)| held.now != held.base) {
            changes.push((keys::account(who), (!held.now.says_nothing()).then(|| held.now.encode())));
        }
        for ((who, index), held) in self.slots.drain().filter(|(_, held)| held.now != held.base) {
            changes.push((keys::slot(who, index), (!held.now.is_zero()).then(|| slot_bytes(held.now))));
        }
        self.made_codes.sort_unstable();
        self.made_codes.dedup();
        for hash in self.made_codes.drain(..) {
            // Code is kept by hash and never deleted: another account may have the same. It is written even where it
            // already stands, because whether that is known depends on which records happened to be supplied.
            if let Some(code) = self.codes.get(&hash) {
                changes.push((keys::code(hash), Some(code.original_bytes())));
            }
        }
        for (key, pointer) in std::mem::take(&mut self.pointers) {
            let (base, now) = (self.record(&key, U256::ZERO), self.record(&key, pointer));
            if base != now {
                changes.push((key, now));
            }
        }
        changes.sort_unstable_by_key(|(key, _)| *key);
        changes
    }
}

/// A ledger shared between the EVM and its modules, within one thread at a time.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub fn new(ledger: Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger)))
    }

    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        // The lock is never contended and never held across a call that can panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records between transactions, where nobody pays gas.
pub(crate) struct Between<'a, 'r>(pub &'a Db<'r>);

impl Source for Between<'_, '_> {
    fn read(&mut self, key: Key) -> Result<Option<Bytes>, Stop> {
        self.0.ledger.lock().read_record(key, self.0.reader).map_err(|Miss| Stop::Missing(key))
    }
}

/// What revm sees as its database.
#[derive(Clone)]
pub(crate) struct Db<'r> {
    pub ledger: Shared,
    pub reader: Option<&'r dyn StateReader>,
}

impl std::fmt::Debug for Db<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Db")
    }
}

impl DatabaseRef for Db<'_> {
    type Error = Miss;

    fn basic_ref(&self, who: Address) -> Result<Option<AccountInfo>, Miss> {
        let mut ledger = self.ledger.lock();
        let record = ledger.account(who, self.reader)?;
        let (nonce, balance, code_hash) = (record.nonce, record.balance(), record.code_hash());
        if nonce == 0 && balance.is_zero() && code_hash == KECCAK256_EMPTY {
            return Ok(None);
        }
        let code = (ledger.is_module)(&who).then(|| Bytecode::new_raw(Bytes::from_static(MODULE_CODE)));
        Ok(Some(AccountInfo { balance, nonce, code_hash, code, ..Default::default() }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Miss> {
        self.ledger.lock().code(hash, self.reader)
    }

    fn storage_ref(&self, who: Address, index: U256) -> Result<U256, Miss> {
        self.ledger.lock().slot(who, index, self.reader)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Miss> {
        let ledger = self.ledger.lock();
        let back = ledger.number.checked_sub(number).and_then(|back| back.checked_sub(1));
        let place = back.and_then(|back| usize::try_from(back).ok());
        Ok(place.and_then(|place| ledger.recent_hashes.get(place)).copied().unwrap_or_default())
    }
}

impl Database for Db<'_> {
    type Error = Miss;

    fn basic(&mut self, who: Address) -> Result<Option<AccountInfo>, Miss> {
        self.basic_ref(who)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Miss> {
        self.code_by_hash_ref(hash)
    }

    fn storage(&mut self, who: Address, index: U256) -> Result<U256, Miss> {
        self.storage_ref(who, index)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Miss> {
        self.block_hash_ref(number)
    }
}

impl DatabaseCommit for Db<'_> {
    fn commit(&mut self, changes: AddressMap<Account>) {
        self.ledger.lock().commit(changes.into_iter());
    }

    fn commit_iter(&mut self, changes: &mut dyn Iterator<Item = (Address, Account)>) {
        self.ledger.lock().commit(changes);
    }
}
