//! Final blocks once more: how the index catches up with the chain.
//!
//! The archive keeps blocks, not what they did. Upon a height that the index lacks: its block is run again over the records
//! that the index has at the height before, and what it gives must be what the block says.

use crate::{
    app::{Node, final_block},
    block::Block,
    engine::Blocks,
    history::{FinalBlock, HistoryError},
    read::Index,
    serve::{At, hashes_before},
};
use alloy_primitives::B256;
use commonware_consensus::{marshal::Identifier, types::Height};
use commonware_cryptography::{Digested, Digestible as _};
use dure_execution::{BlockEnv, Execution, Mode, Step};
use std::sync::Arc;

/// The hash of the final block of `height`, where the node has it.
pub async fn hash(node: &Node, archive: &Blocks, height: u64) -> Option<B256> {
    if height == 0 {
        return Some(node.chain.genesis().hash);
    }
    Some(crate::state::hash_of(&stored(node, archive, height).await?.digest()))
}

/// The final block of `height` with everything that it did, where the node has it. `index` must stand at the height before.
///
/// # Errors
/// What the index says, or [`HistoryError::Store`] where the block does something else than it did: the index is wrong.
pub async fn block(node: &Node, index: &Index, archive: &Blocks, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError> {
    if height == 0 {
        return Ok(Some(node.chain.genesis().clone()));
    }
    let Some(block) = stored(node, archive, height).await else { return Ok(None) };
    run(node, index, block.inner()).map(Arc::new).map(Some)
}

async fn stored(node: &Node, archive: &Blocks, height: u64) -> Option<Digested<Block>> {
    // The archive may be ahead of what is final here: such a block comes by itself.
    if height > node.chain.head().height {
        return None;
    }
    archive.get_block(Identifier::Height(Height::new(height))).await
}

fn run(node: &Node, index: &Index, block: &Block) -> Result<FinalBlock, HistoryError> {
    let height = block.height.get();
    let fault = |what: &dyn core::fmt::Display| HistoryError::Store(format!("block {height} cannot be run again: {what}"));
    let transactions = node.recover(&block.body).ok_or_else(|| fault(&"a transaction has no signer"))?;
    let recent_hashes = hashes_before(index, height)?;
    let env = BlockEnv {
        chain_id: node.chain_id,
        number: height,
        time_ms: block.time_ms,
        parent_hash: recent_hashes.first().copied().unwrap_or_default(),
        gas_limit: block.gas_limit,
        recent_hashes,
        mode: Mode::Verify,
    };
    let mut execution = Execution::new(env, transactions);
    let before = At::unhurried(index, height - 1);
    while execution.advance_with(&before).map_err(|error| fault(&error))? != Step::Done {}
    let outcome = execution.finish();
    if outcome.receipts_root != block.results.receipts_root {
        return Err(fault(&"its receipts differ"));
    }
    Ok(final_block(block, outcome))
}
