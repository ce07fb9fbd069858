//! What a device signs: what counts, what does not count any more, and what never did.

use super::fixture::*;
use crate::orders::*;
use crate::{Address, B256, Env, Failure, Memory, Output, Verifier, recent};
use alloy_primitives::hex;

fn refused<T: std::fmt::Debug>(outcome: Result<T, Failure>) -> Refusal {
    match outcome {
        Err(Failure::Refused(crate::Refusal::Orders(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

fn level(level: u64) -> DeviceBody {
    DeviceBody::Level { level }
}

fn relay(world: &mut World, change: impl FnOnce(&mut DeviceMessage)) -> Result<Output, Failure> {
    let mut message = world.message(level(900));
    change(&mut message);
    world.relay(&message, true)
}

#[test]
fn a_message_counts_once_on_its_chain_in_its_time_under_its_key() {
    let mut w = World::new(Mode::Auto);
    let last = w.sequence;
    assert_eq!(refused(relay(&mut w, |m| m.chain_id = 2)), Refusal::ForeignMessage);
    assert_eq!(refused(relay(&mut w, |m| m.module = Address::ZERO)), Refusal::ForeignMessage);
    assert_eq!(refused(relay(&mut w, |m| m.key_epoch = 1)), Refusal::WrongEpoch { have: 1, want: 0 });
    let device = B256::repeat_byte(0xee);
    assert_eq!(refused(relay(&mut w, |m| m.device = device)), Refusal::UnknownDevice { device });
    let of = w.device;
    assert_eq!(refused(relay(&mut w, |m| m.slot = 5)), Refusal::UnknownSlot { device: of, slot: 5 });
    assert_eq!(refused(relay(&mut w, |m| m.block_hash = B256::ZERO)), Refusal::StaleBlock { height: w.height - 1 });
    assert_eq!(refused(relay(&mut w, |m| m.height += 1)), Refusal::StaleBlock { height: w.height });
    assert_eq!(refused(w.says(level(900), false)), Refusal::BadSignature);
    assert_eq!(refused(w.order(STRANGER, RelayDevice { payload: vec![1, 2, 3], signature: [0; 64] })), Refusal::BadMessage);
    let mut payload = borsh::to_vec(&w.message(level(900))).expect("into a vector");
    payload.push(0);
    assert_eq!(refused(w.order(STRANGER, RelayDevice { payload, signature: [0; 64] })), Refusal::BadMessage, "bytes left over");

    w.says(level(900), true).expect("a good one");
    let given = w.sequence;
    assert!(given > last);
    assert_eq!(refused(relay(&mut w, |m| m.sequence = given)), Refusal::StaleSequence { last: given, given });
    relay(&mut w, |m| m.sequence = given + 10).expect("numbers may be left out");
}

#[test]
fn what_was_signed_too_many_blocks_ago_counts_no_more() {
    let mut w = World::new(Mode::Auto);
    let message = w.message(level(900));
    for _ in 0..recent::WINDOW - 1 {
        w.block(1_000);
    }
    w.clone().relay(&message, true).expect("the oldest that counts");
    w.block(1_000);
    assert_eq!(refused(w.relay(&message, true)), Refusal::StaleBlock { height: message.height });
}

#[test]
fn a_new_key_or_a_new_owner_makes_what_was_signed_before_worthless() {
    let mut w = World::new(Mode::Auto);
    let before = w.message(level(900));
    let device = w.device;
    let rotate = |possession| RotateDeviceKey { device, key: KEY, possession };
    assert_eq!(refused(w.order(OWNER, rotate([0; 64]))), Refusal::BadSignature);
    let possession = signed(&possession_prehash(1, OWNER, 1, &KEY));
    assert!(matches!(refused(w.order(STRANGER, rotate(possession))), Refusal::NotOwner { .. }));
    w.order(OWNER, rotate(possession)).expect("a new key");
    assert_eq!(refused(w.relay(&before, true)), Refusal::WrongEpoch { have: 0, want: 1 });
    w.epoch = 1;
    w.says(level(900), true).expect("the new key speaks");

    w.order(OWNER, TransferDevice { device, to: NEIGHBOUR }).expect("sold");
    assert_eq!(refused(w.says(level(900), true)), Refusal::WrongEpoch { have: 1, want: 2 });
    assert!(MANDATES.get(&mut w.memory, &(device, 0)).expect("read").is_none(), "the buyer allowed nothing yet");
    assert!(matches!(refused(w.order(OWNER, TransferDevice { device, to: OWNER })), Refusal::NotOwner { .. }));
}

#[test]
fn a_device_is_suspended_resumed_and_retired_for_good() {
    let mut w = World::new(Mode::Auto);
    let device = w.device;
    let set = |w: &mut World, status| w.order(OWNER, SetDeviceStatus { device, status });
    set(&mut w, DeviceStatus::Suspended).expect("suspended");
    assert_eq!(refused(w.says(level(900), true)), Refusal::DeviceInactive { status: DeviceStatus::Suspended });
    set(&mut w, DeviceStatus::Active).expect("resumed");
    w.says(level(900), true).expect("it speaks again");
    set(&mut w, DeviceStatus::Retired).expect("retired");
    for status in [DeviceStatus::Active, DeviceStatus::Suspended] {
        assert_eq!(refused(set(&mut w, status)), Refusal::DeviceInactive { status: DeviceStatus::Retired });
    }
    assert!(MANDATES.get(&mut w.memory, &(device, 0)).expect("read").is_none());
    let possession = signed(&possession_prehash(1, STRANGER, 0, &KEY));
    let again = RegisterDevice { model: gtin(), key: KEY, attestation: B256::ZERO, possession };
    assert_eq!(refused(w.order(STRANGER, again)), Refusal::AlreadyRegistered, "a key is one device for ever");
}

#[test]
fn a_sold_machine_knows_nothing_of_its_former_owners_parcel() {
    let (mut w, order) = World::reach(OrderState::Shipped);
    let device = w.device;
    w.order(OWNER, TransferDevice { device, to: NEIGHBOUR }).expect("sold");
    w.epoch += 1;
    assert_eq!(refused(w.says(DeviceBody::Evidence { level: 1_900, order }, true)), Refusal::UnknownOrder { order });
    w.order(OWNER, ConfirmDelivery { order }).expect("the order stays with who asked for it");
}

#[test]
fn evidence_is_a_rise_of_four_fifths_of_a_pack_above_the_lowest_level() {
    let (mut w, order) = World::reach(OrderState::Shipped);
    w.says(level(150), true).expect("still falling");
    let needed = 1_500 * 80 / 100;
    let short = w.says(DeviceBody::Evidence { level: 150 + needed - 1, order }, true);
    assert_eq!(refused(short), Refusal::RiseTooSmall { rise: needed - 1, needed });
    w.says(DeviceBody::Evidence { level: 150 + needed, order }, true).expect("it rose");
    assert_eq!(w.state(order), OrderState::Claimed);
}

/// RustCrypto in place of aws-lc and libsecp256k1.
struct Real;

impl Verifier for Real {
    fn p256(&self, key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        use p256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
        let Ok(key) = VerifyingKey::from_sec1_bytes(&[&[4], key.as_slice()].concat()) else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        key.verify_prehash(prehash.as_slice(), &signature).is_ok()
    }

    fn secp256k1(&self, key: &[u8; 64], prehash: &B256, signature: &[u8; 64]) -> bool {
        use k256::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
        let Ok(key) = VerifyingKey::from_sec1_bytes(&[&[4], key.as_slice()].concat()) else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        key.verify_prehash(prehash.as_slice(), &signature).is_ok()
    }
}

#[test]
fn keys_of_both_curves_register_with_real_signatures() {
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    let secret = [0x2a; 32];
    let p256 = p256::ecdsa::SigningKey::from_slice(&secret).expect("a key");
    let k256 = k256::ecdsa::SigningKey::from_slice(&secret).expect("a key");
    let point = |bytes: &[u8]| <[u8; 64]>::try_from(&bytes[1..]).expect("x and y");
    let keys = [
        DeviceKey::P256(point(p256.verifying_key().to_sec1_point(false).as_bytes())),
        DeviceKey::Secp256k1(point(k256.verifying_key().to_sec1_point(false).as_bytes())),
    ];
    for key in keys {
        let prehash = possession_prehash(1, OWNER, 0, &key);
        let possession: [u8; 64] = match key {
            DeviceKey::P256(_) => {
                let signature: p256::ecdsa::Signature = p256.sign_prehash(prehash.as_slice()).expect("signed");
                signature.to_bytes().into()
            }
            DeviceKey::Secp256k1(_) => {
                let signature: k256::ecdsa::Signature = k256.sign_prehash(prehash.as_slice()).expect("signed");
                signature.to_bytes().into()
            }
        };
        let register = RegisterDevice { model: gtin(), key, attestation: B256::ZERO, possession };
        for (caller, good) in [(STRANGER, false), (OWNER, true)] {
            let mut memory = Memory::default();
            let env = Env { chain_id: 1, height: 1, time_ms: START_MS, caller, key: None };
            let mut draft = crate::Draft::new(&mut memory, &Real, env);
            let outcome = crate::apply(&mut draft, crate::Action::Orders(register.clone().into()));
            let expected = if good { Ok(Output::Id(device_id(&key))) } else { Err(Refusal::BadSignature.into()) };
            assert_eq!(outcome, expected, "{}", hex::encode(prehash));
        }
    }
}
