//! The table of imports: which crate of ours may import which, and who may import what from outside. Downward only.

use crate::Metadata;

/// Crate and what of ours it may import. What is not here may not be imported.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("dure-rules", &[]),
    ("dure-proof", &[]),
    ("dure-api", &["dure-rules"]),
    ("dure-execution", &["dure-rules", "dure-api"]),
    ("dure-server", &["dure-rules", "dure-api"]),
    ("dure-gateways", &["dure-rules", "dure-api", "dure-solvers"]),
    ("dure-solvers", &["dure-rules"]),
    ("dure-node", &["dure-rules", "dure-api", "dure-execution", "dure-server", "dure-proof"]),
    (
        "dure",
        &["dure-rules", "dure-api", "dure-execution", "dure-server", "dure-gateways", "dure-node", "dure-proof", "dure-solvers"],
    ),
    ("dure-bench", &["dure-rules", "dure-api", "dure-gateways"]),
    ("xtask", &[]),
];

/// Prefix of a dependency's name and the only crates of ours that may import it.
const ONLY: &[(&str, &[&str])] = &[
    ("commonware-", &["dure-node"]),
    ("revm", &["dure-execution"]),
    ("alloy-evm", &["dure-execution"]),
    ("rusqlite", &["dure-node"]),
    ("clarabel", &["dure-solvers"]),
];

/// What must not be below the rules, however indirectly: it would make their tests slow to build.
const NOT_BELOW_RULES: &[&str] = &["revm", "commonware-", "tokio", "alloy-consensus", "alloy-sol-types"];

/// Packages below the rules, at most.
const BELOW_RULES_MAX: usize = 60;

pub fn check(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|package| package.ours) {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("{}: a crate that the table of imports does not know (xtask/src/edges.rs)", package.name));
            continue;
        };
        for name in &package.dependencies {
            if MAY_IMPORT.iter().any(|(ours, _)| ours == name) && !allowed.contains(&name.as_str()) {
                findings.push(format!("{} imports {name}: the table of imports allows {allowed:?}", package.name));
            }
            for (prefix, importers) in ONLY {
                if name.starts_with(prefix) && !importers.contains(&package.name.as_str()) {
                    findings.push(format!("{} imports {name}: only {importers:?} may", package.name));
                }
            }
        }
    }
    findings.extend(below_rules(metadata));
    findings
}

fn below_rules(metadata: &Metadata) -> Vec<String> {
    let below = &metadata.below_rules;
    let mut findings: Vec<String> = NOT_BELOW_RULES
        .iter()
        .filter_map(|banned| below.iter().find(|name| name.starts_with(banned)))
        .map(|name| format!("dure-rules stands on {name}, which it never may"))
        .collect();
    if below.len() > BELOW_RULES_MAX {
        findings.push(format!("dure-rules stands on {} packages, more than {BELOW_RULES_MAX}: {below:?}", below.len()));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;
    use std::collections::BTreeSet;

    fn graph(edges: &[(&str, &str)], below: &[&str]) -> Metadata {
        let names: BTreeSet<&str> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
        let packages = names
            .iter()
            .map(|name| Package {
                name: (*name).to_string(),
                licence: None,
                ours: name.starts_with("dure"),
                dependencies: edges.iter().filter(|(from, _)| from == name).map(|(_, to)| (*to).to_string()).collect(),
            })
            .collect();
        Metadata { packages, below_rules: below.iter().map(|name| (*name).to_string()).collect() }
    }

    #[test]
    fn every_kind_of_wrong_edge_is_found() {
        for (edge, wrong) in [
            (("dure-api", "dure-rules"), false),
            (("dure-rules", "dure-api"), true),
            (("dure-server", "dure-node"), true),
            (("dure-node", "commonware-glue"), false),
            (("dure-server", "commonware-glue"), true),
            (("dure-unheard", "borsh"), true),
        ] {
            assert_eq!(!check(&graph(&[edge], &[])).is_empty(), wrong, "{edge:?}");
        }
    }

    #[test]
    fn heavy_or_many_packages_below_the_rules_are_found() {
        let many: Vec<String> = (0..=BELOW_RULES_MAX).map(|i| format!("p{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(check(&graph(&[], &many[1..])).len(), 0);
        assert_eq!(check(&graph(&[], &many)).len(), 1);
        assert_eq!(check(&graph(&[], &["tokio-util"])).len(), 1);
    }
}
