use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn targets() -> BTreeMap<String, u8> {
    BTreeMap::from([("south".into(), 0), ("north".into(), 1)])
}

fn event(value: Value) -> Event {
    let mut whole = json!({ "id": "e1", "programID": "p1", "targets": ["north"] });
    for (key, value) in value.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    serde_json::from_value(whole).expect("an event")
}

fn asked(value: Value) -> Result<Ask, Unfit> {
    read(&event(value), &targets())
}

fn export(id: i64, kw: f64) -> Value {
    json!({ "id": id, "payloads": [{ "type": "EXPORT_CAPACITY_LIMIT", "values": [kw] }] })
}

fn period(start: &str, duration: &str) -> Value {
    json!({ "start": start, "duration": duration })
}

#[test]
fn intervals_follow_one_another_and_a_touched_quarter_has_the_strictest_cap() {
    let six = start_ms("2026-11-30T18:00:00Z").expect("a time") / SLOT_MS;
    let six = Slot::try_from(six).expect("fits");
    assert_eq!(six % DAY_SLOTS, 72);
    let ask = asked(json!({
        "intervalPeriod": period("2026-11-30T18:10:00Z", "PT20M"),
        "intervals": [export(0, 8.0), export(1, 6.0), { "id": 2, "intervalPeriod": period("2026-11-30T20:00:00Z", "PT15M"),
            "payloads": [{ "type": "IMPORT_CAPACITY_LIMIT", "values": [4] }, { "type": "EXPORT_CAPACITY_LIMIT", "values": [0.0039] }] }],
    }));
    let ask = ask.expect("fit");
    let up = |wh| Limit { up_wh: Some(wh), down_wh: None };
    // 18:10 to 18:30 at 8 kW, 18:30 to 18:50 at 6 kW.
    let expected = [
        (six, up(2_000)),
        (six + 1, up(2_000)),
        (six + 2, up(1_500)),
        (six + 3, up(1_500)),
        (six + 8, Limit { up_wh: Some(0), down_wh: Some(1_000) }),
    ];
    assert_eq!((ask.caps, ask.zones), (BTreeMap::from(expected), BTreeSet::from([1])));
}

#[test]
fn an_order_of_redispatch_has_four_parts() {
    let order = |parts: Value| json!({ "intervalPeriod": period("2026-11-30T18:00:00Z", "PT30M"), "intervals": [{ "id": 0, "payloads": parts }] });
    let whole = json!([
        { "type": "DISPATCH_SETPOINT", "values": [2.0] }, { "type": "PRICE", "values": [0.15] },
        { "type": "DURE_DEFICIT", "values": ["south"] }, { "type": "DURE_SURPLUS", "values": ["north"] },
    ]);
    let ask = asked(order(whole.clone())).expect("fit");
    let shift = Shift { deficit: 0, surplus: 1, wh: 500, limit_micro: 150_000 };
    assert_eq!(ask.shifts.values().copied().collect::<Vec<_>>(), [shift, shift]);
    assert!(ask.caps.is_empty() && ask.zones.is_empty());
    for (change, word) in [
        (json!({ "type": "DURE_DEFICIT", "values": ["north"] }), "the zones are the same"),
        (json!({ "type": "DURE_DEFICIT", "values": ["west"] }), "`west` is no target"),
        (json!({ "type": "DURE_DEFICIT", "values": [0] }), "one target"),
        (json!({ "type": "OTHER", "values": ["south"] }), "all of"),
    ] {
        let mut parts = whole.clone();
        parts[2] = change;
        let said = asked(order(parts)).expect_err("unfit").to_string();
        assert!(said.contains(word), "{said}");
    }
    let mut odd = order(whole);
    odd["intervalPeriod"] = period("2026-11-30T18:05:00Z", "PT30M");
    assert!(asked(odd).expect_err("unfit").to_string().contains("on a quarter of an hour"));
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let six = || period("2026-11-30T18:00:00Z", "PT1H");
    for (wrong, words) in [
        (json!({ "intervalPeriod": six(), "intervals": [export(0, 1.0)], "targets": ["west"] }), "known are north, south"),
        (json!({ "intervalPeriod": six(), "intervals": [export(0, 1.0)], "targets": null }), "names no target"),
        (json!({ "intervalPeriod": six(), "intervals": [export(0, -1.0)] }), "got [-1.0]"),
        (
            json!({ "intervalPeriod": six(), "intervals": [{ "id": 7, "payloads": [{ "type": "EXPORT_CAPACITY_LIMIT", "values": ["8"] }] }] }),
            "interval 7",
        ),
        (
            json!({ "intervalPeriod": six(), "intervals": [{ "id": 7, "payloads": [{ "type": "SIMPLE", "values": [1] }] }] }),
            "has SIMPLE",
        ),
        (json!({ "intervalPeriod": six(), "intervals": [{ "id": 7, "payloads": [] }] }), "has nothing"),
        (
            json!({ "intervalPeriod": six(), "intervals": [export(0, 1.0)], "payloadDescriptors": [{ "payloadType": "EXPORT_CAPACITY_LIMIT", "units": "AMPS" }] }),
            "is in AMPS; expected KW",
        ),
        (json!({ "intervalPeriod": period("0001-01-01T00:00:00Z", "PT1H"), "intervals": [export(0, 1.0)] }), "is no time"),
        (json!({ "intervals": [export(0, 1.0)] }), "is no time"),
        (json!({ "intervalPeriod": period("2026-11-30T18:00:00Z", "P9999Y"), "intervals": [export(0, 1.0)] }), "`duration`"),
        (json!({ "intervalPeriod": period("2026-11-30T18:00:00Z", "P2D"), "intervals": [export(0, 1.0)] }), "at most a day"),
        (
            json!({ "intervalPeriod": period("2026-11-30T18:00:00Z", "PT13H"), "intervals": [export(0, 1.0), export(1, 1.0)] }),
            "spans 104",
        ),
        (
            json!({ "intervalPeriod": period("9999-11-30T18:00:00Z", "P999999999W"), "intervals": [export(0, 1.0)] }),
            "too far ahead",
        ),
        (
            json!({ "intervalPeriod": { "start": "2026-11-30T18:00:00Z", "duration": "PT1H", "randomizeStart": "PT5M" }, "intervals": [export(0, 1.0)] }),
            "random",
        ),
        (json!({ "duration": "P1D", "intervalPeriod": six(), "intervals": [export(0, 1.0)] }), "repeats"),
    ] {
        let said = asked(wrong).expect_err(words).to_string();
        assert!(said.contains(words), "{said}");
    }
    // An event that asks for nothing is the way to take back what it asked for.
    assert_eq!(asked(json!({ "intervals": [] })), Ok(Ask::default()));
}

fn zones() -> Vec<Zone> {
    let zone = |name: &str, wh| Zone { name: name.into(), parent: 0, up_wh: wh, down_wh: wh, fee_micro: 0 };
    vec![zone("South", 100_000), zone("North", 3_000)]
}

#[test]
fn of_overlapping_events_the_strictest_cap_and_the_first_order_count() {
    let ask = |up_wh, zones: &[u8], slots: std::ops::Range<Slot>| Ask {
        zones: zones.iter().copied().collect(),
        caps: slots.map(|slot| (slot, Limit { up_wh: Some(up_wh), down_wh: None })).collect(),
        ..Ask::default()
    };
    let asks = [ask(2_000, &[1], 94..98), ask(1_000, &[1], 97..99), ask(9_000, &[1, 9], 99..100)];
    let wanted = caps(asks.iter(), &zones());
    let run = |first_slot, slots, up_wh| Run { zone: 1, first_slot, slots, up_wh, down_wh: 3_000 };
    // Slot 96 begins another day; the zone's own cap is stricter than the third event's.
    assert_eq!(runs(&wanted), [run(94, 2, 2_000), run(96, 1, 2_000), run(97, 2, 1_000), run(99, 1, 3_000)]);

    let shift = |wh| Shift { deficit: 0, surplus: 1, wh, limit_micro: 1 };
    let order = |wh, priority| Ask { shifts: BTreeMap::from([(7, shift(wh))]), priority, ..Ask::default() };
    let named: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let asks = [order(1, None), order(2, Some(3)), order(3, Some(3))];
    assert_eq!(shifts(named.iter().zip(&asks)), BTreeMap::from([(7, ("b", shift(2)))]));
}

proptest! {
    #[test]
    fn no_cap_is_ever_above_the_events_power_nor_the_zones_own(
        powers in prop::collection::vec(0.0..20.0f64, 1..8),
        start_s in 0u64..86_400,
        lasts_s in 1u64..7_200,
    ) {
        let from_ms = 1_795_000_000_000 + start_s * 1_000;
        let intervals: Vec<Value> = powers.iter().enumerate().map(|(id, kw)| export(id as i64, *kw)).collect();
        let ask = asked(json!({
            "intervalPeriod": period(&super::super::wire::rfc3339(from_ms), &format!("PT{lasts_s}S")), "intervals": intervals,
        })).expect("fit");
        let wanted = caps(std::iter::once(&ask), &zones());
        for (n, kw) in (0u64..).zip(&powers) {
            let (from_ms, until_ms) = (from_ms + n * lasts_s * 1_000, from_ms + (n + 1) * lasts_s * 1_000);
            // Every instant of the interval lies in a slot whose cap allows no more than the interval does.
            for slot in (from_ms / SLOT_MS)..=((until_ms - 1) / SLOT_MS) {
                let (up_wh, down_wh) = wanted[&(1, Slot::try_from(slot).expect("fits"))];
                prop_assert!(f64::from(up_wh) / 250.0 <= *kw && up_wh <= 3_000 && down_wh == 3_000);
            }
        }
        let set: u32 = runs(&wanted).iter().map(|run| u32::from(run.slots)).sum();
        prop_assert_eq!(set as usize, wanted.len());
    }

    #[test]
    fn energy_is_the_most_that_the_power_allows(kw in 0.0..4_000.0f64, wh in 0u32..1_000_000) {
        let got = wh_of(kw);
        prop_assert!(f64::from(got) / 250.0 <= kw && f64::from(got + 1) / 250.0 > kw);
        prop_assert_eq!(wh_of(f64::from(wh) / 250.0), wh);
    }
}
