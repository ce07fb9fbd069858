//! What `--help` teaches, kept word by word: a changed file under tests/help shows in review what people will read.
//! To take a change over: DURE_WRITE_HELP=1 cargo test -p dure --test help

use std::{path::Path, process::Command};

const COMMANDS: [&str; 34] = [
    "",
    "dev",
    "init",
    "genesis",
    "node",
    "doctor",
    "follow",
    "town",
    "home",
    "home init",
    "home pair",
    "home key",
    "shop",
    "orders",
    "orders list",
    "orders show",
    "energy",
    "energy open",
    "energy attest",
    "energy show",
    "energy solve",
    "energy port",
    "energy audit",
    "energy meter",
    "tx",
    "call",
    "prove",
    "verify",
    "keys",
    "keys new",
    "accounts",
    "index",
    "index rebuild",
    "completions",
];

#[test]
fn the_help_of_every_command_is_as_written_down() {
    let mut wrong = Vec::new();
    for command in COMMANDS {
        let mut dure = Command::new(env!("CARGO_BIN_EXE_dure"));
        dure.args(command.split_whitespace()).arg("--help").env_clear().env("COLUMNS", "100");
        let output = dure.output().expect("dure runs");
        assert!(output.status.success(), "dure {command} --help: {output:?}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.contains("Exit codes:") || command.contains(' '), "dure {command} --help names no exit codes");
        let name = format!("dure {command}").trim().replace(' ', "-");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/help").join(name + ".txt");
        if std::env::var_os("DURE_WRITE_HELP").is_some() {
            std::fs::write(&file, &text).expect("the file is written");
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            wrong.push(file);
        }
    }
    assert_eq!(wrong, Vec::<std::path::PathBuf>::new(), "help differs from these files");
}

#[test]
fn unknown_words_are_answered_with_the_nearest_and_exit_2() {
    for (args, hint) in [(&["acounts"][..], "accounts"), (&["dev", "--sped", "5"], "--speed"), (&["keys", "lst"], "list")] {
        let output = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).output().expect("dure runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text.contains(hint), "{args:?}: {text}");
    }
}

#[test]
fn errors_say_what_failed_and_what_to_do() {
    // (arguments, exit code, words of the error, words of the hint)
    let nobody = "http://127.0.0.1:9"; // port 9 is discard; nothing of ours listens there
    for (args, exit, what, hint) in [
        (&["accounts", "test/0", "--rpc", nobody][..], 3, "no node answers", "dure dev"),
        (&["call", "credits", "f(", "--rpc", nobody], 2, "names no function", "balanceOf(address)(uint256)"),
        (&["tx", "--from", "test/99", "credits", "--rpc", nobody], 2, "test/99", "test/0 to test/9"),
        (&["dev", "--http", "nowhere", "--data", "/proc/none"], 2, "no address to listen on", "localhost:8545"),
        (&["index", "rebuild", "--data", "/proc/none"], 1, "no chain in /proc/none", "--data DIR"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).output().expect("dure runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {text}");
        assert!(text.starts_with("error: ") && text.contains(what), "{args:?}: {text}");
        assert!(text.contains("\nhint: ") && text.contains(hint), "{args:?}: {text}");
        let json = Command::new(env!("CARGO_BIN_EXE_dure")).args(args).arg("--json").output().expect("dure runs");
        let error: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one JSON object");
        assert_eq!(error["error"]["exit"], exit, "{args:?}");
    }
}
