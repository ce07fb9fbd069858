//! The questions that the read side answers, one function each.

use super::tables::number;
use crate::history::{FinalBlock, FinalTransaction, HistoryError, LogQuery, PlacedLog};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Log};
use alloy_rlp::Decodable as _;
use dure_execution::Envelope;
use dure_rules::Key;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter, types::Value};

/// In which order logs are given, and so which of them a limit leaves out.
#[derive(Clone, Copy)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
}

pub(super) fn height(connection: &Connection) -> Result<Option<u64>, HistoryError> {
    let newest: Option<i64> = connection.prepare_cached("SELECT max(height) FROM blocks")?.query_row([], |row| row.get(0))?;
    Ok(newest.map(i64::unsigned_abs))
}

pub(super) fn value_at(connection: &Connection, key: Key, height: u64) -> Result<Option<Bytes>, HistoryError> {
    let value: Option<Option<Vec<u8>>> = connection
        .prepare_cached("SELECT value FROM changes WHERE key = ? AND height <= ? ORDER BY height DESC LIMIT 1")?
        .query_row(params![key.as_slice(), number(height)?], |row| row.get(0))
        .optional()?;
    Ok(value.flatten().map(Bytes::from))
}

/// All live records of a table. SQLite takes bare columns from the row with the largest height.
pub(super) fn records(connection: &Connection, tag: u8, limit: usize) -> Result<Vec<(Key, Bytes)>, HistoryError> {
    let (mut first, mut last) = ([0u8; 32], [0xffu8; 32]);
    (first[0], last[0]) = (tag, tag);
    let mut statement = connection.prepare_cached(
        "SELECT key, value FROM (SELECT key, value, max(height) FROM changes WHERE key BETWEEN ? AND ? GROUP BY key)
         WHERE value IS NOT NULL ORDER BY key LIMIT ?",
    )?;
    let rows = statement.query_map(params![first.as_slice(), last.as_slice(), number(limit as u64)?], record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// As [`records`], but of any height, so that nothing has to be gone through.
pub(super) fn some_records(connection: &Connection, tag: u8, limit: usize) -> Result<Vec<(Key, Bytes)>, HistoryError> {
    let (mut first, mut last) = ([0u8; 32], [0xffu8; 32]);
    (first[0], last[0]) = (tag, tag);
    let mut statement =
        connection.prepare_cached("SELECT key, value FROM changes WHERE key BETWEEN ? AND ? AND value IS NOT NULL LIMIT ?")?;
    let rows = statement.query_map(params![first.as_slice(), last.as_slice(), number(limit as u64)?], record)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn record(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Key, Bytes)> {
    Ok((hash(row, 0)?, Bytes::from(row.get::<_, Vec<u8>>(1)?)))
}

pub(super) fn height_of(connection: &Connection, block_hash: B256) -> Result<Option<u64>, HistoryError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT height FROM blocks WHERE hash = ?")?
        .query_row([block_hash.as_slice()], |row| row.get(0))
        .optional()?;
    Ok(found.map(i64::unsigned_abs))
}

pub(super) fn hashes(connection: &Connection, first: u64, end: u64) -> Result<Vec<B256>, HistoryError> {
    let mut statement =
        connection.prepare_cached("SELECT hash FROM blocks WHERE height >= ? AND height < ? ORDER BY height DESC")?;
    let rows = statement.query_map([number(first)?, number(end)?], |row| hash(row, 0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn hash_at(connection: &Connection, height: u64) -> Result<Option<B256>, HistoryError> {
    Ok(hashes(connection, height, height.saturating_add(1))?.pop())
}

pub(super) fn place_of(connection: &Connection, transaction: B256) -> Result<Option<(u64, u64)>, HistoryError> {
    let found: Option<(i64, i64)> = connection
        .prepare_cached("SELECT height, place FROM transactions WHERE hash = ?")?
        .query_row([transaction.as_slice()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(height, place)| (height.unsigned_abs(), place.unsigned_abs())))
}

pub(super) fn block(connection: &Connection, height: u64) -> Result<Option<FinalBlock>, HistoryError> {
    let found = connection
        .prepare_cached("SELECT hash, header, time_ms, size_bytes FROM blocks WHERE height = ?")?
        .query_row([number(height)?], |row| {
            Ok((hash(row, 0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
        })
        .optional()?;
    let Some((block_hash, header, time_ms, size_bytes)) = found else { return Ok(None) };
    let mut transactions = transactions(connection, height)?;
    for (place, log) in logs_by_transaction(connection, height)? {
        if let Some(transaction) = transactions.get_mut(place) {
            transaction.logs.push(log);
        }
    }
    Ok(Some(FinalBlock {
        height,
        hash: block_hash,
        header: Header::decode(&mut header.as_slice()).map_err(damaged)?,
        time_ms: time_ms.unsigned_abs(),
        transactions,
        changes: Vec::new(),
        size_bytes: size_bytes.unsigned_abs(),
    }))
}

fn transactions(connection: &Connection, height: u64) -> Result<Vec<FinalTransaction>, HistoryError> {
    let mut statement = connection.prepare_cached(
        "SELECT hash, sender, envelope, success, gas_used, cumulative_gas_used, created, payer, access_key
         FROM transactions
         WHERE height = ? ORDER BY place",
    )?;
    let mut rows = statement.query([number(height)?])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let envelope: Vec<u8> = row.get(2)?;
        all.push(FinalTransaction {
            hash: hash(row, 0)?,
            from: address(row, 1)?,
            envelope: Envelope::decode(&envelope).map_err(damaged)?,
            success: row.get(3)?,
            gas_used: row.get::<_, i64>(4)?.unsigned_abs(),
            cumulative_gas_used: row.get::<_, i64>(5)?.unsigned_abs(),
            logs: Vec::new(),
            created: row.get::<_, Option<[u8; 20]>>(6)?.map(Address::from),
            payer: row.get::<_, Option<[u8; 20]>>(7)?.map(Address::from),
            access_key: row.get::<_, Option<[u8; 20]>>(8)?.map(Address::from),
        });
    }
    Ok(all)
}

fn logs_by_transaction(connection: &Connection, height: u64) -> Result<Vec<(usize, Log)>, HistoryError> {
    let mut statement = connection.prepare_cached(
        "SELECT address, topic0, topic1, topic2, topic3, data, transaction_place FROM logs WHERE height = ? ORDER BY place",
    )?;
    let rows = statement
        .query_map([number(height)?], |row| Ok((usize::try_from(row.get::<_, i64>(6)?).unwrap_or(usize::MAX), log(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// At most `limit` logs; the first six columns are those of [`log`].
pub(super) fn logs(
    connection: &Connection,
    query: &LogQuery,
    limit: usize,
    order: Order,
) -> Result<Vec<PlacedLog>, HistoryError> {
    let mut sql = String::from(
        "SELECT l.address, l.topic0, l.topic1, l.topic2, l.topic3, l.data, l.height, b.hash, b.time_ms, t.hash,
                l.transaction_place, l.place
         FROM logs l JOIN blocks b ON b.height = l.height
         JOIN transactions t ON t.height = l.height AND t.place = l.transaction_place
         WHERE l.height BETWEEN ? AND ?",
    );
    let last = number(query.to_height.min(i64::MAX.unsigned_abs()))?;
    let mut values = vec![Value::from(number(query.from_height)?), Value::from(last)];
    among(&mut sql, &mut values, "l.address", query.addresses.iter().map(|address| address.to_vec()));
    for (column, allowed) in ["l.topic0", "l.topic1", "l.topic2", "l.topic3"].into_iter().zip(&query.topics) {
        among(&mut sql, &mut values, column, allowed.iter().map(|topic| topic.to_vec()));
    }
    sql.push_str(match order {
        Order::OldestFirst => " ORDER BY l.height, l.place LIMIT ?",
        Order::NewestFirst => " ORDER BY l.height DESC, l.place DESC LIMIT ?",
    });
    values.push(Value::from(number(limit as u64)?));
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok(PlacedLog {
            log: log(row)?,
            height: row.get::<_, i64>(6)?.unsigned_abs(),
            block_hash: hash(row, 7)?,
            block_time_ms: row.get::<_, i64>(8)?.unsigned_abs(),
            transaction_hash: hash(row, 9)?,
            transaction_index: row.get::<_, i64>(10)?.unsigned_abs(),
            log_index: row.get::<_, i64>(11)?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// `AND column IN (?, ?, …)`; no values allow everything.
fn among(sql: &mut String, values: &mut Vec<Value>, column: &str, allowed: impl ExactSizeIterator<Item = Vec<u8>>) {
    if allowed.len() == 0 {
        return;
    }
    let places = vec!["?"; allowed.len()].join(", ");
    sql.push_str(&format!(" AND {column} IN ({places})"));
    values.extend(allowed.map(Value::Blob));
}

/// Columns: address, four topics, data.
fn log(row: &Row<'_>) -> rusqlite::Result<Log> {
    let mut topics = Vec::with_capacity(4);
    for column in 1..=4 {
        topics.extend(row.get::<_, Option<[u8; 32]>>(column)?.map(B256::from));
    }
    Ok(Log::new_unchecked(address(row, 0)?, topics, Bytes::from(row.get::<_, Vec<u8>>(5)?)))
}

fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<B256> {
    Ok(B256::from(row.get::<_, [u8; 32]>(column)?))
}

fn address(row: &Row<'_>, column: usize) -> rusqlite::Result<Address> {
    Ok(Address::from(row.get::<_, [u8; 20]>(column)?))
}

fn damaged(error: impl core::fmt::Display) -> HistoryError {
    HistoryError::Store(format!("a stored block does not decode ({error}); `dure index rebuild` makes the index again"))
}
