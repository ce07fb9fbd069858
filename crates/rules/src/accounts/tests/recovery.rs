//! Recovery against its own tables: stage × action × role, and silence; and a thief who has the only key.

use super::fixture::*;
use crate::accounts::*;
use crate::bounds::DAY_MS;
use crate::{Address, B256, Failure, Output, credits};
use std::collections::BTreeMap;

const ROLES: [&str; 5] = ["root", "admin", "limited", "guardian", "stranger"];

/// Rows of the tables between two places of the module's head.
fn rows(from: &str, to: &str) -> Vec<Vec<String>> {
    rows_of(include_str!("../mod.rs"), "//! |", from, to)
}

/// Cells of the lines of `head` that begin with `prefix`, between two places.
pub fn rows_of(head: &str, prefix: &str, from: &str, to: &str) -> Vec<Vec<String>> {
    let from = head.find(from).expect("the table");
    let to = head[from..].find(to).expect("what follows") + from;
    let cells = |line: &str| line.trim_end_matches('|').split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
    let all = head[from..to].lines().filter_map(|line| line.strip_prefix(prefix)).map(cells);
    all.filter(|cells| !cells[0].starts_with('-') && cells[0] != "from" && cells[0] != "stage").collect()
}

/// What a guardian's word is called in the table, and who says it about which key.
fn namings(stage: Stage) -> [(&'static str, usize, Address); 2] {
    match stage {
        Stage::Gathering => [("NameKey (t name it)", 1, NEW), ("NameKey (fewer than t)", 1, OTHER)],
        Stage::Waiting => [("NameKey (t still name it)", 2, NEW), ("NameKey (fewer than t are left)", 1, OTHER)],
        Stage::Vetoed => [("NameKey (t + 1 name it)", 2, NEW), ("NameKey (fewer than t + 1)", 2, OTHER)],
        Stage::WaitingAgain => [("NameKey (t + 1 still name it)", 3, NEW), ("NameKey (fewer than t + 1 are left)", 1, OTHER)],
    }
}

fn guardians_of_the_owner(town: &mut Town) -> Guardianship {
    GUARDIANSHIPS.get(&mut town.memory, &OWNER).expect("read").expect("guardians")
}

#[test]
fn what_the_table_allows_happens_and_nothing_else_does() {
    let mut table: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for row in rows("# Recovery: who may do what", "What is not in the table") {
        let [from, action, who, to] = &row[..] else { panic!("{row:?}") };
        for role in who.split(", ") {
            table.insert((from.clone(), action.clone(), role.to_string()), to.clone());
        }
    }
    assert_eq!(table.len(), 12, "a row was added or lost: the test must know it");
    let other_guardians = Action::SetGuardians { commitment: B256::ZERO, threshold: 1, count: 2 };
    let mut walked = 0;
    for stage in Stage::ALL {
        let [(first, first_by, first_key), (second, second_by, second_key)] = namings(stage);
        for (name, by, action) in [
            (first, first_by, name_key(first_key)),
            (second, second_by, name_key(second_key)),
            ("VetoRecovery", 0, Action::VetoRecovery),
            ("SetGuardians", 0, other_guardians.clone()),
            ("RunDeadline", 0, Action::RunDeadline { account: OWNER }),
        ] {
            for role in ROLES {
                let mut town = Town::at(stage);
                let before = guardians_of_the_owner(&mut town);
                let (caller, key) = match role {
                    "root" => (OWNER, None),
                    "admin" => (OWNER, Some(ADMIN)),
                    "limited" => (OWNER, Some(LIMITED)),
                    "guardian" => (GUARDIANS[by], None),
                    _ => (STRANGER, None),
                };
                let outcome = town.act(caller, key, action.clone());
                match table.get(&(format!("{stage:?}"), name.into(), role.into())) {
                    Some(to) => {
                        assert!(outcome.is_ok(), "{stage:?} {name} {role}: {outcome:?}");
                        assert_eq!(&format!("{:?}", town.stage()), to, "{stage:?} {name} {role}");
                        assert!(guardians_of_the_owner(&mut town) != before, "{stage:?} {name} {role}: nothing changed");
                        walked += 1;
                    }
                    None => {
                        // Whoever calls may name guardians of its own.
                        let own = name == "SetGuardians" && caller != OWNER;
                        assert!(own || matches!(outcome, Err(Failure::Refused(_))), "{stage:?} {name} {role}: {outcome:?}");
                        assert_eq!(guardians_of_the_owner(&mut town), before, "{stage:?} {name} {role}");
                    }
                }
            }
        }
    }
    assert_eq!(walked, table.len(), "every row of the table was walked");
}

#[test]
fn the_page_for_people_has_the_same_tables() {
    let page = include_str!("../../../../../docs/modules/accounts.md");
    let of_page = |from, to| rows_of(page, "|", from, to);
    assert_eq!(
        of_page("## Recovery: who may do what", "What is not in the table"),
        rows("# Recovery: who may do what", "What is not in the table")
    );
    let keys = rows("# Keys", "An address is a key");
    assert!(!keys.is_empty() && of_page("What becomes of a key", "What is not listed") == keys);
    let silence = of_page("anyone may call:", "Recovered: the named key");
    let days: Vec<_> = rows("# Recovery: what happens when nobody", "Recovered: the named key")
        .into_iter()
        .map(|row| vec![row[0].clone(), row[1].rsplit(", ").next().unwrap_or_default().to_string(), row[2].clone()])
        .collect();
    assert_eq!(silence, days);
}

#[test]
fn sixteen_guardians_and_their_successors_fit_their_record() {
    let mut town = Town::empty();
    let sixteen: Vec<_> = (1..=GUARDIANS_MAX).map(Address::repeat_byte).collect();
    let commitment = guardians_commitment(OWNER, SALT, &sixteen);
    let count = u8::try_from(sixteen.len()).expect("few");
    assert_eq!(count, GUARDIANS_MAX);
    for threshold in [count - 1, count - 2] {
        town.act(OWNER, None, Action::SetGuardians { commitment, threshold, count }).expect("within bounds");
    }
    for guardian in &sixteen {
        let guardians = sixteen.clone();
        let said = Action::NameKey { account: OWNER, key: NEW, kind: KeyKind::P256, salt: SALT, guardians };
        town.act(*guardian, None, said).expect("named");
    }
    assert_eq!(town.stage(), Stage::Waiting);
    let record = guardians_of_the_owner(&mut town);
    assert_eq!(borsh::to_vec(&record).expect("into a vector").len() as u32, <Guardianship as crate::Record>::MAX_BYTES);
}

#[test]
fn what_happens_in_silence_is_as_the_second_table_says() {
    let table = rows("# Recovery: what happens when nobody", "Recovered: the named key");
    let days = |text: &str| text.split(", ").last().and_then(|days| days.strip_suffix(" d")?.parse::<u64>().ok());
    assert_eq!(table.len(), 3);
    for stage in [Stage::Waiting, Stage::Vetoed, Stage::WaitingAgain] {
        let row = table.iter().find(|row| row[0] == format!("{stage:?}")).expect("a row");
        let wait_ms = days(&row[1]).expect("days") * DAY_MS;
        let mut town = Town::at(stage);
        town.block(wait_ms - 1);
        assert_eq!(town.stage(), stage);
        let early = town.act(STRANGER, None, Action::RunDeadline { account: OWNER });
        assert!(early.is_err());
        let mut by_hand = town.clone();
        town.block(1_000);
        let recovered = row[2] == "Gathering, recovered";
        assert!(recovered || row[2] == "Gathering");
        assert_eq!((town.stage(), root_stands(&mut town.memory, OWNER)), (Stage::Gathering, Ok(!recovered)));
        by_hand.now_ms += 1;
        let outcome = by_hand.act(STRANGER, None, Action::RunDeadline { account: OWNER });
        assert_eq!(outcome.is_ok(), recovered, "anyone may do what is due");
        assert_eq!(root_stands(&mut by_hand.memory, OWNER), Ok(!recovered));
    }
}

fn recovered() -> Town {
    let mut town = Town::at(Stage::Waiting);
    town.block(RECOVERY_DELAY_MS + 1_000);
    town
}

#[test]
fn after_a_recovery_the_new_key_is_the_only_one() {
    let mut town = recovered();
    assert!(town.events.contains(&Event::Recovered { account: OWNER, key: NEW, epoch: 1 }.into()));
    let send = credits::Action::Transfer { credit: MONEY, to: STRANGER, amount: 1 };
    assert_eq!(town.act(OWNER, None, authorize(OTHER, admin())), refused(Refusal::RootReplaced { account: OWNER }));
    let root_signed = town.draft(OTHER, None, |d| authorize_signed(d, OWNER, None, OTHER, admin()));
    assert_eq!(root_signed, refused(Refusal::RootReplaced { account: OWNER }), "nor by what it signed before");
    for (key, kind) in [(ADMIN, KeyKind::WebAuthn), (LIMITED, KeyKind::P256)] {
        assert_eq!(town.admit(key, kind, &[]), refused(Refusal::KeyReplaced { key }));
        assert_eq!(town.act(OWNER, Some(key), send.clone()), refused(Refusal::KeyReplaced { key }));
        assert_eq!(town.act(OWNER, Some(key), Action::RevokeKey { key }), refused(Refusal::KeyReplaced { key }));
        assert_eq!(town.act(OWNER, Some(NEW), authorize(key, limited())), refused(Refusal::KeyKnown { key }));
    }
    assert_eq!(town.admit(NEW, KeyKind::P256, &[]), Ok(()));
    town.act(OWNER, Some(NEW), send).expect("the new key");
    assert_eq!(town.act(OWNER, Some(NEW), Action::RevokeKey { key: NEW }), refused(Refusal::LastKey { key: NEW }));
    town.act(OWNER, Some(NEW), authorize(OTHER, admin())).expect("a second one");
    town.act(OWNER, Some(OTHER), Action::RevokeKey { key: NEW }).expect("not the last one any more");
}

#[test]
fn the_thief_of_the_only_key_vetoes_once_and_loses() {
    let mut town = Town::new();
    // It names guardians of its own, takes the key that the guardians will name, and vetoes at the last moment.
    let own = Action::SetGuardians { commitment: B256::ZERO, threshold: 1, count: 2 };
    town.act(OWNER, None, own.clone()).expect("begins in fourteen days");
    town.block(DAY_MS);
    town.named_by(0..2, NEW);
    town.act(OWNER, None, authorize(NEW, limited())).expect("in the way");
    town.act(OWNER, None, Action::RevokeKey { key: NEW }).expect("for ever, it hopes");
    town.block(RECOVERY_DELAY_MS - 2_000);
    town.act(OWNER, None, Action::VetoRecovery).expect("once");
    let until_ms = town.now_ms + AGAIN_MS;
    town.block(8 * DAY_MS);
    assert_eq!(town.stage(), Stage::Vetoed, "its own guardians do not begin meanwhile");
    assert_eq!(town.act(OWNER, None, own), refused(Refusal::GuardiansStay { until_ms }));
    town.named_by(0..2, NEW);
    assert_eq!(town.stage(), Stage::Vetoed, "two are too few now");
    town.named_by(2..3, NEW);
    let vetoed_ms = until_ms - AGAIN_MS;
    for key in [None, Some(ADMIN)] {
        assert_eq!(town.act(OWNER, key, Action::VetoRecovery), refused(Refusal::VetoedBefore { vetoed_ms }));
    }
    town.block(RECOVERY_DELAY_MS + 1_000);
    assert_eq!(root_stands(&mut town.memory, OWNER), Ok(false));
    assert_eq!(town.admit(NEW, KeyKind::P256, &[]), Ok(()), "what the thief did to it does not matter");
    town.block(20 * DAY_MS);
    let record = guardianship(&mut town.memory, OWNER, town.now_ms).expect("read").expect("guardians");
    assert_eq!((record.set.commitment, record.next), (commitment(), None), "its guardians are forgotten");
}

#[test]
fn only_guardians_who_open_the_commitment_are_heard() {
    let stranger_too = {
        let mut list = GUARDIANS.to_vec();
        list[3] = STRANGER;
        list
    };
    let swapped = [GUARDIANS[1], GUARDIANS[0], GUARDIANS[2], GUARDIANS[3]].to_vec();
    let mut town = Town::new();
    let wrong = Refusal::NotTheGuardians { commitment: commitment() };
    for (caller, salt, guardians) in [
        (STRANGER, SALT, stranger_too),
        (GUARDIANS[0], B256::ZERO, GUARDIANS.to_vec()),
        (GUARDIANS[0], SALT, swapped),
        (GUARDIANS[0], SALT, GUARDIANS[..3].to_vec()),
        (GUARDIANS[0], SALT, Vec::new()),
    ] {
        let said = Action::NameKey { account: OWNER, key: NEW, kind: KeyKind::P256, salt, guardians };
        assert_eq!(town.act(caller, None, said), refused(wrong));
    }
    assert_eq!(town.act(STRANGER, None, name_key(NEW)), refused(Refusal::NotAGuardian { caller: STRANGER }));
    for key in [OWNER, MODULE] {
        assert_eq!(town.act(GUARDIANS[0], None, name_key(key)), refused(Refusal::NotAKey { key }));
    }
    // Nobody hears a list with the same guardian twice, or the account itself in it, though it was committed to.
    for list in [[GUARDIANS[0], GUARDIANS[0]], [OWNER, GUARDIANS[0]]] {
        let mut town = Town::empty();
        let commitment = guardians_commitment(OWNER, SALT, &list);
        town.act(OWNER, None, Action::SetGuardians { commitment, threshold: 1, count: 2 }).expect("not opened yet");
        let said = Action::NameKey { account: OWNER, key: NEW, kind: KeyKind::P256, salt: SALT, guardians: list.to_vec() };
        assert_eq!(town.act(GUARDIANS[0], None, said), refused(Refusal::NotTheGuardians { commitment }));
    }
}

#[test]
fn a_guardian_is_counted_once_for_its_last_word_and_for_a_time() {
    let mut town = Town::new();
    town.named_by(0..1, NEW);
    town.named_by(0..1, NEW);
    assert_eq!(town.stage(), Stage::Gathering, "twice the same guardian");
    let as_passkey =
        Action::NameKey { account: OWNER, key: NEW, kind: KeyKind::WebAuthn, salt: SALT, guardians: GUARDIANS.to_vec() };
    town.act(GUARDIANS[1], None, as_passkey).expect("named");
    assert_eq!(town.stage(), Stage::Gathering, "another kind is another key");
    town.act(GUARDIANS[1], None, name_key(Address::ZERO)).expect("none");
    town.block(NAMING_MS);
    town.named_by(1..2, NEW);
    assert_eq!(town.stage(), Stage::Gathering, "the first word is too old");
    town.named_by(2..3, NEW);
    assert_eq!(town.stage(), Stage::Waiting);
}

#[test]
fn guardians_are_bounded_and_those_who_follow_wait() {
    let mut town = Town::empty();
    let set = |threshold, count| Action::SetGuardians { commitment: commitment(), threshold, count };
    for (threshold, count, field) in [
        (1, 1, Field::Count),
        (1, GUARDIANS_MAX + 1, Field::Count),
        (0, 2, Field::Threshold),
        (2, 2, Field::Threshold),
        (1, 0, Field::Threshold),
    ] {
        assert_eq!(town.act(OWNER, None, set(threshold, count)), refused(Refusal::OutOfBounds { field }));
    }
    assert_eq!(town.act(OWNER, None, set(0, 0)), refused(Refusal::NoGuardians { account: OWNER }));
    assert_eq!(town.act(GUARDIANS[0], None, name_key(NEW)), refused(Refusal::NoGuardians { account: OWNER }));
    town.act(OWNER, None, set(15, GUARDIANS_MAX)).expect("the most");
    let now = town.now_ms;
    let before = |town: &mut Town| guardianship(&mut town.memory, OWNER, town.now_ms).expect("read").map(|r| r.set.count);
    town.act(OWNER, None, set(2, 4)).expect("others");
    for (at_ms, count) in [(now, 16), (now + GUARDIANS_DELAY_MS - 1, 16), (now + GUARDIANS_DELAY_MS, 4)] {
        town.now_ms = at_ms;
        assert_eq!(before(&mut town), Some(count));
    }
    town.act(OWNER, None, set(0, 0)).expect("none");
    town.now_ms += GUARDIANS_DELAY_MS;
    assert_eq!(before(&mut town), None);
    assert_eq!(town.act(GUARDIANS[0], None, name_key(NEW)), refused(Refusal::NoGuardians { account: OWNER }));
    assert_eq!(town.act(OWNER, None, set(2, 4)), Ok(Output::None), "then the first again");
    assert_eq!(before(&mut town), Some(4));
}
