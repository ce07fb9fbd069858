//! Licences: every package that anything of ours is built or tested with.

use crate::Metadata;
use spdx::{Expression, ParseMode};

/// As in deny.toml. No GPL, LGPL or AGPL.
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "Zlib",
    "CC0-1.0",
    "Unicode-3.0",
    "BSL-1.0",
    "0BSD",
];

pub fn check(metadata: &Metadata) -> Vec<String> {
    metadata.packages.iter().filter_map(|package| verdict(&package.name, package.licence.as_deref())).collect()
}

fn verdict(name: &str, licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else { return Some(format!("{name}: no licence is stated")) };
    let Ok(expression) = Expression::parse_mode(licence, ParseMode::LAX) else {
        return Some(format!("{name}: «{licence}» is not an SPDX expression"));
    };
    let allowed = |requirement: &spdx::LicenseReq| requirement.license.id().is_some_and(|id| ALLOWED.contains(&id.name));
    if expression.evaluate(allowed) { None } else { Some(format!("{name}: {licence} is not allowed")) }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn what_may_be_chosen_decides() {
        for (licence, good) in [
            (Some("MIT OR Apache-2.0"), true),
            (Some("MIT/Apache-2.0"), true),
            (Some("GPL-3.0-only OR MIT"), true),
            (Some("GPL-3.0-only"), false),
            (Some("MIT AND LGPL-2.1-only"), false),
            (Some("no such licence"), false),
            (None, false),
        ] {
            assert_eq!(verdict("p", licence).is_none(), good, "{licence:?}");
        }
    }
}
