//! Whatever a file says, the checker answers: it never panics, and reads nothing that it would not write the same way.
//!
//! This is the fuzzing of the decoder that every run of the tests does; `PROPTEST_CASES` makes it longer (scripts/nightly).

mod common;

use common::{Change, FILES, bend, mend, signed};
use dure_proof::{Anchor, Proof, Refused, check};
use proptest::prelude::*;

/// Cases, where the environment does not ask for more.
const CASES: u32 = 4_000;

/// Reads a file with and without a signature that is good; gives whether it was read.
fn look(file: &[u8], anchor: &Anchor) -> Result<bool, TestCaseError> {
    let looked = check(file, anchor);
    let Ok(proof) = Proof::decode(file) else {
        prop_assert!(looked.is_err());
        return Ok(false);
    };
    prop_assert_eq!(proof.encode(), file);
    if let Some((file, anchor)) = signed(proof) {
        let looked = check(&file, &anchor);
        let certificate = matches!(looked, Err(Refused::Signature(_) | Refused::NoValidator(_) | Refused::Quorum { .. }));
        prop_assert!(!certificate, "the signature was made for it");
    }
    Ok(true)
}

fn nobody() -> Anchor {
    Anchor { genesis: Default::default(), validators: vec![Default::default()] }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(CASES),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changed_files_never_panic(which in any::<prop::sample::Index>(), changes in prop::collection::vec(Change::any(), 1..5)) {
        let mut file = which.get(&FILES).clone();
        changes.iter().for_each(|change| change.make(&mut file));
        mend(&mut file);
        look(&file, &nobody())?;
    }

    #[test]
    fn bent_proofs_never_panic(
        which in any::<prop::sample::Index>(),
        bends in prop::collection::vec((any::<prop::sample::Index>(), Change::any(), any::<u64>()), 1..4),
    ) {
        let mut proof = Proof::decode(which.get::<Vec<u8>>(&FILES)).expect("reads");
        bends.iter().for_each(|(which, change, number)| bend(&mut proof, *which, change, *number));
        if let Some((file, _)) = signed(proof) {
            look(&file, &nobody())?;
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000), begins: bool) {
        let mut file = if begins { [b"dure proof 1", &bytes[..]].concat() } else { bytes };
        mend(&mut file);
        look(&file, &nobody())?;
    }
}

#[test]
fn a_file_as_it_was_taken_is_read_and_holds_under_a_signature_of_its_own() {
    for file in FILES.iter() {
        assert!(look(file, &nobody()).expect("looks"));
        let (file, anchor) = signed(Proof::decode(file).expect("reads")).expect("has headers");
        assert!(check(&file, &anchor).is_ok(), "so that what is looked at behind the certificate is real");
    }
}
