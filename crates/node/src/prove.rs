//! Proofs to take away: what a key holds now, or that it holds nothing, or what a transaction did, with the certificate of the block.
//!
//! Upon a question about the state: the operation and its path are read from the database, which stands at one block; the root that
//! it has says at which. Upon a question about a receipt: both tries of its block are made once more. Either way follow the headers up to the
//! next block that has a certificate of its own, which is nearly always the block itself. Before a proof is handed out it is checked as its
//! reader will check it.

use crate::{
    app::App,
    engine::Blocks,
    history::{FinalBlock, History as _, HistoryError},
    read::Index,
    state::{Digest, Family, State, Value, digest_of, hash_of},
};
use alloy_consensus::{Eip658Value, ReceiptWithBloom};
use alloy_primitives::{B256, Bytes};
use alloy_trie::{HashBuilder, Nibbles, proof::ProofRetainer, root::adjust_index_for_rlp};
use commonware_codec::Encode as _;
use commonware_consensus::types::Height;
use commonware_glue::stateful::Mailbox;
use commonware_runtime::{Spawner, tokio as runtime};
use commonware_storage::{
    Context,
    qmdb::current::{ordered::proof::constant::ExclusionProof, proof::operation},
};
use dure_execution::keys;
use dure_proof::{Anchor, Certificate, Claim, Place, Proof, Receipt, Span, Subject};
use dure_server::{BackendError, ProofRequest};
use std::{sync::Arc, time::Duration};

/// Blocks after the one that is spoken of among which a certificate is looked for.
const CERTIFIED_WITHIN: u64 = 32;
/// Newest blocks among which the one is looked for whose state the database has: the index is hardly ever ahead of that by more.
const NEWEST: u64 = 16;
/// How often, and after which pause, a block is asked for that the index or the archive does not have yet.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Makes proofs for one node.
pub struct Prover {
    pub index: Arc<Index>,
    pub archive: Blocks,
    pub stateful: Mailbox<runtime::Context, App>,
    pub runtime: tokio::runtime::Handle,
    pub anchor: Anchor,
}

impl Prover {
    /// The file that proves what `asked` asks about. Waits, so it must be called on a thread that may.
    ///
    /// # Errors
    /// Where there is no such transaction or log, or this node cannot make the proof now.
    pub fn prove(&self, asked: &ProofRequest) -> Result<Bytes, BackendError> {
        self.runtime.block_on(async {
            let (height, claim) = match asked {
                ProofRequest::Account(address) => self.state(keys::ACCOUNT, address.to_vec()).await?,
                ProofRequest::Slot { address, index } => {
                    self.state(keys::SLOT, [address.as_slice(), &index.to_be_bytes::<32>()].concat()).await?
                }
                ProofRequest::Record { tag, id } => self.state(tag.to(), id.to_vec()).await?,
                ProofRequest::Receipt(transaction) => self.receipt(*transaction, None)?,
                ProofRequest::Log { transaction, index } => self.receipt(*transaction, Some(*index))?,
            };
            let (headers, certificate) = self.certified(height).await?;
            let file = Proof { genesis: self.anchor.genesis, headers, certificate, claim }.encode();
            dure_proof::check(&file, &self.anchor)
                .map_err(|refused| BackendError::Fault(format!("the proof that was made is not good: {refused}")))?;
            Ok(file.into())
        })
    }

    /// What the subject holds in the newest state that is final, and the height of that.
    async fn state(&self, tag: u8, id: Vec<u8>) -> Result<(u64, Claim), BackendError> {
        let subject = Subject { tag, id: id.into() };
        let databases = self.stateful.subscribe_databases().await;
        let (root, span, place) = read(&*databases.read().await, subject.key()).await?;
        let claim = Claim::State { subject, span, place: Box::new(place) };
        for _ in 0..TRIES {
            let newest = self.index.height().map_err(fault)?.unwrap_or(0);
            for height in (newest.saturating_sub(NEWEST)..=newest).rev() {
                if self.block(height)?.is_some_and(|block| block.header.state_root == root) {
                    return Ok((height, claim));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(BackendError::Fault("the index does not have the newest block yet; hint: ask again".into()))
    }

    fn receipt(&self, hash: B256, log_index: Option<u32>) -> Result<(u64, Claim), BackendError> {
        let unknown = || BackendError::Refused(format!("no final transaction has the hash {hash}; hint: it may still wait"));
        let (height, place) = self.index.place_of(hash).map_err(fault)?.ok_or_else(unknown)?;
        let block = self.block(height)?.ok_or_else(unknown)?;
        let index = u32::try_from(place).map_err(|_| unknown())?;
        let logs = block.transactions.get(index as usize).map_or(0, |transaction| transaction.logs.len());
        if log_index.is_some_and(|index| index as usize >= logs) {
            return Err(BackendError::Refused(format!("the transaction {hash} has {logs} logs, counted from 0")));
        }
        let transactions: Vec<_> = block.transactions.iter().map(|transaction| transaction.envelope.encoded()).collect();
        let receipts = encoded_receipts(&block);
        let transaction = path(&transactions, index, block.header.transactions_root)?;
        Ok((
            height,
            Claim::Receipt(Receipt {
                index,
                log_index,
                transaction,
                receipt: path(&receipts, index, block.header.receipts_root)?,
            }),
        ))
    }

    /// The headers from `height` to the first block that has a certificate, and that.
    async fn certified(&self, height: u64) -> Result<(Vec<Bytes>, Certificate), BackendError> {
        for _ in 0..TRIES {
            let mut headers = Vec::new();
            for height in height..height.saturating_add(CERTIFIED_WITHIN) {
                let Some(block) = self.block(height)? else { break };
                headers.push(alloy_rlp::encode(&block.header).into());
                if let Some(finalization) = self.archive.get_finalization(Height::new(height)).await {
                    let (proposal, certificate) = (&finalization.proposal, &finalization.certificate);
                    let signatures = certificate.signers.iter().zip(&certificate.signatures).filter_map(|(signer, signature)| {
                        let signature = signature.get()?.encode();
                        Some((u8::try_from(signer.get()).ok()?, signature.as_ref().try_into().ok()?))
                    });
                    let certificate = Certificate {
                        epoch: proposal.round.epoch().get(),
                        view: proposal.round.view().get(),
                        parent_view: proposal.parent.get(),
                        signatures: signatures.collect(),
                    };
                    return Ok((headers, certificate));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(BackendError::Refused(format!(
            "this node has no certificate for block {height} or one soon after it; hint: ask another node"
        )))
    }

    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, BackendError> {
        self.index.block(height).map_err(fault)
    }
}

/// The root of the database, and what it holds under `key`: the operation of the key itself, or of the one before it.
async fn read<E: Spawner + Context>(database: &State<E>, key: B256) -> Result<(B256, Span, Place), BackendError> {
    let unreadable = |error: &dyn std::fmt::Display| BackendError::Fault(format!("the database cannot be read: {error}"));
    let digest = digest_of(key);
    let (span, proof) = match database.get(&digest).await.map_err(|error| unreadable(&error))? {
        Some(Value(value)) => {
            let proof = database.key_value_proof(digest).await.map_err(|error| unreadable(&error))?;
            (Span { key, value: Bytes(value), next_key: hash_of(&proof.next_key) }, proof.proof)
        }
        None => match database.exclusion_proof(&digest).await.map_err(|error| unreadable(&error))? {
            ExclusionProof::KeyValue(proof, update) => {
                let span = Span { key: hash_of(&update.key), value: Bytes(update.value.0), next_key: hash_of(&update.next_key) };
                (span, proof)
            }
            ExclusionProof::Commit(..) => {
                return Err(BackendError::Refused("the chain has no state yet; hint: wait for block 1".into()));
            }
        },
    };
    Ok((hash_of(&database.root()), span, place(&proof)?))
}

fn place(proof: &operation::Proof<Family, Digest, [u8; 32]>) -> Result<Place, BackendError> {
    let path = &proof.range_proof;
    let inactive_peaks = u8::try_from(path.proof.inactive_peaks).map_err(|error| BackendError::Fault(error.to_string()))?;
    Ok(Place {
        location: *proof.loc,
        leaves: *path.proof.leaves,
        inactive_peaks,
        digests: path.proof.digests.iter().map(hash_of).collect(),
        chunk: proof.chunk,
        operations_root: hash_of(&path.ops_root),
        open_chunk: path.partial_chunk_digest.as_ref().map(hash_of),
    })
}

/// The receipts of a block in their EIP-2718 form: what the receipts root is over.
fn encoded_receipts(block: &FinalBlock) -> Vec<Vec<u8>> {
    let encoded = block.transactions.iter().map(|transaction| {
        let receipt = alloy_consensus::Receipt {
            status: Eip658Value::Eip658(transaction.success),
            cumulative_gas_used: transaction.cumulative_gas_used,
            logs: transaction.logs.clone(),
        };
        let kind = Some(transaction.envelope.ty()).filter(|kind| *kind > 0);
        let mut bytes: Vec<u8> = kind.into_iter().collect();
        alloy_rlp::Encodable::encode(&ReceiptWithBloom::from(receipt), &mut bytes);
        bytes
    });
    encoded.collect()
}

/// The nodes from the root of the ordered trie over `all` to the one at `index`.
fn path(all: &[Vec<u8>], index: u32, root: B256) -> Result<Vec<Bytes>, BackendError> {
    let key = |index: usize| Nibbles::unpack(alloy_rlp::encode_fixed_size(&index));
    let mut trie = HashBuilder::default().with_proof_retainer(ProofRetainer::new(vec![key(index as usize)]));
    for place in 0..all.len() {
        let place = adjust_index_for_rlp(place, all.len());
        trie.add_leaf(key(place), &all[place]);
    }
    if trie.root() != root {
        return Err(BackendError::Fault("the index has other transactions than the block; hint: dure index rebuild".into()));
    }
    Ok(trie.take_proof_nodes().into_nodes_sorted().into_iter().map(|(_, node)| node).collect())
}

fn fault(error: HistoryError) -> BackendError {
    BackendError::Fault(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{StateSizes, config, page_cache};
    use commonware_runtime::{Runner as _, Supervisor as _, deterministic};
    use commonware_storage::qmdb::floor::Proportional;
    use dure_proof::{Fact, check_state};
    use rand_core::Rng as _;
    use std::collections::BTreeMap;

    /// Identities that may be written; as many again never are.
    const WRITTEN: u64 = 600;
    const ROUNDS: u64 = 60;

    fn subject(number: u64) -> Subject {
        Subject { tag: 0x46, id: number.to_be_bytes().to_vec().into() }
    }

    #[test]
    fn what_is_there_and_what_is_not_is_proven_while_the_database_grows() {
        deterministic::Runner::seeded(1).start(|mut context| async move {
            let sizes = StateSizes::SIMULATION;
            let config = config("proven", page_cache(sizes), sizes);
            let mut database = State::init(context.child("state"), config, None).await.expect("opens");
            let mut model: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
            let (mut held, mut absent, mut inactive) = (0, 0, 0);
            for round in 0..ROUNDS {
                let mut batch = database.new_batch();
                for _ in 0..1 + context.next_u64() % 40 {
                    let number = context.next_u64() % WRITTEN;
                    let value = (context.next_u64() % 4 > 0).then(|| vec![round as u8; (context.next_u64() % 200) as usize]);
                    match &value {
                        Some(value) => model.insert(number, value.clone()),
                        None => model.remove(&number),
                    };
                    batch = batch.write(digest_of(subject(number).key()), value.map(|value| Value(value.into())));
                }
                let sealed = batch.merkleize(&database, None, &mut Proportional).await.expect("merkleizes");
                database = database.apply_batch(sealed).await.expect("applies").commit().await.expect("commits");
                for _ in 0..20 {
                    let number = context.next_u64() % (2 * WRITTEN);
                    let (root, span, place) = read(&database, subject(number).key()).await.expect("proves");
                    inactive = inactive.max(place.inactive_peaks);
                    let fact = check_state(subject(number), &span, &place, &root).expect("leads to the root");
                    match (model.get(&number), fact) {
                        (Some(value), Fact::Held { value: proven, .. }) if proven == value[..] => held += 1,
                        (None, Fact::Absent { .. }) => absent += 1,
                        (expected, fact) => panic!("{number}: {fact:?}, and not {expected:?}"),
                    }
                    let other = B256::repeat_byte(7);
                    assert!(check_state(subject(number), &span, &place, &other).is_err());
                }
            }
            assert!(held > 100 && absent > 100 && inactive > 1, "{held} held, {absent} absent, {inactive} inactive peaks");
        });
    }
}
