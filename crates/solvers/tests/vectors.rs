//! What the TypeScript side is compared with: books and certificates, right and tampered, what the chain says of each, and records as they are kept.
//!
//! To write the file anew: DURE_WRITE_VECTORS=1 cargo test --workspace --test vectors

use dure_rules::credits::CreditId;
use dure_rules::energy::book::Book;
use dure_rules::energy::clearing::{Certificate, Cleared, Flaw, check};
use dure_rules::energy::*;
use dure_rules::keys::DeviceKey;
use dure_rules::{Address, B256, Record};
use dure_solvers::sample::Seed;
use dure_solvers::{certify, solve};
use serde_json::{Value, json};
use std::path::Path;

/// Changed bytes of each certificate.
const CHANGES: u32 = 200;
const METER: B256 = B256::repeat_byte(0x22);
const MARKET: B256 = B256::repeat_byte(0x11);
const ACCOUNT: Address = Address::repeat_byte(0x33);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn terms() -> Terms {
    Terms {
        retail_micro: 320_000,
        feed_in_micro: 80_000,
        technical_micro: 4_000_000,
        day_gate_ms: 43_200_000,
        slot_gate_ms: 7_200_000,
        reveal_ms: 3_600_000,
        solve_ms: 3_000_000,
        reading_ms: 600_000,
        deposit_nano: 100,
        bond_nano: 200,
        reward_max_nano: 300,
        share_permille: 500,
        reserve_nano: 400,
        challenge_ms: 86_400_000,
        answer_ms: 3_600_000,
        challenge_nano: 500,
        arbiter: Address::repeat_byte(0x55),
        fallback: Address::repeat_byte(0x66),
    }
}

fn zone(name: &str, parent: u8, (up_wh, down_wh): (u32, u32), fee_micro: u32) -> Zone {
    Zone { name: name.into(), parent, up_wh, down_wh, fee_micro }
}

fn open(number: u32, zone: u8, orders: Vec<Order>, battery: Option<Battery>) -> OpenBid {
    OpenBid { auction: B256::ZERO, number, meter: METER, account: ACCOUNT, zone, bid: Bid { orders, battery } }
}

fn order(slot: u8, buys: bool, wh: u32, limit_micro: i64) -> Order {
    Order { slot, buys, wh, limit_micro }
}

/// The worked example of docs/energy.md: the root is S, the wind and the battery are at N; what may be exported in the first slot.
fn example(export_wh: u32) -> Book {
    let battery = Battery {
        charge_wh: 3_000,
        discharge_wh: 3_000,
        capacity_wh: 4_000,
        initial_wh: 500,
        wear_micro: 20_000,
        final_micro: 60_000,
    };
    let bids = vec![
        open(0, 1, vec![order(0, false, 9_000, 0), order(1, false, 1_000, 0)], None),
        open(1, 0, vec![order(0, true, 2_000, 300_000), order(1, true, 6_000, 310_000)], None),
        open(2, 1, vec![order(0, true, 1_500, 250_000), order(1, true, 500, 280_000)], None),
        open(3, 0, vec![order(1, false, 1_000, 150_000)], None),
        open(4, 1, Vec::new(), Some(battery)),
    ];
    let zones = vec![zone("South", 0, (100_000, 100_000), 0), zone("North", 0, (3_000, 3_000), 10_000)];
    let free_wh = vec![vec![(export_wh, 100_000), (3_000, 3_000)], vec![(100_000, 100_000), (3_000, 3_000)]];
    Book { terms: terms(), zones, free_wh, root_wh: vec![0, 0], redispatch: None, bids }
}

/// A street of four zones, drawn: tight and closed lines, prices with many ties, some below 0, two batteries.
fn drawn(seed: &mut Seed, slots: u8, bids: u32) -> Book {
    let zones = vec![
        zone("Square", 0, (20_000, 20_000), 0),
        zone("Left", 0, (4_000, 4_000), 10_000),
        zone("Right", 0, (3_000, 6_000), 10_000),
        zone("Yard", 1, (1_000, 1_000), 5_000),
    ];
    let line = |seed: &mut Seed, wh: u32| if seed.below(8) == 0 { 0 } else { seed.between(wh / 4, wh) };
    let free_of = |seed: &mut Seed| zones.iter().map(|of| (line(seed, of.up_wh), line(seed, of.down_wh))).collect();
    let free_wh = (0..slots).map(|_| free_of(seed)).collect();
    // What is over the root's line already, of an auction of one slot.
    let root_wh = (0..slots).map(|_| if slots == 1 { i64::from(seed.below(9)) * 1_000 - 4_000 } else { 0 }).collect();
    let price = |seed: &mut Seed| i64::from(seed.between(0, 8)) * 40_000 - 20_000;
    let bid = |number: u32| {
        let mut orders = Vec::new();
        for slot in 0..slots {
            for _ in 0..seed.below(3) {
                orders.push(order(slot, seed.below(2) == 0, seed.between(1, 2_000), price(seed)));
            }
        }
        let battery = (number % 4 == 1).then(|| Battery {
            charge_wh: seed.between(0, 1_500),
            discharge_wh: seed.between(0, 1_500),
            capacity_wh: 4_000,
            initial_wh: seed.between(0, 4_000),
            wear_micro: 20_000,
            final_micro: price(seed),
        });
        open(number, u8::try_from(seed.below(4)).expect("a zone"), orders, battery)
    };
    let bids = (0..bids).map(bid).collect();
    // What the operator asks crosses the tree.
    let redispatch = (slots == 1).then(|| Redispatch {
        auction: B256::ZERO,
        deficit: 2,
        surplus: 3,
        wh: seed.between(1, 2_000),
        limit_micro: i64::from(seed.between(1, 5)) * 30_000,
    });
    Book { terms: terms(), zones, free_wh, root_wh, redispatch, bids }
}

/// What the chain says of these bytes: a flaw by its number with what it names, or what it took.
fn verdict(book: &Book, bytes: &[u8]) -> Value {
    let Some(certificate) = Certificate::from_bytes(bytes) else { return json!({ "flaw": 0 }) };
    match check(&book.network(), &certificate) {
        Ok(Cleared { welfare_nano, .. }) => json!({ "welfareNano": welfare_nano.to_string() }),
        Err(flaw) => {
            let mut said = match flaw {
                Flaw::Nodes { expected, found } | Flaw::OpenFlows { expected, found } => {
                    json!({ "expected": expected, "found": found })
                }
                Flaw::Outside => json!({}),
                Flaw::Contradiction { arc } | Flaw::Capacity { arc } => json!({ "arc": arc }),
                Flaw::Price { node } | Flaw::Balance { node } | Flaw::Path { node } | Flaw::Order { node } => {
                    json!({ "node": node })
                }
            };
            said["flaw"] = json!(flaw_number(Some(&flaw)));
            said
        }
    }
}

fn vector(name: &str, book: &Book, seed: &mut Seed) -> Value {
    let network = book.network();
    let certificate = certify(&network, &solve(&network).expect("solved")).expect("certified");
    let Cleared { flow_wh, price_micro, welfare_nano } = check(&network, &certificate).expect("the best");
    let bytes = certificate.to_bytes();
    let changes = (0..CHANGES).map(|_| {
        let (at, bit) = (seed.below(u32::try_from(bytes.len()).expect("small")) as usize, seed.below(8));
        let mut other = bytes.clone();
        other[at] ^= 1 << bit;
        json!([at, other[at], verdict(book, &other)])
    });
    json!({ "name": name, "book": hex(&book.to_bytes()), "certificate": hex(&bytes), "welfareNano": welfare_nano.to_string(),
        "priceMicro": price_micro, "flowWh": flow_wh, "changes": changes.collect::<Vec<_>>() })
}

/// One of each record that a clearing is rebuilt from, with what it says.
fn records() -> Value {
    let key = DeviceKey::P256([7; 64]);
    let credit = CreditId::nth(1);
    let market = Market {
        id: MARKET,
        name: "Lindenweg 린덴".into(),
        operator: ACCOUNT,
        supplier: Address::repeat_byte(0x44),
        credit,
        nano_per_minor: 10_000_000,
        zones: example(0).zones,
        terms: terms(),
        meters: 5,
        capacity_wh: 6_000,
    };
    let meter = Meter {
        id: METER,
        market: MARKET,
        number: 3,
        owner: ACCOUNT,
        key,
        zone: 2,
        import_max_wh: 4,
        export_max_wh: 5,
        attested: true,
        counter: 6,
        read_until: 7,
        import_wh: 8,
        export_wh: 9,
    };
    let auction = |accepted| Auction {
        id: auction_id(MARKET, 96 * 20_000, 96),
        market: MARKET,
        first_slot: 96 * 20_000,
        slots: 96,
        stage: Stage::Cleared,
        until_ms: 1,
        half_ms: 2,
        commitments: 5,
        orders: 384,
        batteries: 2,
        submissions: 1,
        accepted,
        welfare_nano: -2_235_000_000,
    };
    let slot = SlotBook {
        market: MARKET,
        slot: 96 * 20_000,
        progress: Progress::Settled,
        cursor: 5,
        price_micro: vec![80_000, -1],
        flow_wh: vec![1_000, -3_000],
        supplier_nano: -5,
        shifted_wh: 7,
        operator_nano: -8,
        shift_limit_micro: 9,
        long_wh: vec![1, 2],
        short_wh: vec![3, 4],
        paid_nano: 6,
    };
    let mut caps = Caps { market: MARKET, zone: 1, day: 20_000, up_wh: [3_000; 96], down_wh: [3_000; 96] };
    caps.up_wh[40] = 7;
    let certificate = b"certificate";
    json!({
        "market": { "id": hex(MARKET.as_slice()), "bytes": kept(&market), "key": hex(MARKETS.key(&MARKET).as_slice()) },
        "meter": { "id": hex(METER.as_slice()), "bytes": kept(&meter), "key": hex(METERS.key(&METER).as_slice()) },
        "auction": { "id": hex(auction(None).id.as_slice()), "bytes": kept(&auction(Some(ACCOUNT))), "without": kept(&auction(None)),
            "key": hex(AUCTIONS.key(&auction(None).id).as_slice()) },
        "slot": { "number": slot.slot, "bytes": kept(&slot), "key": hex(SLOTS.key(&(MARKET, slot.slot)).as_slice()) },
        "caps": { "zone": 1, "day": 20_000, "bytes": kept(&caps), "key": hex(CAPS.key(&(MARKET, 1, 20_000)).as_slice()) },
        "certificateHash": hex(certificate_hash(B256::ZERO, ACCOUNT, certificate).as_slice()), "certificate": hex(certificate),
    })
}

fn kept(record: &impl Record) -> String {
    let mut bytes = Vec::new();
    record.serialize(&mut bytes).expect("a vector takes everything");
    hex(&bytes)
}

#[test]
fn what_the_typescript_side_is_compared_with_is_what_the_chain_says() {
    let mut seed = Seed(20_261_130);
    let (small, middle, day) = (drawn(&mut seed, 3, 8), drawn(&mut seed, 4, 24), drawn(&mut seed, 96, 6));
    let books = [
        ("the worked example", example(100_000)),
        ("the worked example with an export cap", example(1_000)),
        ("a drawn market", small),
        ("a drawn market with many ties", middle),
        ("a day", day),
        ("one slot with a redispatch", drawn(&mut seed, 1, 30)),
    ];
    let vectors: Vec<String> = books.iter().map(|(name, book)| vector(name, book, &mut seed).to_string()).collect();
    let text = format!("{{\n\"records\": {},\n\"books\": [\n{}\n]\n}}\n", records(), vectors.join(",\n"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/ts/test/vectors/energy.json");
    if std::env::var_os("DURE_WRITE_VECTORS").is_some() {
        std::fs::write(&file, &text).expect("the folder can be written");
    }
    let on_disk = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(on_disk == text, "energy.json is stale; hint: DURE_WRITE_VECTORS=1 cargo test --workspace --test vectors");
}
