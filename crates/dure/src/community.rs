//! A community's beginning, in a file that people read and agree on.

use crate::{chain::NobodySigns, say::Problem};
use alloy_primitives::{Address, B256};
use dure_execution::{
    Class,
    gas::BLOCK_GAS,
    genesis::{Genesis as Records, GenesisAccount},
};
use dure_gateways::config;
use dure_node::genesis::Genesis;
use dure_rules::{
    Amount, Draft, Env, Failure, Memory,
    credits::{self, Kind},
    roles::{self, Role},
};
use serde::Deserialize;
use std::{collections::BTreeSet, path::Path};

/// Most organisations, people, credits and grants of money of a file.
const ENTRIES_MAX: usize = 100_000;

/// Largest chain id: wallets keep it in a double.
const CHAIN_ID_MAX: u64 = 1 << 53;
/// Least gas of a block: the dearest transaction of an institution fits many times. The most is [`BLOCK_GAS`], whose worst block is measured.
const BLOCK_GAS_MIN: u64 = 5_000_000;

/// What `dure genesis --example` prints: what a file can say, with a word on each.
pub const EXAMPLE: &str = include_str!("community.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Community {
    chain_id: u64,
    /// Consensus time of block 0, milliseconds since 1970-01-01 UTC.
    time_ms: u64,
    #[serde(default = "block_gas")]
    block_gas: u64,
    #[serde(default, rename = "organisation")]
    organisations: Vec<Organisation>,
    #[serde(default, rename = "person")]
    people: Vec<Person>,
    #[serde(default, rename = "credit")]
    credits: Vec<Credit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Organisation {
    name: String,
    account: Address,
    /// Its validator's public key, where it runs one.
    validator: Option<B256>,
    /// Roles that it may grant.
    #[serde(default)]
    grants: Vec<RoleName>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    account: Address,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credit {
    name: String,
    symbol: String,
    decimals: u8,
    /// Who issues it against deposits, one unit for one.
    issuer: Address,
    #[serde(default, rename = "issued")]
    issued: Vec<Issued>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issued {
    to: Address,
    /// Minor units.
    amount: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum RoleName {
    Member,
    Maker,
    Arbiter,
    Carrier,
    GridOperator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Member => Self::Member,
            RoleName::Maker => Self::Maker,
            RoleName::Arbiter => Self::Arbiter,
            RoleName::Carrier => Self::Carrier,
            RoleName::GridOperator => Self::GridOperator,
        }
    }
}

const fn block_gas() -> u64 {
    BLOCK_GAS
}

/// Reads the file of a community.
///
/// # Errors
/// The first thing that TOML or a bound refuses, and everything that does not fit together.
pub fn read(path: &Path) -> Result<Community, Problem> {
    let community: Community = config::read(path).map_err(|error| {
        let problem = Problem::usage(&error);
        match error.hint {
            Some(hint) => problem.hint(hint),
            None => problem.hint("`dure genesis --example` prints a file that works"),
        }
    })?;
    config::all_problems(path, community.problems()).map_err(Problem::usage)?;
    Ok(community)
}

impl Community {
    fn problems(&self) -> Vec<String> {
        let mut all = Vec::new();
        let issued = self.credits.iter().map(|credit| credit.issued.len()).sum::<usize>();
        if self.organisations.len() + self.people.len() + self.credits.len() + issued > ENTRIES_MAX {
            return vec![format!("more than {ENTRIES_MAX} entries")];
        }
        if !(1..=CHAIN_ID_MAX).contains(&self.chain_id) {
            all.push(format!("chain_id is {}; 1 to {CHAIN_ID_MAX} are possible", self.chain_id));
        }
        if !(BLOCK_GAS_MIN..=BLOCK_GAS).contains(&self.block_gas) {
            all.push(format!("block_gas is {}; {BLOCK_GAS_MIN} to {BLOCK_GAS} are possible", self.block_gas));
        }
        let mut validators = BTreeSet::new();
        for key in self.organisations.iter().filter_map(|organisation| organisation.validator) {
            if !validators.insert(key) {
                all.push(format!("the validator {key} is there twice"));
            }
        }
        if validators.is_empty() {
            all.push("no organisation has a validator; `dure init` makes one's key".into());
        }
        let mut accounts = BTreeSet::new();
        for account in self.accounts().map(|(account, _)| account) {
            if !accounts.insert(account) {
                all.push(format!("the account {account} is there twice"));
            }
        }
        for credit in &self.credits {
            if !accounts.contains(&credit.issuer) {
                all.push(format!("{} is issued by {}, who is nobody in this file", credit.symbol, credit.issuer));
            }
        }
        all
    }

    fn accounts(&self) -> impl Iterator<Item = (Address, Class)> {
        let organisations = self.organisations.iter().map(|one| (one.account, Class::Organisation));
        organisations.chain(self.people.iter().map(|one| (one.account, Class::Member)))
    }

    /// Names of the organisations with a validator, and their keys.
    pub fn validators(&self) -> impl Iterator<Item = (&str, B256)> {
        self.organisations.iter().filter_map(|one| Some((one.name.as_str(), one.validator?)))
    }

    /// Block 0 and the records of block 1. The same file gives the same, to the byte.
    ///
    /// # Errors
    /// Where the rules refuse what the file says.
    pub fn genesis(&self) -> Result<Genesis, Problem> {
        let records =
            self.institutions().map_err(|failure| Problem::usage(format!("the rules refuse this file: {failure:?}")))?;
        let accounts = self.accounts().map(|(account, class)| GenesisAccount::plain(account, class)).collect();
        let records = Records { accounts, records: records.0 }.records();
        let mut validators: Vec<B256> = self.validators().map(|(_, key)| key).collect();
        validators.sort_unstable();
        let genesis = Genesis {
            chain_id: self.chain_id,
            time_ms: self.time_ms,
            gas_limit: self.block_gas,
            validators,
            seed: None,
            records,
        };
        genesis.committee().map_err(Problem::usage)?;
        Ok(genesis)
    }

    fn institutions(&self) -> Result<Memory, Failure> {
        let mut memory = Memory::default();
        for credit in &self.credits {
            let env = Env { chain_id: self.chain_id, height: 0, time_ms: self.time_ms, caller: credit.issuer, key: None };
            let mut draft = Draft::new(&mut memory, &NobodySigns, env);
            let kind = Kind::Reserve { issuer: credit.issuer };
            let id = credits::create(&mut draft, credit.name.clone(), credit.symbol.clone(), credit.decimals, None, kind)?;
            for issued in &credit.issued {
                credits::issue(&mut draft, id, issued.to, Amount::from(issued.amount))?;
            }
            let effects = draft.into_effects();
            memory.commit(&effects);
        }
        let env = Env { chain_id: self.chain_id, height: 0, time_ms: self.time_ms, caller: Address::ZERO, key: None };
        let mut draft = Draft::new(&mut memory, &NobodySigns, env);
        for organisation in &self.organisations {
            organisation.grants.iter().for_each(|role| roles::recognise(&mut draft, (*role).into(), organisation.account));
        }
        let effects = draft.into_effects();
        memory.commit(&effects);
        Ok(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Community, Problem> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("community.toml");
        std::fs::write(&path, text).expect("written");
        read(&path)
    }

    #[test]
    fn the_example_makes_a_genesis_whose_books_hold_and_whose_hash_is_the_same_again() {
        let [first, again] = [(); 2].map(|()| file(EXAMPLE).expect("good").genesis().expect("fits the rules"));
        assert_eq!((first.hash(), &first), (again.hash(), &again));
        let all = Memory(first.records.iter().filter(|(key, _)| key.0[0] >= 0x10).cloned().collect());
        assert_eq!(dure_rules::audit(&all), Ok(vec![]));
        let other = file(&EXAMPLE.replace("chain_id = 20261", "chain_id = 20262")).expect("good").genesis().expect("fits");
        assert_ne!(first.hash(), other.hash());
    }

    #[test]
    fn what_does_not_fit_together_is_said_all_at_once() {
        let twice = format!("{EXAMPLE}\n[[person]]\naccount = \"0x00000000000000000000000000000000000000a1\"\n");
        for (text, words) in [
            (EXAMPLE.replace("symbol", "symbl"), "unknown field `symbl`"),
            (twice, "is there twice"),
            (EXAMPLE.replace("chain_id = 20261", "chain_id = 0"), "chain_id is 0"),
            (EXAMPLE.replace("# block_gas = 30000000", "block_gas = 30000001"), "block_gas is 30000001"),
            ("chain_id = 1\ntime_ms = 1\n".into(), "no organisation has a validator"),
            (
                EXAMPLE.replace(
                    "issuer = \"0x00000000000000000000000000000000000000a1\"",
                    "issuer = \"0x00000000000000000000000000000000000000ff\"",
                ),
                "nobody in this file",
            ),
        ] {
            let problem = file(&text).expect_err("refused").to_string();
            assert!(problem.contains(words), "{problem}");
        }
    }
}
