//! Chores of the repository: `cargo run -p xtask -- tidy`.
//!
//! This crate never builds or tests anything, and imports none of ours.

mod edges;
mod files;
mod licences;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(),
        _ => {
            eprintln!(
                "usage: cargo run -p xtask -- tidy\n\ntidy  holds the table of imports, the licences, and what files may say"
            );
            ExitCode::from(2)
        }
    }
}

/// Every check, all findings, then the verdict.
fn tidy() -> ExitCode {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let metadata = metadata(root);
    let mut findings = edges::check(&metadata);
    findings.extend(licences::check(&metadata));
    let files = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root));
    for path in files.lines() {
        // What is not text, or was deleted and not committed yet, is not read.
        let Ok(text) = std::fs::read_to_string(format!("{root}/{path}")) else { continue };
        findings.extend(files::check(path, &text));
    }
    println!("advisories: not checked here; `cargo deny check advisories` does, where its database can be reached");
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: imports, licences of {} packages and {} files hold", metadata.packages.len(), files.lines().count());
        return ExitCode::SUCCESS;
    }
    eprintln!("tidy: {} findings", findings.len());
    ExitCode::FAILURE
}

/// What a node is built for; packages that only other platforms need are not built and not looked at.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What `cargo metadata` says, as far as it is asked.
struct Metadata {
    packages: Vec<Package>,
    /// Names of what the rules are built with.
    below_rules: std::collections::BTreeSet<String>,
}

struct Package {
    name: String,
    licence: Option<String>,
    /// One of this workspace.
    ours: bool,
    /// Names of direct dependencies, for tests too.
    dependencies: Vec<String>,
}

fn metadata(root: &str) -> Metadata {
    let json = output(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM])
            .current_dir(root),
    );
    let json: serde_json::Value = serde_json::from_str(&json).expect("cargo metadata prints JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let members: Vec<String> = list(&json["workspace_members"]).iter().map(text).collect();
    let packages = list(&json["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            licence: package["license"].as_str().map(str::to_string),
            ours: members.contains(&text(&package["id"])),
            dependencies: list(&package["dependencies"]).iter().map(|dependency| text(&dependency["name"])).collect(),
        })
        .collect();
    // Not from the JSON: that is for the whole workspace at once, with features that the rules alone do not ask for.
    let tree = ["tree", "--locked", "-p", "dure-rules", "-e", "normal,build", "--prefix", "none", "--target", PLATFORM];
    let tree = output(Command::new("cargo").args(tree).current_dir(root));
    let below_rules = tree.lines().skip(1).filter_map(|line| line.split(' ').next()).map(str::to_string).collect();
    Metadata { packages, below_rules }
}

fn output(command: &mut Command) -> String {
    let out = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}
