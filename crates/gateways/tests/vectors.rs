//! What another program must compute as this one does: ids, commitments, a machine's messages with their signatures, and
//! sealed addresses. `sdk/ts` reads the same file.

use alloy_primitives::{Address, B256, Bytes, address};
use dure_gateways::{
    key::DeviceSigner,
    seal::{DeliveryAddress, public_of},
};
use dure_rules::orders::{
    DeviceBody, DeviceKey, DeviceMessage, MODULE, code_commitment, device_id, message_prehash, offer_id, order_id,
    possession_prehash,
};
use serde_json::{Value, json};
use std::path::PathBuf;

const CHAIN_ID: u64 = 20_260;
const OWNER: Address = address!("70997970c51812dc3a010c7d01b50e0d17dc79c8");
const CODE: &str = "ABCDEFGH23";

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sdk/ts/test/vectors").join(name)
}

fn bodies() -> Vec<(&'static str, DeviceBody)> {
    let [offer, code_commitment, order] = [5, 6, 7].map(B256::repeat_byte);
    vec![
        ("Level", DeviceBody::Level { level: 300 }),
        ("Place", DeviceBody::Place { level: 1, offer, code_commitment, sealed_address: vec![1, 2, 3] }),
        ("Evidence", DeviceBody::Evidence { level: 1 << 40, order }),
        ("Test", DeviceBody::Test { level: 0, offer }),
    ]
}

fn signer(kind: &str) -> Value {
    let secret = [0x2a; 32];
    let signer = DeviceSigner::from_words(kind, &secret).expect("a key");
    let key = signer.public();
    let (DeviceKey::P256(public) | DeviceKey::Secp256k1(public)) = key;
    let messages = bodies().into_iter().map(|(body, of)| {
        let message = DeviceMessage {
            chain_id: CHAIN_ID,
            module: MODULE,
            device: device_id(&key),
            slot: 3,
            key_epoch: 2,
            sequence: u64::MAX - 1,
            height: 1_000_000,
            block_hash: B256::repeat_byte(9),
            body: of,
        };
        let (payload, signature) = signer.message(&message);
        let prehash = message_prehash(&key, &payload);
        json!({ "body": body, "payload": Bytes::from(payload), "prehash": prehash, "signature": Bytes::from(signature) })
    });
    json!({
        "keyType": if kind == "p256" { "P256" } else { "Secp256k1" },
        "secret": Bytes::from(secret), "publicKey": Bytes::from(public), "device": device_id(&key),
        "possessionPrehash": possession_prehash(CHAIN_ID, OWNER, 4, &key),
        "possession": Bytes::from(signer.possession(CHAIN_ID, OWNER, 4)),
        "messages": messages.collect::<Vec<_>>(),
    })
}

#[test]
fn ids_and_messages_on_disk_are_those_of_the_rules() {
    let device = B256::repeat_byte(1);
    let order = order_id(device, 3, 70_000, 2);
    let code: [u8; 10] = CODE.as_bytes().try_into().expect("ten characters");
    let home = DeliveryAddress { salt: B256::repeat_byte(8), text: "보라, Lindenweg 3".into() };
    let signers = ["p256", "secp256k1"].map(signer);
    let vectors = json!({
        "chainId": CHAIN_ID, "owner": OWNER,
        "offer": { "shop": OWNER, "version": 258, "id": offer_id(OWNER, 258) },
        "order": { "device": device, "slot": 3, "cycle": 70_000, "attempt": 2, "id": order },
        "code": { "text": CODE, "commitment": code_commitment(order, &code) },
        "address": { "salt": home.salt, "text": home.text, "commitment": home.commitment() },
        "signers": signers,
    });
    let text = serde_json::to_string_pretty(&vectors).expect("JSON") + "\n";
    if std::env::var_os("DURE_WRITE_VECTORS").is_some() {
        std::fs::write(file("device.json"), &text).expect("the folder can be written");
    }
    let on_disk = std::fs::read_to_string(file("device.json")).unwrap_or_default();
    assert!(on_disk == text, "device.json is stale; hint: DURE_WRITE_VECTORS=1 cargo test -p dure-gateways --test vectors");
}

/// Sealing is fresh each time, so the file keeps one of each program's; each opens both.
#[test]
fn what_another_program_sealed_opens() {
    let secret = B256::repeat_byte(3);
    let home = DeliveryAddress { salt: B256::repeat_byte(8), text: "보라, Lindenweg 3".into() };
    let order = B256::repeat_byte(1);
    let mut vectors: Value =
        serde_json::from_str(&std::fs::read_to_string(file("seal.json")).unwrap_or_default()).unwrap_or_default();
    if std::env::var_os("DURE_WRITE_VECTORS").is_some() && vectors["rust"].is_null() {
        let key = public_of(&secret).expect("a key");
        vectors["rust"] = json!(Bytes::from(home.seal(key, order).expect("sealed")));
        vectors["sealingKey"] = json!(key);
        let text = serde_json::to_string_pretty(&vectors).expect("JSON") + "\n";
        std::fs::write(file("seal.json"), text).expect("the folder can be written");
    }
    for by in ["rust", "typescript"] {
        let sealed: Bytes = serde_json::from_value(vectors[by].clone()).expect("bytes");
        assert_eq!(DeliveryAddress::open(&sealed, &secret, order, home.commitment()), Ok(home.clone()), "sealed by {by}");
    }
}
