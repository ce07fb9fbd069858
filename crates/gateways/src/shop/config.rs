//! `shop.toml`: who the shop is, what it offers, what it does by itself.

use crate::config::{ConfigError, all_problems, read};
use alloy_primitives::Address;
use dure_rules::{
    Gln, Gtin,
    bounds::{DAY_MS, HOUR_MS},
    credits::CreditId,
    orders::{self, OfferTerms},
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Who does a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The program.
    #[default]
    Auto,
    /// A person: `dure shop accept|ship|… ORDER`.
    Hand,
}

/// The whole file. Paths in it are relative to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shop {
    #[serde(default = "default_rpc")]
    pub rpc: String,
    /// Key file of the shop's account.
    pub key: PathBuf,
    /// Key file that addresses are sealed to: `x25519 HEX`.
    pub sealing_key: PathBuf,
    /// GS1 Global Location Number, 13 digits.
    pub gln: String,
    pub name: String,
    pub credit: Address,
    /// Where money goes; the shop's own account where none is named.
    pub payout: Option<Address>,
    /// What backs the orders, minor units.
    pub bond: u64,
    #[serde(default)]
    pub rules: Rules,
    #[serde(rename = "offer", default)]
    pub offers: Vec<Offer>,
}

/// What the program does by itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub accept: By,
    /// Orders that are accepted and not shipped, at most; 0: as many as come.
    pub accept_open_max: u32,
    pub ship: By,
    /// From the cancel time to shipping, minutes: picking and packing.
    pub pack_minutes: u32,
    pub carrier: Option<Address>,
    /// `{order}` becomes the order's first eight characters.
    pub tracking: String,
    /// Hours from shipping to claiming the delivery, where nobody brought the code; 0: by hand.
    pub claim_after_hours: u32,
    pub answer_disputes: By,
    pub confirm_returns: By,
}

/// What is offered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    pub gtin: String,
    /// What a pack holds, in `unit`.
    pub content: u64,
    /// UCUM code.
    pub unit: String,
    pub price: u64,
    #[serde(default)]
    pub tax: u64,
    #[serde(default)]
    pub shipping: u64,
    /// Packs to begin with, and to fill up to when `restock_below` is reached.
    pub stock: u32,
    /// 0: a person adds stock.
    #[serde(default)]
    pub restock_below: u32,
    pub arbiters: Vec<Address>,
    #[serde(default = "default_percent")]
    pub default_refund_percent: u8,
    #[serde(default = "default_cancel")]
    pub cancel_minutes: u32,
    #[serde(default = "default_ship")]
    pub ship_by_hours: u32,
    #[serde(default = "default_deliver")]
    pub deliver_by_hours: u32,
    #[serde(default = "default_return")]
    pub return_days: u32,
    #[serde(default = "default_valid")]
    pub valid_days: u32,
}

fn default_rpc() -> String {
    "http://localhost:8545".into()
}
const fn default_percent() -> u8 {
    50
}
const fn default_cancel() -> u32 {
    (orders::CANCEL_DEFAULT_MS / 60_000) as u32
}
const fn default_ship() -> u32 {
    (orders::SHIP_BY_DEFAULT_MS / HOUR_MS) as u32
}
const fn default_deliver() -> u32 {
    (orders::DELIVER_BY_DEFAULT_MS / HOUR_MS) as u32
}
const fn default_return() -> u32 {
    (orders::RETURN_DEFAULT_MS / DAY_MS) as u32
}
const fn default_valid() -> u32 {
    365
}

impl Shop {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`]: every problem of the file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut shop: Self = read(path)?;
        all_problems(path, shop.problems())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        shop.key = folder.join(&shop.key);
        shop.sealing_key = folder.join(&shop.sealing_key);
        Ok(shop)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(error) = self.gln.parse::<Gln>() {
            problems.push(format!("gln `{}`: {error}", self.gln));
        }
        for offer in &self.offers {
            if let Err(error) = offer.gtin.parse::<Gtin>() {
                problems.push(format!("gtin `{}`: {error}", offer.gtin));
            }
            if offer.arbiters.is_empty() {
                problems.push(format!("offer {}: name at least one arbiter", offer.gtin));
            }
        }
        problems
    }

    /// The GLN, which [`Self::read`] has checked.
    pub fn gln(&self) -> Option<Gln> {
        self.gln.parse().ok()
    }

    pub const fn credit(&self) -> CreditId {
        CreditId(self.credit)
    }
}

impl Offer {
    /// The terms as the chain takes them, valid from `now_ms` on.
    pub fn terms(&self, now_ms: u64) -> Option<OfferTerms> {
        Some(OfferTerms {
            gtin: self.gtin.parse().ok()?,
            content: self.content,
            unit: self.unit.clone(),
            price: self.price.into(),
            tax: self.tax.into(),
            shipping: self.shipping.into(),
            cancel_ms: u64::from(self.cancel_minutes) * 60_000,
            ship_by_ms: u64::from(self.ship_by_hours) * HOUR_MS,
            deliver_by_ms: u64::from(self.deliver_by_hours) * HOUR_MS,
            return_ms: u64::from(self.return_days) * DAY_MS,
            arbiters: self.arbiters.clone(),
            default_refund_percent: self.default_refund_percent,
            valid_until_ms: now_ms.saturating_add(u64::from(self.valid_days) * DAY_MS),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
key = "shop.key"
sealing_key = "sealing.key"
gln = "4000001000005"
name = "Corner shop"
credit = "0xd00ec00000000000000000000000000000000001"
bond = 100000
[rules]
ship = "hand"
[[offer]]
gtin = "4006381333931"
content = 1500
unit = "mL"
price = 599
stock = 10
arbiters = ["0x0101010101010101010101010101010101010101"]
"#;

    fn of(text: &str) -> Result<Shop, ConfigError> {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, text).expect("written");
        Shop::read(&path)
    }

    #[test]
    fn a_short_file_is_enough() {
        let shop = of(GOOD).expect("good");
        assert_eq!((shop.rules.accept, shop.rules.ship), (By::Auto, By::Hand));
        let terms = shop.offers[0].terms(1_000).expect("terms");
        assert_eq!((terms.cancel_ms, terms.return_ms), (orders::CANCEL_DEFAULT_MS, orders::RETURN_DEFAULT_MS));
    }

    #[test]
    fn wrong_numbers_are_named_with_what_was_expected() {
        let error = of(&GOOD.replace("4006381333931", "4006381333930")).expect_err("refused");
        assert!(error.what.contains("gtin `4006381333930`"), "{error}");
        assert!(of(&GOOD.replace("ship =", "shpi =")).expect_err("refused").hint.is_some());
    }
}
