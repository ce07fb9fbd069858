//! The wheel against a sorted list.

use super::*;
use crate::{Draft, Event as Happened, Memory, disputes, ids::SYSTEM, testing::transact};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Marks what ran by an event; an order is refused, as a broken institution would.
const MARK: Handler = |d, due| match due {
    Due::Dispute(dispute) => {
        d.emit(disputes::Event::Closed { dispute });
        Ok(())
    }
    Due::Order(_) | Due::Recovery(_) | Due::Auction(_) | Due::Slot(..) | Due::Sharing(..) | Due::Challenge(_) => {
        Err(Refusal::Full { at_ms: 0 }.into())
    }
};

struct Clock {
    memory: Memory,
    now_ms: u64,
}

impl Clock {
    fn new(now_ms: u64) -> Self {
        let mut clock = Self { memory: Memory::default(), now_ms };
        clock.turn();
        clock
    }

    fn draft<T>(&mut self, run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>) -> (T, Vec<Happened>) {
        transact(&mut self.memory, self.now_ms, SYSTEM, run).expect("nothing is corrupt, and there is room")
    }

    fn ask(&mut self, at_ms: u64, due: Due) {
        self.draft(|d| schedule(d, at_ms, due));
    }

    /// One block: the numbers of what ran, in order, and how many were refused.
    fn turn(&mut self) -> (Vec<u64>, usize) {
        let (_, events) = self.draft(|d| run(d, MARK).map_err(Failure::from));
        let mut refused = 0;
        let numbers = events.into_iter().filter_map(|event| match event {
            Happened::Disputes(disputes::Event::Closed { dispute }) => Some(number_of(dispute)),
            Happened::Deadlines(Event::Failed { .. }) => {
                refused += 1;
                None
            }
            other => panic!("{other:?}"),
        });
        (numbers.collect(), refused)
    }
}

fn due(number: u64) -> Due {
    Due::Dispute(B256::left_padding_from(&number.to_be_bytes()))
}

fn number_of(id: B256) -> u64 {
    u64::from_be_bytes(id.0[24..].try_into().expect("eight bytes"))
}

#[test]
fn a_deadline_runs_at_its_second_and_not_before() {
    let mut clock = Clock::new(1_000_000);
    clock.ask(1_004_001, due(1));
    for (now_ms, ran) in [(1_004_001, vec![]), (1_004_999, vec![]), (1_005_000, vec![1]), (1_006_000, vec![])] {
        clock.now_ms = now_ms;
        assert_eq!(clock.turn().0, ran, "at {now_ms}");
    }
    assert_eq!(clock.memory.0.keys().filter(|key| key.0[0] != CURSOR.tag).count(), 0, "nothing is left behind");
}

#[test]
fn what_is_due_in_the_past_runs_in_the_next_block() {
    let mut clock = Clock::new(9_000_000);
    clock.ask(1, due(1));
    clock.now_ms += 1_000;
    assert_eq!(clock.turn().0, vec![1]);
}

#[test]
fn a_broken_institution_loses_its_turn_and_stops_nobody() {
    let mut clock = Clock::new(1_000);
    for at in [due(1), Due::Order(B256::ZERO), due(2)] {
        clock.ask(5_000, at);
    }
    clock.now_ms = 5_000;
    assert_eq!(clock.turn(), (vec![1, 2], 1));
    assert_eq!(clock.turn(), (vec![], 0), "it is not tried again");
}

#[test]
fn a_block_runs_at_most_its_share_and_the_next_goes_on_in_order() {
    let mut clock = Clock::new(1_000);
    let many = u64::from(RUN_MAX) * 2 + 10;
    for number in 0..many {
        clock.ask(5_000, due(number));
    }
    clock.now_ms = 5_000;
    let blocks: Vec<_> = (0..4).map(|_| clock.turn().0).collect();
    assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [RUN_MAX as usize, RUN_MAX as usize, 10, 0]);
    assert_eq!(blocks.concat(), (0..many).collect::<Vec<_>>());
}

#[test]
fn what_is_heavy_fills_a_block_sooner() {
    let mut clock = Clock::new(1_000);
    let auction = |number: u64| Due::Auction(B256::left_padding_from(&number.to_be_bytes()));
    for number in 0..9 {
        clock.ask(5_000, auction(number));
        clock.ask(5_000, due(number));
    }
    for slot in 0..10 {
        clock.ask(5_000, Due::Slot(B256::ZERO, slot));
    }
    clock.now_ms = 5_000;
    // MARK refuses the heavy ones, which counts as running them: four auctions a block, and eight slots.
    let turns: Vec<(usize, usize)> = (0..6).map(|_| clock.turn()).map(|(light, heavy)| (light.len(), heavy)).collect();
    assert_eq!(turns, [(3, 4), (4, 4), (2, 7), (0, 4), (0, 0), (0, 0)]);
}

#[test]
fn a_full_second_passes_on_to_the_next() {
    let mut clock = Clock::new(1_000);
    clock.draft(|d| {
        SECOND.put(d, &5, &Second { second: 5, entries: SECOND_MAX });
        SPAN.put(d, &0, &Span { span: 0, seconds: [1 << 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] });
        for index in 0..SECOND_MAX {
            ENTRY.put(d, &(5, index), &Entry { second: 5, index, due: due(u64::from(index)) });
        }
        Ok(())
    });
    clock.ask(5_000, due(9_999));
    clock.now_ms = 6_000;
    let mut ran = Vec::new();
    while let (numbers, 0) = clock.turn() {
        if numbers.is_empty() {
            break;
        }
        ran.extend(numbers);
    }
    assert_eq!((ran.len() as u32, ran.last()), (SECOND_MAX + 1, Some(&9_999)));
}

#[test]
fn a_year_of_silence_is_passed_over_in_a_few_blocks() {
    let mut clock = Clock::new(1_000);
    clock.ask(400 * crate::bounds::DAY_MS, due(7));
    clock.now_ms = 400 * crate::bounds::DAY_MS;
    let blocks = (1..100).find(|_| clock.turn().0 == [7]);
    assert!(blocks.is_some_and(|blocks| blocks <= 34), "{blocks:?} blocks of {SPANS_MAX} spans");
}

proptest! {
    #[test]
    fn every_deadline_runs_once_in_order_and_never_early(
        steps in prop::collection::vec((any::<bool>(), 0..4_000_000u64), 1..120),
    ) {
        let mut clock = Clock::new(50_000_000);
        let (mut waiting, mut ran) = (BTreeSet::new(), 0);
        for (number, (ask, wait_ms)) in (0..).zip(steps) {
            if ask {
                let at_ms = clock.now_ms + wait_ms;
                clock.ask(at_ms, due(number));
                waiting.insert((at_ms.div_ceil(1_000), number));
                continue;
            }
            clock.now_ms += wait_ms;
            let now = clock.now_ms / 1_000;
            let expected: Vec<u64> = waiting.iter().take_while(|(second, _)| *second <= now).map(|(_, number)| *number).collect();
            waiting.retain(|(second, _)| *second > now);
            ran += expected.len();
            prop_assert_eq!(clock.turn().0, expected);
        }
        clock.now_ms += 5_000_000;
        prop_assert_eq!(clock.turn().0.len(), waiting.len(), "after {}", ran);
    }
}
