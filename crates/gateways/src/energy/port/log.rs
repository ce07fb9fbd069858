//! The market's log as far as a port has read it, in a file, so that a port that starts again goes on from there. What is in the file can be had again
//! from the chain: one that cannot be read, or is of another chain or market, is left aside.

use crate::{
    chain::Chain,
    energy::{chronicle::Chronicle, keep},
    node::NodeError,
};
use alloy_primitives::B256;
use dure_rules::energy::{MarketId, Slot};
use serde_json::{Value, json};
use std::{io, path::PathBuf};

/// Blocks in which nothing is heard of the market are written down after so many: a start reads them again.
const QUIET_BLOCKS: u64 = 1_000;

/// Hash of block 0, without which heights mean nothing, and what was read.
type File<C> = (B256, C);

pub struct Log {
    path: PathBuf,
    chain: B256,
    pub chronicle: Chronicle,
    /// Up to which block the file has been read.
    saved_height: u64,
}

impl Log {
    /// Goes on where the file ends, if it has what is asked about: a market's slots from `first` on.
    ///
    /// # Errors
    /// Where the node does not answer.
    pub async fn open(path: PathBuf, chain: &Chain, market: MarketId, first: Slot) -> Result<Self, NodeError> {
        let block: Value = chain.node.ask("eth_getBlockByNumber", &[json!("0x0"), json!(false)]).await?;
        let hash = serde_json::from_value(block["hash"].clone()).unwrap_or_default();
        Ok(Self::read(path, hash, market, first))
    }

    fn read(path: PathBuf, chain: B256, market: MarketId, first: Slot) -> Self {
        let kept = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<File<Chronicle>>(&bytes).ok());
        let kept = kept.filter(|(of, chronicle)| *of == chain && chronicle.covers(market, first));
        let mut chronicle = kept.map_or_else(|| Chronicle::new(market, first..Slot::MAX), |(_, chronicle)| chronicle);
        chronicle.forget_before(first);
        Self { path, chain, saved_height: chronicle.next_height(), chronicle }
    }

    /// Reads up to `height`, and says whether that is worth to be saved.
    ///
    /// # Errors
    /// [`NodeError`]; then nothing of it was taken in.
    pub async fn catch_up(&mut self, chain: &Chain, height: u64) -> Result<bool, NodeError> {
        let heard = self.chronicle.catch_up(chain, height).await?;
        Ok(heard || self.chronicle.next_height() >= self.saved_height.saturating_add(QUIET_BLOCKS))
    }

    /// # Errors
    /// Where it cannot be written.
    pub fn save(&mut self) -> io::Result<()> {
        let file: File<&Chronicle> = (self.chain, &self.chronicle);
        keep(&self.path, &serde_json::to_vec(&file)?)?;
        self.saved_height = self.chronicle.next_height();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_gone_on_with_where_it_is_of_the_same_chain_and_market_and_reaches_back_far_enough() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("log.json");
        let (chain, market) = (B256::repeat_byte(1), MarketId::repeat_byte(2));
        let next = |chain, market, first| Log::read(path.clone(), chain, market, first).chronicle.next_height();
        let mut log = Log::read(path.clone(), chain, market, 100);
        assert_eq!(log.chronicle.next_height(), 0);
        log.chronicle = serde_json::from_value({
            let mut value = serde_json::to_value(&log.chronicle).expect("JSON");
            value["next_height"] = json!(77);
            value["caps"] = json!([[[104, 1], [{ "transaction": null, "block": 70, "upWh": 5, "downWh": 6 }]]]);
            value
        })
        .expect("a chronicle");
        log.save().expect("saved");
        let again = Log::read(path.clone(), chain, market, 103);
        assert_eq!((again.chronicle.next_height(), again.chronicle.caps(1, 104)[0].block), (77, 70));
        assert_eq!(Log::read(path.clone(), chain, market, 105).chronicle.caps(1, 104), []);
        for (chain, market, first) in [(B256::ZERO, market, 103), (chain, MarketId::ZERO, 103), (chain, market, 99)] {
            assert_eq!(next(chain, market, first), 0, "{chain}, {market}, {first}");
        }
        std::fs::write(&path, "{").expect("written");
        assert_eq!(next(chain, market, 103), 0);
    }
}
