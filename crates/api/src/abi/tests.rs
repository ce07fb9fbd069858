//! The interfaces on disk are those of the code, and calldata means what the action says.

use super::*;
use alloy_primitives::{address, b256};
use dure_rules::accounts::{KeyKind, MODULE, SealingKind};
use dure_rules::credits::{self, CreditId, Kind};
use dure_rules::energy;
use dure_rules::orders::{self, DeviceKey, MandateTerms, Mode, OfferTerms};
use dure_rules::roles::{self, Role};
use dure_rules::{Gln, Gtin, Sscc, accounts, disputes};
use std::path::Path;

const SOMEBODY: Address = address!("00000000000000000000000000000000000a11ce");
const ID: alloy_primitives::B256 = b256!("1111111111111111111111111111111111111111111111111111111111111111");

#[test]
fn the_interfaces_on_disk_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../abi");
    for (name, json) in json().into_iter().chain(documents()) {
        let file = folder.join(format!("{name}.json"));
        if std::env::var_os("DURE_WRITE_ABI").is_some() {
            std::fs::write(&file, &json).expect("abi/ can be written");
        }
        let on_disk = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(on_disk == json, "abi/{name}.json is stale; hint: DURE_WRITE_ABI=1 cargo test -p dure-api");
    }
}

#[test]
fn every_function_that_changes_something_says_whose_power_it_is() {
    let functions = json().into_iter().flat_map(|(name, text)| {
        let items: Vec<serde_json::Value> = serde_json::from_str(&text).expect("an interface");
        let acts = items.into_iter().filter(|item| item["type"] == "function" && item["stateMutability"] != "view");
        acts.map(move |item| format!("{name}.{}", item["name"].as_str().unwrap_or_default())).collect::<Vec<_>>()
    });
    let mut expected: Vec<String> = functions.collect();
    let mut found: Vec<String> = dure_rules::powers::POWERS.iter().map(|(action, _)| (*action).to_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "crates/rules/src/powers/mod.rs is the table");
}

fn gtin() -> Gtin {
    Gtin::new(4_006_381_333_931).expect("a GTIN")
}

/// At least one of every action.
pub(super) fn actions() -> Vec<Action> {
    let credit = CreditId::nth(1);
    let (name, symbol) = ("Won".to_string(), "KRW".to_string());
    let reserve = Kind::Reserve { issuer: SOMEBODY };
    let community = Kind::Community { role: Role::Member, amount: 7, period_ms: 3_600_000 };
    let mandate = MandateTerms {
        mode: Mode::Confirm,
        credit,
        shops: vec![SOMEBODY],
        gtins: vec![gtin()],
        unit_price_max: 1,
        order_max: 2,
        period_ms: 3,
        period_amount_max: 4,
        period_count_max: 5,
        interval_min_ms: 6,
        arbiters: vec![SOMEBODY],
        default_refund_min_percent: 50,
        evidence_settles: true,
        address_commitment: ID,
        expires_ms: 7,
    };
    let offer = OfferTerms {
        gtin: gtin(),
        content: 1,
        unit: "mL".to_string(),
        price: 2,
        tax: 3,
        shipping: 4,
        cancel_ms: 5,
        ship_by_ms: 6,
        deliver_by_ms: 7,
        return_ms: 8,
        arbiters: vec![SOMEBODY],
        default_refund_percent: 50,
        valid_until_ms: 9,
    };
    let (device, order, statement) = (ID, ID, ID);
    let orders: Vec<orders::Action> = vec![
        orders::RegisterDevice { model: gtin(), key: DeviceKey::P256([1; 64]), attestation: ID, possession: [2; 64] }.into(),
        orders::RotateDeviceKey { device, key: DeviceKey::Secp256k1([3; 64]), possession: [4; 64] }.into(),
        orders::SetDeviceStatus { device, status: orders::DeviceStatus::Suspended }.into(),
        orders::TransferDevice { device, to: SOMEBODY }.into(),
        orders::SetSlot { device, slot: 1, unit: "mL".into(), capacity: 4, threshold: 1, rearm: 3, gtins: vec![gtin()] }.into(),
        orders::RearmSlot { device, slot: 1, packs_at_home: 2 }.into(),
        orders::SetMandate { device, slot: 1, terms: mandate }.into(),
        orders::PauseMandate { device, slot: 1, paused: true }.into(),
        orders::RevokeMandate { device, slot: 1 }.into(),
        orders::SetHoliday { until_ms: 9 }.into(),
        orders::RegisterShop {
            gln: Gln::new(4_006_381_333_931).expect("a GLN"),
            name: "Shop".into(),
            sealing_key: ID,
            credit,
            payout: SOMEBODY,
            bond: 3,
        }
        .into(),
        orders::UpdateShop { name: "Shop".into(), sealing_key: ID }.into(),
        orders::SetPayout { payout: SOMEBODY }.into(),
        orders::TopUpBond { amount: 1 }.into(),
        orders::RequestBondWithdrawal { amount: 1 }.into(),
        orders::WithdrawBond {}.into(),
        orders::PublishOffer { terms: offer, stock: 3 }.into(),
        orders::AddStock { offer: ID, packs: 2 }.into(),
        orders::WithdrawOffer { offer: ID }.into(),
        orders::RelayDevice { payload: vec![1, 2, 3], signature: [5; 64] }.into(),
        orders::PlaceOrder { device, slot: 1, offer: ID, code_commitment: ID, sealed_address: vec![9] }.into(),
        orders::ApproveOrder { order }.into(),
        orders::CancelOrder { order }.into(),
        orders::AcceptOrder { order }.into(),
        orders::ShipOrder { order, carrier: Some(SOMEBODY), sscc: Sscc::new(106_141_412_345_678_908), tracking: "T".into() }
            .into(),
        orders::ShipOrder { order, carrier: None, sscc: None, tracking: String::new() }.into(),
        orders::ConfirmDelivery { order }.into(),
        orders::RevealCode { order, code: *b"ABCDEFGH23" }.into(),
        orders::ClaimDelivery { order }.into(),
        orders::OpenDispute { order, statement }.into(),
        orders::AnswerDispute { order, statement }.into(),
        orders::AgreeRefund { order, refund: 5 }.into(),
        orders::PostReturn { order, proof: ID }.into(),
        orders::ConfirmReturn { order }.into(),
        orders::DenyReturn { order, statement }.into(),
        orders::RunDeadline { order }.into(),
    ];
    let zone = energy::Zone { name: "South".into(), parent: 0, up_wh: 1, down_wh: 2, fee_micro: 3 };
    let energy_terms = energy::Terms {
        retail_micro: 1,
        feed_in_micro: -2,
        technical_micro: 3,
        day_gate_ms: 4,
        slot_gate_ms: 5,
        reveal_ms: 6,
        solve_ms: 7,
        reading_ms: 8,
        deposit_nano: 9,
        bond_nano: 10,
        reward_max_nano: 11,
        share_permille: 12,
        reserve_nano: 13,
        challenge_ms: 14,
        answer_ms: 15,
        challenge_nano: 16,
        arbiter: SOMEBODY,
        fallback: SOMEBODY,
    };
    let (market, meter, auction) = (ID, ID, ID);
    let reading = energy::Reading { meter, slot: 1, import_wh: 2, export_wh: 3, counter: 4 };
    let (key, possession) = (DeviceKey::P256([1; 64]), [2; 64]);
    let energy: Vec<energy::Action> = vec![
        energy::OpenMarket { name: "Street".into(), credit, supplier: SOMEBODY, zones: vec![zone], terms: energy_terms }.into(),
        energy::SetCaps { market, zone: 1, first_slot: 2, slots: 3, up_wh: 4, down_wh: 5 }.into(),
        energy::OrderRedispatch { market, slot: 1, deficit: 2, surplus: 3, wh: 4, limit_micro: 5 }.into(),
        energy::RegisterMeter { market, zone: 1, key, import_max_wh: 2, export_max_wh: 3, possession }.into(),
        energy::AttestMeter { meter, attested: true }.into(),
        energy::Deposit { market, amount: 1 }.into(),
        energy::Withdraw { market, amount: 1 }.into(),
        energy::Commit { market, first_slot: 1, slots: 96, meter, seal: ID, held_nano: 2 }.into(),
        energy::Reveal { auction, meter, salt: ID, bid: vec![1, 2, 3] }.into(),
        energy::Announce { auction, hash: ID, bytes: 4 }.into(),
        energy::Submit { auction, part: vec![5; 40] }.into(),
        energy::RelayReadings { readings: vec![energy::SignedReading { reading, signature: [6; 64] }] }.into(),
        energy::ChallengeReading { meter, slot: 1, by: ID, net_wh: -2 }.into(),
        energy::AnswerChallenge { meter, slot: 1, net_wh: -3 }.into(),
        energy::RunAuction { auction }.into(),
        energy::RunSlot { market, slot: 7 }.into(),
        energy::RunSharing { market, day: 8 }.into(),
        energy::RunChallenge { meter, slot: 9 }.into(),
    ];
    let permit = credits::Permit {
        owner: SOMEBODY,
        spender: MODULE,
        value: U256::MAX,
        deadline_s: U256::from(9),
        v: 28,
        signature: [6; 64],
    };
    let mut all: Vec<Action> = orders.into_iter().map(Action::from).collect();
    all.extend(energy.into_iter().map(Action::from));
    all.extend(
        [
            credits::Action::Create {
                name: name.clone(),
                symbol: symbol.clone(),
                decimals: 0,
                currency: Some(*b"KRW"),
                kind: reserve,
            },
            credits::Action::Create { name, symbol, decimals: 2, currency: None, kind: community },
            credits::Action::Transfer { credit, to: SOMEBODY, amount: 1 },
            credits::Action::Approve { credit, spender: SOMEBODY, amount: credits::UNLIMITED },
            credits::Action::TransferFrom { credit, from: SOMEBODY, to: SOMEBODY, amount: 1 },
            credits::Action::TransferWithMemo { credit, to: SOMEBODY, amount: 1, memo: ID },
            credits::Action::Permit { credit, permit },
            credits::Action::Issue { credit, to: SOMEBODY, amount: 1 },
            credits::Action::Redeem { credit, amount: 1 },
            credits::Action::Claim { credit },
        ]
        .map(Action::from),
    );
    all.extend(
        [
            roles::Action::Grant { role: Role::Carrier, to: SOMEBODY, until_ms: 1 },
            roles::Action::Revoke { role: Role::Arbiter, from: SOMEBODY },
            roles::Action::Renounce { role: Role::Maker },
        ]
        .map(Action::from),
    );
    let limits = vec![accounts::Limit { credit, amount: 1, period_ms: 2 }];
    let scopes = vec![accounts::Scope { target: SOMEBODY, selectors: vec![[1, 2, 3, 4], [5; 4]] }];
    let terms = accounts::KeyTerms { kind: KeyKind::WebAuthn, admin: false, expires_ms: 3, limits, scopes };
    let guardians = vec![SOMEBODY, MODULE];
    all.extend(
        [
            accounts::Action::AuthorizeKey { key: SOMEBODY, terms },
            accounts::Action::RevokeKey { key: SOMEBODY },
            accounts::Action::SetGuardians { commitment: ID, threshold: 2, count: 3 },
            accounts::Action::NameKey { account: SOMEBODY, key: MODULE, kind: KeyKind::P256, salt: ID, guardians },
            accounts::Action::VetoRecovery,
            accounts::Action::RunDeadline { account: SOMEBODY },
            accounts::Action::PublishSealingKey { kind: SealingKind::XWing, public_key: vec![7; 9], keep_ms: 4 },
            accounts::Action::WithdrawSealingKey { kind: SealingKind::X25519 },
        ]
        .map(Action::from),
    );
    all.extend(
        [disputes::Action::Rule { dispute: ID, percent: 50 }, disputes::Action::RunDeadline { dispute: ID }].map(Action::from),
    );
    all
}

#[test]
fn calldata_of_every_action_decodes_to_that_action_and_to_no_other_bytes() {
    for action in actions() {
        let (to, data) = encode(&action);
        let Ok(Ask::Action(back)) = decode(to, &data) else { panic!("{action:?} does not come back") };
        assert_eq!(back, action);
        let mut longer = data.to_vec();
        longer.push(0);
        assert!(decode(to, &longer[..longer.len() - 2]).is_err(), "{action:?} decodes when cut short");
    }
}

#[test]
fn what_a_device_asked_for_answers_with_bytes_whatever_it_said() {
    use alloy_sol_types::{SolCall as _, SolValue as _};
    let relay = Action::from(orders::Action::from(orders::RelayDevice { payload: vec![], signature: [0; 64] }));
    let encode = output_encoder(&relay);
    for (output, bytes) in [(Output::None, vec![]), (Output::Id(ID), ID.to_vec()), (Output::Yes(true), true.abi_encode())] {
        assert_eq!(super::orders::IOrders::relayDeviceCall::abi_decode_returns(&encode(output)), Ok(bytes.into()));
    }
}

#[test]
fn rubbish_is_refused_and_never_panics() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let calls: Vec<_> = actions().iter().map(encode).collect();
    for _ in 0..20_000 {
        let (to, data) = &calls[usize::try_from(next()).unwrap_or_default() % calls.len()];
        let mut data = data.to_vec();
        for _ in 0..=next() % 4 {
            let at = usize::try_from(next()).unwrap_or_default() % data.len();
            data[at] = next().to_le_bytes()[0];
        }
        data.truncate(usize::try_from(next()).unwrap_or_default() % (data.len() + 1));
        let _ = decode(*to, &data);
    }
    assert_eq!(decode(SOMEBODY, &[0; 4]).err(), Some(CallError::NotAModule(SOMEBODY)));
    assert_eq!(decode(orders::MODULE, &[0xff; 4]).err(), Some(CallError::UnknownSelector([0xff; 4])));
}
