//! What viem signs is read as viem means it; what is refused is refused by name; no bytes make the decoder panic.
//!
//! The properties here are the fuzzing of the decoder that every run of the tests does; `PROPTEST_CASES` makes it longer.

use super::{
    recover::{sha256, signer},
    *,
};
use crate::modules::Signatures;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, hex};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use dure_api::batch::*;
use dure_rules::Verifier as _;
use p256::ecdsa::{Signature as P256, SigningKey, signature::hazmat::PrehashSigner as _};
use proptest::prelude::*;
use serde::Deserialize;
use std::num::NonZeroU64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    chain_id: u64,
    vectors: Vec<Vector>,
}

/// See tests/clients/vectors.mjs, which makes these with stock viem.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    raw: Bytes,
    hash: B256,
    sender_hash: B256,
    fee_payer_hash: Option<B256>,
    sender: Address,
    payer: Address,
    access_key: Option<Address>,
    signature_type: String,
    gas: String,
    max_fee_per_gas: String,
    max_priority_fee_per_gas: String,
    nonce_key: String,
    nonce: String,
    valid_after: Option<String>,
    valid_before: Option<String>,
    calls: Vec<VectorCall>,
    key_authorization: Option<VectorAuthorization>,
}

#[derive(Deserialize)]
struct VectorCall {
    to: Option<Address>,
    value: String,
    data: Bytes,
}

#[derive(Deserialize)]
struct VectorAuthorization {
    hash: B256,
    key: Address,
    expiry: Option<String>,
    admin: bool,
    account: Option<Address>,
    limits: Option<usize>,
    scopes: Option<usize>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

#[test]
fn what_viem_signs_is_what_viem_says() {
    let Vectors { chain_id, vectors } = vectors();
    assert!(vectors.len() >= 23);
    for vector in vectors {
        let name = &vector.name;
        let signed = SignedBatch::decode(&vector.raw).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(signed.encoded(), vector.raw, "{name}");
        assert_eq!(signed.hash, vector.hash, "{name}");
        let batch = &signed.batch;
        assert_eq!(batch.chain_id, chain_id, "{name}");
        let numbers = [
            U256::from(batch.gas_limit),
            U256::from(batch.max_fee_per_gas),
            U256::from(batch.max_priority_fee_per_gas),
            batch.nonce_key,
            U256::from(batch.nonce),
        ];
        let expected = [&vector.gas, &vector.max_fee_per_gas, &vector.max_priority_fee_per_gas, &vector.nonce_key, &vector.nonce];
        assert_eq!(numbers.map(|number| number.to_string()).each_ref(), expected, "{name}");
        let window = [batch.valid_after_s, batch.valid_before_s].map(|bound| bound.map(|bound| bound.to_string()));
        assert_eq!(window, [vector.valid_after, vector.valid_before], "{name}");
        let calls: Vec<_> = batch.calls.iter().map(|call| (call.to.to().copied(), call.value.to_string(), &call.input)).collect();
        let expected: Vec<_> = vector.calls.iter().map(|call| (call.to, call.value.clone(), &call.data)).collect();
        assert_eq!(calls, expected, "{name}");
        assert_eq!(batch.sender_hash(), vector.sender_hash, "{name}");
        if let Some(hash) = vector.fee_payer_hash {
            assert_eq!(batch.fee_payer_hash(vector.sender), hash, "{name}");
        }
        let kind = match signed.signature.key.kind() {
            KeyKind::Secp256k1 => "secp256k1",
            KeyKind::P256 => "p256",
            KeyKind::WebAuthn => "webAuthn",
        };
        assert_eq!(kind, vector.signature_type, "{name}");
        let signers = Signers {
            sender: vector.sender,
            payer: vector.payer,
            access_key: vector.access_key.map(|key| (key, signed.signature.key.kind())),
        };
        assert_eq!(recover(&signed), Ok(signers), "{name}");
        check_authorization(name, batch.key_authorization.as_ref(), vector.key_authorization.as_ref(), vector.sender);
    }
}

fn check_authorization(name: &str, have: Option<&KeyAuthorization>, want: Option<&VectorAuthorization>, root: Address) {
    assert_eq!(have.is_some(), want.is_some(), "{name}");
    let (Some(have), Some(want)) = (have, want) else { return };
    assert_eq!((have.hash, have.key), (want.hash, want.key), "{name}");
    assert_eq!((have.asked.admin, have.account), (want.admin, want.account), "{name}");
    assert_eq!(have.asked.expiry_s.map(|expiry| expiry.to_string()), want.expiry, "{name}");
    assert_eq!(have.asked.limits.as_ref().map(Vec::len), want.limits, "{name}");
    assert_eq!(have.asked.scopes.as_ref().map(Vec::len), want.scopes, "{name}");
    assert_eq!(signer(&have.signature, &have.hash), Ok(root), "{name}");
}

fn key() -> SigningKey {
    SigningKey::from_slice(&[0x42; 32]).unwrap()
}

/// A low-s signature of `prehash`.
fn sign_p256(prehash: B256) -> P256Signature {
    let signature: P256 = key().sign_prehash(prehash.as_slice()).unwrap();
    let point = key().verifying_key().to_sec1_point(false);
    P256Signature { rs: signature.normalize_s().to_bytes().into(), point: point.as_bytes()[1..].try_into().unwrap() }
}

fn unsigned() -> Batch {
    Batch {
        chain_id: 7_777,
        max_priority_fee_per_gas: 0,
        max_fee_per_gas: 0,
        gas_limit: 50_000,
        calls: vec![Call { to: TxKind::Call(Address::repeat_byte(1)), value: U256::ZERO, input: Bytes::new() }],
        access_list: AccessList::default(),
        nonce_key: U256::ZERO,
        nonce: 3,
        valid_before_s: None,
        valid_after_s: None,
        fee_payer_signature: None,
        key_authorization: None,
    }
}

fn by_device(batch: Batch) -> SignedBatch {
    let signature = sign_p256(batch.sender_hash());
    SignedBatch::new(batch, SenderSignature { account: None, key: KeySignature::P256 { signature, prehash: false } })
}

fn passkey_data(flags: u8, client: &str) -> Bytes {
    [&[7u8; 32][..], &[flags], &[0; 4], client.as_bytes()].concat().into()
}

/// Signs whatever the browser would have written, right or wrong.
fn by_passkey(batch: Batch, data: Bytes) -> SignedBatch {
    let (authenticator, client) = data.split_at(37);
    let prehash = sha256(&[authenticator, sha256(&[client]).as_slice()]);
    let signature = sign_p256(prehash);
    SignedBatch::new(batch, SenderSignature { account: None, key: KeySignature::WebAuthn { signature, data } })
}

#[test]
fn a_passkeys_answer_is_parsed_and_each_wrong_part_is_named() {
    let challenge = URL_SAFE_NO_PAD.encode(unsigned().sender_hash());
    let good = format!(r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost:8545"}}"#);
    let mut first = challenge.chars();
    let escaped = format!(r"\u{:04x}{}", first.next().unwrap() as u32, first.as_str());
    let cases: Vec<(u8, String, Option<WebAuthnError>)> = vec![
        (0x01, good.clone(), None),
        (0x04, good.clone(), None),
        (0x1d, good.clone(), None), // backed up, as synchronised passkeys are
        (0x01, good.replace(&challenge, &escaped), None),
        (0x01, format!("{{\"a\":[{{}},1e999],\"challenge\":\"{challenge}\",\"type\":\"webauthn.get\"}}"), None),
        (0x00, good.clone(), Some(WebAuthnError::NobodyThere(0))),
        (0x18, good.clone(), Some(WebAuthnError::NobodyThere(0x18))),
        (0x41, good.clone(), Some(WebAuthnError::Extended(0x41))),
        (0x81, good.clone(), Some(WebAuthnError::Extended(0x81))),
        (0x01, good.replace("webauthn.get", "webauthn.create"), Some(WebAuthnError::Type("webauthn.create".into()))),
        (0x01, good.replace(&challenge, &URL_SAFE_NO_PAD.encode([9; 32])), Some(WebAuthnError::Challenge)),
        (0x01, good.replace(&challenge, &format!("{challenge}=")), Some(WebAuthnError::Challenge)),
        (0x01, good.replace(r#""type""#, r#""kind""#), Some(WebAuthnError::NoClientData)),
        (0x01, good.replace("challenge", "answer"), Some(WebAuthnError::NoClientData)),
        (0x01, format!("{good}{good}"), Some(WebAuthnError::NoClientData)),
        (0x01, good.replace("}", r#","type":"webauthn.get"}"#), Some(WebAuthnError::NoClientData)),
        (0x01, String::new(), Some(WebAuthnError::NoClientData)),
        (0x01, good.replace(r#""http://localhost:8545""#, &"[".repeat(1_000)), Some(WebAuthnError::NoClientData)),
    ];
    for (flags, client, wrong) in cases {
        let signed = by_passkey(unsigned(), passkey_data(flags, &client));
        assert_eq!(SignedBatch::decode(&signed.encoded()), Ok(signed.clone()));
        let expected = match wrong {
            None => Ok(sign_p256(B256::ZERO).address()),
            Some(wrong) => Err(SignerError::WebAuthn(wrong)),
        };
        assert_eq!(recover(&signed).map(|signers| signers.sender), expected, "{flags:#04x} {client}");
    }
    let other = by_passkey(Batch { nonce: 4, ..unsigned() }, passkey_data(1, &good));
    assert_eq!(recover(&other), Err(SignerError::WebAuthn(WebAuthnError::Challenge)), "another transaction");
}

#[test]
fn a_high_s_and_another_message_do_not_verify() {
    let good = by_device(unsigned());
    assert_eq!(recover(&good).map(|signers| signers.sender), Ok(sign_p256(B256::ZERO).address()));
    let KeySignature::P256 { mut signature, .. } = good.signature.key else { unreachable!() };
    let order = U256::from_be_bytes(hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));
    let s = U256::from_be_slice(&signature.rs[32..]);
    signature.rs[32..].copy_from_slice(&(order - s).to_be_bytes::<32>());
    assert!(!Signatures.p256(&signature.point, &unsigned().sender_hash(), &signature.rs));
    let high = SenderSignature { account: None, key: KeySignature::P256 { signature: signature.clone(), prehash: false } };
    assert_eq!(recover(&SignedBatch::new(unsigned(), high)), Err(SignerError::NotVerified));
    for (batch, key) in [
        (Batch { nonce: 4, ..unsigned() }, KeySignature::P256 { signature: sign_p256(unsigned().sender_hash()), prehash: false }),
        (unsigned(), KeySignature::P256 { signature: sign_p256(unsigned().sender_hash()), prehash: true }),
    ] {
        let signed = SignedBatch::new(batch, SenderSignature { account: None, key });
        assert_eq!(recover(&signed), Err(SignerError::NotVerified));
    }
    let wallet = vectors().vectors.into_iter().find(|vector| vector.name == "a wallet").unwrap();
    let mut signed = SignedBatch::decode(&wallet.raw).unwrap();
    let KeySignature::Secp256k1(signature) = signed.signature.key else { unreachable!() };
    let order = U256::from_be_bytes(hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"));
    signed.signature.key = KeySignature::Secp256k1(Signature::new(signature.r(), order - signature.s(), !signature.v()));
    assert_eq!(recover(&signed), Err(SignerError::NotVerified), "high s of a wallet");
}

/// Puts RLP items into the envelope.
fn envelope(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    let mut all = vec![BATCH_TYPE];
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut all);
    all.extend(payload);
    all
}

fn items(batch: &SignedBatch) -> Vec<Vec<u8>> {
    let raw = batch.encoded();
    let mut rest = &raw[1..];
    let mut list = alloy_rlp::Header::decode_bytes(&mut rest, true).unwrap();
    let mut items = Vec::new();
    while !list.is_empty() {
        let before = list;
        let header = alloy_rlp::Header::decode(&mut list).unwrap();
        list = &list[header.payload_length..];
        items.push(before[..before.len() - list.len()].to_vec());
    }
    items
}

#[test]
fn what_this_chain_does_not_take_is_refused_by_name() {
    let call = |to: Option<Address>| Call { to: to.into(), value: U256::ZERO, input: Bytes::new() };
    let some = Some(Address::ZERO);
    let edit = |change: &dyn Fn(&mut Batch)| {
        let mut batch = unsigned();
        change(&mut batch);
        by_device(batch).encoded()
    };
    let field = |place: usize, bytes: &[u8]| {
        let mut all = items(&by_device(unsigned()));
        all[place] = bytes.to_vec();
        envelope(&all)
    };
    let short = |bytes: &[u8]| [&[0x80 + bytes.len() as u8][..], bytes].concat();
    let signature = |bytes: &[u8]| field(13, &alloy_rlp::encode(bytes));
    let signed = |error| BatchError::Signature(error);
    let cases: Vec<(Vec<u8>, BatchError)> = vec![
        (edit(&|batch| batch.calls.clear()), BatchError::NoCalls),
        (edit(&|batch| batch.calls = vec![call(some); CALLS_MAX + 1]), BatchError::TooManyCalls),
        (edit(&|batch| batch.calls = vec![call(None), call(None)]), BatchError::CreateNotFirst { place: 1 }),
        (edit(&|batch| batch.nonce_key = U256::MAX), BatchError::ExpiringNonce),
        (edit(&|batch| batch.nonce = NONCE_END), BatchError::NonceTooLarge { nonce: NONCE_END }),
        (
            edit(&|batch| (batch.valid_after_s, batch.valid_before_s) = (NonZeroU64::new(9), NonZeroU64::new(9))),
            BatchError::NeverValid { after_s: 9, before_s: 9 },
        ),
        (field(10, &short(&[0x20; 20])), BatchError::FeeToken),
        (field(11, &[0x00]), BatchError::FeePayerAwaited),
        (field(11, &short(&[0x11; 20])), BatchError::FeePayerAwaited),
        (field(12, &[0xc1, 0xc0]), BatchError::AuthorizationList),
        (signature(&[]), signed(SignatureError::Empty)),
        (signature(&[0x01; 65]), signed(SignatureError::Parity(1))),
        (signature(&[0x01; 64]), signed(SignatureError::Length { bytes: 64 })),
        (signature(&[0x02; 100]), signed(SignatureError::Length { bytes: 100 })),
        (signature(&[0x05; 130]), signed(SignatureError::UnknownType(5))),
        (signature(&[0x03; 86]), signed(SignatureError::Unbound)),
        (signature(&[0x04; 107]), signed(SignatureError::Nested)),
        (signature(&[&[0x01][..], &[1; 128], &[2]].concat()), signed(SignatureError::Prehash(2))),
        (signature(&[&[0x02][..], &vec![1; 2_049]].concat()), signed(SignatureError::AnswerTooLong { bytes: 1_921 })),
        (field(3, &[0x82, 0x00, 0x01]), BatchError::Rlp(alloy_rlp::Error::LeadingZero)),
        ([&by_device(unsigned()).encoded()[..], &[0]].concat(), BatchError::Rlp(alloy_rlp::Error::UnexpectedLength)),
    ];
    for (raw, refused) in cases {
        assert_eq!(SignedBatch::decode(&raw), Err(refused), "{}", hex::encode(&raw));
    }
}

fn any_authorization_of(kind: KeyKind) -> KeyAuthorization {
    let asked = AskedTerms { kind, expiry_s: None, limits: None, scopes: None, admin: true };
    let signature = KeySignature::Secp256k1(Signature::test_signature());
    making::authorization(7_777, Address::repeat_byte(5), &asked, None, |_| signature)
}

#[test]
fn what_of_a_key_authorisation_this_chain_does_not_take_is_refused_by_name() {
    use making::list;
    let (empty, number) = (|| vec![0x80], |n: u64| alloy_rlp::encode(n));
    let target = alloy_rlp::encode(Address::repeat_byte(7));
    let rule = list(&[alloy_rlp::encode([1u8; 4]), list(std::slice::from_ref(&target))]);
    let recipients = list(&[list(&[target, list(&[rule])])]);
    let decoded = |kind: u64, more: Vec<Vec<u8>>| {
        let unsigned = [vec![number(7_777), number(kind), alloy_rlp::encode(Address::repeat_byte(5))], more].concat();
        let signature = [&[1u8; 64][..], &[27]].concat();
        let whole = list(&[list(&unsigned), alloy_rlp::encode(signature.as_slice())]);
        KeyAuthorization::decode(&mut &whole[..]).map(|_| ())
    };
    assert_eq!(decoded(2, vec![]), Ok(()));
    assert_eq!(decoded(3, vec![]), Err(AuthorizationError::KeyType(3)), "accounts of several owners");
    assert_eq!(decoded(1, vec![empty(), empty(), recipients]), Err(AuthorizationError::Recipients));
    let witness = alloy_rlp::encode(B256::repeat_byte(1));
    assert_eq!(decoded(1, vec![empty(), empty(), empty(), witness]), Err(AuthorizationError::Witness));
    assert_eq!(decoded(1, vec![empty(), empty(), empty(), empty(), number(2)]), Err(AuthorizationError::AdminMark(2)));
    let long = vec![list(&vec![number(u64::MAX); KEY_AUTHORIZATION_MAX_BYTES / 9])];
    assert!(matches!(decoded(1, long), Err(AuthorizationError::TooLong { .. })));
}

#[test]
fn every_field_is_signed() {
    let good = unsigned();
    let authorization = any_authorization_of(KeyKind::P256);
    let changed: [&dyn Fn(&mut Batch); 13] = [
        &|b| b.chain_id += 1,
        &|b| b.max_fee_per_gas += 1,
        &|b| b.max_priority_fee_per_gas += 1,
        &|b| b.gas_limit += 1,
        &|b| b.calls[0].to = TxKind::Call(Address::ZERO),
        &|b| b.calls[0].value = U256::ONE,
        &|b| b.calls[0].input = Bytes::from_static(b"x"),
        &|b| b.nonce_key = U256::ONE,
        &|b| b.nonce += 1,
        &|b| b.valid_before_s = NonZeroU64::new(1),
        &|b| b.valid_after_s = NonZeroU64::new(1),
        &|b| b.access_list.0.push(AccessListItem::default()),
        &|b| b.key_authorization = Some(authorization.clone()),
    ];
    let (mut senders, mut payers) = (vec![good.sender_hash()], vec![good.fee_payer_hash(Address::ZERO)]);
    for change in changed {
        let mut batch = good.clone();
        change(&mut batch);
        senders.push(batch.sender_hash());
        payers.push(batch.fee_payer_hash(Address::ZERO));
    }
    let sponsored = Batch { fee_payer_signature: Some(Signature::test_signature()), ..good.clone() };
    senders.push(sponsored.sender_hash());
    payers.push(good.fee_payer_hash(Address::repeat_byte(1)));
    for mut hashes in [senders, payers] {
        let all = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }
}

prop_compose! {
    fn any_call()(to: [u8; 20], value in 0..u64::MAX, input in prop::collection::vec(any::<u8>(), 0..80)) -> Call {
        Call { to: TxKind::Call(to.into()), value: U256::from(value), input: input.into() }
    }
}

prop_compose! {
    fn any_batch()(
        (chain_id, tip, price, gas_limit, nonce) in (any::<u64>(), any::<u128>(), any::<u128>(), any::<u64>(), 0..NONCE_END),
        calls in prop::collection::vec(any_call(), 1..8),
        create: bool,
        key in prop::collection::vec(any::<u8>(), 0..31),
        (after, span) in (0..u64::MAX / 2, 1..u64::MAX / 2),
        slots in prop::collection::vec(any::<[u8; 32]>(), 0..3),
        payer in prop::option::of((any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>())),
        key_authorization in prop::option::of(any_authorization()),
    ) -> Batch {
        let mut calls = calls;
        if create {
            calls[0].to = TxKind::Create;
        }
        let item = AccessListItem { address: Address::ZERO, storage_keys: slots.into_iter().map(B256::from).collect() };
        Batch {
            chain_id, max_priority_fee_per_gas: tip, max_fee_per_gas: price, gas_limit, calls, nonce,
            access_list: AccessList(vec![item]),
            nonce_key: U256::from_be_slice(&key),
            valid_after_s: NonZeroU64::new(after),
            valid_before_s: NonZeroU64::new(after + span),
            fee_payer_signature: payer.map(|(r, s, v)| Signature::new(U256::from_be_bytes(r), U256::from_be_bytes(s), v)),
            key_authorization,
        }
    }
}

fn any_authorization() -> impl Strategy<Value = KeyAuthorization> {
    let limit = (any::<[u8; 20]>(), any::<u128>(), prop_oneof![Just(0), any::<u64>()])
        .prop_map(|(credit, amount, period_s)| SpendingLimit { credit: credit.into(), amount: U256::from(amount), period_s });
    let scope = (any::<[u8; 20]>(), prop::collection::vec(any::<[u8; 4]>(), 0..4));
    let scope = scope.prop_map(|(target, selectors)| CallScope { target: target.into(), selectors });
    let lists = (prop::option::of(prop::collection::vec(limit, 0..4)), prop::option::of(prop::collection::vec(scope, 0..4)));
    let who = (any::<u64>(), any::<[u8; 20]>(), prop::option::of(any::<[u8; 20]>()), 0..3u8, any::<bool>());
    (who, prop::option::of(1..u64::MAX), lists, any_key_signature()).prop_map(
        |((chain_id, key, account, kind, admin), expiry_s, (limits, scopes), signature)| {
            let kind = KeyKind::from_number(kind).unwrap();
            let asked = AskedTerms { kind, expiry_s, limits, scopes, admin };
            let made = making::authorization(chain_id, key.into(), &asked, account.map(Into::into), |_| signature);
            assert_eq!(
                (&made.asked, made.chain_id, made.account),
                (&asked, chain_id, account.map(Into::into)),
                "as it was asked"
            );
            made
        },
    )
}

fn any_signature() -> impl Strategy<Value = SenderSignature> {
    (prop::option::of(any::<[u8; 20]>()), any_key_signature())
        .prop_map(|(account, key)| SenderSignature { account: account.map(Into::into), key })
}

fn any_key_signature() -> impl Strategy<Value = KeySignature> {
    let p256 = (any::<[u8; 32]>(), any::<[u8; 32]>())
        .prop_map(|(a, b)| P256Signature { rs: [a, b].concat().try_into().unwrap(), point: [b, a].concat().try_into().unwrap() });
    prop_oneof![
        (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<bool>()).prop_map(|(r, s, v)| KeySignature::Secp256k1(Signature::new(
            U256::from_be_bytes(r),
            U256::from_be_bytes(s),
            v
        ))),
        (p256.clone(), any::<bool>()).prop_map(|(signature, prehash)| KeySignature::P256 { signature, prehash }),
        (p256, prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(signature, data)| KeySignature::WebAuthn { signature, data: data.into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_batch_comes_back_from_its_bytes(batch in any_batch(), signature in any_signature()) {
        let signed = SignedBatch::new(batch, signature);
        prop_assert_eq!(SignedBatch::decode(&signed.encoded()), Ok(signed));
    }

    /// A byte changed, added or left out: refused, or another transaction with one encoding.
    #[test]
    fn damaged_bytes_never_panic(
        place in any::<prop::sample::Index>(), byte: u8, how in 0..3u8, which in any::<prop::sample::Index>(),
    ) {
        let vectors = vectors().vectors;
        let mut raw = vectors[which.index(vectors.len())].raw.to_vec();
        let place = place.index(raw.len());
        match how {
            0 => raw[place] = byte,
            1 => raw.insert(place, byte),
            _ => raw.truncate(place),
        }
        if let Ok(signed) = SignedBatch::decode(&raw) {
            prop_assert_eq!(signed.encoded(), raw);
            let _ = recover(&signed);
            let _ = signed.batch.key_authorization.map(|signed| Grant::of(&signed, 7_777, Address::ZERO, None));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let raw = [&[BATCH_TYPE][..], &bytes].concat();
        prop_assert!(SignedBatch::decode(&raw).is_err());
        let _ = SenderSignature::decode(&bytes);
        let _ = KeyAuthorization::decode(&mut &bytes[..]);
    }
}
