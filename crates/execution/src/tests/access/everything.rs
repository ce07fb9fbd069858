//! Every function of every institution with some arguments, made from the interfaces themselves, so that none is forgotten.

use super::*;
use serde_json::Value;

/// One function of one institution, and calldata for it.
pub struct Function {
    pub name: String,
    pub target: Address,
    pub selector: [u8; 4],
    pub data: Vec<u8>,
    pub view: bool,
}

/// All of them; every address in the arguments is `someone`.
pub fn functions(someone: Address) -> Vec<Function> {
    use dure_rules::{deadlines, disputes, energy, orders, roles};
    let places = [
        ("accounts", MODULE),
        ("credit", WON),
        ("credits", credits::REGISTRY),
        ("deadlines", deadlines::MODULE),
        ("disputes", disputes::MODULE),
        ("energy", energy::MODULE),
        ("orders", orders::MODULE),
        ("roles", roles::MODULE),
    ];
    let mut all = Vec::new();
    for (name, json) in dure_api::abi::json() {
        let interface: Vec<Value> = serde_json::from_str(&json).unwrap();
        let functions: Vec<_> = interface.iter().filter(|item| item["type"] == "function").collect();
        let place = places.iter().find(|(place, _)| *place == name);
        let Some((_, target)) = place else {
            assert!(functions.is_empty(), "{name} stands nowhere: say where");
            continue;
        };
        all.extend(functions.into_iter().map(|function| one(*target, function, someone)));
    }
    all
}

fn one(target: Address, function: &Value, someone: Address) -> Function {
    let name = function["name"].as_str().unwrap();
    let inputs = function["inputs"].as_array().unwrap();
    let types: Vec<_> = inputs.iter().map(canonical).collect();
    let hash = keccak256(format!("{name}({})", types.join(",")));
    let selector: [u8; 4] = hash[..4].try_into().unwrap();
    let data = [&selector[..], &tuple(inputs, someone)].concat();
    let view = ["view", "pure"].contains(&function["stateMutability"].as_str().unwrap());
    Function { name: name.into(), target, selector, data, view }
}

fn canonical(input: &Value) -> String {
    let kind = input["type"].as_str().unwrap();
    match kind.strip_prefix("tuple") {
        Some(list) => {
            let parts: Vec<_> = input["components"].as_array().unwrap().iter().map(canonical).collect();
            format!("({}){list}", parts.join(","))
        }
        None => kind.into(),
    }
}

/// Heads, then tails (Contract ABI Specification, "Formal Specification of the Encoding").
fn tuple(inputs: &[Value], someone: Address) -> Vec<u8> {
    let parts: Vec<_> = inputs.iter().map(|input| (dynamic(input), value(input, someone))).collect();
    let head: usize = parts.iter().map(|(dynamic, bytes)| if *dynamic { 32 } else { bytes.len() }).sum();
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for (dynamic, bytes) in parts {
        if dynamic {
            heads.extend(word(head + tails.len()));
            tails.extend(bytes);
        } else {
            heads.extend(bytes);
        }
    }
    [heads, tails].concat()
}

fn word(number: usize) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

fn dynamic(input: &Value) -> bool {
    let kind = input["type"].as_str().unwrap();
    let inside = || input["components"].as_array().unwrap().iter().any(dynamic);
    kind.ends_with("[]") || ["bytes", "string"].contains(&kind) || (kind == "tuple" && inside())
}

fn value(input: &Value, someone: Address) -> Vec<u8> {
    let kind = input["type"].as_str().unwrap();
    if let Some(item) = kind.strip_suffix("[]") {
        let mut item_input = input.clone();
        item_input["type"] = item.into();
        return [&word(1)[..], &tuple(&[item_input], someone)].concat();
    }
    match kind {
        "tuple" => tuple(input["components"].as_array().unwrap(), someone),
        "address" => someone.into_word().to_vec(),
        "bytes" | "string" => [&word(1)[..], b"x", &[0; 31]].concat(),
        // Bytes stand at the left of a word, numbers at the right.
        _ if kind.starts_with("bytes") => [&[b'A'; 3][..], &[0; 29]].concat(),
        _ if kind.starts_with("uint") || kind.starts_with("int") || kind == "bool" => word(1).to_vec(),
        other => panic!("{other} has no example yet"),
    }
}
