//! `port.toml`: where a grid operator's events come from, and which of the market's zones they are about.

use crate::config::{ConfigError, all_problems, read};
use alloy_primitives::B256;
use dure_rules::energy::ZONES_MAX;
use serde::Deserialize;
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// The whole file. Paths in it are relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortFile {
    /// A node of the chain; what the command says goes before it.
    pub rpc: Option<String>,
    /// Key file of the market's operator.
    pub key: PathBuf,
    pub market: B256,
    /// Folder of what must not be forgotten: events, and what they changed.
    #[serde(default = "default_state")]
    pub state: PathBuf,
    #[serde(default = "default_poll")]
    pub poll_seconds: f64,
    pub vtn: VtnFile,
    #[serde(rename = "target")]
    pub targets: Vec<TargetFile>,
}

/// The server that events come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VtnFile {
    /// Of its interface, as `https://vtn.example/openadr3/3.1.0`.
    pub url: String,
    /// Where tokens are had; the default is `URL/auth/token`.
    pub token_url: Option<String>,
    pub client_id: String,
    /// File of the client's secret: one line, readable by its owner alone.
    pub secret: PathBuf,
    /// Name or id of the program.
    pub program: String,
    /// How reports call who sends them.
    #[serde(default = "default_client")]
    pub client_name: String,
}

/// What a target of an event means here.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    pub name: String,
    /// The zone's name.
    pub zone: String,
}

fn default_state() -> PathBuf {
    "port-state".into()
}
const fn default_poll() -> f64 {
    5.0
}
fn default_client() -> String {
    "dure-port".into()
}

/// Characters of a name in the standard.
const NAME_MAX: usize = 128;

impl PortFile {
    /// # Errors
    /// [`ConfigError`]: every problem of the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut file: Self = read(path)?;
        all_problems(path, file.problems())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for of in [&mut file.key, &mut file.state, &mut file.vtn.secret] {
            *of = folder.join(&of);
        }
        Ok(file)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, url) in [("url", Some(&self.vtn.url)), ("token_url", self.vtn.token_url.as_ref())] {
            if let Some(url) = url.filter(|url| !is_private(url)) {
                problems.push(format!(
                    "{name} = {url}: expected https://…, because the secret goes there (http:// only on this machine)"
                ));
            }
        }
        if !(0.1..=3_600.0).contains(&self.poll_seconds) {
            problems.push(format!("poll_seconds = {}: expected 0.1 to 3600", self.poll_seconds));
        }
        for (what, text) in [("program", &self.vtn.program), ("client_name", &self.vtn.client_name)] {
            if text.is_empty() || text.chars().count() > NAME_MAX {
                problems.push(format!("{what}: expected 1 to {NAME_MAX} characters"));
            }
        }
        let names: std::collections::BTreeSet<&str> = self.targets.iter().map(|target| target.name.as_str()).collect();
        if names.len() != self.targets.len() || names.is_empty() || names.len() > 4 * ZONES_MAX as usize {
            problems.push(format!("[[target]]: expected 1 to {}, each with a name of its own", 4 * ZONES_MAX));
        }
        problems
    }

    pub fn poll(&self) -> Duration {
        Duration::from_secs_f64(self.poll_seconds)
    }
}

/// Whether nobody between here and there reads along.
fn is_private(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    let host = uri.host().unwrap_or("").trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PortFile, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        PortFile::read(file.path())
    }

    const GOOD: &str = r#"
key = "operator.key"
market = "0x0000000000000000000000000000000000000000000000000000000000000001"
[vtn]
url = "https://vtn.example/openadr3/3.1.0"
client_id = "operator"
secret = "vtn.secret"
program = "grid"
[[target]]
name = "feeder-7"
zone = "North"
"#;

    #[test]
    fn a_file_is_read_and_what_is_wrong_with_it_is_told() {
        let file = read(GOOD).expect("good");
        assert_eq!((file.targets[0].zone.as_str(), file.poll()), ("North", Duration::from_secs(5)));
        for (url, good) in [
            ("http://127.0.0.1:3000", true),
            ("http://localhost:3000/x", true),
            ("http://[::1]:3000", true),
            ("http://vtn.example", false),
            ("http://127.example", false),
            ("vtn.example", false),
            ("ftp://localhost", false),
        ] {
            let said = read(&GOOD.replace("https://vtn.example/openadr3/3.1.0", url));
            assert_eq!(said.is_ok(), good, "{url}: {said:?}");
        }
        let twice = format!("{GOOD}[[target]]\nname = \"feeder-7\"\nzone = \"South\"\n");
        assert!(read(&twice).expect_err("twice").what.contains("[[target]]"));
        let said = read(&GOOD.replace("program", "programm")).expect_err("unknown");
        assert_eq!(said.hint.as_deref(), Some("is it `program`?"));
    }
}
