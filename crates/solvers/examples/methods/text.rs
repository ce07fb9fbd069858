//! Networks as text, so that methods in other languages read the same ones:
//!
//! ```text
//! network NODES
//! given NODE WH
//! arc TAIL HEAD CAPACITY_WH VALUE_MICRO
//! end
//! ```

use dure_rules::energy::clearing::{Arc, Network};
use std::fmt::Write;

pub fn write(network: &Network) -> String {
    let mut text = format!("network {}\n", network.given_wh.len());
    for (node, wh) in network.given_wh.iter().enumerate().filter(|(_, wh)| **wh > 0) {
        let _ = writeln!(text, "given {node} {wh}");
    }
    for Arc { tail, head, capacity_wh, value_micro } in &network.arcs {
        let _ = writeln!(text, "arc {tail} {head} {capacity_wh} {value_micro}");
    }
    text + "end\n"
}

/// Every network of `text`.
///
/// # Errors
/// The first line that is none of a network.
pub fn read(text: &str) -> Result<Vec<Network>, String> {
    let (mut networks, mut network) = (Vec::new(), Network::default());
    for line in text.lines() {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let numbers: Option<Vec<i64>> = words.map(|word| word.parse().ok()).collect();
        let small = |number: i64| u32::try_from(number).ok();
        let understood = match (word, numbers.as_deref()) {
            ("network", Some(&[nodes])) => small(nodes).map(|nodes| network.given_wh = vec![0; nodes as usize]),
            ("given", Some(&[node, wh])) => small(node)
                .zip(small(wh))
                .and_then(|(node, wh)| network.given_wh.get_mut(node as usize).map(|given_wh| *given_wh = wh)),
            ("arc", Some(&[tail, head, capacity, value_micro])) => {
                small(tail).zip(small(head)).zip(small(capacity)).map(|((tail, head), capacity_wh)| {
                    network.arcs.push(Arc { tail, head, capacity_wh, value_micro });
                })
            }
            ("end", Some([])) => {
                networks.push(std::mem::take(&mut network));
                Some(())
            }
            _ => None,
        };
        understood.ok_or_else(|| format!("«{line}» is no line of a network; expected network, given, arc or end"))?;
    }
    Ok(networks)
}
