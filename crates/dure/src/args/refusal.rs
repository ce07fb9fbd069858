//! What a revert says, in words: the refusal's name and its facts, as the interfaces of the institutions spell them.

use super::function::plain;
use alloy_dyn_abi::JsonAbiExt as _;
use alloy_json_abi::{Error, JsonAbi};
use alloy_primitives::hex;
use alloy_sol_types::{Revert, SolError as _};
use serde_json::Value;

/// The bytes of a revert as a sentence without a full stop.
pub fn sentence(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "refused, and the contract did not say why".into();
    }
    if let Ok(revert) = Revert::abi_decode(bytes) {
        return format!("refused: {}", revert.reason);
    }
    let known = dure_api::abi::json().into_iter().filter_map(|(_, text)| serde_json::from_str::<JsonAbi>(&text).ok());
    let mut errors = known.flat_map(|abi| abi.errors.into_values().flatten());
    let found = errors.find(|error| bytes.starts_with(error.selector().as_slice()));
    found.and_then(|error| facts(&error, &bytes[4..])).unwrap_or_else(|| format!("refused with {}", hex::encode_prefixed(bytes)))
}

fn facts(error: &Error, data: &[u8]) -> Option<String> {
    let values = error.abi_decode_input(data).ok()?;
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let facts: Vec<_> =
        error.inputs.iter().zip(&values).map(|(input, value)| format!("{} {}", words(&input.name), text(plain(value)))).collect();
    let name = words(&error.name);
    Some(if facts.is_empty() { format!("refused: {name}") } else { format!("refused: {name} ({})", facts.join(", ")) })
}

/// `AllowanceInsufficient` as `allowance insufficient`.
fn words(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::U256;
    use dure_api::abi::credits::ICredit;

    #[test]
    fn refusals_are_told_with_their_facts() {
        let refused = ICredit::Insufficient { have: U256::from(5), want: U256::from(7) }.abi_encode();
        assert_eq!(sentence(&refused), "refused: insufficient (have 5, want 7)");
        assert_eq!(sentence(&ICredit::TransferToZero {}.abi_encode()), "refused: transfer to zero");
        assert_eq!(sentence(&Revert::from("no").abi_encode()), "refused: no");
        assert_eq!(sentence(&[1, 2, 3]), "refused with 0x010203");
    }
}
