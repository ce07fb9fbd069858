//! A real meter as a household has it: a head and a battery that speak over Mosquitto, a node that stands still, a program that is killed.

mod common;

use alloy_primitives::B256;
use alloy_sol_types::SolEvent as _;
use common::{
    household::Mosquitto,
    street::{Program, QUICK, Street, household, key},
};
use dure_api::abi::energy::IEnergy;
use dure_gateways::chain::Chain;
use dure_rules::energy::*;
use rumqttc::QoS;
use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// How many times as fast as the wall the chain is.
const SPEED: u64 = 600;
/// Between two messages of the head, the chain's time: three tenths of a second of the wall.
const SAY_AGAIN_MS: u64 = 180_000;
const CAPACITY_WH: f64 = 4_000.0;

#[derive(Default)]
struct State {
    now_ms: u64,
    import_wh: f64,
    export_wh: f64,
    stored_wh: f64,
    /// What the battery was told last, charging +.
    set_w: f64,
    told: u64,
    net_w: f64,
    /// What the registers say at the end of each slot, as the head says them: whole Wh.
    ends: BTreeMap<Slot, (u64, u64)>,
}

impl State {
    fn live_until(&mut self, to_ms: u64) {
        let hours = (to_ms - self.now_ms) as f64 / 3_600_000.0;
        // 500 Wh in even slots, 300 Wh in odd ones.
        let load_w = if (self.now_ms / SLOT_MS).is_multiple_of(2) { 2_000.0 } else { 1_200.0 };
        let stored = (self.stored_wh + self.set_w * hours).clamp(0.0, CAPACITY_WH);
        let charged = stored - self.stored_wh;
        let net = -load_w * hours - charged;
        self.import_wh += (-net).max(0.0);
        self.export_wh += net.max(0.0);
        (self.stored_wh, self.now_ms) = (stored, to_ms);
        if hours > 0.0 {
            self.net_w = net / hours;
        }
    }
}

/// The house lives in a thread of its own, by the chain's clock.
struct House {
    state: Arc<Mutex<State>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl House {
    fn begin(street: &Street, broker: &Mosquitto, stored_wh: f64) -> Self {
        let (client, heard) = broker.client("house", &["battery/set"]);
        let state = Arc::new(Mutex::new(State { stored_wh, import_wh: 1_000_000.0, ..State::default() }));
        let over = Arc::new(AtomicBool::new(false));
        let (of_thread, ends, url) = (state.clone(), over.clone(), street.dev.url.clone());
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
            let chain = runtime.block_on(Chain::connect(&url)).expect("a node");
            // (the newest block's time, when it was seen)
            let clock = Arc::new(Mutex::new((0, Instant::now())));
            let seen = clock.clone();
            runtime.spawn(async move {
                loop {
                    if let Ok(head) = chain.node.head().await
                        && head.time_ms > seen.lock().expect("seen").0
                    {
                        *seen.lock().expect("seen") = (head.time_ms, Instant::now());
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            });
            let mut say_ms = 0;
            while !ends.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(20));
                let (head_ms, at) = *clock.lock().expect("seen");
                if head_ms == 0 {
                    continue;
                }
                let now_ms = head_ms + u64::try_from(at.elapsed().as_millis()).expect("fits") * SPEED;
                let mut state = of_thread.lock().expect("the state");
                while let Ok((_, payload)) = heard.try_recv() {
                    state.set_w = String::from_utf8(payload).expect("text").parse().expect("a number of W");
                    state.told += 1;
                }
                if state.now_ms == 0 {
                    state.now_ms = now_ms;
                    say_ms = now_ms;
                }
                while state.now_ms < now_ms {
                    let end_ms = (state.now_ms / SLOT_MS + 1) * SLOT_MS;
                    let to_ms = now_ms.min(end_ms).min(say_ms.max(state.now_ms + 1));
                    state.live_until(to_ms);
                    if to_ms == end_ms {
                        let slot = Slot::try_from(to_ms / SLOT_MS - 1).expect("a slot");
                        let whole = (state.import_wh as u64, state.export_wh as u64);
                        state.ends.insert(slot, whole);
                    }
                    if to_ms == end_ms || to_ms >= say_ms {
                        say_ms = to_ms + SAY_AGAIN_MS;
                        say(&client, &state);
                    }
                }
            }
        });
        Self { state, over, thread: Some(thread) }
    }

    fn state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().expect("the state"))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// As a Tasmota head with an SML script says it, and a battery.
fn say(client: &rumqttc::Client, state: &State) {
    let seconds = state.now_ms / 1_000;
    let time = dure_time(seconds);
    let kwh = |wh: f64| format!("{:.4}", (wh * 10.0).floor() / 10_000.0);
    let text = format!(
        "{{\"Time\":\"{time}\",\"SML\":{{\"Total_in\":{},\"Total_out\":{},\"Power_curr\":{:.0}}}}}",
        kwh(state.import_wh),
        kwh(state.export_wh),
        -state.net_w
    );
    // A queue that is full loses a message, as a radio does.
    let _ = client.try_publish("battery/soc", QoS::AtLeastOnce, true, format!("{:.0}", state.stored_wh));
    let _ = client.try_publish("tele/house/SENSOR", QoS::AtLeastOnce, false, text);
}

/// `2026-06-01T12:15:00`.
fn dure_time(seconds: u64) -> String {
    let (mut year, mut day) = (1970, seconds / 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let rest = seconds % 86_400;
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:{:02}", day + 1, rest / 3_600, rest / 60 % 60, rest % 60)
}

/// A meter.toml for the house, with a history of two days that drew 400 Wh in each slot.
fn real_house(street: &Street, broker: &Mosquitto) -> (String, MeterId) {
    let (file, signer) = household(street, "real", 2, "South", "0,0");
    let text = fs::read_to_string(&file).expect("written").replace("profile = \"day.csv\"\n", "");
    let more = format!(
        "fallback_minutes = 0.03\nlimit_topic = \"limit\"\nfallback_export_kw = 3\n\
         [mqtt]\nbroker = \"127.0.0.1:{}\"\nuser = \"home\"\npassword = \"secret\"\n\
         [meter]\ntopic = \"tele/house/SENSOR\"\ntime = \"payload\"\n\
         [battery]\ncharge_w = 3000\ndischarge_w = 3000\ncapacity_wh = 4000\nsoc_topic = \"battery/soc\"\nsoc_unit = \"Wh\"\n\
         set_topic = \"battery/set\"\n",
        broker.port
    );
    fs::write(&file, text + &more).expect("written");
    let now = Slot::try_from(street.now_ms() / SLOT_MS).expect("a slot");
    let state = file.with_file_name("meter-state");
    fs::create_dir(&state).expect("made");
    let history: String = (now - 2 * DAY_SLOTS..now + 4).map(|slot| format!("{slot},-400\n")).collect();
    fs::write(state.join("history.csv"), history).expect("written");
    (file.to_str().expect("UTF-8").to_owned(), meter_id(&signer.public()))
}

/// Bids can be opened for fourteen seconds of the wall, so that the node's standing still takes nobody's deposit.
const UNHURRIED: &str = "slot_gate_minutes = 200\nreveal_minutes = 140\nsolve_minutes = 50\n";

#[test]
fn a_real_meter_shows_what_was_traded_and_loses_nothing_to_a_silent_node_or_a_kill() {
    let street = Street::open(720, UNHURRIED);
    let broker = Mosquitto::start(street.folder.path());
    let (roof, signer) = household(&street, "roof", 1, "North", "0,600");
    let roof_id = meter_id(&signer.public());
    let roof = roof.to_str().expect("UTF-8").to_owned();
    let _roof = Program::start(&street.dev, &["energy", "meter", &roof], &street.path("roof.log"));
    let (file, id) = real_house(&street, &broker);
    let house = House::begin(&street, &broker, 0.0);
    let (_hears, limits) = broker.client("curtails", &["limit"]);
    let log = street.path("real.log");
    let mut program = Program::start(&street.dev, &["energy", "meter", &file], &log);
    for meter in [roof_id, id] {
        street.until("the meter is put in", || street.view(IEnergy::meterCall { id: meter }));
        let attested = street.dev.ask(&["energy", "attest", &meter.to_string(), "--from", "test/0"]);
        assert!(attested.status.success(), "{attested:?}");
    }
    let now = || Slot::try_from(street.now_ms() / SLOT_MS).expect("a slot");
    let at = |slot: Slot| (slot / DAY_SLOTS, (slot % DAY_SLOTS) as usize);
    let sold = |slot: Slot| {
        let (day, at) = at(slot);
        street.view(IEnergy::positionCall { meter: id, day }).map_or(0, |position| position.netWh[at])
    };
    let metered = |slot: Slot| {
        let (day, at) = at(slot);
        let metered = street.view(IEnergy::meteredCall { meter: id, day }).expect("a day");
        (metered.read & (1 << at) != 0).then(|| metered.netWh[at])
    };
    // An even slot that draws 500 Wh, once the odd one before it has put 100 Wh into the battery.
    let slot = street.until("the house buys what it will draw", || {
        (now() + 2..now() + 12).find(|slot| slot % 2 == 0 && (slot - 1..=slot + 1).all(|slot| sold(slot) <= -390))
    });
    // And the battery buys what the roof has left over: no slot of the house alone draws so much.
    street.until("the battery trades in the auction of a slot", || (slot..now() + 12).find(|slot| sold(*slot) <= -560));
    let shown = street.until("the slot is read", || metered(slot));
    let position = sold(slot);
    assert!((shown - position).abs() <= 40, "{shown} Wh shown, {position} Wh bought in slot {slot}");
    let odd = street.until("the next slot is read", || metered(slot + 1));
    assert!((odd - sold(slot + 1)).abs() <= 40, "{odd} Wh shown, {} Wh bought", sold(slot + 1));

    // The node stands still for some slots: the local rule, and no reading is lost.
    let pid = street.dev.child.id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &pid]).status().expect("kill runs").success());
    let silent_from = now();
    signal("-STOP");
    std::thread::sleep(Duration::from_secs(6));
    let (set_w, net_w) = house.state(|state| (state.set_w, state.net_w));
    signal("-CONT");
    let said = || fs::read_to_string(&log).unwrap_or_default();
    assert!(said().contains("the local rule"), "{}", said());
    let stored = house.state(|state| state.stored_wh);
    assert!(stored < 1.0 || (net_w.abs() < 50.0 && set_w < 0.0), "{net_w} W at the meter, {set_w} W set, {stored} Wh stored");
    street.until("blocks come again", || said().contains("blocks come again").then_some(()));
    let mut heard = Vec::new();
    street.until("what may be delivered is told", || {
        heard.extend(limits.try_iter().map(|(_, payload)| String::from_utf8(payload).expect("text")));
        (heard == ["3000", "11000"]).then_some(())
    });
    let after = now();
    street.until("the silent slots are read", || metered(after));
    let by_house = |slot: Slot| {
        let ends = house.state(|state| (state.ends.get(&(slot - 1)).copied(), state.ends.get(&slot).copied()));
        let ((from_import, from_export), (import, export)) = (ends.0.expect("an end"), ends.1.expect("an end"));
        (export - from_export) as i32 - (import - from_import) as i32
    };
    for slot in silent_from..after {
        assert_eq!(metered(slot), Some(by_house(slot)), "slot {slot} of {silent_from} to {after}");
    }

    // It is killed without warning in the middle of its bids: what it sealed is opened by the next one.
    program.kill();
    let killed = now();
    let _program = Program::start(&street.dev, &["energy", "meter", &file], &log);
    street.until("it is read again", || metered(killed + 3));
    street.until("it trades again", || (killed + 8..now() + 12).find(|slot| sold(*slot) <= -100));
    let topics = serde_json::json!([IEnergy::NotRevealed::SIGNATURE_HASH]);
    let lost = street.runtime.block_on(async {
        let height = street.chain.node.head().await.expect("a head").height;
        street.chain.node.logs(MODULE, &topics, 0, height).await.expect("logs")
    });
    let lost: Vec<B256> =
        lost.iter().filter_map(|seen| IEnergy::NotRevealed::decode_log(&seen.log).ok()).map(|e| e.meter).collect();
    assert!(!lost.contains(&id), "a deposit was lost\n{}", said());
    assert!(!said().contains("not taken"), "{}", said());
}

#[test]
fn a_day_is_bid_with_its_battery_and_cleared_by_a_solver() {
    // A day's gate that comes soon, wherever in the day the chain begins: four hours of the chain, twenty-four seconds of the wall.
    let begin_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis();
    let begin_ms = u64::try_from(begin_ms).expect("fits") + 240 * 60_000;
    let minutes_left = |day: u64| (day * 86_400_000).saturating_sub(begin_ms) / 60_000;
    let today = begin_ms / 86_400_000;
    let day = if minutes_left(today + 1) > 480 { today + 1 } else { today + 2 };
    let street = Street::open(minutes_left(day).min(24 * 60), QUICK);
    let day = u32::try_from(day).expect("fits");
    let broker = Mosquitto::start(street.folder.path());
    // The roof has 2,000 Wh in each slot from eight to sixteen, and nothing else.
    let (roof, signer) = household(&street, "roof", 1, "South", "0,0");
    let lines: String = (0..96).map(|slot| if (32..64).contains(&slot) { "0,2000\n" } else { "1,0\n" }).collect();
    fs::write(roof.with_file_name("day.csv"), lines).expect("written");
    let roof_id = meter_id(&signer.public());
    let roof = roof.to_str().expect("UTF-8").to_owned();
    let _roof = Program::start(&street.dev, &["energy", "meter", &roof], &street.path("roof.log"));
    let (file, id) = real_house(&street, &broker);
    let _house = House::begin(&street, &broker, 1_000.0);
    let _program = Program::start(&street.dev, &["energy", "meter", &file], &street.path("real.log"));
    let _solver = Program::start(&street.dev, &["energy", "solve", "--from", "test/7"], &street.path("solver.log"));
    for meter in [roof_id, id] {
        street.until("the meter is put in", || street.view(IEnergy::meterCall { id: meter }));
        street.act(&key(0), AttestMeter { meter, attested: true });
    }
    let auction = auction_id(street.market, day * DAY_SLOTS, 96);
    let cleared = street.until("the day is cleared", || {
        street.view(IEnergy::auctionCall { id: auction }).filter(|record| record.stage == Stage::Cleared as u8)
    });
    assert_eq!((cleared.batteries, cleared.accepted), (1, key(7).address()));
    let position = street.until("the house has a position", || street.view(IEnergy::positionCall { meter: id, day })).netWh;
    // At noon it buys for the battery too, at other times less than it draws: the battery gives the rest.
    let (noon, other): (i32, i32) =
        (position[32..64].iter().sum(), position.iter().sum::<i32>() - position[32..64].iter().sum::<i32>());
    assert!(noon <= -(32 * 400 + 3_000), "{position:?}");
    assert!(other >= 0 && position[..32].iter().all(|wh| *wh > -400), "{position:?}");
}
