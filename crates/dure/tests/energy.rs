//! Energy as people run it: a market opened from a file, meters with their agents, a solver; one of them killed in the middle.

mod common;

use alloy_primitives::{Address, B256, hex};
use common::street::{PATIENT, Program, QUICK, Street, household, key};
use dure_api::abi::energy::IEnergy;
use dure_gateways::key::DeviceSigner;
use dure_rules::energy::*;
use std::time::Duration;

#[test]
fn neighbours_trade_by_their_agents_and_every_slot_is_settled_even_where_one_is_killed() {
    let street = Street::open(720, QUICK);
    // A roof in the north delivers 600 Wh a slot; two houses draw 200 and 500.
    let houses = [("roof", 1, "North", "0,600"), ("left", 2, "South", "200,0"), ("right", 3, "South", "500,0")];
    let mut programs = Vec::new();
    for (name, number, zone, line) in houses {
        let (file, signer) = household(&street, name, number, zone, line);
        let file = file.to_str().expect("UTF-8").to_owned();
        let log = street.path(&format!("{name}.log"));
        let program = Program::start(&street.dev, &["energy", "meter", &file], &log);
        let id = meter_id(&signer.public());
        street.until("the meter is put in", || street.view(IEnergy::meterCall { id }));
        street.act(&key(0), AttestMeter { meter: id, attested: true });
        programs.push((program, file, log, id));
    }
    let market = street.market;
    let ids: Vec<B256> = programs.iter().map(|(.., id)| *id).collect();
    let traded = |after: Slot| {
        let now = Slot::try_from(street.now_ms() / SLOT_MS).expect("a slot");
        (after..now + 12).find(|&slot| {
            let day = slot / DAY_SLOTS;
            let net =
                |id: B256| street.view(IEnergy::positionCall { meter: id, day }).map(|p| p.netWh[(slot % DAY_SLOTS) as usize]);
            let net: Vec<i32> = ids.iter().map(|id| net(*id).unwrap_or(0)).collect();
            net == [600, -171, -429]
        })
    };
    let now = Slot::try_from(street.now_ms() / SLOT_MS).expect("a slot");
    let slot = street.until("all three trade in one slot", || traded(now));
    // The roof sells all, and the houses want 100 Wh more than that: they share it pro rata just below retail, and the north is a fee
    // below the south. The rest comes from the supplier without being traded.
    let book = street.view(IEnergy::slotCall { market, number: slot }).expect("cleared");
    assert_eq!((book.priceMicro.clone(), book.flowWh.clone()), (vec![319_999, 309_999], vec![0, 600]));

    programs[1].0.kill();
    std::thread::sleep(Duration::from_secs(3));
    let (_, file, log, _) = &programs[1];
    let again = Program::start(&street.dev, &["energy", "meter", file], log);
    let later = street.until("they trade again", || traded(slot + 1));
    drop(again);
    for slot in [slot, later] {
        street
            .until("it is settled", || street.view(IEnergy::slotCall { market, number: slot }).filter(|book| book.progress == 2));
    }
    // Σ of all purses is the till, to the nano-unit.
    let accounts = [1, 2, 3, 9].map(|number| key(number).address()).into_iter().chain([MODULE]);
    let nano = |account: Address| -> i128 {
        let purse = street.view(IEnergy::purseCall { market, account }).expect("a purse");
        purse.nano.try_into().expect("fits")
    };
    let sums = street.until("two looks at one state", || {
        let before = street.now_ms();
        let all: Vec<i128> = accounts.clone().map(nano).collect();
        (street.now_ms() == before).then_some(all)
    });
    assert_eq!(sums.iter().sum::<i128>(), 3 * 100_000 * 10_000_000, "{sums:?}");
    // The command says what everybody can see.
    let shown = street.dev.ask(&["energy", "show", &market.to_string()]);
    assert!(shown.status.success() && !shown.stdout.is_empty(), "{shown:?}");
}

/// The design's worked example: of N, S, N, S, N.
fn example() -> [Bid; 5] {
    let order = |slot, buys, wh, limit_micro| Order { slot, buys, wh, limit_micro };
    let of = |orders: &[Order]| Bid { orders: orders.to_vec(), battery: None };
    let battery = Battery {
        charge_wh: 3_000,
        discharge_wh: 3_000,
        capacity_wh: 4_000,
        initial_wh: 500,
        wear_micro: 20_000,
        final_micro: 60_000,
    };
    [
        of(&[order(0, false, 9_000, 0), order(1, false, 1_000, 0)]),
        of(&[order(0, true, 2_000, 300_000), order(1, true, 6_000, 310_000)]),
        of(&[order(0, true, 1_500, 250_000), order(1, true, 500, 280_000)]),
        of(&[order(1, false, 1_000, 150_000)]),
        Bid { orders: Vec::new(), battery: Some(battery) },
    ]
}

#[test]
fn a_solver_shows_the_best_clearing_of_a_day_and_the_worked_example_comes_out() {
    // A day's gate that comes soon, wherever in the day the chain begins: an hour and a half of the chain, nine seconds of the wall.
    let begin_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let begin_ms = u64::try_from(begin_ms).expect("fits") + 90 * 60_000;
    let minutes_left = |day: u64| (day * 86_400_000).saturating_sub(begin_ms) / 60_000;
    let today = begin_ms / 86_400_000;
    let day = if minutes_left(today + 1) > 480 { today + 1 } else { today + 2 };
    let gate = minutes_left(day).min(24 * 60);
    let street = Street::open(gate, PATIENT);
    let market = street.market;
    let first_slot = Slot::try_from(day).expect("fits") * DAY_SLOTS;

    let mut bids = Vec::new();
    for (number, bid) in (1..).zip(example()) {
        let (owner, signer) = (key(number), DeviceSigner::random());
        let (public, meter) = (signer.public(), meter_id(&signer.public()));
        let possession = signer.sign(&possession_prehash(street.chain.chain_id, owner.address(), market, &public));
        let zone = u8::from(number % 2 == 1);
        let register = RegisterMeter { market, zone, key: public, import_max_wh: 10_000, export_max_wh: 10_000, possession };
        street.act(&owner, register);
        street.act(&key(0), AttestMeter { meter, attested: true });
        street.act(&owner, Deposit { market, amount: 1_000 });
        let (bytes, salt) = (bid.to_bytes(), B256::repeat_byte(7));
        let auction = auction_id(market, first_slot, 96);
        let seal = seal(auction, meter, owner.address(), salt, &bytes);
        let held_nano = cost_nano(&bid) + 100_000_000;
        street.act(&owner, Commit { market, first_slot, slots: 96, meter, seal, held_nano });
        bids.push((owner, meter, salt, bytes));
    }
    let auction = auction_id(market, first_slot, 96);
    let at = |stage: Stage| street.view(IEnergy::auctionCall { id: auction }).filter(|record| record.stage == stage as u8);
    let log = street.path("solver.log");
    let mut solver = Program::start(&street.dev, &["energy", "solve", "--from", "test/7"], &log);
    street.until("the gate", || at(Stage::Revealing));
    for (owner, meter, salt, bid) in bids {
        street.act(&owner, Reveal { auction, meter, salt, bid });
    }
    // It is killed without warning and comes back: what waits is found again.
    solver.kill();
    street.until("the stage of solving", || at(Stage::Solving));
    let _solver = Program::start(&street.dev, &["energy", "solve", "--from", "test/7"], &log);
    let cleared = street.until("it is cleared", || at(Stage::Cleared));
    assert_eq!(cleared.accepted, key(7).address(), "{}", std::fs::read_to_string(&log).unwrap_or_default());
    assert_eq!(cleared.welfareNano.to_string(), "2235000000");
    let price = |slot: Slot| street.view(IEnergy::slotCall { market, number: slot }).expect("cleared").priceMicro;
    assert_eq!((price(first_slot), price(first_slot + 1)), (vec![80_000, 0], vec![310_000, 80_000]));
    let said = street.until("the solver says so", || std::fs::read_to_string(&log).ok().filter(|text| text.contains("accepted")));
    assert!(said.contains(&hex::encode(auction)), "{said}");
}

#[test]
fn what_is_wrong_in_a_file_or_an_account_is_said_in_words() {
    let street = Street::open(720, QUICK);
    let file = street.path("market.toml");
    let text = std::fs::read_to_string(&file).expect("there");
    let open = |from: &str| {
        let output = street.dev.ask(&["energy", "open", file.to_str().expect("UTF-8"), "--from", from]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = open("test/1");
    assert!(code == Some(1) && said.contains("grid operator"), "{said}");
    let (code, said) = open("test/0");
    assert!(code == Some(1) && said.contains("already"), "{said}");
    std::fs::write(&file, text.replace("retail", "retial")).expect("written");
    let (code, said) = open("test/0");
    assert!(code == Some(2) && said.contains("is it `retail`?"), "{said}");
    std::fs::write(&file, text.replace("parent = \"South\"", "parent = \"West\"")).expect("written");
    let (code, said) = open("test/0");
    assert!(code == Some(2) && said.contains("zone North"), "{said}");

    let (meter, _) = household(&street, "lost", 1, "West", "1,1");
    let output = street.dev.ask(&["energy", "meter", meter.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("South, North"), "{said}");
    std::fs::write(meter.with_file_name("day.csv"), "1,1\n").expect("written");
    let output = street.dev.ask(&["energy", "meter", meter.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("96"), "{said}");
}
