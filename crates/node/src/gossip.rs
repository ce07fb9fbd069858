//! Transactions are handed on to the other validators, so that whoever's turn it is has them.
//!
//! Upon a transaction that this node's port took in: it is sent to every peer, with what came in the moment after it. Upon a
//! message: each transaction goes the way of one that came through the port; it is not handed on
//! again, because every validator reaches every other. What a peer sends beyond the bounds is not looked at. What gets lost waits
//! in the pool that has it until that node's own turn.

use crate::app::Public;
use alloy_primitives::Bytes;
use commonware_p2p::{Receiver, Recipients, Sender};
use commonware_runtime::Clock;
use dure_execution::TRANSACTION_MAX_BYTES;
use std::{future::Future, time::Duration};
use tokio::sync::mpsc;

/// Transactions that wait to be handed on; what comes beyond waits for this node's own turn.
pub const WAITING_MAX: usize = 16_384;
/// Most bytes of a message.
pub const MESSAGE_MAX_BYTES: u32 = 512 << 10;
/// Most transactions of a message.
pub const MESSAGE_TRANSACTIONS_MAX: usize = 2_048;
/// How long others are waited for that share a message.
const GATHER: Duration = Duration::from_millis(2);
const LENGTH_BYTES: usize = 4;

/// Sends what comes from `own` to everybody, until `own` ends.
pub async fn send(clock: impl Clock, mut sender: impl Sender<PublicKey = Public>, mut own: mpsc::Receiver<Bytes>) {
    let mut left_over = None;
    loop {
        let first = match left_over.take() {
            Some(first) => first,
            None => match own.recv().await {
                Some(first) => first,
                None => return,
            },
        };
        clock.sleep(GATHER).await;
        let mut message = Vec::new();
        put(&mut message, &first);
        for _ in 1..MESSAGE_TRANSACTIONS_MAX {
            let Ok(next) = own.try_recv() else { break };
            if message.len() + LENGTH_BYTES + next.len() > MESSAGE_MAX_BYTES as usize {
                left_over = Some(next);
                break;
            }
            put(&mut message, &next);
        }
        let reached = sender.send(Recipients::All, message, false);
        tracing::debug!(peers = reached.len(), "transactions were handed on");
    }
}

/// Gives the transactions of every message that comes to `take`, one message at a time, until the network ends or `take` says that there is
/// nobody any more.
pub async fn receive<F: Future<Output = bool>>(mut receiver: impl Receiver<PublicKey = Public>, take: impl Fn(Vec<Bytes>) -> F) {
    while let Ok((peer, message)) = receiver.recv().await {
        let message = Bytes::from(message.as_ref().to_vec());
        let Some(all) = split(&message) else {
            tracing::warn!(%peer, "a peer hands on what is no list of transactions");
            continue;
        };
        if !take(all).await {
            return;
        }
    }
}

fn put(message: &mut Vec<u8>, raw: &Bytes) {
    message.extend((raw.len() as u32).to_be_bytes());
    message.extend_from_slice(raw);
}

/// The transactions of a message, each after its length in four bytes.
fn split(message: &Bytes) -> Option<Vec<Bytes>> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let length = message.get(at..at + LENGTH_BYTES)?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        at += LENGTH_BYTES;
        if length > TRANSACTION_MAX_BYTES as usize || all.len() == MESSAGE_TRANSACTIONS_MAX || at + length > message.len() {
            return None;
        }
        all.push(message.slice(at..at + length));
        at += length;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_apart_as_it_was_put_together_and_rubbish_is_not() {
        let all = [vec![1, 2, 3], vec![], vec![9; 1_000]].map(Bytes::from);
        let mut message = Vec::new();
        all.iter().for_each(|raw| put(&mut message, raw));
        assert_eq!(split(&message.clone().into()), Some(all.to_vec()));
        for cut in 1..message.len() {
            let whole = split(&message[..cut].to_vec().into()).is_some();
            assert_eq!(whole, [7, 11].contains(&cut), "cut at {cut}");
        }
        assert_eq!(split(&(TRANSACTION_MAX_BYTES + 1).to_be_bytes().to_vec().into()), None);
        let many = vec![0; LENGTH_BYTES * (MESSAGE_TRANSACTIONS_MAX + 1)];
        assert_eq!(split(&many.into()), None, "too many");
    }
}
