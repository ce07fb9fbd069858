//! The node as it is, four times, on a simulated network, clock and disk. A seed is enough to repeat a run.

mod town;
mod validator;

use commonware_glue::simulate::{
    action::{Action, Crash, Schedule},
    exit::ProcessedHeightAtLeast,
    plan::PlanBuilder,
};
use commonware_p2p::simulated::Link;
use commonware_utils::probability;
use std::{collections::BTreeMap, time::Duration};
use validator::{Agreed, Definition, Witness};

const SECOND: Duration = Duration::from_secs(1);

/// Runs until every validator has taken over block `height`, and asks everything that must always hold.
fn run(seed: u64, height: u64, plan: impl FnOnce(PlanBuilder<Definition>, &Definition) -> PlanBuilder<Definition>) -> Ran {
    let definition = Definition::new();
    let builder = PlanBuilder::new(definition.clone())
        .seed(seed)
        .exit_condition(ProcessedHeightAtLeast::new(height))
        .timeout(7_200 * SECOND)
        .property(Agreed { height });
    let results = plan(builder, &definition).run().unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    let witness = std::mem::take(&mut *definition.witness());
    assert!(witness.faults.is_empty(), "seed {seed}: {:?}", witness.faults);
    assert!(witness.blocks.len() as u64 > height, "seed {seed}: every block was seen");
    assert!(!witness.succeeded.is_empty() && !witness.refused.is_empty(), "seed {seed}: people use the chain");
    println!(
        "seed {seed}: {} blocks, {} transactions succeeded, {} refused, {} of all were heard of, {} blocks did something by themselves, {} crashes",
        witness.blocks.len(),
        witness.succeeded.len(),
        witness.refused.len(),
        witness.heard.len(),
        witness.by_itself.len(),
        results[0].crashes,
    );
    Ran { trace: results[0].state.clone(), witness }
}

struct Ran {
    /// Hash over everything that happened in the runtime.
    trace: String,
    witness: Witness,
}

fn good() -> Link {
    Link { latency: Duration::from_millis(10), jitter: Duration::from_millis(5), success_rate: probability!(1.0) }
}

#[test]
fn four_validators_agree_on_every_block_and_every_record() {
    run(1, 60, |plan, _| plan);
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let [first, again, other] = [7, 7, 8].map(|seed| run(seed, 25, |plan, _| plan));
    let blocks = |ran: &Ran| -> BTreeMap<_, _> { ran.witness.blocks.range(..=25).map(|(h, b)| (*h, *b)).collect() };
    assert_eq!((&first.trace, blocks(&first)), (&again.trace, blocks(&again)));
    assert_ne!(first.trace, other.trace);
    assert_ne!(blocks(&first), blocks(&other));
}

#[test]
fn one_that_crashed_comes_back_and_catches_up() {
    for seed in [2, 3] {
        run(seed, 160, |plan, definition| {
            let one = definition.validator(1);
            let schedule = Schedule::new().at(3 * SECOND, Action::Crash(one.clone())).at(9 * SECOND, Action::Restart(one));
            plan.crash(Crash::Schedule(schedule))
        });
    }
}

#[test]
fn crashes_at_any_moment_lose_nothing_final() {
    for seed in [4, 5] {
        run(seed, 160, |plan, _| plan.crash(Crash::Random { frequency: 2 * SECOND, downtime: SECOND, count: 1 }));
    }
}

#[test]
fn after_an_outage_of_all_four_the_chain_goes_on_and_what_fell_due_runs() {
    let outage = 4 * SECOND..3_700 * SECOND;
    let ran = run(6, 200, |plan, definition| {
        let all = || (0..4).map(|place| definition.validator(place));
        let down = all().fold(Schedule::new(), |schedule, one| schedule.at(outage.start, Action::Crash(one)));
        plan.crash(Crash::Schedule(all().fold(down, |schedule, one| schedule.at(outage.end, Action::Restart(one)))))
    });
    assert!(!ran.witness.by_itself.is_empty(), "orders fell due in the outage");
}

#[test]
fn lossy_and_slow_links_cost_time_and_nothing_else() {
    let bad = Link { latency: Duration::from_millis(40), jitter: Duration::from_millis(40), success_rate: probability!(0.9) };
    run(9, 40, |plan, _| plan.link(bad));
}

#[test]
fn a_partition_stops_the_minority_and_heals() {
    let cut = Link { success_rate: probability!(0.0), ..good() };
    run(10, 160, |plan, definition| {
        let alone = definition.validator(2);
        let mut schedule = Schedule::new();
        for other in (0..4).map(|place| definition.validator(place)).filter(|other| *other != alone) {
            for (from, to) in [(&alone, &other), (&other, &alone)] {
                schedule = schedule.at(2 * SECOND, Action::UpdateLink { from: from.clone(), to: to.clone(), link: cut.clone() });
            }
        }
        plan.crash(Crash::Schedule(schedule.at(8 * SECOND, Action::Heal(good()))))
    });
}

#[test]
fn what_one_is_handed_reaches_the_leaders_over_bad_links_and_after_a_cut() {
    let bad = Link { latency: Duration::from_millis(40), jitter: Duration::from_millis(40), success_rate: probability!(0.9) };
    let cut = Link { success_rate: probability!(0.0), ..bad.clone() };
    let ran = run(11, 90, |plan, definition| {
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| definition.validator(place));
        let mut schedule = Schedule::new();
        for (ours, theirs) in [(&a, &c), (&a, &d), (&b, &c), (&b, &d)] {
            for (from, to) in [(ours, theirs), (theirs, ours)] {
                schedule = schedule.at(3 * SECOND, Action::UpdateLink { from: from.clone(), to: to.clone(), link: cut.clone() });
            }
        }
        plan.link(bad.clone()).crash(Crash::Schedule(schedule.at(6 * SECOND, Action::Heal(bad))))
    });
    let (heard, all) = (ran.witness.heard.len(), ran.witness.succeeded.len() + ran.witness.refused.len());
    assert!(heard * 2 > all, "{heard} of {all} were in blocks of leaders who only heard of them");
}
