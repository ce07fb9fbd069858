//! A function named on the command line: `transfer(address,uint256)` with its arguments, or plain bytes in hex.

use crate::say::Problem;
use alloy_dyn_abi::{DynSolType, DynSolValue, FunctionExt as _, JsonAbiExt as _};
use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, hex};
use serde_json::{Value, json};

/// What to call, as a person writes it.
#[derive(clap::Args, Clone, Debug)]
pub struct Called {
    /// `name(types)`, for `call` with `(types)` of the answer behind it; or calldata in hex.
    #[arg(value_name = "FUNCTION")]
    function: Option<String>,
    /// Its arguments, in order.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    args: Vec<String>,
}

impl Called {
    /// The calldata, and the function where one was named.
    ///
    /// # Errors
    /// Where the function or an argument does not parse.
    pub fn encode(&self) -> Result<(Bytes, Option<Function>), Problem> {
        let Some(text) = &self.function else { return Ok((Bytes::new(), None)) };
        if text.starts_with("0x") {
            let bytes = hex::decode(text).map_err(|error| Problem::usage(format!("`{text}` is no calldata: {error}")))?;
            return Ok((bytes.into(), None));
        }
        let function = Function::parse(text).map_err(|error| {
            Problem::usage(format!("`{text}` names no function: {error}")).hint("write it as 'balanceOf(address)(uint256)'")
        })?;
        if function.inputs.len() != self.args.len() {
            let (expected, given) = (function.inputs.len(), self.args.len());
            return Err(Problem::usage(format!("`{}` takes {expected} arguments, {given} were given", function.signature())));
        }
        let mut values = Vec::new();
        for (param, text) in function.inputs.iter().zip(&self.args) {
            let wrong = |error: String| Problem::usage(format!("`{text}` is no {}: {error}", param.ty));
            let kind: DynSolType = param.ty.parse().map_err(|error: alloy_dyn_abi::Error| wrong(error.to_string()))?;
            values.push(kind.coerce_str(text).map_err(|error| wrong(error.to_string()))?);
        }
        let data = function.abi_encode_input(&values).map_err(Problem::fault)?;
        Ok((data.into(), Some(function)))
    }
}

/// The answer of `function`, or the plain bytes where its types are not known.
///
/// # Errors
/// Where the bytes are not of these types.
pub fn decode(function: Option<&Function>, bytes: &Bytes) -> Result<Vec<Value>, Problem> {
    match function {
        Some(function) if !function.outputs.is_empty() => {
            let values = function.abi_decode_output(bytes);
            let wrong = |_| {
                Problem::refused(format!("the answer {bytes} is not of the types named"))
                    .hint("is there a contract at this address?")
            };
            Ok(values.map_err(wrong)?.iter().map(plain).collect())
        }
        _ => Ok(vec![json!(bytes)]),
    }
}

/// Numbers as decimal strings: JSON's own lose digits.
pub fn plain(value: &DynSolValue) -> Value {
    match value {
        DynSolValue::Bool(yes) => json!(yes),
        DynSolValue::Int(number, _) => json!(number.to_string()),
        DynSolValue::Uint(number, _) => json!(number.to_string()),
        DynSolValue::Address(address) => json!(address),
        DynSolValue::String(text) => json!(text),
        DynSolValue::Bytes(bytes) => json!(hex::encode_prefixed(bytes)),
        DynSolValue::FixedBytes(word, size) => json!(hex::encode_prefixed(&word[..*size])),
        DynSolValue::Function(function) => json!(hex::encode_prefixed(function)),
        DynSolValue::Array(all) | DynSolValue::FixedArray(all) | DynSolValue::Tuple(all) => all.iter().map(plain).collect(),
    }
}

/// An address as people write it: hex, or the name of a module.
///
/// # Errors
/// Where it is neither.
pub fn address(text: &str) -> Result<Address, String> {
    let named = MODULES.iter().find(|(name, _)| *name == text).map(|(_, address)| *address);
    let names = || MODULES.map(|(name, _)| name).join(", ");
    named.map_or_else(|| text.parse().map_err(|_| format!("expected 0x and 40 hex digits, or one of {}", names())), Ok)
}

/// Modules by the names that stand in their documentation.
const MODULES: [(&str, Address); 7] = [
    ("credits", alloy_primitives::address!("d00e000000000000000000000000000000000001")),
    ("roles", alloy_primitives::address!("d00e000000000000000000000000000000000002")),
    ("deadlines", alloy_primitives::address!("d00e000000000000000000000000000000000003")),
    ("disputes", alloy_primitives::address!("d00e000000000000000000000000000000000004")),
    ("accounts", alloy_primitives::address!("d00e000000000000000000000000000000000005")),
    ("orders", alloy_primitives::address!("d00e000000000000000000000000000000000010")),
    ("energy", alloy_primitives::address!("d00e000000000000000000000000000000000011")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn called(function: &str, args: &[&str]) -> Called {
        Called { function: Some(function.into()), args: args.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn calldata_is_what_solidity_makes() {
        let to = "0x00000000000000000000000000000000000000aa";
        let (data, _) = called("transfer(address,uint256)", &[to, "7"]).encode().expect("good");
        let expected = format!("0xa9059cbb{:0>64}{:0>64}", "aa", "7");
        assert_eq!(data.to_string(), expected);
        assert_eq!(called("0x1234", &[]).encode().expect("hex").0.to_string(), "0x1234");
    }

    #[test]
    fn wrong_functions_and_arguments_are_refused() {
        for (function, args) in [("transfer(", &[][..]), ("f(uint256)", &[]), ("f(uint256)", &["x"]), ("0x1", &[])] {
            assert!(called(function, args).encode().is_err(), "{function} {args:?}");
        }
    }

    #[test]
    fn modules_have_names() {
        assert_eq!(address("orders"), Ok(alloy_primitives::address!("d00e000000000000000000000000000000000010")));
        assert!(address("ordres").is_err());
    }
}
