//! What an owner's console does with the document of a pairing.

use alloy_primitives::{Address, B256, hex};
use alloy_signer_local::PrivateKeySigner;
use alloy_sol_types::SolCall as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dure_api::abi::orders::IOrders::relayDeviceCall;
use dure_gateways::chain::Chain;
use dure_rules::{
    Action, Gtin, accounts,
    bounds::{AMOUNT_MAX, DAY_MS},
    credits::CreditId,
    orders::{self, DeviceKey, MandateTerms, Mode, RegisterDevice, SetMandate, SetSlot, device_id},
};
use serde_json::Value;

/// Machine, slot, the gateway's key, and the mandate, each an action of the owner.
pub async fn grant(chain: &Chain, owner: &PrivateKeySigner, document: &Value) -> B256 {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("text: {document}")).to_owned();
    let bytes = |name: &str| hex::decode(text(&document[name])).expect("hex").try_into().expect("64 bytes");
    let number = |value: &Value| value.as_u64().expect("a number");
    assert_eq!(document["keyKind"], "p256");
    let key = DeviceKey::P256(bytes("key"));
    let slot = &document["slot"];
    let gtins: Vec<Gtin> =
        slot["gtins"].as_array().expect("a list").iter().map(|gtin| text(gtin).parse().expect("a GTIN")).collect();
    let device = device_id(&key);
    let model = text(&document["model"]).parse().expect("a GTIN");
    let number_of = number(&slot["number"]) as u8;
    let now_ms = chain.node.head().await.expect("a block").time_ms;
    let terms = MandateTerms {
        mode: Mode::Auto,
        credit: CreditId(text(&document["credit"]).parse().expect("an address")),
        shops: Vec::new(),
        gtins: gtins.clone(),
        unit_price_max: AMOUNT_MAX,
        order_max: 900,
        period_ms: 30 * DAY_MS,
        period_amount_max: 3_600,
        period_count_max: 4,
        interval_min_ms: 0,
        arbiters: document["arbiters"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| text(one).parse().expect("an address"))
            .collect(),
        default_refund_min_percent: 0,
        evidence_settles: true,
        address_commitment: text(&document["addressCommitment"]).parse().expect("a hash"),
        expires_ms: now_ms + 360 * DAY_MS,
    };
    let described = SetSlot {
        device,
        slot: number_of,
        unit: text(&slot["unit"]),
        capacity: number(&slot["capacity"]),
        threshold: number(&slot["threshold"]),
        rearm: number(&slot["rearm"]),
        gtins,
    };
    let gateway = &document["gateway"];
    assert_eq!(gateway["keyKind"], "secp256k1");
    let point = hex::decode(text(&gateway["key"])).expect("hex");
    let relays = accounts::KeyTerms {
        kind: accounts::KeyKind::Secp256k1,
        admin: false,
        expires_ms: now_ms + 365 * DAY_MS,
        limits: vec![accounts::Limit { credit: terms.credit, amount: terms.period_amount_max, period_ms: terms.period_ms }],
        scopes: vec![accounts::Scope { target: orders::MODULE, selectors: vec![relayDeviceCall::SELECTOR] }],
    };
    let possession = bytes("possession");
    for action in [
        Action::from(orders::Action::from(RegisterDevice { model, key, attestation: B256::ZERO, possession })),
        orders::Action::from(described).into(),
        accounts::Action::AuthorizeKey { key: Address::from_raw_public_key(&point), terms: relays }.into(),
        orders::Action::from(SetMandate { device, slot: number_of, terms }).into(),
    ] {
        chain.act(owner, action).await.expect("granted");
    }
    device
}

/// The document behind the # of a link, and the page that it is for.
pub fn document(link: &str) -> (String, Value) {
    let (page, fragment) = link.split_once('#').expect("a fragment");
    (page.to_owned(), serde_json::from_slice(&URL_SAFE_NO_PAD.decode(fragment).expect("base64url")).expect("JSON"))
}
