//! The tables, and how a final block enters them.

use crate::history::{FinalBlock, HistoryError};
use alloy_primitives::Address;
use rusqlite::{Connection, Transaction, params};

/// Written into the file; another number there means that the file is emptied and made again.
const VERSION: i64 = 2;

const TABLES: &str = "
CREATE TABLE blocks (
    height INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    header BLOB NOT NULL,      -- RLP
    time_ms INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL
);
CREATE TABLE transactions (
    height INTEGER NOT NULL,
    place INTEGER NOT NULL,    -- index in the block
    hash BLOB NOT NULL,
    sender BLOB NOT NULL,
    envelope BLOB NOT NULL,    -- EIP-2718
    success INTEGER NOT NULL,
    gas_used INTEGER NOT NULL,
    cumulative_gas_used INTEGER NOT NULL,
    created BLOB,
    payer BLOB,                -- NULL where the sender paid
    access_key BLOB,           -- NULL where the sender's own key signed
    PRIMARY KEY (height, place)
) WITHOUT ROWID;
CREATE INDEX transactions_by_hash ON transactions (hash);
CREATE TABLE logs (
    height INTEGER NOT NULL,
    place INTEGER NOT NULL,    -- index among the logs of the block
    transaction_place INTEGER NOT NULL,
    address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB,
    data BLOB NOT NULL,
    PRIMARY KEY (height, place)
) WITHOUT ROWID;
CREATE INDEX logs_by_address ON logs (address, height);
CREATE INDEX logs_by_subject ON logs (topic1, height) WHERE topic1 IS NOT NULL;
CREATE TABLE changes (
    key BLOB NOT NULL,
    height INTEGER NOT NULL,
    value BLOB,                -- NULL where the key was deleted
    PRIMARY KEY (key, height)
) WITHOUT ROWID;
";

/// Makes the tables, or empties a file of another version.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), HistoryError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == VERSION { Ok(()) } else { clear(connection) }
}

/// Drops every table and makes them anew.
pub(super) fn clear(connection: &mut Connection) -> Result<(), HistoryError> {
    let work = connection.transaction()?;
    work.execute_batch(
        "DROP TABLE IF EXISTS changes; DROP TABLE IF EXISTS logs; DROP TABLE IF EXISTS transactions; DROP TABLE IF EXISTS blocks;",
    )?;
    work.execute_batch(TABLES)?;
    work.pragma_update(None, "user_version", VERSION)?;
    Ok(work.commit()?)
}

/// Takes blocks over in one SQL transaction. A block that is there already changes nothing; what stands before a gap is kept;
/// upon another block at a height that is there nothing is.
pub(super) fn apply<'a>(connection: &mut Connection, blocks: impl Iterator<Item = &'a FinalBlock>) -> Result<(), HistoryError> {
    let work = connection.transaction()?;
    let newest: Option<i64> = work.query_row("SELECT max(height) FROM blocks", [], |row| row.get(0))?;
    let mut expected = newest.map_or(0, |height| height.unsigned_abs() + 1);
    for block in blocks {
        if block.height < expected {
            if super::queries::hash_at(&work, block.height)? != Some(block.hash) {
                return Err(HistoryError::Conflict { height: block.height });
            }
            continue;
        }
        if block.height > expected {
            work.commit()?;
            return Err(HistoryError::Gap { found: block.height, expected });
        }
        insert(&work, block)?;
        expected += 1;
    }
    Ok(work.commit()?)
}

fn insert(work: &Transaction<'_>, block: &FinalBlock) -> Result<(), HistoryError> {
    let height = number(block.height)?;
    work.prepare_cached("INSERT INTO blocks VALUES (?, ?, ?, ?, ?)")?.execute(params![
        height,
        block.hash.as_slice(),
        alloy_rlp::encode(&block.header),
        number(block.time_ms)?,
        number(block.size_bytes)?,
    ])?;
    let mut add_transaction = work.prepare_cached("INSERT INTO transactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut add_log = work.prepare_cached("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let mut log_place = 0i64;
    for (place, transaction) in (0i64..).zip(&block.transactions) {
        let bytes = |address: &Option<Address>| address.map(|address| address.0.0);
        add_transaction.execute(params![
            height,
            place,
            transaction.hash.as_slice(),
            transaction.from.as_slice(),
            transaction.envelope.encoded(),
            transaction.success,
            number(transaction.gas_used)?,
            number(transaction.cumulative_gas_used)?,
            bytes(&transaction.created),
            bytes(&transaction.payer),
            bytes(&transaction.access_key),
        ])?;
        for log in &transaction.logs {
            let topic = |index: usize| log.topics().get(index).map(|topic| topic.as_slice());
            let (address, data) = (log.address.as_slice(), log.data.data.as_ref());
            add_log.execute(params![height, log_place, place, address, topic(0), topic(1), topic(2), topic(3), data])?;
            log_place += 1;
        }
    }
    let mut add_change = work.prepare_cached("INSERT INTO changes VALUES (?, ?, ?)")?;
    for (key, value) in &block.changes {
        add_change.execute(params![key.as_slice(), height, value.as_ref().map(|bytes| bytes.as_ref())])?;
    }
    Ok(())
}

/// SQLite counts to 2⁶³.
pub(super) fn number(value: u64) -> Result<i64, HistoryError> {
    i64::try_from(value).map_err(|_| HistoryError::Store(format!("{value} does not fit into SQLite's integer")))
}
