//! Approvals that an owner signs and anyone brings (EIP-2612).

use super::{Credit, CreditId, NONCE, Nonce, Refusal, UNLIMITED, approve, known};
use crate::{Address, Amount, B256, Draft, Failure, Source, Stop, accounts};
use alloy_primitives::{U256, keccak256};

/// Gas for recovering a signer: the price of `ecrecover`.
const RECOVER_GAS: u64 = 3_000;

/// What the owner signs, and its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    pub owner: Address,
    pub spender: Address,
    /// As it was signed; more than [`crate::bounds::AMOUNT_MAX`] is everything.
    pub value: U256,
    /// Consensus time, seconds: the last at which it counts.
    pub deadline_s: U256,
    /// 27 or 28 (SEC 1, 4.1.6: the parity of the point).
    pub v: u8,
    /// r ‖ s, with the low s.
    pub signature: [u8; 64],
}

/// EIP-712's domain of a credit: its name, version "1", the chain and its address.
pub fn domain_separator(chain_id: u64, credit: &Credit) -> B256 {
    let kind = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    let chain_id = B256::from(U256::from(chain_id));
    keccak256([kind, keccak256(&credit.name), keccak256("1"), chain_id, credit.id.0.into_word()].concat())
}

/// What `owner` signs.
pub fn permit_prehash(chain_id: u64, credit: &Credit, permit: &Permit, nonce: u64) -> B256 {
    let kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    let Permit { owner, spender, value, deadline_s, .. } = permit;
    let numbers = [*value, U256::from(nonce), *deadline_s].map(B256::from);
    let body = keccak256([&[kind, owner.into_word(), spender.into_word()], &numbers[..]].concat().concat());
    keccak256([&[0x19, 0x01], domain_separator(chain_id, credit).as_slice(), body.as_slice()].concat())
}

/// The nonce that `owner` signs next.
///
/// # Errors
/// What the source says.
pub fn nonce(s: &mut (impl Source + ?Sized), credit: CreditId, owner: Address) -> Result<u64, Stop> {
    Ok(NONCE.get(s, &(credit, owner))?.map_or(0, |record| record.next))
}

/// Approves as the owner signed it. A key that an account was recovered from signs for nobody any more; access keys sign no
/// permits: their address is not the owner's.
///
/// # Errors
/// `UnknownCredit`, `PermitExpired`, `RootReplaced` of accounts, `NotSignedBy`; or a [`Stop`].
pub fn permit(d: &mut Draft<'_>, credit: CreditId, permit: Permit) -> Result<(), Failure> {
    let record = known(d, credit)?;
    let Permit { owner, spender, value, deadline_s, v, signature } = permit;
    if U256::from(d.env.time_ms / 1_000) > deadline_s {
        return Err(Refusal::PermitExpired { deadline_s: deadline_s.saturating_to() }.into());
    }
    if !accounts::root_stands(d, owner)? {
        return Err(accounts::Refusal::RootReplaced { account: owner }.into());
    }
    let nonce = nonce(d, credit, owner)?;
    d.charge(RECOVER_GAS)?;
    let prehash = permit_prehash(d.env.chain_id, &record, &permit, nonce);
    let key = match v {
        27 | 28 => d.verifier.recover_secp256k1(&prehash, v == 28, &signature),
        _ => None,
    };
    if key.map(|key| Address::from_raw_public_key(&key)) != Some(owner) {
        return Err(Refusal::NotSignedBy { owner }.into());
    }
    NONCE.put(d, &(credit, owner), &Nonce { credit, owner, next: nonce.saturating_add(1) });
    let amount = Amount::try_from(value).unwrap_or(UNLIMITED);
    approve(d, credit, owner, spender, amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::{RINGS, Ring};
    use crate::credits::{Event, Kind, allowance, create, transfer_with_memo};
    use crate::{Effects, Env, Memory, Verifier};
    use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

    const SPENDER: Address = Address::repeat_byte(2);
    const NOW_S: u64 = 1_800_000_000;

    /// RustCrypto in place of libsecp256k1.
    struct Real;

    impl Verifier for Real {
        fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
            false
        }

        fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
            false
        }

        fn recover_secp256k1(&self, prehash: &B256, odd_y: bool, signature: &[u8; 64]) -> Option<[u8; 64]> {
            let signature = Signature::from_slice(signature).ok()?;
            let key = VerifyingKey::recover_from_prehash(prehash.as_slice(), &signature, RecoveryId::new(odd_y, false)).ok()?;
            Some(point(&key))
        }
    }

    fn point(key: &VerifyingKey) -> [u8; 64] {
        key.to_sec1_point(false).as_bytes()[1..].try_into().expect("x and y")
    }

    fn owner() -> (SigningKey, Address) {
        let key = SigningKey::from_slice(&[0x2a; 32]).expect("a key");
        let address = Address::from_raw_public_key(&point(key.verifying_key()));
        (key, address)
    }

    fn run<T>(memory: &mut Memory, run: impl FnOnce(&mut Draft<'_>) -> Result<T, Failure>) -> Result<(T, Effects), Failure> {
        let env = Env { chain_id: 20_260, height: 1, time_ms: NOW_S * 1_000, caller: Address::ZERO, key: None };
        let mut draft = Draft::new(memory, &Real, env);
        let output = run(&mut draft)?;
        let effects = draft.into_effects();
        memory.commit(&effects);
        Ok((output, effects))
    }

    fn town() -> (Memory, Credit) {
        let mut memory = Memory::default();
        let kind = Kind::Reserve { issuer: SPENDER };
        let (id, _) = run(&mut memory, |d| create(d, "Town".into(), "TWN".into(), 2, None, kind)).expect("made");
        let credit = known(&mut memory, id).expect("stands");
        (memory, credit)
    }

    fn signed(credit: &Credit, value: U256, deadline_s: u64, nonce: u64) -> Permit {
        let (key, owner) = owner();
        let deadline_s = U256::from(deadline_s);
        let unsigned = Permit { owner, spender: SPENDER, value, deadline_s, v: 0, signature: [0; 64] };
        let prehash = permit_prehash(20_260, credit, &unsigned, nonce);
        let (signature, parity) = key.sign_prehash_recoverable(prehash.as_slice());
        Permit { v: 27 + parity.to_byte(), signature: signature.to_bytes().into(), ..unsigned }
    }

    #[test]
    fn what_the_owner_signed_is_approved_once_and_in_time() {
        let (mut memory, credit) = town();
        let owner = owner().1;
        let id = credit.id;
        let permit = |memory: &mut Memory, signed| run(memory, |d| super::permit(d, id, signed)).map(|_| ());
        let good = signed(&credit, U256::from(70), NOW_S, 0);
        let not_signed = Err(Refusal::NotSignedBy { owner }.into());
        for (what, wrong) in [
            ("another sum", Permit { value: U256::from(71), ..good }),
            ("another spender", Permit { spender: owner, ..good }),
            ("more time", Permit { deadline_s: U256::MAX, ..good }),
            ("the other point", Permit { v: 55 - good.v, ..good }),
            ("no parity", Permit { v: good.v - 27, ..good }),
            ("another nonce", signed(&credit, U256::from(70), NOW_S, 1)),
            ("another credit", signed(&Credit { name: "Moon".into(), ..credit.clone() }, U256::from(70), NOW_S, 0)),
        ] {
            assert_eq!(permit(&mut memory, wrong), not_signed, "{what}");
        }
        let stranger = Permit { owner: SPENDER, ..good };
        assert_eq!(permit(&mut memory, stranger), Err(Refusal::NotSignedBy { owner: SPENDER }.into()));
        let late = signed(&credit, U256::from(70), NOW_S - 1, 0);
        assert_eq!(permit(&mut memory, late), Err(Refusal::PermitExpired { deadline_s: NOW_S - 1 }.into()));
        assert_eq!(permit(&mut memory, good), Ok(()));
        assert_eq!(allowance(&mut memory, id, owner, SPENDER), Ok(70));
        assert_eq!(permit(&mut memory, good), not_signed, "once is once");
        assert_eq!(permit(&mut memory, signed(&credit, U256::MAX, NOW_S + 9, 1)), Ok(()));
        assert_eq!((allowance(&mut memory, id, owner, SPENDER), nonce(&mut memory, id, owner)), (Ok(UNLIMITED), Ok(2)));
    }

    #[test]
    fn a_key_that_was_replaced_signs_no_permit() {
        let (mut memory, credit) = town();
        let account = owner().1;
        run(&mut memory, |d| {
            RINGS.put(d, &account, &Ring { account, epoch: 1, keys: Vec::new() });
            Ok(())
        })
        .expect("recovered");
        let signed = signed(&credit, U256::from(1), NOW_S, 0);
        let outcome = run(&mut memory, |d| super::permit(d, credit.id, signed)).map(|_| ());
        assert_eq!(outcome, Err(accounts::Refusal::RootReplaced { account }.into()));
    }

    #[test]
    fn a_memo_follows_its_transfer() {
        let (mut memory, Credit { id: credit, .. }) = town();
        let (memo, to) = (B256::repeat_byte(7), Address::repeat_byte(9));
        let sent = |d: &mut Draft<'_>| transfer_with_memo(d, credit, SPENDER, to, 0, memo);
        let (_, effects) = run(&mut memory, sent).expect("sent");
        let expected = [
            Event::Transferred { credit, from: SPENDER, to, amount: 0 }.into(),
            Event::Memoed { credit, from: SPENDER, to, amount: 0, memo }.into(),
        ];
        assert_eq!(effects.events, expected);
    }
}
