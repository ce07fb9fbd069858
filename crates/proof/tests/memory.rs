//! A file never makes its reader take much more memory than the file itself has, however much it claims. Alone in its process, because the
//! allocator counts for all of it.

mod common;

use common::{Change, FILES, mend, signed};
use dure_proof::{Anchor, FILE_MAX_BYTES, Proof, check};
use peak_alloc::PeakAlloc;
use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What reading and checking may take: so many times the file, and this beside it.
const TIMES: usize = 4;
const BESIDE_BYTES: usize = 64 << 10;
const CASES: u32 = 4_000;

/// Most bytes that were taken at once while `file` was checked, beyond those that were before.
fn taken(file: &[u8], anchor: &Anchor) -> usize {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let _ = check(file, anchor); // either answer is good; what it took is asked
    MEMORY.peak_usage() - before
}

fn judge(file: &[u8], anchor: &Anchor) {
    let (taken, most) = (taken(file, anchor), TIMES * file.len() + BESIDE_BYTES);
    assert!(taken <= most, "{taken} bytes for a file of {}", file.len());
}

#[test]
fn no_file_takes_much_more_than_itself() {
    let nobody = Anchor { genesis: Default::default(), validators: vec![Default::default()] };
    let mut runner = TestRunner::deterministic();
    assert!(taken(&FILES[0], &nobody) > FILES[0].len() / 2, "the allocator counts");
    for case in 0..CASES as usize {
        let mut file = FILES[case % FILES.len()].clone();
        let changes = proptest::collection::vec(Change::any(), 1..5);
        let changes = proptest::strategy::Strategy::new_tree(&changes, &mut runner).expect("a value").current();
        changes.iter().for_each(|change| change.make(&mut file));
        mend(&mut file);
        judge(&file, &nobody);
        if let Some((file, anchor)) = Proof::decode(&file).ok().and_then(signed) {
            judge(&file, &anchor);
        }
    }
    // The largest file that may be, and one that is too large: the first header claims all of it.
    for bytes in [FILE_MAX_BYTES, FILE_MAX_BYTES + 1] {
        let mut file = FILES[0].clone();
        file.resize(bytes, 0);
        let (count, length) = (44, 45); // after the magic and the hash of block 0
        file[count] = 1;
        file[length..length + 4].copy_from_slice(&((bytes - 100) as u32).to_be_bytes());
        mend(&mut file);
        judge(&file, &nobody);
    }
}
