use super::*;
use crate::history::FinalTransaction;
use alloy_consensus::{Header, SignableTransaction as _, TxEnvelope, TxLegacy};
use alloy_primitives::{Address, Log, Signature, U256};
use dure_execution::Envelope;

fn key(n: u8) -> Key {
    Key::repeat_byte(n)
}

/// A block whose content depends on its height alone. Key 1 changes in every block; key 2 lives at odd heights only.
fn block(height: u64) -> Arc<FinalBlock> {
    let byte = height as u8;
    let envelope: TxEnvelope = TxLegacy { nonce: height, chain_id: Some(1), ..Default::default() }
        .into_signed(Signature::new(U256::from(1), U256::from(2), false))
        .into();
    let log = |topic: u8| {
        Log::new_unchecked(Address::repeat_byte(7), vec![B256::repeat_byte(topic), B256::repeat_byte(byte)], vec![byte].into())
    };
    let header = Header { number: height, ..Default::default() };
    Arc::new(FinalBlock {
        height,
        hash: header.hash_slow(),
        header,
        time_ms: 1_000 * height,
        transactions: vec![FinalTransaction {
            hash: *envelope.tx_hash(),
            from: Address::repeat_byte(9),
            payer: (height % 2 == 1).then_some(Address::repeat_byte(8)),
            access_key: (height % 3 == 1).then_some(Address::repeat_byte(6)),
            envelope: Envelope::Ethereum(envelope),
            success: true,
            gas_used: 21_000,
            cumulative_gas_used: 21_000,
            logs: vec![log(0xaa), log(0xbb)],
            created: None,
        }],
        changes: vec![(key(1), Some(vec![byte].into())), (key(2), (height % 2 == 1).then(|| Bytes::from(vec![byte])))],
        size_bytes: 100,
    })
}

struct Stored(u64);

impl Blocks for Stored {
    fn hash(&self, height: u64) -> Option<B256> {
        (height <= self.0).then(|| block(height).hash)
    }

    fn block(&self, height: u64) -> Result<Option<Arc<FinalBlock>>, HistoryError> {
        Ok((height <= self.0).then(|| block(height)))
    }
}

fn filled(heights: std::ops::RangeInclusive<u64>) -> Index {
    let index = Index::in_memory().expect("memory");
    heights.for_each(|height| index.apply(&block(height)).expect("in order"));
    index
}

/// Everything that can be asked, as text.
fn everything(index: &Index) -> String {
    let newest = index.height().expect("height").unwrap_or(0);
    let all = LogQuery { to_height: newest, ..LogQuery::default() };
    let mut text = format!("{:?} {:?} {:?}", index.height(), index.logs(&all, 10_000), index.records(1, 100));
    for height in 0..=newest {
        let values: Vec<_> = (1..4).map(|n| index.value_at(key(n), height)).collect();
        let (hash, transaction) = (block(height).hash, block(height).transactions[0].hash);
        let found = index.block(height).expect("block");
        text += &format!("{found:?} {values:?} {:?} {:?}", index.height_of(hash), index.place_of(transaction));
    }
    text
}

#[test]
fn a_block_comes_back_as_it_went_in_but_for_its_changes() {
    let index = filled(0..=3);
    let expected = FinalBlock { changes: Vec::new(), ..(*block(2)).clone() };
    assert_eq!(index.block(2), Ok(Some(Arc::new(expected))));
    assert_eq!(index.block(4), Ok(None));
    assert_eq!(index.height_of(block(3).hash), Ok(Some(3)));
    assert_eq!(index.place_of(block(3).transactions[0].hash), Ok(Some((3, 0))));
}

#[test]
fn a_block_handed_over_twice_changes_nothing() {
    let index = filled(0..=5);
    let before = everything(&index);
    for height in [5, 0, 3, 5] {
        index.apply(&block(height)).expect("known");
    }
    index.apply_all(&[block(4), block(5)]).expect("known");
    assert_eq!(everything(&index), before);
}

#[test]
fn a_missing_block_is_named_and_what_stands_before_it_is_kept() {
    let index = filled(0..=2);
    assert_eq!(index.apply_all(&[block(3), block(5)]), Err(HistoryError::Gap { found: 5, expected: 4 }));
    assert_eq!(everything(&index), everything(&filled(0..=3)));
}

#[test]
fn an_older_height_answers_with_what_was_and_the_future_is_refused() {
    let index = filled(0..=6);
    for (asked, expected) in [(1, Some(1)), (2, None), (5, Some(5)), (6, None)] {
        assert_eq!(index.value_at(key(2), asked), Ok(expected.map(|byte: u8| Bytes::from(vec![byte]))), "height {asked}");
    }
    assert_eq!(index.value_at(key(3), 6), Ok(None));
    assert_eq!(index.value_at(key(1), 7), Err(HistoryError::Ahead { asked: 7, newest: 6 }));
}

#[test]
fn records_of_a_tag_are_the_live_ones() {
    let index = filled(0..=6);
    assert_eq!(index.records(1, 10), Ok(vec![(key(1), Bytes::from(vec![6]))]));
    assert_eq!(index.records(2, 10), Ok(vec![]));
    assert!(index.some_records(1, 1).is_ok_and(|some| some.len() == 1 && some[0].0 == key(1)));
    assert!(index.some_records(2, 10).is_ok_and(|some| some.iter().all(|(of, _)| of.0[0] == 2)));
}

#[test]
fn logs_are_found_by_height_address_and_topics_up_to_the_limit() {
    let index = filled(0..=6);
    let query =
        |topics, from_height, to_height| LogQuery { from_height, to_height, addresses: vec![Address::repeat_byte(7)], topics };
    let any: [Vec<B256>; 4] = Default::default();
    let subject = [vec![B256::repeat_byte(0xaa)], vec![B256::repeat_byte(4), B256::repeat_byte(5)], vec![], vec![]];
    let places = |logs: Vec<PlacedLog>| logs.iter().map(|log| (log.height, log.log_index)).collect::<Vec<_>>();
    assert_eq!(places(index.logs(&query(subject, 0, 6), 10).expect("logs")), [(4, 0), (5, 0)]);
    assert_eq!(places(index.logs(&query(any.clone(), 2, 3), 4).expect("logs")), [(2, 0), (2, 1), (3, 0), (3, 1)]);
    assert_eq!(index.logs(&query(any.clone(), 2, 3), 3), Err(HistoryError::TooManyLogs { limit: 3 }));
    assert_eq!(places(index.newest_logs(&query(any.clone(), 0, u64::MAX), 3).expect("logs")), [(6, 1), (6, 0), (5, 1)]);
    let elsewhere = LogQuery { addresses: vec![Address::ZERO], ..query(any, 0, 6) };
    assert_eq!(index.logs(&elsewhere, 10), Ok(vec![]));
}

#[test]
fn a_rebuilt_index_equals_one_that_followed_and_both_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("dure-index-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("folder");
    let path = folder.join("index.sqlite");
    let index = Arc::new(Index::open(&path).expect("open"));
    let follower = Follower::start(index.clone(), Stored(3)).expect("thread");
    // The queue gives 4, then 9: what lies between is fetched.
    [block(4), block(9)].into_iter().for_each(|block| follower.push(block));
    drop(follower);
    assert_eq!(index.height(), Ok(Some(4)), "the node has no more than block 3 and what was pushed");
    drop(Follower::start(index.clone(), Stored(9)).expect("thread"));
    let followed = everything(&index);
    assert_eq!(followed, everything(&filled(0..=9)));
    drop(index);

    let again = Arc::new(Index::open(&path).expect("open"));
    assert_eq!(everything(&again), followed);
    again.clear().expect("clear");
    assert_eq!(again.height(), Ok(None));
    drop(Follower::start(again.clone(), Stored(9)).expect("thread"));
    assert_eq!(everything(&again), followed);
    drop(again);
    std::fs::remove_dir_all(&folder).expect("cleanup");
}
