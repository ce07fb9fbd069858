//! Who lives in the town: names, keys, what they begin with. Everybody is simulated and says so.
//!
//! Keys come from the town's seed, so that the genesis can know them; whoever knows the seed can act as anybody here.

use super::routine::Dice;
use alloy_primitives::{Address, B256, keccak256};
use alloy_signer_local::PrivateKeySigner;
use dure_gateways::key::DeviceSigner;

/// Households, in the order of their doors.
const HOUSEHOLDS: [(&str, u64); 12] = [
    ("Anders", 2),
    ("Baek", 4),
    ("Castillo", 3),
    ("Demir", 5),
    ("Eriksen", 1),
    ("Fontaine", 2),
    ("Gupta", 4),
    ("Hoffmann", 3),
    ("Ito", 2),
    ("Jung", 4),
    ("Kowalski", 3),
    ("Lindqvist", 1),
];

/// Who lives at the street's last connection, without a washing machine of its own.
const THIRTEENTH: &str = "Moreau";

/// A shop's habits.
#[derive(Clone, Copy, Debug)]
pub struct ShopSketch {
    pub name: &'static str,
    pub gln: &'static str,
    /// For a pack of detergent, minor units.
    pub price: u64,
    /// Of a hundred orders, how many its people forget to ship.
    pub forgets_percent: u64,
}

/// The shops: the cheapest one is the one that forgets.
pub const SHOPS: [ShopSketch; 3] = [
    ShopSketch { name: "Corner Shop", gln: "9521000001015", price: 649, forgets_percent: 0 },
    ShopSketch { name: "River Market", gln: "9521000001022", price: 689, forgets_percent: 0 },
    ShopSketch { name: "Bargain Barn", gln: "9521000001039", price: 499, forgets_percent: 40 },
];

/// A household and its machine.
#[derive(Clone)]
pub struct Household {
    pub name: &'static str,
    pub people: u64,
    pub owner: PrivateKeySigner,
    /// Carries the machine's messages.
    pub relay: PrivateKeySigner,
    pub washer: DeviceSigner,
    pub salt: B256,
    /// Buys from the reliable shops only; the others take the cheapest offer.
    pub careful: bool,
    /// Wants to be asked before each order.
    pub asks: bool,
}

/// Whose power comes through a connection of the street.
#[derive(Clone)]
pub struct Neighbour {
    pub name: &'static str,
    pub owner: PrivateKeySigner,
    /// The key in the meter.
    pub meter: DeviceSigner,
}

/// A machine of the showroom, for a visitor who keeps the key of the account elsewhere.
#[derive(Clone)]
pub struct Guest {
    pub owner: Address,
    pub relay: PrivateKeySigner,
    pub washer: DeviceSigner,
    pub salt: B256,
    /// Which dice are thrown for it.
    pub stream: u64,
}

impl Guest {
    /// The same machine for the same visitor, in every run.
    pub fn new(seed: u64, owner: Address) -> Self {
        let own = |role: &str| keccak256([secret(seed, role, 0).as_slice(), owner.as_slice()].concat());
        let [a, b, c, d, ..] = owner.0.0;
        let stream = 10_000 + u64::from(u32::from_le_bytes([a, b, c, d]));
        Self {
            owner,
            relay: account_of(own("guest relay")),
            washer: device_of(own("guest washer")),
            salt: own("guest salt"),
            stream,
        }
    }
}

/// A shop of the town.
#[derive(Clone)]
pub struct Shop {
    pub sketch: ShopSketch,
    pub key: PrivateKeySigner,
    pub sealing: B256,
}

/// Everybody.
#[derive(Clone)]
pub struct People {
    pub seed: u64,
    pub households: Vec<Household>,
    pub shops: Vec<Shop>,
    pub courier: PrivateKeySigner,
    pub arbiters: [PrivateKeySigner; 2],
    /// By connection.
    pub street: Vec<Neighbour>,
    /// Of the street's grid, and who sells what the street lacks.
    pub operator: PrivateKeySigner,
    pub supplier: PrivateKeySigner,
    /// Works clearings out.
    pub solver: PrivateKeySigner,
}

impl People {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, u64::MAX);
        let owner = |door| account(seed, "owner", door);
        let names = HOUSEHOLDS.iter().map(|(name, _)| *name).chain([THIRTEENTH]);
        let street = names.enumerate().map(|(number, name)| Neighbour {
            name,
            owner: owner(number),
            meter: device(seed, "meter", number),
        });
        let households = HOUSEHOLDS.iter().enumerate().map(|(door, (name, people))| Household {
            name,
            people: *people,
            owner: owner(door),
            relay: account(seed, "relay", door),
            washer: device(seed, "washer", door),
            salt: secret(seed, "salt", door),
            careful: door % 2 == 0,
            asks: door > 1 && dice.chance(25),
        });
        let shops = SHOPS.iter().enumerate().map(|(index, sketch)| Shop {
            sketch: *sketch,
            key: account(seed, "shop", index),
            sealing: secret(seed, "sealing", index),
        });
        Self {
            seed,
            households: households.collect(),
            shops: shops.collect(),
            courier: account(seed, "courier", 0),
            arbiters: [account(seed, "arbiter", 0), account(seed, "arbiter", 1)],
            street: street.collect(),
            operator: account(seed, "operator", 0),
            supplier: account(seed, "supplier", 0),
            solver: account(seed, "solver", 0),
        }
    }

    /// Every account of the town with its name.
    pub fn named(&self) -> Vec<(Address, String)> {
        let mut all = Vec::new();
        for household in &self.households {
            all.push((household.owner.address(), format!("{} household", household.name)));
            all.push((household.relay.address(), format!("{} gateway", household.name)));
        }
        all.extend(self.shops.iter().map(|shop| (shop.key.address(), shop.sketch.name.to_owned())));
        all.push((self.courier.address(), "Courier".to_owned()));
        all.push((self.arbiters[0].address(), "Arbiter".to_owned()));
        all.push((self.arbiters[1].address(), "Second arbiter".to_owned()));
        all.extend(self.street.last().map(|last| (last.owner.address(), format!("{} household", last.name))));
        all.push((self.operator.address(), "Grid operator".to_owned()));
        all.push((self.supplier.address(), "Power supplier".to_owned()));
        all.push((self.solver.address(), "Solver".to_owned()));
        all
    }

    /// What an account is called here.
    pub fn name_of(&self, address: Address) -> String {
        let found = self.named().into_iter().find(|(known, _)| *known == address);
        found.map_or_else(|| address.to_string(), |(_, name)| name)
    }
}

fn secret(seed: u64, role: &str, index: usize) -> B256 {
    keccak256([b"dure.town".as_slice(), &seed.to_le_bytes(), role.as_bytes(), &index.to_le_bytes()].concat())
}

fn account(seed: u64, role: &str, index: usize) -> PrivateKeySigner {
    account_of(secret(seed, role, index))
}

/// A hash is no valid key once in 2¹²⁸; hashing again then gives one.
fn account_of(mut bytes: B256) -> PrivateKeySigner {
    loop {
        match PrivateKeySigner::from_bytes(&bytes) {
            Ok(key) => return key,
            Err(_) => bytes = keccak256(bytes),
        }
    }
}

fn device(seed: u64, role: &str, door: usize) -> DeviceSigner {
    device_of(secret(seed, role, door))
}

fn device_of(mut bytes: B256) -> DeviceSigner {
    loop {
        match DeviceSigner::from_words("p256", bytes.as_slice()) {
            Some(key) => return key,
            None => bytes = keccak256(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_has_a_key_of_their_own_and_the_same_in_the_next_run() {
        let (once, again) = (People::new(7).named(), People::new(7).named());
        assert_eq!(once, again);
        let all: BTreeSet<_> = once.iter().map(|(address, _)| *address).collect();
        assert_eq!(all.len(), 12 + 12 + 3 + 1 + 2 + 4);
        assert!(People::new(8).named().iter().all(|(address, _)| !all.contains(address)));
    }

    #[test]
    fn the_shops_numbers_have_their_check_digits() {
        for shop in SHOPS {
            assert!(shop.gln.parse::<dure_rules::Gln>().is_ok(), "{}", shop.gln);
        }
    }
}
