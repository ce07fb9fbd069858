//! `home.toml`: which broker, which devices, which topics.

use super::filter::Kind;
use crate::config::{ConfigError, all_problems, read};
use crate::mqtt::{Mqtt, is_plain};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Devices of one gateway.
pub const DEVICES_MAX: usize = 32;
/// What `[mqtt]` says where it says nothing: the gateway's name on the broker, and the prefix that Home Assistant begins with.
const CLIENT: &str = "dure-home";
const DISCOVERY: &str = "homeassistant";
/// A drop that no machine makes by itself, percent of the capacity an hour, where the file names none.
pub const DROP_PERCENT_PER_HOUR: u8 = 50;

/// The whole file. Paths in it are relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// A node of the chain.
    #[serde(default = "default_rpc")]
    pub rpc: String,
    /// Folder for counters and delivery codes.
    #[serde(default = "default_state")]
    pub state: PathBuf,
    /// The gateway's own key file: an account that needs no money and no rights, and an access key of owners who let it in.
    pub relay: PathBuf,
    pub mqtt: Mqtt,
    #[serde(rename = "device", default)]
    pub devices: Vec<Device>,
}

/// A machine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What you call it: part of topics, so letters, digits, `-` and `_`.
    pub name: String,
    /// Key file of the device: `p256 HEX` or `secp256k1 HEX`.
    pub key: PathBuf,
    /// The device's id on the chain. After a new key it stays the old one.
    pub id: alloy_primitives::B256,
    /// File with the salt (hex) in its first line and the delivery address below.
    pub address: PathBuf,
    /// Key file of the owner, only to offer the buttons approve and cancel: whoever reaches the broker can press them.
    pub owner: Option<PathBuf>,
    #[serde(rename = "slot", default)]
    pub slots: Vec<Slot>,
}

/// What it consumes, and how its level is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    pub number: u8,
    /// What people call it: `Detergent`.
    pub name: String,
    #[serde(default)]
    pub input: Kind,
    /// Where readings come: a number, `ON`/`OFF`, or JSON with `field`.
    pub topic: String,
    /// JSON pointer to the reading, such as `/detergent/level`.
    pub field: Option<String>,
    /// Where the rising total of what was used comes, for `usage` (instead of `topic`'s level) and `both` (beside it).
    pub usage_topic: Option<String>,
    /// Readings are percent of the capacity.
    #[serde(default)]
    pub percent: bool,
    /// Highest plausible drop in an hour, percent of the capacity.
    #[serde(default = "default_drop")]
    pub drop_percent_per_hour: u8,
}

fn default_rpc() -> String {
    "http://localhost:8545".into()
}
fn default_state() -> PathBuf {
    "home-state".into()
}
const fn default_drop() -> u8 {
    DROP_PERCENT_PER_HOUR
}

impl Home {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`]: every problem of the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut home: Self = read(path)?;
        all_problems(path, home.problems())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        home.state = folder.join(&home.state);
        home.relay = folder.join(&home.relay);
        for device in &mut home.devices {
            device.key = folder.join(&device.key);
            device.address = folder.join(&device.address);
            device.owner = device.owner.take().map(|owner| folder.join(owner));
        }
        Ok(home)
    }

    /// This gateway's name on the broker.
    pub fn client(&self) -> &str {
        self.mqtt.client.as_deref().unwrap_or(CLIENT)
    }

    /// Home Assistant's discovery prefix; empty: no discovery.
    pub fn discovery(&self) -> &str {
        self.mqtt.discovery.as_deref().unwrap_or(DISCOVERY)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.devices.is_empty() || self.devices.len() > DEVICES_MAX {
            problems.push(format!("{} devices, expected 1 to {DEVICES_MAX}: write [[device]]", self.devices.len()));
        }
        problems.extend(self.mqtt.problems());
        for (index, device) in self.devices.iter().enumerate() {
            if !is_plain(&device.name) {
                problems.push(format!("device `{}`: use letters, digits, `-` and `_`", device.name));
            }
            if self.devices[..index].iter().any(|earlier| earlier.name == device.name) {
                problems.push(format!("two devices are called `{}`", device.name));
            }
            if device.slots.is_empty() {
                problems.push(format!("device `{}` has no slot: write [[device.slot]]", device.name));
            }
            for slot in &device.slots {
                if slot.input == Kind::Both && slot.usage_topic.is_none() {
                    problems.push(format!("slot {} of `{}`: input `both` needs usage_topic", slot.number, device.name));
                }
                if slot.number >= dure_rules::orders::SLOTS_MAX {
                    problems.push(format!(
                        "slot {} of `{}`: numbers end at {}",
                        slot.number,
                        device.name,
                        dure_rules::orders::SLOTS_MAX - 1
                    ));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Home, ConfigError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("home.toml");
        std::fs::write(&path, text).expect("written");
        Home::read(&path)
    }

    const GOOD: &str = r#"
relay = "relay.key"
[mqtt]
broker = "localhost:1883"
[[device]]
name = "washer"
key = "washer.key"
id = "0x0101010101010101010101010101010101010101010101010101010101010101"
address = "address.txt"
[[device.slot]]
number = 0
name = "Detergent"
topic = "washer/detergent"
"#;

    #[test]
    fn a_short_file_is_enough_and_paths_are_beside_it() {
        let home = of(GOOD).expect("good");
        assert_eq!(home.rpc, "http://localhost:8545");
        assert_eq!((home.client(), home.discovery(), home.mqtt.login(CLIENT).port), ("dure-home", "homeassistant", 1883));
        assert!(home.relay.is_absolute() && home.devices[0].key.ends_with("washer.key"));
        assert_eq!(home.devices[0].slots[0].input, Kind::Level);
    }

    #[test]
    fn what_is_wrong_is_said_at_once_and_all_of_it() {
        let error = of(&GOOD.replace("localhost:1883", "nowhere").replace("\"washer\"", "\"wash er\"")).expect_err("refused");
        assert!(error.what.contains("broker `nowhere`") && error.what.contains("device `wash er`"), "{error}");
        let error = of(&GOOD.replace("topic =", "topics =")).expect_err("refused");
        assert_eq!(error.hint.as_deref(), Some("is it `topic`?"));
        let both = of(&format!("{GOOD}input = \"both\"\n")).expect_err("refused");
        assert!(both.what.contains("usage_topic"), "{both}");
    }
}
