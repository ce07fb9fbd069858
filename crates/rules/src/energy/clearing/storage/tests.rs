use super::super::network::Arc;
use super::*;

/// The worked example of docs/energy.md, each slot a network of its own. Nodes: N and S.
fn example(efficiency_permille: u16) -> (Book, Plan) {
    let (n, s) = (1, 2);
    // Tail, head, capacity, value, and what the best plan moves.
    let slot_1 = [
        (0, n, 9_000, 0, 7_500),
        (n, 0, 1_500, 250_000, 1_500),
        (s, 0, 2_000, 300_000, 2_000),
        (n, s, 3_000, -10_000, 3_000),
        (s, n, 3_000, -10_000, 0),
        (0, s, 100_000, -320_000, 0),
        (s, 0, 100_000, 80_000, 1_000),
    ];
    let slot_2 = [
        (0, n, 1_000, 0, 1_000),
        (n, 0, 500, 280_000, 500),
        (s, 0, 6_000, 310_000, 4_000),
        (0, s, 1_000, -150_000, 1_000),
        (n, s, 3_000, -10_000, 3_000),
        (s, n, 3_000, -10_000, 0),
        (0, s, 100_000, -320_000, 0),
        (s, 0, 100_000, 80_000, 0),
    ];
    let network = |rows: &[(Node, Node, u32, i64, u32)]| {
        let arc = |(tail, head, capacity_wh, value_micro, _): &(Node, Node, u32, i64, u32)| Arc {
            tail: *tail,
            head: *head,
            capacity_wh: *capacity_wh,
            value_micro: *value_micro,
        };
        Network { arcs: rows.iter().map(arc).collect(), given_wh: vec![0; 3] }
    };
    let battery = Battery {
        zone: n,
        charge_wh: 3_000,
        discharge_wh: 3_000,
        capacity_wh: 4_000,
        initial_wh: 500,
        efficiency_permille,
        wear_micro: 20_000,
        final_micro: 60_000,
    };
    let moved = |rows: &[(Node, Node, u32, i64, u32)]| rows.iter().map(|row| row.4).collect();
    let plan = Plan {
        moved_wh: vec![vec![3_000, -2_500]],
        flow_wh: vec![moved(&slot_1), moved(&slot_2)],
        zone_millimicro: vec![vec![0, 0, 80_000_000], vec![0, 80_000_000, 310_000_000]],
        battery_millimicro: vec![vec![60_000_000, 60_000_000]],
    };
    (Book { slots: vec![network(&slot_1), network(&slot_2)], batteries: vec![battery] }, plan)
}

#[test]
fn the_worked_example_has_no_gap_with_losses_or_without() {
    for (efficiency_permille, nano) in [(1_000, 2_235_000_000), (950, 2_226_000_000)] {
        let (book, plan) = example(efficiency_permille);
        let worth = nano * BOUND_PER_NANO;
        assert_eq!(check(&book, &plan), Ok(Proven { bound: worth, worth }));
    }
}

#[test]
fn a_worse_schedule_is_accepted_up_to_the_gap_and_no_further() {
    let (book, plan) = example(950);
    // A Wh less is taken and lost to the wind; what is left at the end is worth 0.95 × 60 micro less: 2.6e-5.
    let with = |less: i64| {
        let mut worse = plan.clone();
        worse.moved_wh[0][0] -= less;
        worse.flow_wh[0][0] -= u32::try_from(less).expect("positive");
        check(&book, &worse)
    };
    let bound = 2_226_000_000 * BOUND_PER_NANO;
    let worth = |less: i128| bound - less * 57_000 * BOUND_PER_NANO;
    assert_eq!(with(0), Ok(Proven { bound, worth: worth(0) }));
    assert_eq!(with(1), Err(Refused::Gap { bound, worth: worth(1) }));

    // The bound is of the prices alone: higher ones of the battery prove less of the same schedule.
    let mut dearer = plan.clone();
    dearer.battery_millimicro[0][0] += 1;
    let proven = check(&book, &dearer).expect("within the gap");
    assert!(proven.bound > bound && proven.worth == worth(0));
    dearer.battery_millimicro[0][0] += 50_000_000;
    assert!(matches!(check(&book, &dearer), Err(Refused::Gap { .. })));
}

#[test]
fn only_a_part_of_the_last_wh_may_be_lost() {
    let battery = example(950).0.batteries[0];
    for (stored_mwh, moved_wh, after) in [
        (0, 0, Some(0)),
        (500, 1, Some(1_450)),
        (1_450, -1, Some(450)),
        (999, -1, None),
        (3_999_050, 1, Some(4_000_000)),
        (3_999_999, 1, Some(4_000_000)),
        (4_000_000, 1, None),
        (4_000_000, 0, Some(4_000_000)),
        (3_990_999, 10, Some(4_000_000)),
        (3_991_450, 10, None),
        (0, i64::MAX, None),
        (0, i64::MIN, None),
    ] {
        assert_eq!(battery.stored_after_mwh(stored_mwh, moved_wh), after, "{stored_mwh} {moved_wh}");
    }
}

#[test]
fn each_refusal_has_a_name() {
    let (book, good) = example(950);
    let wrong = |change: &dyn Fn(&mut Plan)| {
        let mut plan = good.clone();
        change(&mut plan);
        check(&book, &plan).expect_err("wrong")
    };
    assert_eq!(wrong(&|p| p.flow_wh.truncate(1)), Refused::Shape);
    assert_eq!(wrong(&|p| p.moved_wh[0].push(0)), Refused::Shape);
    assert_eq!(wrong(&|p| p.zone_millimicro[1].truncate(2)), Refused::Shape);
    assert_eq!(wrong(&|p| p.moved_wh[0][0] = 3_001), Refused::Power { battery: 0, slot: 0 });
    assert_eq!(wrong(&|p| p.moved_wh[0][1] = i64::MIN), Refused::Power { battery: 0, slot: 1 });
    assert_eq!(wrong(&|p| p.moved_wh[0] = vec![-501, 0]), Refused::State { battery: 0, slot: 0 });
    assert_eq!(wrong(&|p| p.moved_wh[0] = vec![3_000, 686]), Refused::State { battery: 0, slot: 1 });
    assert_eq!(wrong(&|p| p.zone_millimicro[0][0] = 1), Refused::ZonePrice { slot: 0, node: 0 });
    assert_eq!(wrong(&|p| p.zone_millimicro[1][2] = i64::MIN), Refused::ZonePrice { slot: 1, node: 2 });
    assert_eq!(wrong(&|p| p.battery_millimicro[0][1] = i64::MAX), Refused::BatteryPrice { battery: 0, slot: 1 });
    assert_eq!(wrong(&|p| p.flow_wh[0][3] = 3_001), Refused::Capacity { slot: 0, arc: 3 });
    assert_eq!(wrong(&|p| p.moved_wh[0][1] = -2_499), Refused::Balance { slot: 1, node: 1 });
    assert_eq!(wrong(&|p| p.zone_millimicro[1][1] = 320_000_000), Refused::LineIncome { slot: 1 });
    let (mut book, plan) = example(0);
    assert_eq!(check(&book, &plan), Err(Refused::Book));
    book.batteries[0].efficiency_permille = 1_000;
    let wrong = |change: &dyn Fn(&mut Battery)| {
        let mut wrong = book.clone();
        change(&mut wrong.batteries[0]);
        check(&wrong, &plan)
    };
    assert_eq!(wrong(&|b| b.zone = 3), Err(Refused::Book));
    assert_eq!(wrong(&|b| b.zone = OUTSIDE), Err(Refused::Book));
    assert_eq!(wrong(&|b| b.initial_wh = 4_001), Err(Refused::Book));
    assert_eq!(wrong(&|b| b.wear_micro = 0), Err(Refused::Book));
    assert_eq!(wrong(&|b| b.final_micro = -1), Err(Refused::Book));
    book.slots = vec![book.slots[0].clone(); SLOTS_MAX + 1];
    assert_eq!(check(&book, &plan), Err(Refused::Book));
}

#[test]
fn where_the_bound_is_nothing_so_is_the_gap() {
    assert_eq!(check(&Book::default(), &Plan::default()), Ok(Proven { bound: 0, worth: 0 }));
}
