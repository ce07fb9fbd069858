//! The grid operator's port as people run it: an OpenADR server says what the lines may carry, an auction clears under it, the server is told.

mod common;

use common::{
    street::{Program, QUICK, Street, household, key},
    vtn::{Vtn, values},
};
use dure_api::abi::energy::IEnergy;
use dure_gateways::energy::port::wire::rfc3339;
use dure_rules::energy::*;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

fn event(id: &str, first: Slot, slots: u32, payloads: Value) -> Value {
    let period = json!({ "start": rfc3339(u64::from(first) * SLOT_MS), "duration": format!("PT{}M", 15 * slots) });
    json!({
        "objectType": "EVENT", "id": id, "programID": "p1", "createdDateTime": "2026-11-30T00:00:00Z",
        "modificationDateTime": "2026-11-30T00:00:00Z", "eventName": id, "targets": ["feeder-7"], "priority": null,
        "intervalPeriod": period, "intervals": [{ "id": 0, "payloads": payloads }],
    })
}

fn export(kw: f64) -> Value {
    json!([{ "type": "EXPORT_CAPACITY_LIMIT", "values": [kw] }])
}

fn port_file(street: &Street, vtn: &Vtn) -> String {
    dure_gateways::key::write_account(&street.path("operator.key"), &key(0)).expect("written");
    let secret = street.path("vtn.secret");
    std::fs::write(&secret, "s3cret\n").expect("written");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("set");
    let text = format!(
        "key = \"operator.key\"\nmarket = \"{}\"\npoll_seconds = 0.3\n[vtn]\nurl = \"{}\"\nclient_id = \"operator\"\nsecret = \"vtn.secret\"\n\
         program = \"grid\"\n[[target]]\nname = \"feeder-7\"\nzone = \"North\"\n[[target]]\nname = \"station\"\nzone = \"South\"\n",
        street.market, vtn.url
    );
    let file = street.path("port.toml");
    std::fs::write(&file, text).expect("written");
    file.to_str().expect("UTF-8").to_owned()
}

#[test]
fn an_operators_event_caps_a_line_an_auction_clears_under_it_and_the_server_is_told() {
    let street = Street::open(720, QUICK);
    let market = street.market;
    let mut homes = Vec::new();
    for (name, number, zone, line) in [("roof", 1, "North", "0,2000"), ("house", 2, "South", "2000,0")] {
        let (file, signer) = household(&street, name, number, zone, line);
        let file = file.to_str().expect("UTF-8").to_owned();
        homes.push(Program::start(&street.dev, &["energy", "meter", &file], &street.path(&format!("{name}.log"))));
        let id = meter_id(&signer.public());
        street.until("the meter is put in", || street.view(IEnergy::meterCall { id }));
        street.act(&key(0), AttestMeter { meter: id, attested: true });
    }
    street.act(&key(0), Deposit { market, amount: 100_000 });

    // A server that answers rubbish is told and waited out.
    let vtn = Vtn::open(&street);
    vtn.change(|shelf| shelf.rubbish = true);
    let (file, log) = (port_file(&street, &vtn), street.path("port.log"));
    let mut port = Program::start(&street.dev, &["energy", "port", &file], &log);
    let logged = |word: &str| std::fs::read_to_string(&log).ok().filter(|text| text.contains(word));
    street.until("the rubbish is told", || logged("is not understood"));

    // The line carries 3,000 Wh of itself; the roof sells 2,000 in every slot.
    let now = Slot::try_from(street.now_ms() / SLOT_MS).expect("a slot");
    let first = now + 20;
    let shift = json!([
        { "type": "DISPATCH_SETPOINT", "values": [1.0] }, { "type": "PRICE", "values": [0.2] },
        { "type": "DURE_DEFICIT", "values": ["station"] }, { "type": "DURE_SURPLUS", "values": ["feeder-7"] },
    ]);
    let since = Instant::now();
    vtn.change(|shelf| {
        let mut amps = event("amps", first, 1, export(1.0));
        amps["payloadDescriptors"] = json!([{ "payloadType": "EXPORT_CAPACITY_LIMIT", "units": "AMPS" }]);
        let past = event("past", now - 8, 4, export(1.0));
        let other = json!({ "id": "other", "programID": "p0" });
        shelf.events = vec![other, event("evening", first, 4, export(4.0)), amps, past, event("order", first + 4, 1, shift)];
        (shelf.rubbish, shelf.tokens) = (false, shelf.tokens + 1); // and its tokens are lost
    });
    let status = |event: &str| values(&vtn.said(event, "AGGREGATED_REPORT")?[0], "DURE_STATUS")?[0].as_str().map(String::from);
    street.until("the cap is reported", || status("evening").filter(|status| status == "CARRIED OUT"));
    eprintln!("from the event to the report that the caps are final: {:?}", since.elapsed());
    let said = vtn.said("evening", "feeder-7").expect("the line");
    assert_eq!(said.len(), 4, "{said:?}");
    for interval in &said {
        assert_eq!(values(interval, "EXPORT_CAPACITY_LIMIT"), Some(vec![json!(4.0)]));
        assert_eq!(values(interval, "IMPORT_CAPACITY_LIMIT"), Some(vec![json!(12.0)]));
    }
    street.until("the order is reported", || status("order").filter(|status| status == "CARRIED OUT"));
    let order = IEnergy::redispatchCall { auction: auction_id(market, first + 4, 1) };
    let ordered = street.view(order.clone()).expect("an auction");
    assert_eq!((ordered.deficit, ordered.surplus, ordered.wh, ordered.limitMicro), (0, 1, 250, 200_000));
    for (event, word) in [("amps", "AMPS"), ("past", "had begun")] {
        street.until("what is not carried out is reported", || status(event).filter(|status| status == "NOT CARRIED OUT"));
        let notes = values(&vtn.said(event, "AGGREGATED_REPORT").expect("there")[0], "DURE_NOTE").expect("a note");
        assert!(notes[0].as_str().expect("text").contains(word), "{notes:?}");
    }

    // Killed and begun again it does nothing twice; a changed event is followed, one that is gone is taken back. Of the market's log it reads what is
    // new: of the rest it believes its file, which here says something that the chain does not.
    port.kill();
    let (log_file, believed) = (street.path("port-state/log.json"), 77_777_777);
    let mut read: Value = serde_json::from_slice(&std::fs::read(&log_file).expect("a file")).expect("JSON");
    let changes = read[1]["caps"].as_array_mut().expect("a list");
    assert_eq!(changes.len(), 4, "the slots of the event: {changes:?}");
    changes.iter_mut().for_each(|of_slot| of_slot[1][0]["block"] = believed.into());
    std::fs::write(&log_file, read.to_string()).expect("written");
    vtn.change(|shelf| {
        shelf.events.retain(|event| event["id"] != "order");
        shelf.events[1] = event("evening", first, 3, export(4.0));
    });
    let _port = Program::start(&street.dev, &["energy", "port", &file], &log);
    let gone = || street.view(order.clone()).is_none_or(|order| order.wh == 0).then_some(());
    street.until("the order is taken back", gone);
    let of_line = || vtn.said("evening", "feeder-7").filter(|line| line.len() == 3);
    let cleared = street.until("the capped slots are cleared", || {
        of_line().filter(|line| line.iter().all(|interval| values(interval, "DURE_CLEARING").is_some()))
    });
    for interval in &cleared {
        assert_eq!(values(interval, "DURE_FLOW"), Some(vec![json!(4.0)]), "{interval}");
        assert_eq!(values(interval, "DURE_TRANSACTION").expect("there")[1], json!(believed), "{interval}");
        let clearing = values(interval, "DURE_CLEARING").expect("there");
        let slot = Slot::try_from(interval["id"].as_u64().expect("a slot")).expect("fits");
        assert_eq!((&clearing[0], &clearing[2]), (&json!(auction_id(market, slot, 1)), &json!("chain")));
    }
    assert_eq!(vtn.change(|shelf| shelf.posted), 4, "one report for each event, then it is kept up");

    // The audit says the same: of a slot that was given back, both changes, and all that the roof sells.
    let given_back = street.until("the slot after them is cleared", || {
        let from = first.to_string();
        let output = street.dev.ask(&["energy", "audit", &market.to_string(), "--from", &from, "--slots", "4"]);
        assert!(output.status.success(), "{output:?}");
        let rows: Vec<Value> =
            String::from_utf8_lossy(&output.stdout).lines().map(|row| serde_json::from_str(row).expect("a row")).collect();
        let north: Vec<Value> = rows.into_iter().filter(|row| row["zone"] == "North").collect();
        assert_eq!(north.len(), 4);
        assert_eq!((&north[0]["upWh"], north[0]["caps"].as_array().map(Vec::len)), (&json!(1_000), Some(1)), "{}", north[0]);
        assert_eq!(north[0]["flowWh"], 1_000);
        (!north[3]["cleared"].as_array().expect("a list").is_empty()).then(|| north[3].clone())
    });
    assert_eq!((&given_back["upWh"], given_back["caps"].as_array().map(Vec::len)), (&json!(3_000), Some(2)), "{given_back}");
    assert_eq!(given_back["flowWh"], 2_000);
    assert!(given_back["caps"][1]["transaction"].as_str().is_some_and(|hash| hash.len() == 66), "{given_back}");
    let csv = std::process::Command::new(env!("CARGO_BIN_EXE_dure"))
        .args(["energy", "audit", &market.to_string(), "--from", &first.to_string(), "--slots", "1", "--rpc", &street.dev.url])
        .output()
        .expect("dure runs");
    let csv = String::from_utf8_lossy(&csv.stdout).into_owned();
    assert!(csv.starts_with("slot,begins,zone,up_wh") && csv.lines().count() == 3, "{csv}");
}

#[test]
fn a_port_that_cannot_work_says_why_and_does_not_start() {
    let street = Street::open(720, QUICK);
    let vtn = Vtn::open(&street);
    let file = port_file(&street, &vtn);
    let text = std::fs::read_to_string(&file).expect("there");
    let said = |text: &str| {
        std::fs::write(&file, text).expect("written");
        let output = street.dev.ask(&["energy", "port", &file]);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, words) = said(&text.replace("\"North\"", "\"West\""));
    assert!(code == Some(2) && words.contains("South, North"), "{words}");
    let (code, words) = said(&text.replace("http://127.0.0.1", "http://vtn.example"));
    assert!(code == Some(2) && words.contains("https"), "{words}");
    dure_gateways::key::write_account(&street.path("stranger.key"), &key(5)).expect("written");
    let (code, words) = said(&text.replace("operator.key", "stranger.key"));
    assert!(code == Some(2) && words.contains("for its operator"), "{words}");
    std::fs::set_permissions(street.path("vtn.secret"), std::fs::Permissions::from_mode(0o644)).expect("set");
    let (code, words) = said(&text);
    assert!(code == Some(2) && words.contains("chmod 600"), "{words}");
}
