//! What files may say, and how long they may be.

/// Lines of a Rust file, at most; aim at 500. Tables and generated files say so on their first line.
const LINES_MAX: usize = 700;
/// File and the lines that a reader is asked to read in it, at most.
const PAGES: &[(&str, usize)] = &[("README.md", 80), ("CONTRIBUTING.md", 60)];
/// Lines of a page of docs/decisions.
const DECISION_LINES_MAX: usize = 60;

/// In the rules, what may differ between nodes or stop one. Tests may.
const BANNED_IN_RULES: &[&str] = &[
    "HashMap",
    "HashSet",
    "f32",
    "f64",
    "SystemTime",
    "Instant",
    ".unwrap()",
    ".expect(",
    "panic!(",
    "unsafe",
    "std::env",
    "std::fs",
];

/// What identifies a person, so it is never a field of what is logged: who is connected, who acts, and what is in it.
const BANNED_IN_LOGS: &[&str] =
    &["addr", "account", "owner", "signer", "sender", "payer", "%from", "?from", "raw", "body", "peer_ip"];

/// The log macros, as the code calls them.
const LOGS: &[&str] = &["tracing::error!(", "tracing::warn!(", "tracing::info!(", "tracing::debug!(", "tracing::trace!("];

pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut found = |what: String| findings.push(format!("{path}: {what}"));
    let lines = text.lines().count();
    let first = text.lines().next().unwrap_or_default();
    if path.ends_with(".rs") && lines > LINES_MAX && !first.contains("table") && !first.contains("enerated") {
        found(format!("{lines} lines, more than {LINES_MAX}: is there a seam?"));
    }
    if let Some((_, max)) = PAGES.iter().find(|(page, max)| *page == path && lines > *max) {
        found(format!("{lines} lines, more than {max}"));
    }
    if path.starts_with("docs/decisions/") && lines > DECISION_LINES_MAX {
        found(format!("{lines} lines, more than a page ({DECISION_LINES_MAX})"));
    }
    if path.ends_with("/src/lib.rs") && !text.contains("This crate never") {
        found("its head does not say what this crate never does".to_string());
    }
    if path.ends_with("package-lock.json") && text.contains("\"resolved\": \"http") {
        found(
            "records download addresses; hint: npm config set omit-lockfile-registry-resolved true --location project"
                .to_string(),
        );
    }
    if !path.starts_with("xtask/") && [concat!("/wor", "k/"), concat!("/ro", "ot/")].iter().any(|machine| text.contains(machine))
    {
        found("names a path of one machine".to_string());
    }
    let logs = LOGS.iter().filter(|_| path.starts_with("crates/") && path.contains("/src/"));
    for said in logs.flat_map(|log| text.split(log).skip(1)).map(arguments) {
        if let Some(word) = BANNED_IN_LOGS.iter().find(|word| said.contains(**word)) {
            found(format!("`{word}` in a log, which must not say who does what: {said}"));
        }
    }
    let rules = path.starts_with("crates/rules/src/") && path.ends_with(".rs") && !path.contains("tests");
    for (line, number) in text.lines().zip(1..).take_while(|(line, _)| rules && line.trim() != "#[cfg(test)]") {
        let code = line.split("//").next().unwrap_or_default();
        if let Some(word) = BANNED_IN_RULES.iter().find(|word| code.contains(**word)) {
            found(format!("line {number}: {word} in the rules"));
        }
    }
    findings
}

/// What stands before the parenthesis that closes a call.
fn arguments(after_opening: &str) -> &str {
    let mut depth = 1_usize;
    let end = after_opening.find(|letter| {
        depth = match letter {
            '(' => depth + 1,
            ')' => depth - 1,
            _ => depth,
        };
        depth == 0
    });
    after_opening.get(..end.unwrap_or(after_opening.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_finding_is_found_once() {
        let long = "fn f() {}\n".repeat(LINES_MAX + 1);
        for (path, text, findings) in [
            ("crates/node/src/a.rs", "fn f() {}", 0),
            ("crates/node/src/a.rs", long.as_str(), 1),
            ("crates/node/src/lib.rs", "//! Nothing said.", 1),
            ("crates/node/src/lib.rs", "//! This crate never sleeps.", 0),
            ("README.md", &"line\n".repeat(81), 1),
            ("docs/decisions/0001-a.md", &"line\n".repeat(61), 1),
            ("a/package-lock.json", "\"resolved\": \"https://example.org\"", 1),
            ("docs/a.md", concat!("see /wor", "k/a"), 1),
            ("crates/rules/src/a.rs", "let x: HashMap<u8, u8>;", 1),
            ("crates/node/src/a.rs", "tracing::warn!(height, \"a block is refused\");", 0),
            ("crates/node/src/a.rs", "tracing::warn!(\n  %sender,\n \"a transaction is refused\");", 1),
            ("crates/server/src/a.rs", "tracing::debug!(?address, \"asks\"); let account = 1;", 1),
            ("crates/node/tests/a.rs", "tracing::debug!(?address, \"asks\");", 0),
            ("crates/rules/src/a.rs", "// no HashMap here", 0),
            ("crates/rules/src/a.rs", "#[cfg(test)]\nmod tests { fn f() { None::<u8>.unwrap(); } }", 0),
            ("crates/rules/src/a/tests.rs", "x.unwrap()", 0),
            ("crates/node/src/a.rs", "x.unwrap()", 0),
        ] {
            assert_eq!(check(path, text).len(), findings, "{path}: {:?}", check(path, text));
        }
    }
}
