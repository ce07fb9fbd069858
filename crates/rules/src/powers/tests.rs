//! What the tables say is there.

use super::*;
use std::collections::BTreeSet;

#[test]
fn what_nobody_can_do_is_proven_by_a_test_that_exists() {
    for row in NOBODY {
        let source = row.source();
        let (head, _) = source.split_once("fn ").unwrap_or_default();
        assert!(head.contains("#[test]"), "{}: {} has no test {}", row.what, row.file, row.test);
        assert!(source.contains("assert"), "{}: {} asserts nothing", row.what, row.test);
        assert!(source.trim_end().ends_with('}'), "{source}");
    }
    let names: BTreeSet<_> = NOBODY.iter().map(|row| row.what).collect();
    assert_eq!(names.len(), NOBODY.len(), "one row each");
}

#[test]
fn every_kind_of_holder_holds_something() {
    let held: BTreeSet<_> = POWERS.iter().map(|(_, holder)| *holder).collect();
    assert_eq!(held, Holder::ALL.into_iter().collect());
}
