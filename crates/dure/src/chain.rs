//! The folder of a development chain: its genesis, its lock, and how it is brought up.

use crate::{
    args::keys::{TEST_ACCOUNTS, test_key},
    say::Problem,
    seal,
    town::people::People,
};
use alloy_primitives::{Address, B256};
use dure_execution::{
    Class, Quota,
    gas::BLOCK_GAS,
    genesis::{Genesis as Records, GenesisAccount},
};
use dure_gateways::key;
use dure_node::{
    app::Secret,
    disk::Config,
    genesis::Genesis,
    network::{self, Seat, public_key},
};
use dure_rules::{
    Draft, Env, Memory, Verifier,
    credits::{self, CreditId, Kind},
    roles::{self, Role},
};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// EIP-155 chain id of every development chain.
pub const CHAIN_ID: u64 = 20_260;
/// What each test account begins with, minor units of the town's credit.
pub const TEST_MONEY: u128 = 1_000_000;
/// The town's own money: a reserve credit that `test/0` issues.
pub const CREDIT: u32 = 1;

/// A validator's key, in the folder of its chain.
const VALIDATOR_KEY: &str = "validator.key";
const VALIDATOR_KIND: &str = "ed25519";
/// Held by the process that uses the folder.
const LOCK: &str = "lock";

/// An account that a person asked for in `--accounts FILE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub address: Address,
    pub class: Class,
    pub quota: Option<Quota>,
}

/// The folder, held by this process alone.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// Where it cannot be made, or another process holds it.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let unusable = |error| unusable(path, &error);
        std::fs::create_dir_all(path).map_err(unusable)?;
        let lock = File::create(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Problem::unreachable(format!("another dure runs on {}", path.display()))
                .hint("stop it, or name another folder with --data DIR")),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// The chain of this folder: its genesis as it was, or `make`'s written down.
    ///
    /// # Errors
    /// Where the genesis cannot be read or written.
    pub fn genesis(&self, make: impl FnOnce() -> Result<Genesis, Problem>) -> Result<Genesis, Problem> {
        let file = self.path.join("genesis.json");
        match std::fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| {
                Problem::usage(format!("{} is no genesis of this version of dure: {error}", file.display())).hint(format!(
                    "nothing was changed: go on with the version that made it, or remove {} to begin anew",
                    self.path.display()
                ))
            }),
            Err(_) => {
                let genesis = make()?;
                let text = serde_json::to_string(&genesis).map_err(Problem::fault)?;
                // Written beside and renamed, so that a crash leaves a whole file or none.
                let beside = file.with_extension("part");
                let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &file));
                written.map_err(|error| Problem::unreachable(format!("{}: {error}", file.display())))?;
                Ok(genesis)
            }
        }
    }

    /// How the chain of this folder is run by itself: all validators of a development chain, else the one whose key is here.
    ///
    /// # Errors
    /// Where no port is free, or there is no key.
    pub fn alone(&self, genesis: Genesis, speed: Option<u32>) -> Result<Config, Problem> {
        let seats = match genesis.seed {
            Some(seed) => seats(Genesis::development_keys(seed, genesis.validators.len() as u64), Some(0))?,
            None => seats(vec![self.validator()?], self.votes_above()?)?,
        };
        Ok(Config { folder: self.path.clone(), genesis, seats, peers: Vec::new(), upstreams: Vec::new(), speed })
    }

    /// Makes a validator's key in this folder and gives its public half.
    ///
    /// # Errors
    /// Where there is one already, or it cannot be written.
    pub fn make_validator(&self) -> Result<B256, Problem> {
        let secret = network::new_secret();
        let written = key::write(&self.path.join(VALIDATOR_KEY), VALIDATOR_KIND, &secret);
        written.map_err(|error| {
            Problem::usage(error).hint("a validator's key is made once; `dure init` shows the one that is here")
        })?;
        self.seal(0)?;
        Ok(public_key(&self.validator()?))
    }

    /// Above which height the validator of this folder may vote; nothing where it must watch first ([`seal`]).
    ///
    /// # Errors
    /// Where the folder cannot be used.
    pub fn votes_above(&self) -> Result<Option<u64>, Problem> {
        seal::votes_above(&self.path, public_key(&self.validator()?)).map_err(|error| self.unusable(&error))
    }

    /// Says that the validator of this folder may vote above `height`.
    ///
    /// # Errors
    /// Where the folder cannot be used.
    pub fn seal(&self, height: u64) -> Result<(), Problem> {
        seal::seal(&self.path, public_key(&self.validator()?), height).map_err(|error| self.unusable(&error))
    }

    fn unusable(&self, error: &std::io::Error) -> Problem {
        unusable(&self.path, error)
    }

    pub fn has_validator(&self) -> bool {
        self.path.join(VALIDATOR_KEY).exists()
    }

    /// The validator's key of this folder.
    ///
    /// # Errors
    /// Where there is none, others could read it, or it is none.
    pub fn validator(&self) -> Result<Secret, Problem> {
        validator(&self.path)
    }

    /// Whether a process holds the folder at `path`.
    pub fn in_use(path: &Path) -> bool {
        File::open(path.join(LOCK)).is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Whether a chain lives here.
    pub fn has_chain(&self) -> bool {
        self.path.join("genesis.json").exists()
    }

    /// Removes the index; blocks make it again.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn remove_index(&self) -> Result<(), Problem> {
        for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
            let file = self.path.join(name);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Problem::unreachable(format!("{}: {error}", file.display())));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn unusable(folder: &Path, error: &std::io::Error) -> Problem {
    Problem::unreachable(format!("the folder {} cannot be used: {error}", folder.display()))
}

/// The validator's key in `folder`.
///
/// # Errors
/// Where there is none, others could read it, or it is none.
pub fn validator(folder: &Path) -> Result<Secret, Problem> {
    let file = folder.join(VALIDATOR_KEY);
    if !file.exists() {
        return Err(Problem::usage(format!("there is no validator's key in {}", folder.display()))
            .hint(format!("make one: dure init --data {}", folder.display())));
    }
    let (kind, secret) = key::read(&file).map_err(Problem::usage)?;
    let secret = if kind == VALIDATOR_KIND { network::secret_of(&secret) } else { None };
    secret.ok_or_else(|| Problem::usage(format!("{} is no validator's key; expected `{VALIDATOR_KIND} HEX`", file.display())))
}

/// Validators of this process, each on a port of the loopback that is free now.
fn seats(keys: Vec<Secret>, votes_above: Option<u64>) -> Result<Vec<Seat>, Problem> {
    // Held until all are known, so that no two are the same.
    let free = |_: &_| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0));
    let ports = keys.iter().map(free).collect::<Result<Vec<_>, _>>();
    let ports = ports.map_err(|error| Problem::unreachable(format!("no port is free: {error}")))?;
    let address = |port: &std::net::TcpListener| port.local_addr().map_err(Problem::fault);
    keys.into_iter()
        .zip(&ports)
        .map(|(secret, port)| {
            let listen = address(port)?;
            Ok(Seat { secret, listen, reach: listen, votes_above })
        })
        .collect()
}

/// The genesis of a development chain of `validators`: the test accounts and the town's people are members with money of the town, and its
/// courier is a carrier; `test/0` and the town's operator may run grids.
///
/// # Errors
/// A fault of this program: the rules refuse what it writes.
pub fn genesis(seed: u64, time_ms: u64, asked: &[Asked], validators: u64) -> Result<Genesis, Problem> {
    let mut accounts = Vec::new();
    for index in 0..TEST_ACCOUNTS {
        accounts.push(GenesisAccount::plain(test_key(&index.to_string())?.address(), Class::Member));
    }
    let issuer = accounts[0].address;
    let people = People::new(seed);
    accounts.extend(people.named().into_iter().map(|(address, _)| GenesisAccount::plain(address, Class::Member)));
    accounts.extend(
        asked.iter().map(|asked| GenesisAccount { quota: asked.quota, ..GenesisAccount::plain(asked.address, asked.class) }),
    );
    let all: Vec<Address> = accounts.iter().map(|account| account.address).collect();
    let records = institutions(issuer, &people, &all, time_ms)
        .map_err(|failure| Problem::fault(format!("the genesis is refused: {failure:?}")))?;
    let records = Records { accounts, records: records.0 }.records();
    let keys = Genesis::development_keys(seed, validators);
    let mut validators: Vec<B256> = keys.iter().map(network::public_key).collect();
    validators.sort_unstable();
    Ok(Genesis { chain_id: CHAIN_ID, time_ms, gas_limit: BLOCK_GAS, validators, seed: Some(seed), records })
}

/// What the institutions begin with: one credit, its issuer, and who may grant roles.
fn institutions(issuer: Address, people: &People, all: &[Address], time_ms: u64) -> Result<Memory, dure_rules::Failure> {
    let mut memory = Memory::default();
    let env = Env { chain_id: CHAIN_ID, height: 0, time_ms, caller: issuer, key: None };
    let mut draft = Draft::new(&mut memory, &NobodySigns, env);
    let credit = credits::create(&mut draft, "Town credit".into(), "TOWN".into(), 2, None, Kind::Reserve { issuer })?;
    debug_assert_eq!(credit, CreditId::nth(CREDIT));
    for person in all {
        credits::issue(&mut draft, credit, *person, TEST_MONEY)?;
    }
    for role in Role::ALL {
        roles::recognise(&mut draft, role, issuer);
    }
    let until_ms = time_ms.saturating_add(roles::GRANT_MAX_MS);
    let operators = [people.operator.address(), issuer].map(|operator| (Role::GridOperator, operator));
    for (role, to) in [(Role::Carrier, people.courier.address())].into_iter().chain(operators) {
        roles::apply(&mut draft, roles::Action::Grant { role, to, until_ms })?;
    }
    let effects = draft.into_effects();
    memory.commit(&effects);
    Ok(memory)
}

/// At genesis nothing is signed.
pub struct NobodySigns;

impl Verifier for NobodySigns {
    fn p256(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }

    fn secp256k1(&self, _: &[u8; 64], _: &B256, _: &[u8; 64]) -> bool {
        false
    }
}

/// Reads `--accounts FILE`: an address, a class and optionally gas per millisecond and cap a line; `#` begins a comment.
///
/// # Errors
/// The first line that is wrong, by its number.
pub fn accounts(text: &str) -> Result<Vec<Asked>, Problem> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
        if !words.is_empty() {
            let wrong = |what: String| {
                Problem::usage(format!("line {}: {what}", number + 1))
                    .hint("write: 0xADDRESS member|organisation|newcomer [GAS_PER_MS CAP_GAS]")
            };
            all.push(account(&words).map_err(wrong)?);
        }
    }
    Ok(all)
}

fn account(words: &[&str]) -> Result<Asked, String> {
    let address = words[0].parse().map_err(|_| format!("`{}` is no address", words[0]))?;
    let class = match words.get(1) {
        Some(&"newcomer") => Class::Newcomer,
        None | Some(&"member") => Class::Member,
        Some(&"organisation") => Class::Organisation,
        Some(other) => return Err(format!("`{other}` is no class")),
    };
    let number = |word: &str| word.replace('_', "").parse::<u64>().map_err(|_| format!("`{word}` is no number of gas"));
    let quota = match words.get(2..).unwrap_or_default() {
        [] => None,
        [gas_per_ms, cap_gas] => Some(Quota { gas_per_ms: number(gas_per_ms)?, cap_gas: number(cap_gas)? }),
        _ => return Err("an allowance is two numbers".into()),
    };
    Ok(Asked { address, class, quota })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_line_by_line() {
        let a = Address::repeat_byte(0x11);
        let text = format!("# who\n{a} organisation 20_000 1000000 # load\n\n{a}\n{a},newcomer\n");
        let quota = Some(Quota { gas_per_ms: 20_000, cap_gas: 1_000_000 });
        let expected = [(Class::Organisation, quota), (Class::Member, None), (Class::Newcomer, None)];
        assert_eq!(accounts(&text).expect("good"), expected.map(|(class, quota)| Asked { address: a, class, quota }));
        for wrong in ["nobody", "0x11", &format!("{a} king"), &format!("{a} member 5"), &format!("{a} member 5 x")] {
            assert!(accounts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_genesis_holds_the_books() {
        let genesis = genesis(1, 1_000, &[], 4).expect("made");
        let all = Memory(genesis.records.iter().filter(|(key, _)| key.0[0] >= 0x10).cloned().collect());
        assert_eq!(dure_rules::audit(&all), Ok(vec![]));
        assert_eq!(super::genesis(1, 1_000, &[], 4).expect("made"), genesis);
    }
}
