//! Four validators and a follower over real sockets, each on a machine of its own, with bad links, cuts and kills, under load.
//!
//! `DURE_SECONDS` says how long they are killed at random (`scripts/four`), `DURE_SEED` what is random.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;
mod field;
mod load;
mod wire;

use field::{FOLLOWER, Field, VALIDATORS};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    sync::{Mutex, PoisonError},
    thread::sleep,
    time::{Duration, Instant},
};
use wire::{Weather, inside, say};

const SECOND: Duration = Duration::from_secs(1);
/// What was under way when a cut began has become final, or will not: longer than a view lasts.
const SETTLED: Duration = Duration::from_secs(2);
const EVERYBODY: [usize; VALIDATORS + 1] = [0, 1, 2, 3, FOLLOWER];

/// Runs a scenario, one at a time: the processor is part of what is tested.
fn scenario(name: &str, work: impl FnOnce()) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    inside(name, || {
        say(name);
        work();
    });
}

#[test]
fn slow_and_lossy_links_cost_time_and_nothing_else() {
    scenario("slow_and_lossy_links_cost_time_and_nothing_else", || {
        let field = Field::new(Weather::BAD);
        field.load.forget_waits();
        let since = Instant::now();
        while since.elapsed() < 10 * SECOND {
            field.goes_on("in bad weather", &EVERYBODY, Instant::now());
        }
        let paid = field.load.say_waits("40 ± 10 ms and 2 % loss each way");
        assert!(paid > 50, "{paid} payments are no load");
        field.finish();
    });
}

#[test]
fn three_go_on_without_one_that_is_cut_off_and_it_catches_up() {
    scenario("three_go_on_without_one_that_is_cut_off_and_it_catches_up", || {
        let field = Field::new(Weather::BAD);
        // Shorter and longer than a connection is waited for.
        for (alone, long) in [(2, 4 * SECOND), (0, 12 * SECOND)] {
            let others: Vec<usize> = EVERYBODY.into_iter().filter(|place| *place != alone).collect();
            field.wire.cut(&[&[alone], &others]);
            let since = Instant::now();
            field.goes_on(&format!("node {alone} is cut off"), &others, since);
            let stands = (sleep(SETTLED), field.head(alone)).1;
            sleep(long.saturating_sub(since.elapsed()));
            assert_eq!(field.head(alone), stands, "alone it agrees on nothing");
            let highest = field.highest();
            assert!(highest > stands, "the others went on");
            field.wire.heal();
            let healed = Instant::now();
            let level = field.until_head(alone, highest, healed);
            say(&format!("after {long:?} alone, {} blocks behind: level after {} ms", highest - stands, level.as_millis()));
            field.goes_on("healed", &EVERYBODY, healed);
        }
        field.finish();
    });
}

#[test]
fn two_against_two_agree_on_nothing_and_go_on_once_healed() {
    scenario("two_against_two_agree_on_nothing_and_go_on_once_healed", || {
        let field = Field::new(Weather::BAD);
        for (ours, long) in [([0, 1], 4 * SECOND), ([0, 3], 12 * SECOND)] {
            let theirs: Vec<usize> = (0..VALIDATORS).filter(|place| !ours.contains(place)).collect();
            field.wire.cut(&[&ours, &theirs]);
            sleep(SETTLED);
            let stands = field.highest();
            sleep(long - SETTLED);
            assert_eq!(field.highest(), stands, "two of four decide nothing");
            field.wire.heal();
            let healed = Instant::now();
            field.goes_on(&format!("two against two for {long:?}"), &EVERYBODY, healed);
        }
        field.finish();
    });
}

#[test]
fn each_is_killed_and_comes_back() {
    scenario("each_is_killed_and_comes_back", || {
        let mut field = Field::new(Weather::BAD);
        for place in EVERYBODY {
            kill_one(&mut field, place, SECOND);
        }
        field.finish();
    });
}

#[test]
fn all_are_killed_at_random_one_by_one_and_then_at_once() {
    scenario("all_are_killed_at_random_one_by_one_and_then_at_once", || {
        let seconds = std::env::var("DURE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
        let mut field = Field::new(Weather::BAD);
        let mut dice = StdRng::seed_from_u64(field.seed);
        let (since, mut slowest, mut kills) = (Instant::now(), Duration::ZERO, 0);
        while since.elapsed() < seconds * SECOND {
            sleep(dice.gen_range(Duration::ZERO..2 * SECOND));
            let down = dice.gen_range(Duration::ZERO..3 * SECOND);
            slowest = slowest.max(kill_one(&mut field, dice.gen_range(0..=FOLLOWER), down));
            kills += 1;
        }
        say(&format!("{kills} kills in {:?}, the slowest progress after {} ms", since.elapsed(), slowest.as_millis()));
        sleep(dice.gen_range(Duration::ZERO..SECOND));
        field.kill(&EVERYBODY);
        sleep(SECOND);
        let back = Instant::now();
        field.start(&EVERYBODY);
        field.goes_on("all were killed", &EVERYBODY, back);
        field.finish();
    });
}

/// Kills a node and brings it back; gives the longer of the two waits for a new final payment.
fn kill_one(field: &mut Field, place: usize, down: Duration) -> Duration {
    field.kill(&[place]);
    let killed = Instant::now();
    let others: Vec<usize> = EVERYBODY.into_iter().filter(|other| *other != place).collect();
    let without = field.goes_on(&format!("node {place} was killed"), &others, killed);
    sleep(down.saturating_sub(killed.elapsed()));
    let back = Instant::now();
    field.start(&[place]);
    field.goes_on("it is back", &EVERYBODY, back).max(without)
}
