//! Who brings a device's word to the chain. The gateway has one key. It makes an account of its own, which needs no rights; and an
//! owner may let it act for the owner's account, as an access key that relays and does nothing else. Then the words go in the
//! owner's name; the gas is of whoever of the two has more left, so that what the owner does never waits for the machine.
//!
//! Upon a word to bring: does the key stand with the owner? Then it goes in the owner's name. Where it does not, or the chain
//! refuses it, it goes from the own account: a device's word counts whoever brings it. That is told once, and not at each word.
//! The chain is asked with each word and never beside it.

use crate::{
    chain::Chain,
    key::{self, KeyError},
    node::NodeError,
};
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use dure_api::abi::accounts::IAccounts;
use dure_rules::{
    accounts,
    orders::{Action, DeviceId, RelayDevice},
};
use std::{collections::BTreeMap, path::Path};

/// What the gateway's key is to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never let in.
    Stranger,
    Stands {
        until_ms: u64,
    },
    RanOut,
    /// Revoked, or ended by a recovery of the account.
    TakenBack,
}

/// Asks what `key` is to `account`.
///
/// # Errors
/// [`NodeError`].
pub async fn standing(chain: &Chain, account: Address, key: Address) -> Result<Standing, NodeError> {
    let found = match chain.view_at(accounts::MODULE, IAccounts::keyOfCall { account, key }).await {
        Ok(found) => found,
        Err(NodeError::Reverted(_)) => return Ok(Standing::Stranger),
        Err(other) => return Err(other),
    };
    if found.stands {
        return Ok(Standing::Stands { until_ms: found.expiresMs });
    }
    // A revoked key has lost its scopes, and nobody minds any more when it would have run out.
    let ran_out = !found.scopes.is_empty() && chain.node.head().await?.time_ms >= found.expiresMs;
    Ok(if ran_out { Standing::RanOut } else { Standing::TakenBack })
}

/// The gateway's key, and what was last told of it.
pub struct Relay {
    key: PrivateKeySigner,
    /// By device, of which a gateway has few.
    told: BTreeMap<DeviceId, String>,
    /// Not told yet: at most one for each word.
    notes: Vec<String>,
}

impl Relay {
    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        Ok(Self { key: key::read_account(path)?, told: BTreeMap::new(), notes: Vec::new() })
    }

    /// Brings what `device` of `owner` said, and waits until it is final.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn bring(&mut self, chain: &Chain, device: DeviceId, owner: Address, word: RelayDevice) -> Result<(), NodeError> {
        let word = Action::from(word);
        let why_not = match standing(chain, owner, self.key.address()).await? {
            Standing::Stands { .. } => match chain.act_for(owner, &self.key, word.clone()).await {
                Ok(_) => {
                    self.tell(device, format!("messages go in the name of {owner}, by the key that it gave this gateway"));
                    return Ok(());
                }
                Err(error) if error.is_outage() => return Err(error),
                Err(error) => Some(format!("the key that {owner} gave this gateway does not do ({error})")),
            },
            Standing::RanOut => Some(format!("the key that {owner} gave this gateway ran out")),
            Standing::TakenBack => Some(format!("{owner} took the key of this gateway back")),
            Standing::Stranger => None,
        };
        chain.act(&self.key, word).await?;
        // Only now: where the own account is refused as well, it is not because of the key.
        let note = why_not.map(|why| {
            let own = self.key.address();
            format!("{why}: messages go from its own account {own}; hint: `dure home key --new` makes a key to give anew")
        });
        self.tell(device, note.unwrap_or_default());
        Ok(())
    }

    fn tell(&mut self, device: DeviceId, what: String) {
        if self.told.get(&device).map_or("", String::as_str) == what {
            return;
        }
        self.told.insert(device, what.clone());
        self.notes.extend((!what.is_empty()).then_some(what));
    }

    /// What a person may want to read, each once.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_once_and_a_key_that_nobody_let_in_is_nothing_to_tell() {
        let (one, other) = (DeviceId::repeat_byte(1), DeviceId::repeat_byte(2));
        let mut relay = Relay { key: PrivateKeySigner::random(), told: BTreeMap::new(), notes: Vec::new() };
        for (device, what, heard) in [
            (one, "", vec![]),
            (one, "by the key", vec!["by the key"]),
            (one, "by the key", vec![]),
            (other, "by the key", vec!["by the key"]),
            (one, "taken back", vec!["taken back"]),
            (one, "taken back", vec![]),
            (one, "", vec![]),
            (one, "by the key", vec!["by the key"]),
        ] {
            relay.tell(device, what.into());
            assert_eq!(relay.take_notes(), heard, "{what}");
        }
    }
}
