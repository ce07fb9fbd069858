//! A flood of fresh keys, and whether members still get through: newcomers share a lane of their own.

use crate::{
    Fallible,
    http::{Connection, send_raw},
    load::{self, Figures, Plan},
    peers::Peer,
    transfers::{Kind, Signer, sign},
};
use alloy_primitives::{Bytes, TxKind, keccak256};
use alloy_signer_local::PrivateKeySigner;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Transactions of members in a second while the flood lasts.
const MEMBERS_PER_SECOND: f64 = 20.0;

/// What the flood did, and what members saw.
pub struct Flooded {
    pub keys: usize,
    pub taken: usize,
    pub refused: usize,
    pub members: Figures,
}

/// Sends one transaction from each of `keys` fresh keys over `connections`, again and again until the members are through.
///
/// # Errors
/// Where a connection breaks, or a member's transaction is lost.
pub async fn run(peer: &Peer, keys: usize, connections: usize, seconds: u64) -> Fallible<Flooded> {
    let mut flood = vec![Vec::new(); connections];
    for (index, raw) in fresh(peer, keys)?.into_iter().enumerate() {
        flood[index % connections].push(raw);
    }
    let (stop, taken, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut signer = Signer::new(peer).await?;
    let members = signer.sign(Kind::Credit, MEMBERS_PER_SECOND as usize * seconds as usize, 1).await?;
    let mut pouring = Vec::new();
    for share in flood {
        let mut connection = Connection::open(peer.address).await?;
        let (stop, taken, refused) = (stop.clone(), taken.clone(), refused.clone());
        pouring.push(tokio::spawn(async move {
            for raw in share.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let counter = if connection.post(send_raw(raw)).await?.is_ok() { &taken } else { &refused };
                counter.fetch_add(1, Ordering::Relaxed);
            }
            Fallible::Ok(())
        }));
    }
    let plan = Plan { seconds: Duration::from_secs(seconds), per_second: Some(MEMBERS_PER_SECOND) };
    let members = load::run(peer, members, plan).await?;
    stop.store(true, Ordering::Relaxed);
    for pouring in pouring {
        pouring.await??;
    }
    Ok(Flooded { keys, taken: taken.load(Ordering::Relaxed), refused: refused.load(Ordering::Relaxed), members })
}

fn fresh(peer: &Peer, keys: usize) -> Fallible<Vec<Bytes>> {
    let threads = std::thread::available_parallelism()?.get();
    let to = TxKind::Call(peer.accounts[0].address());
    std::thread::scope(|scope| {
        let part = |thread: usize| {
            scope.spawn(move || {
                let one = |index| {
                    let key = PrivateKeySigner::from_bytes(&keccak256(format!("dure-bench fresh {index}")))?;
                    sign(&key, peer.chain_id, 0, to, Bytes::new(), Kind::Plain.gas_limit())
                };
                (thread..keys).step_by(threads).map(one).collect::<Fallible<Vec<_>>>()
            })
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        let parts = parts.into_iter().map(|part| part.join().map_err(|_| "a thread that signs ended")?);
        Ok(parts.collect::<Fallible<Vec<_>>>()?.concat())
    })
}
