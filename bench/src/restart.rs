//! Killed without warning at random moments under load, and started again: how long until it answers and until something new is
//! final, and whether everything that was final still is.

use crate::{
    Fallible,
    http::{Connection, send_raw},
    peers::Peer,
    transfers::{Kind, Signer, wait},
};
use alloy_primitives::{B256, Bytes, keccak256};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// One kill.
pub struct Kill {
    /// Final transactions that were checked afterwards.
    pub checked: usize,
    /// From the start of the process to its first answer, and to the end of a transaction that is sent only then; without the time
    /// that checking took.
    pub answers: Duration,
    pub goes_on: Duration,
}

/// Kills `peer` `kills` times.
///
/// # Errors
/// Where something final is gone, or the node does not come back.
pub async fn run(peer: &mut Peer, kills: usize, per_kill: usize) -> Fallible<Vec<Kill>> {
    let mut work = Signer::new(peer).await?.sign(Kind::Credit, kills * per_kill, 1).await?.remove(0);
    let mut finals: Vec<(B256, B256)> = Vec::new();
    let mut all = Vec::new();
    let mut sent: Vec<Bytes> = Vec::new();
    for kill in 0..kills {
        let mut connection = Connection::open(peer.address).await?;
        // Not random enough for a cipher: spread over the phases of a block, the same in every run.
        let moment = Duration::from_millis(500 + u64::from(keccak256(kill.to_le_bytes())[0]) * 4);
        let end = Instant::now() + moment;
        while Instant::now() < end {
            let Some(raw) = work.next() else { break };
            connection.post(send_raw(&raw)).await??;
            sent.push(raw);
        }
        for raw in &sent[finals.len()..] {
            let hash = keccak256(raw);
            let receipt = connection.ask("eth_getTransactionReceipt", json!([hash])).await?;
            if let Some(block) = block_of(&receipt) {
                finals.push((hash, block));
            } else {
                break; // in one line of accounts, what follows is not final either, or will be seen next time
            }
        }
        let began = peer.kill_and_start().await?;
        let answers = began.elapsed();
        let mut connection = Connection::open(peer.address).await?;
        for (hash, block) in &finals {
            let receipt = connection.ask("eth_getTransactionReceipt", json!([hash])).await?;
            if block_of(&receipt) != Some(*block) {
                return Err(format!("{hash} was final in {block} and is {receipt} after kill {kill}").into());
            }
        }
        let checked = finals.len();
        let checking = began.elapsed() - answers;
        // What was accepted and not final is gone with the pool: its sender sends it again.
        for raw in &sent[finals.len()..] {
            let _ = connection.post(send_raw(raw)).await?; // known where it was final after all
        }
        let new = work.next().ok_or("no transfer is left to send after a restart")?;
        connection.post(send_raw(&new)).await??;
        wait(&mut connection, keccak256(&new)).await?;
        sent.push(new);
        all.push(Kill { checked, answers, goes_on: began.elapsed() - checking });
    }
    Ok(all)
}

fn block_of(receipt: &Value) -> Option<B256> {
    serde_json::from_value(receipt["blockHash"].clone()).ok()
}
