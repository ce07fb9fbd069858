//! What a gateway shows an owner who keeps the key somewhere else: everything that the owner has to sign to make the device known.
//!
//! The document travels in the fragment of a link (a QR code on the gateway's screen), which no server sees. It holds nothing secret:
//! the device shows that it has its key, for this owner alone, and limits are the owner's to choose. Who changes the document on its
//! way can make another device known than the one that is meant, which the owner sees by its name and number, and pays at most
//! what the owner allows.

use crate::key::DeviceSigner;
use alloy_primitives::{Address, B256, B512, Bytes};
use alloy_signer_local::PrivateKeySigner;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dure_rules::{
    Gtin,
    orders::{DeviceId, DeviceKey, device_id},
};
use serde::Serialize;
use serde_json::json;

/// Version of the document: another number is another meaning.
const VERSION: u8 = 1;

/// A machine with one slot, before anybody has it.
#[derive(Clone, Debug)]
pub struct Machine {
    pub name: String,
    /// The model's GTIN.
    pub model: Gtin,
    pub slot: Slot,
    /// Who may rule in a dispute, the one that is wanted first.
    pub arbiters: Vec<Address>,
    pub address_commitment: B256,
    /// What it would pay with.
    pub credit: Address,
    /// Whether it stands in a demo town only.
    pub simulated: bool,
}

/// What it consumes.
#[derive(Clone, Debug, Serialize)]
pub struct Slot {
    pub number: u8,
    pub name: String,
    /// UCUM code.
    pub unit: String,
    pub capacity: u64,
    pub threshold: u64,
    pub rearm: u64,
    /// What may be poured in, as 14 digits.
    pub gtins: Vec<String>,
}

/// The gateway's key. A console lets it bring what the machine says in the owner's name, within the same limits, and nothing else.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Gateway {
    key_kind: &'static str,
    key: B512,
}

/// The document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairing {
    v: u8,
    chain_id: u64,
    name: String,
    simulated: bool,
    owner: Address,
    model: String,
    key_kind: &'static str,
    key: Bytes,
    possession: Bytes,
    slot: Slot,
    arbiters: Vec<Address>,
    address_commitment: B256,
    credit: Address,
    gateway: Gateway,
    #[serde(skip)]
    device: DeviceId,
}

impl Pairing {
    /// The document for `owner`: nobody else can use it.
    pub fn new(machine: Machine, signer: &DeviceSigner, relay: &PrivateKeySigner, chain_id: u64, owner: Address) -> Self {
        let public = signer.public();
        let (key_kind, key) = match &public {
            DeviceKey::P256(key) => ("p256", key),
            DeviceKey::Secp256k1(key) => ("secp256k1", key),
        };
        Self {
            v: VERSION,
            chain_id,
            name: machine.name,
            simulated: machine.simulated,
            owner,
            model: machine.model.to_string(),
            key_kind,
            key: Bytes::copy_from_slice(key),
            possession: Bytes::copy_from_slice(&signer.possession(chain_id, owner, 0)),
            slot: machine.slot,
            arbiters: machine.arbiters,
            address_commitment: machine.address_commitment,
            credit: machine.credit,
            gateway: Gateway { key_kind: "secp256k1", key: relay.public_key() },
            device: device_id(&public),
        }
    }

    /// The device's id, once the owner has made it known.
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The link that opens the page of `console`, a node's address, with this document.
    pub fn link(&self, console: &str) -> String {
        link(console, "pair", self)
    }
}

/// The link by which an owner lets the gateway's `key` in, on the page of `console`, under a `name` to know it by.
pub fn invitation(console: &str, chain_id: u64, key: Address, name: &str) -> String {
    let document = json!({ "v": VERSION, "chainId": chain_id, "key": key, "kind": "Secp256k1", "name": name });
    link(console, "keys/grant", &document)
}

fn link(console: &str, page: &str, document: &impl Serialize) -> String {
    let text = serde_json::to_string(document).unwrap_or_default(); // into a string it cannot fail
    format!("{}/{page}#{}", console.trim_end_matches('/'), URL_SAFE_NO_PAD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_link_carries_what_registering_needs_and_nothing_secret() {
        let signer = DeviceSigner::random();
        let slot = Slot {
            number: 0,
            name: "Detergent".into(),
            unit: "mL".into(),
            capacity: 2_000,
            threshold: 300,
            rearm: 1_200,
            gtins: vec!["9521000000018".into()],
        };
        let machine = Machine {
            name: "washer".into(),
            model: "9521000000025".parse().expect("a GTIN"),
            slot,
            arbiters: vec![Address::repeat_byte(5)],
            address_commitment: B256::repeat_byte(6),
            credit: Address::repeat_byte(7),
            simulated: false,
        };
        let owner = Address::repeat_byte(1);
        let relay = PrivateKeySigner::random();
        let pairing = Pairing::new(machine, &signer, &relay, 20_260, owner);
        let link = pairing.link("http://localhost:8545/");
        let (page, fragment) = link.split_once('#').expect("a fragment");
        assert_eq!(page, "http://localhost:8545/pair");
        // What a QR code of version 40 holds at its lowest level of correction (ISO/IEC 18004, table 7), bytes.
        assert!(link.len() < 2_953, "{}", link.len());
        let document: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(fragment).expect("base64url")).expect("JSON");
        assert_eq!(document["owner"], owner.to_string().to_lowercase());
        assert_eq!(document["keyKind"], "p256");
        assert_eq!(document["model"], "09521000000025");
        assert_eq!(document["possession"], Bytes::from(signer.possession(20_260, owner, 0)).to_string());
        assert_eq!(document["slot"]["gtins"][0], "9521000000018");
        assert_eq!(document["gateway"]["keyKind"], "secp256k1");
        let point: B512 = document["gateway"]["key"].as_str().and_then(|key| key.parse().ok()).expect("64 bytes");
        assert_eq!(Address::from_raw_public_key(point.as_slice()), relay.address());
        assert_eq!(document.as_object().expect("an object").len(), 14);
    }
}
