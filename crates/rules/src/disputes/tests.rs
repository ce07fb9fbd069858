//! The dispute against its own tables: stage × caller, and silence.

use super::*;
use crate::testing::transact;

const ARBITER: Address = Address::repeat_byte(1);
const FALLBACK: Address = Address::repeat_byte(2);
const CLAIMANT: Address = Address::repeat_byte(3);
const RESPONDENT: Address = Address::repeat_byte(4);
const STRANGER: Address = Address::repeat_byte(5);
const ID: B256 = B256::repeat_byte(9);
const START_MS: u64 = 1_000_000;
const DEFAULT: u8 = 50;

/// An institution that takes every ruling.
const TAKE: Ruled = |_, _, _, _| Ok(());

struct Court {
    memory: Memory,
    now_ms: u64,
    events: Vec<crate::Event>,
}

impl Court {
    fn open(end_ms: u64) -> Self {
        let mut court = Self { memory: Memory::default(), now_ms: START_MS, events: Vec::new() };
        let opening = Opening {
            id: ID,
            module: MODULE,
            claimant: CLAIMANT,
            respondent: RESPONDENT,
            arbiter: ARBITER,
            fallback: FALLBACK,
            default_percent: DEFAULT,
            end_ms,
        };
        court.draft(STRANGER, |d| open(d, opening)).expect("opened");
        court
    }

    fn at(stage: Stage) -> Self {
        let mut court = Self::open(START_MS + 5 * RULE_MS);
        if stage == Stage::Fallback {
            court.now_ms += RULE_MS;
            court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("passed on");
        }
        assert_eq!(court.stage(), Some(stage));
        court
    }

    fn draft<T>(&mut self, caller: Address, run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let (output, events) = transact(&mut self.memory, self.now_ms, caller, run)?;
        self.events = events;
        Ok(output)
    }

    fn act(&mut self, caller: Address, action: Action) -> Result<Output, Failure> {
        self.draft(caller, |d| apply(d, action, TAKE))
    }

    fn stage(&mut self) -> Option<Stage> {
        DISPUTE.get(&mut self.memory, &ID).expect("read").map(|dispute| dispute.stage)
    }

    fn ruled(&self) -> Option<(u8, bool)> {
        self.events.iter().find_map(|event| match event {
            crate::Event::Disputes(Event::Ruled { percent, by_default, .. }) => Some((*percent, *by_default)),
            _ => None,
        })
    }
}

#[test]
fn the_one_whose_turn_it_is_rules_and_nobody_else() {
    let head = include_str!("mod.rs");
    let mut rows = 0;
    for (stage, name) in [(Stage::Pinned, "Pinned"), (Stage::Fallback, "Fallback")] {
        for (caller, role) in [
            (ARBITER, "arbiter"),
            (FALLBACK, "fallback"),
            (CLAIMANT, "claimant"),
            (RESPONDENT, "respondent"),
            (STRANGER, "stranger"),
        ] {
            let mut court = Court::at(stage);
            let before = court.memory.clone();
            let outcome = court.act(caller, Action::Rule { dispute: ID, percent: 30 });
            if head.contains(&format!("//! | {name} | Rule | {role} | gone |\n")) {
                assert_eq!((outcome, court.stage(), court.ruled()), (Ok(Output::None), None, Some((30, false))), "{name} {role}");
                rows += 1;
            } else {
                let turn = if stage == Stage::Pinned { ARBITER } else { FALLBACK };
                assert_eq!(outcome, Err(Refusal::NotYourTurn { caller, turn }.into()), "{name} {role}");
                assert!(court.memory == before);
            }
        }
    }
    assert_eq!(rows, head.matches("| Rule |").count(), "every row of the table was walked");
}

#[test]
fn silence_passes_it_on_and_then_the_share_that_was_agreed_decides() {
    let mut court = Court::open(START_MS + 5 * RULE_MS);
    court.now_ms += RULE_MS - 1;
    let deadline_ms = START_MS + RULE_MS;
    assert_eq!(court.act(STRANGER, Action::RunDeadline { dispute: ID }), Err(Refusal::NotDue { deadline_ms }.into()));
    court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("an early look does nothing");
    assert_eq!(court.stage(), Some(Stage::Pinned));
    court.now_ms += 1;
    court.act(STRANGER, Action::RunDeadline { dispute: ID }).expect("anyone may");
    assert_eq!(court.stage(), Some(Stage::Fallback));
    court.now_ms += RULE_MS;
    court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("runs by itself");
    assert_eq!((court.stage(), court.ruled()), (None, Some((DEFAULT, true))));
    let gone = Err(Refusal::UnknownDispute { dispute: ID }.into());
    assert_eq!(court.act(FALLBACK, Action::Rule { dispute: ID, percent: 0 }), gone);
}

#[test]
fn the_end_cuts_both_times_short() {
    let end_ms = START_MS + RULE_MS / 2;
    let mut court = Court::open(end_ms);
    court.now_ms = end_ms;
    court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("runs");
    assert_eq!((court.stage(), court.ruled()), (None, Some((DEFAULT, true))), "no fallback beyond the end");
    let mut court = Court::open(START_MS + RULE_MS + 5);
    court.now_ms += RULE_MS;
    court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("passed on");
    court.now_ms += 5;
    court.draft(STRANGER, |d| due(d, ID, TAKE)).expect("over");
    assert_eq!(court.stage(), None);
}

#[test]
fn a_share_is_a_percentage_and_an_institution_may_refuse_it() {
    let mut court = Court::at(Stage::Pinned);
    let more = Action::Rule { dispute: ID, percent: 101 };
    assert_eq!(court.act(ARBITER, more), Err(Refusal::BadPercent { percent: 101 }.into()));
    let refuse: Ruled = |_, _, percent, _| Err(Refusal::BadPercent { percent }.into());
    let before = court.memory.clone();
    let outcome = court.draft(ARBITER, |d| apply(d, Action::Rule { dispute: ID, percent: 33 }, refuse));
    assert_eq!(outcome, Err(Refusal::BadPercent { percent: 33 }.into()));
    assert!(court.memory == before, "the dispute stands as it was");
}
