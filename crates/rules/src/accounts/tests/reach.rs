//! What reach says, in numbers.

use super::fixture::*;
use crate::accounts::*;
use crate::bounds::{AMOUNT_MAX, DAY_MS};
use crate::credits;

fn reach_of(town: &mut Town, key: crate::Address) -> Option<Reach> {
    let contracts =
        |scope: &Scope| if scope.target == CONTRACT { Powers::default().with(Power::Contracts) } else { Powers::default() };
    reach(&mut town.memory, town.now_ms, OWNER, key, contracts).expect("read")
}

#[test]
fn a_limited_key_reaches_what_is_left_and_every_period_that_still_begins() {
    let mut town = Town::new();
    let since_ms = town.now_ms; // 30 days less a second before the expiry
    let credit = |now, until_expiry| CreditReach { credit: MONEY, now, period_ms: DAY_MS, per_period: DAILY, until_expiry };
    let send = |amount| credits::Action::Transfer { credit: MONEY, to: STRANGER, amount };
    let expires_ms = limited().expires_ms;
    let first = reach_of(&mut town, LIMITED).expect("stands");
    assert_eq!((first.admin, first.until_ms, &first.scopes), (false, expires_ms, &limited().scopes));
    assert_eq!(first.powers.iter().collect::<Vec<_>>(), [Power::Contracts]);
    assert_eq!(first.credits, [credit(100, 3_000)]);
    town.act(OWNER, Some(LIMITED), send(30)).expect("spent");
    for (at_ms, now, until_expiry) in [
        (since_ms, 70, 2_970),
        (since_ms + DAY_MS - 1, 70, 2_970),
        (since_ms + DAY_MS, 100, 2_900),
        (since_ms + 29 * DAY_MS, 100, 100),
        (expires_ms - 1, 100, 100),
    ] {
        town.now_ms = at_ms;
        assert_eq!(reach_of(&mut town, LIMITED).expect("stands").credits, [credit(now, until_expiry)]);
    }
    town.now_ms = expires_ms;
    assert_eq!(reach_of(&mut town, LIMITED), None);
}

#[test]
fn the_largest_limit_does_not_overflow() {
    let mut town = Town::empty();
    let limits = vec![Limit { credit: MONEY, amount: AMOUNT_MAX, period_ms: PERIOD_MIN_MS }];
    let terms = KeyTerms { limits, expires_ms: town.now_ms + KEY_MAX_MS, ..limited() };
    town.act(OWNER, None, authorize(LIMITED, terms)).expect("within bounds");
    let reach = reach_of(&mut town, LIMITED).expect("stands");
    assert_eq!(reach.credits[0].until_expiry, AMOUNT_MAX * 366 * 24);
}

#[test]
fn an_admin_key_reaches_everything_and_one_that_fell_nothing() {
    let mut town = Town::new();
    let all = reach_of(&mut town, ADMIN).expect("stands");
    assert!(all.admin && Power::ALL.iter().all(|power| all.powers.contains(*power)));
    assert_eq!(reach_of(&mut town, NEW), None);
    town.act(OWNER, None, Action::RevokeKey { key: ADMIN }).expect("revoked");
    assert_eq!(reach_of(&mut town, ADMIN), None);
    town.named_by(0..2, NEW);
    town.block(RECOVERY_DELAY_MS + 1_000);
    assert_eq!(reach_of(&mut town, LIMITED), None);
    assert!(reach_of(&mut town, NEW).is_some_and(|reach| reach.admin));
}
