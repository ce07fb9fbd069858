//! What the chain's log says about some slots of a market: caps and orders of redispatch with who set them when, and clearings.

use crate::{
    chain::Chain,
    node::{NodeError, SeenLog},
};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent as _;
use dure_api::abi::energy::IEnergy;
use dure_rules::energy::{AuctionId, MODULE, MarketId, Slot, Zone};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, ops::Range};

/// A line's caps were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapChange {
    pub transaction: Option<B256>,
    pub block: u64,
    pub up_wh: u32,
    pub down_wh: u32,
}

/// Redispatch was ordered for a slot; 0 Wh took an order back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChange {
    pub transaction: Option<B256>,
    pub block: u64,
    pub deficit: u8,
    pub surplus: u8,
    pub wh: u32,
    pub limit_micro: i64,
}

/// An auction that the slot was in was cleared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Clearing {
    pub auction: AuctionId,
    pub slots: u8,
    /// The solver whose certificate was accepted; none: the chain cleared it by itself.
    pub by: Option<Address>,
    /// Nano-units, as the certificate proves them to be the most.
    pub welfare_nano: String,
    pub block: u64,
}

/// The log of a market, of slots within a range.
#[derive(Debug, Serialize, Deserialize)]
pub struct Chronicle {
    market: MarketId,
    slots: Range<Slot>,
    next_height: u64,
    #[serde(with = "as_list")]
    caps: BTreeMap<(Slot, u8), Vec<CapChange>>,
    orders: BTreeMap<Slot, Vec<OrderChange>>,
    clearings: BTreeMap<Slot, Vec<Clearing>>,
}

impl Chronicle {
    pub fn new(market: MarketId, slots: Range<Slot>) -> Self {
        let (caps, orders, clearings) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { market, slots, next_height: 0, caps, orders, clearings }
    }

    /// Whether it is of this market, and of all slots from `first` on.
    pub fn covers(&self, market: MarketId, first: Slot) -> bool {
        self.market == market && self.slots.start <= first && self.slots.end == Slot::MAX
    }

    /// The first block that was not read.
    pub const fn next_height(&self) -> u64 {
        self.next_height
    }

    /// Reads the log up to `height`, and says whether there was anything. A node that is behind what was read says nothing new.
    ///
    /// # Errors
    /// [`NodeError`]; then nothing of it was taken in.
    pub async fn catch_up(&mut self, chain: &Chain, height: u64) -> Result<bool, NodeError> {
        if height < self.next_height {
            return Ok(false);
        }
        let kinds =
            [IEnergy::CapsSet::SIGNATURE_HASH, IEnergy::RedispatchOrdered::SIGNATURE_HASH, IEnergy::Cleared::SIGNATURE_HASH];
        let logs = chain.node.logs(MODULE, &json!([kinds]), self.next_height, height).await?;
        self.next_height = height.saturating_add(1);
        logs.iter().for_each(|log| self.hear(log));
        Ok(!logs.is_empty())
    }

    fn hear(&mut self, seen: &SeenLog) {
        let SeenLog { height: block, transaction, log } = seen;
        let (block, transaction) = (*block, *transaction);
        if let Ok(event) = IEnergy::CapsSet::decode_log(log) {
            let change = CapChange { transaction, block, up_wh: event.upWh, down_wh: event.downWh };
            for slot in self.within(event.market, event.firstSlot, event.slots) {
                self.caps.entry((slot, event.zone)).or_default().push(change);
            }
        } else if let Ok(event) = IEnergy::RedispatchOrdered::decode_log(log) {
            let (deficit, surplus, wh, limit_micro) = (event.deficit, event.surplus, event.wh, event.limitMicro);
            for slot in self.within(event.market, event.slot, 1) {
                let change = OrderChange { transaction, block, deficit, surplus, wh, limit_micro };
                self.orders.entry(slot).or_default().push(change);
            }
        } else if let Ok(event) = IEnergy::Cleared::decode_log(log) {
            let by = Some(event.by).filter(|by| *by != Address::ZERO);
            let welfare_nano = event.welfareNano.to_string();
            let clearing = Clearing { auction: event.auction, slots: event.slots, by, welfare_nano, block };
            for slot in self.within(event.market, event.firstSlot, event.slots) {
                self.clearings.entry(slot).or_default().push(clearing.clone());
            }
        }
    }

    fn within(&self, market: MarketId, first: Slot, slots: u8) -> Range<Slot> {
        let (first, end) = (first.max(self.slots.start), first.saturating_add(slots.into()).min(self.slots.end));
        if market == self.market { first..end.max(first) } else { 0..0 }
    }

    /// Slots before this one are no longer asked about.
    pub fn forget_before(&mut self, slot: Slot) {
        self.slots.start = self.slots.start.max(slot);
        self.caps = self.caps.split_off(&(slot, 0));
        self.orders = self.orders.split_off(&slot);
        self.clearings = self.clearings.split_off(&slot);
    }

    /// Oldest first.
    pub fn caps(&self, zone: u8, slot: Slot) -> &[CapChange] {
        self.caps.get(&(slot, zone)).map_or(&[], Vec::as_slice)
    }

    /// What a line carries in a slot, towards the parent and from it.
    pub fn cap(&self, zone: u8, slot: Slot, own: &Zone) -> (u32, u32) {
        self.caps(zone, slot).last().map_or((own.up_wh, own.down_wh), |change| (change.up_wh, change.down_wh))
    }

    /// Oldest first.
    pub fn orders(&self, slot: Slot) -> &[OrderChange] {
        self.orders.get(&slot).map_or(&[], Vec::as_slice)
    }

    /// Oldest first.
    pub fn clearings(&self, slot: Slot) -> &[Clearing] {
        self.clearings.get(&slot).map_or(&[], Vec::as_slice)
    }
}

/// Keys of a JSON object are strings, and these are pairs.
mod as_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<S: Serializer, K: Serialize, V: Serialize>(map: &BTreeMap<K, V>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub fn deserialize<'de, D, K, V>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Log, U256};

    #[test]
    fn the_log_is_kept_for_the_slots_that_are_asked_about() {
        let market = MarketId::repeat_byte(1);
        let own = Zone { name: "North".into(), parent: 0, up_wh: 3_000, down_wh: 3_000, fee_micro: 0 };
        let mut chronicle = Chronicle::new(market, 100..110);
        let set = |market, first_slot, slots, up_wh| {
            let event = IEnergy::CapsSet { market, zone: 1, firstSlot: first_slot, slots, upWh: up_wh, downWh: 2_000 };
            SeenLog { height: 7, transaction: Some(B256::ZERO), log: Log { address: MODULE, data: event.encode_log_data() } }
        };
        chronicle.hear(&set(market, 96, 6, 1_000));
        chronicle.hear(&set(market, 101, 96, 500));
        chronicle.hear(&set(MarketId::ZERO, 101, 96, 1));
        chronicle.hear(&set(market, 10, 3, 1));
        let caps: Vec<(u32, u32)> = (99..111).map(|slot| chronicle.cap(1, slot, &own)).collect();
        let (before, first, later) = ((3_000, 3_000), (1_000, 2_000), (500, 2_000));
        assert_eq!(caps, [vec![before, first], vec![later; 9], vec![before]].concat());
        assert_eq!((chronicle.caps(1, 101).len(), chronicle.caps(0, 101).len()), (2, 0));
        chronicle.forget_before(102);
        assert_eq!((chronicle.cap(1, 101, &own), chronicle.cap(1, 102, &own)), (before, later));
        let event = IEnergy::Cleared {
            auction: AuctionId::ZERO,
            market,
            by: Address::ZERO,
            firstSlot: 96,
            slots: 96,
            welfareNano: alloy_primitives::I256::MINUS_ONE,
            rewardNano: U256::ZERO,
        };
        chronicle.hear(&SeenLog { height: 8, transaction: None, log: Log { address: MODULE, data: event.encode_log_data() } });
        let cleared = &chronicle.clearings(109)[0];
        assert_eq!((cleared.by, cleared.welfare_nano.as_str(), chronicle.clearings(110).len()), (None, "-1", 0));
    }
}
