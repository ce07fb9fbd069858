//! `dure keys`: keys in encrypted files, as other Ethereum programs keep them (Web3 Secret Storage, version 3).

use crate::say::{Problem, help, line, nearest, table};
use alloy_primitives::Address;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Everybody knows these words: Hardhat, Foundry and anvil use them. Only a chain of `dure dev` gives the accounts rights.
const TEST_WORDS: &str = "test test test test test test test test test test test junk";
/// How many of the test accounts have names.
pub const TEST_ACCOUNTS: u32 = 10;

/// Make, list and show keys.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure keys new anna\n  dure keys list\n  dure keys show anna --secret\n\n`test/0` to `test/9` name the well-known test accounts, which are members of a chain of `dure dev`.")
)]
pub struct Keys {
    #[command(flatten)]
    folder: Folder,
    #[command(subcommand)]
    command: Command,
}

/// Where the key files are.
#[derive(clap::Args, Clone, Debug)]
pub struct Folder {
    /// Folder of the key files.
    #[arg(long = "keys", value_name = "DIR", env = "DURE_KEYS", global = true)]
    dir: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key, encrypted with a password (asked for, or DURE_PASSWORD).
    New {
        /// What you call it: letters, digits, `-` and `_`.
        name: String,
    },
    /// List the keys and their addresses.
    List,
    /// Show one key's address; with --secret the key itself.
    Show {
        name: String,
        /// Also print the secret key. Whoever has it can act as you.
        #[arg(long)]
        secret: bool,
    },
}

impl Keys {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        match self.command {
            Command::New { name } => {
                let address = self.folder.make(&name)?;
                if json {
                    line(&json!({ "name": name, "address": address }));
                } else {
                    println!("{name}  {address}");
                    eprintln!("The password cannot be recovered: write it down.");
                }
            }
            Command::List => list(&self.folder.all()?, json),
            Command::Show { name, secret } => {
                let address = self.folder.address(&name)?;
                let secret = secret.then(|| self.folder.open(&name)).transpose()?.map(|key| key.to_bytes());
                if json {
                    line(&json!({ "name": name, "address": address, "secret": secret }));
                } else {
                    println!("{name}  {address}");
                    secret.iter().for_each(|secret| println!("{secret}"));
                }
            }
        }
        Ok(())
    }
}

fn list(keys: &[(String, Address)], json: bool) {
    if json {
        keys.iter().for_each(|(name, address)| line(&json!({ "name": name, "address": address })));
    } else if keys.is_empty() {
        eprintln!("No keys yet. Make one: dure keys new NAME");
    } else {
        let rows: Vec<_> = keys.iter().map(|(name, address)| vec![name.clone(), address.to_string()]).collect();
        print!("{}", table(&["name", "address"], &rows));
    }
}

impl Folder {
    /// The key called `name`: a test account, or a file whose password is asked for.
    ///
    /// # Errors
    /// Where there is no such key, or the password does not open it.
    pub fn open(&self, name: &str) -> Result<PrivateKeySigner, Problem> {
        if let Some(index) = name.strip_prefix("test/") {
            return test_key(index);
        }
        let path = self.existing(name)?;
        let password = password(&format!("Password of `{name}`: "))?;
        PrivateKeySigner::decrypt_keystore(&path, password)
            .map_err(|_| Problem::usage(format!("the password does not open {}", path.display())))
    }

    /// # Errors
    /// Where there is no such key.
    pub fn address(&self, name: &str) -> Result<Address, Problem> {
        if let Some(index) = name.strip_prefix("test/") {
            return test_key(index).map(|key| key.address());
        }
        address_in(&self.existing(name)?)
    }

    /// Names and addresses of the key files, by name.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn all(&self) -> Result<Vec<(String, Address)>, Problem> {
        let mut keys = Vec::new();
        for name in self.names()? {
            keys.push((name.clone(), address_in(&self.path(&name)?)?));
        }
        Ok(keys)
    }

    fn make(&self, name: &str) -> Result<Address, Problem> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(Problem::usage(format!("`{name}` cannot name a key")).hint("use letters, digits, `-` and `_`"));
        }
        let path = self.path(name)?;
        if path.exists() {
            return Err(
                Problem::refused(format!("there is a key called `{name}`: {}", path.display())).hint("choose another name")
            );
        }
        let folder = self.dir()?;
        std::fs::create_dir_all(&folder).map_err(|error| Problem::unreachable(format!("{}: {error}", folder.display())))?;
        let password = password(&format!("New password of `{name}`: "))?;
        if password.is_empty() {
            return Err(Problem::usage("the password is empty").hint("type one, or set DURE_PASSWORD"));
        }
        let key = PrivateKeySigner::random();
        let file = format!("{name}.json");
        PrivateKeySigner::encrypt_keystore(&folder, &mut rand::thread_rng(), key.to_bytes(), password, Some(&file))
            .map_err(|error| Problem::unreachable(format!("{}: {error}", path.display())))?;
        write_address(&path, key.address())?;
        Ok(key.address())
    }

    fn existing(&self, name: &str) -> Result<PathBuf, Problem> {
        let path = self.path(name)?;
        if path.exists() {
            return Ok(path);
        }
        let names = self.names()?;
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("is it `{near}`?"),
            None => format!("make it: dure keys new {name}; or use a test account: test/0"),
        };
        Err(Problem::refused(format!("there is no key called `{name}`")).hint(hint))
    }

    fn names(&self) -> Result<Vec<String>, Problem> {
        let folder = self.dir()?;
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.strip_suffix(".json")?.to_owned());
        let mut names: Vec<_> = entries.flatten().filter_map(|entry| name(entry.path())).collect();
        names.sort();
        Ok(names)
    }

    fn path(&self, name: &str) -> Result<PathBuf, Problem> {
        Ok(self.dir()?.join(format!("{name}.json")))
    }

    /// XDG Base Directory Specification: `$XDG_DATA_HOME`, else `~/.local/share`.
    fn dir(&self) -> Result<PathBuf, Problem> {
        let data = || match std::env::var_os("XDG_DATA_HOME") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")),
        };
        let found = self.dir.clone().or_else(|| Some(data()?.join("dure/keys")));
        found.ok_or_else(|| Problem::usage("there is no home folder to keep keys in").hint("name one with --keys DIR"))
    }
}

/// One of the well-known test accounts.
///
/// # Errors
/// Where `index` is none of theirs.
pub fn test_key(index: &str) -> Result<PrivateKeySigner, Problem> {
    let found = index.parse::<u32>().ok().filter(|index| *index < TEST_ACCOUNTS);
    let index = found
        .ok_or_else(|| Problem::usage(format!("there is no test account `test/{index}`")).hint("they are test/0 to test/9"))?;
    let path = format!("m/44'/60'/0'/0/{index}");
    let built = MnemonicBuilder::english().phrase(TEST_WORDS).derivation_path(path).and_then(|builder| builder.build());
    built.map_err(Problem::fault)
}

fn password(question: &str) -> Result<String, Problem> {
    match std::env::var("DURE_PASSWORD") {
        Ok(password) => Ok(password),
        Err(_) => rpassword::prompt_password(question)
            .map_err(|_| Problem::usage("there is no terminal to ask for the password on").hint("set DURE_PASSWORD")),
    }
}

fn address_in(path: &Path) -> Result<Address, Problem> {
    let unreadable = |why: String| Problem::unreachable(format!("{} is no key file: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    let address = value["address"].as_str().and_then(|text| text.parse().ok());
    address.ok_or_else(|| unreadable("it names no address".into()))
}

/// The format's optional field, so that listing needs no password.
fn write_address(path: &Path, address: Address) -> Result<(), Problem> {
    let text = std::fs::read_to_string(path).map_err(Problem::fault)?;
    let mut value: Value = serde_json::from_str(&text).map_err(Problem::fault)?;
    value["address"] = json!(address);
    std::fs::write(path, value.to_string()).map_err(Problem::unreachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_accounts_are_the_ones_everybody_knows() {
        let first = test_key("0").expect("first").address();
        assert_eq!(first.to_string(), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        assert!(test_key("10").is_err() && test_key("x").is_err());
    }
}
