//! Credits against the rules of ERC-20 and a model of purses.

use super::*;
use crate::bounds::HOUR_MS;
use crate::{law, roles, testing::transact};
use proptest::prelude::*;

const ISSUER: Address = Address::repeat_byte(0x10);
const PEOPLE: [Address; 4] = [ISSUER, Address::repeat_byte(0x11), Address::repeat_byte(0x12), Address::repeat_byte(0x13)];
const MONEY: CreditId = CreditId(crate::ids::address!("d00ec00000000000000000000000000000000001"));
const TIME: CreditId = CreditId(crate::ids::address!("d00ec00000000000000000000000000000000002"));
const DAILY: Amount = 24;

struct Bank {
    memory: Memory,
    now_ms: u64,
    events: Vec<crate::Event>,
}

impl Bank {
    /// A reserve credit and a community credit of 24 a day for members; the second person is one.
    fn new() -> Self {
        let mut bank = Self { memory: Memory::default(), now_ms: 400 * crate::bounds::DAY_MS, events: Vec::new() };
        let reserve = Kind::Reserve { issuer: ISSUER };
        let community = Kind::Community { role: Role::Member, amount: DAILY, period_ms: 24 * HOUR_MS };
        for (kind, id) in [(reserve, MONEY), (community, TIME)] {
            let make = Action::Create { name: "Town".into(), symbol: "TWN".into(), decimals: 2, currency: None, kind };
            assert_eq!(bank.act(ISSUER, make), Ok(Output::Id(id.0.into_word())));
        }
        let now = bank.now_ms;
        bank.draft(ISSUER, |d| {
            roles::recognise(d, Role::Member, ISSUER);
            roles::apply(d, roles::Action::Grant { role: Role::Member, to: PEOPLE[1], until_ms: now + 50 * 24 * HOUR_MS })
        })
        .expect("granted");
        bank
    }

    fn draft<T>(&mut self, caller: Address, run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let (output, events) = transact(&mut self.memory, self.now_ms, caller, run)?;
        self.events = events;
        Ok(output)
    }

    fn act(&mut self, caller: Address, action: Action) -> Result<Output, Failure> {
        self.draft(caller, |d| law::apply(d, action.into()))
    }

    fn has(&mut self, credit: CreditId, who: Address) -> Amount {
        balance(&mut self.memory, credit, who).expect("read")
    }
}

fn refused<T>(refusal: Refusal) -> Result<T, Failure> {
    Err(refusal.into())
}

#[test]
fn a_reserve_credit_is_made_and_unmade_by_its_issuer_and_holders() {
    let (mut bank, [issuer, ann, ben, _]) = (Bank::new(), PEOPLE);
    let issue = |to, amount| Action::Issue { credit: MONEY, to, amount };
    assert_eq!(bank.act(ann, issue(ann, 5)), refused(Refusal::NotIssuer { caller: ann, issuer }));
    assert_eq!(bank.act(issuer, issue(Address::ZERO, 5)), refused(Refusal::TransferToZero));
    bank.act(issuer, issue(ann, 100)).expect("issued");
    let all = AMOUNT_MAX - 100;
    assert_eq!(
        bank.act(issuer, issue(ben, all + 1)),
        refused(Refusal::AmountTooLarge { amount: AMOUNT_MAX + 1, max: AMOUNT_MAX })
    );
    bank.act(issuer, issue(ben, all)).expect("the supply is full now");
    bank.act(ann, Action::Redeem { credit: MONEY, amount: 40 }).expect("given back");
    let owed = Event::Redeemed { credit: MONEY, holder: ann, issuer, amount: 40 };
    assert!(bank.events.contains(&owed.into()), "the issuer's debt is on record");
    assert_eq!(bank.has(MONEY, ann), 60);
    assert_eq!(
        bank.act(ann, Action::Redeem { credit: MONEY, amount: 61 }),
        refused(Refusal::Insufficient { have: 60, want: 61 })
    );
    assert_eq!(bank.act(ann, Action::Claim { credit: MONEY }), refused(Refusal::WrongKind));
}

#[test]
fn a_community_credit_is_claimed_once_a_period_by_members_alone() {
    let (mut bank, [issuer, member, stranger, _]) = (Bank::new(), PEOPLE);
    let claim = Action::Claim { credit: TIME };
    assert_eq!(bank.act(stranger, claim.clone()), refused(Refusal::RoleRequired { role: Role::Member, caller: stranger }));
    bank.act(member, claim.clone()).expect("claimed");
    let next_ms = bank.now_ms + 24 * HOUR_MS;
    assert_eq!(bank.act(member, claim.clone()), refused(Refusal::AlreadyClaimed { next_ms }));
    bank.now_ms = next_ms - 1;
    assert_eq!(bank.act(member, claim.clone()), refused(Refusal::AlreadyClaimed { next_ms }));
    bank.now_ms = next_ms;
    bank.act(member, claim.clone()).expect("a new day");
    assert_eq!(bank.has(TIME, member), 2 * DAILY);
    bank.now_ms += 60 * 24 * HOUR_MS;
    assert_eq!(
        bank.act(member, claim),
        refused(Refusal::RoleRequired { role: Role::Member, caller: member }),
        "the role has ended"
    );
    for action in [Action::Issue { credit: TIME, to: member, amount: 1 }, Action::Redeem { credit: TIME, amount: 1 }] {
        assert_eq!(bank.act(issuer, action), refused(Refusal::WrongKind));
    }
}

#[test]
fn every_bound_of_a_description_is_kept() {
    let mut bank = Bank::new();
    let good = ("Name", "SYM", 18, Some(*b"KRW"), Kind::Reserve { issuer: ISSUER });
    let community = |amount, period_ms| Kind::Community { role: Role::Member, amount, period_ms };
    let (long, longer) = ("n".repeat(33), "s".repeat(12));
    let cases = [
        (("", good.1, good.2, good.3, good.4), Field::Name),
        ((long.as_str(), good.1, good.2, good.3, good.4), Field::Name),
        (("line\nbreak", good.1, good.2, good.3, good.4), Field::Name),
        ((good.0, "", good.2, good.3, good.4), Field::Symbol),
        ((good.0, longer.as_str(), good.2, good.3, good.4), Field::Symbol),
        ((good.0, good.1, 19, good.3, good.4), Field::Decimals),
        ((good.0, good.1, good.2, Some(*b"krw"), good.4), Field::Currency),
        ((good.0, good.1, good.2, good.3, community(1, PERIOD_MIN_MS - 1)), Field::Period),
        ((good.0, good.1, good.2, good.3, community(1, PERIOD_MAX_MS + 1)), Field::Period),
        ((good.0, good.1, good.2, good.3, community(0, PERIOD_MIN_MS)), Field::Amount),
        ((good.0, good.1, good.2, good.3, community(AMOUNT_MAX + 1, PERIOD_MIN_MS)), Field::Amount),
    ];
    let make = |(name, symbol, decimals, currency, kind): (&str, &str, u8, Option<[u8; 3]>, Kind)| Action::Create {
        name: name.into(),
        symbol: symbol.into(),
        decimals,
        currency,
        kind,
    };
    for (description, field) in cases {
        assert_eq!(bank.act(PEOPLE[2], make(description)), refused(Refusal::BadDescription { field }), "{description:?}");
    }
    assert!(bank.act(PEOPLE[2], make(good)).is_ok(), "anyone may make one");
}

#[test]
fn money_goes_to_no_institution_by_hand_and_to_nobody_by_mistake() {
    let (mut bank, [issuer, ann, ..]) = (Bank::new(), PEOPLE);
    bank.act(issuer, Action::Issue { credit: MONEY, to: ann, amount: 10 }).expect("issued");
    let send = |credit, to| Action::Transfer { credit, to, amount: 1 };
    assert_eq!(bank.act(ann, send(MONEY, Address::ZERO)), refused(Refusal::TransferToZero));
    assert_eq!(bank.act(ann, send(MONEY, REGISTRY)), refused(Refusal::TransferToModule { module: REGISTRY }));
    let unknown = CreditId::nth(9);
    assert_eq!(bank.act(ann, send(unknown, issuer)), refused(Refusal::UnknownCredit { credit: unknown.0 }));
    let hold_id = HoldId { module: REGISTRY, kind: 1, id: B256::ZERO };
    bank.draft(ann, |d| hold(d, MONEY, ann, hold_id, 4)).expect("held");
    assert_eq!(bank.draft(ann, |d| pay(d, MONEY, hold_id, ann, 5)), refused(Refusal::HoldInsufficient { have: 4, want: 5 }));
    let other = bank.draft(ann, |d| move_hold(d, TIME, hold_id, hold_id, 1));
    assert_eq!(other, refused(Refusal::HoldInsufficient { have: 0, want: 1 }), "a hold is in one credit");
    bank.draft(ann, |d| pay(d, MONEY, hold_id, issuer, 4)).expect("paid");
    assert_eq!((bank.has(MONEY, ann), bank.has(MONEY, issuer)), (6, 4));
}

/// What ERC-20 says, in two maps.
#[derive(Default)]
struct Purses {
    money: BTreeMap<usize, Amount>,
    allowed: BTreeMap<(usize, usize), Amount>,
}

impl Purses {
    fn transfer(&mut self, from: usize, to: usize, amount: Amount) -> bool {
        let have = self.money.get(&from).copied().unwrap_or_default();
        let Some(left) = have.checked_sub(amount) else { return false };
        self.money.insert(from, left);
        *self.money.entry(to).or_default() += amount;
        true
    }
}

proptest! {
    #[test]
    fn transfers_and_allowances_do_what_erc20_says(steps in prop::collection::vec((0..4u8, 0..4usize, 0..4usize, 0..4usize, 0..200u128), 1..80)) {
        let (mut bank, mut model) = (Bank::new(), Purses::default());
        for (number, who) in PEOPLE.into_iter().enumerate() {
            bank.act(ISSUER, Action::Issue { credit: MONEY, to: who, amount: 100 }).expect("issued");
            model.money.insert(number, 100);
        }
        for (kind, a, b, c, amount) in steps {
            let [who, from, to] = [a, b, c].map(|number| PEOPLE[number]);
            let (action, expected) = match kind {
                0 => (Action::Transfer { credit: MONEY, to, amount }, model.transfer(a, c, amount)),
                1 => {
                    let amount = if amount > 190 { UNLIMITED } else { amount };
                    model.allowed.insert((a, b), amount);
                    (Action::Approve { credit: MONEY, spender: from, amount }, true)
                }
                _ => {
                    let have = model.allowed.get(&(b, a)).copied().unwrap_or_default();
                    let allowed = have == UNLIMITED || have >= amount;
                    let done = allowed && model.transfer(b, c, amount);
                    if done && have != UNLIMITED {
                        model.allowed.insert((b, a), have - amount);
                    }
                    (Action::TransferFrom { credit: MONEY, from, to, amount }, done)
                }
            };
            prop_assert_eq!(bank.act(who, action).is_ok(), expected);
            for (number, who) in PEOPLE.into_iter().enumerate() {
                prop_assert_eq!(bank.has(MONEY, who), model.money[&number]);
                for (other, spender) in PEOPLE.into_iter().enumerate() {
                    let left = model.allowed.get(&(number, other)).copied().unwrap_or_default();
                    prop_assert_eq!(allowance(&mut bank.memory, MONEY, who, spender), Ok(left));
                }
            }
        }
    }
}
