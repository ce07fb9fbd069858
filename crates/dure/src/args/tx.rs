//! `dure tx`.

use super::{function, keys, remote};
use crate::say::{Problem, help, line};
use alloy_primitives::{Address, B256, TxKind, U256};

/// Send a transaction and wait until it is final, or show one.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure tx --from test/0 0xD00EC00000000000000000000000000000000001 'transfer(address,uint256)' 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 500\n  dure tx --from anna orders 'acceptOrder(bytes32)' 0x…\n  dure tx --receipt 0x…\n\nA transaction costs nothing; each account has an allowance of work that renews with time.")
)]
pub struct Tx {
    #[command(flatten)]
    remote: remote::Remote,
    #[command(flatten)]
    folder: keys::Folder,
    /// Show this transaction instead of sending one.
    #[arg(long, value_name = "HASH", conflicts_with_all = ["from", "to", "function"])]
    receipt: Option<B256>,
    /// Whose key signs: a name from `dure keys list`, or test/0 to test/9.
    #[arg(long, value_name = "NAME", required_unless_present = "receipt")]
    from: Option<String>,
    /// Address, or a module's name: credits, roles, deadlines, disputes, accounts, orders, energy.
    #[arg(value_parser = function::address, required_unless_present = "receipt")]
    to: Option<Address>,
    #[command(flatten)]
    called: function::Called,
}

impl Tx {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let node = self.remote.connect()?;
        let receipt = match (self.receipt, self.from, self.to) {
            (Some(hash), ..) => remote::block_on(node.receipt(hash))?.ok_or_else(|| {
                Problem::refused(format!("no final transaction has the hash {hash}")).hint("it may still wait in the pool")
            })?,
            (None, Some(from), Some(to)) => {
                let (data, _) = self.called.encode()?;
                let key = self.folder.open(&from)?;
                remote::block_on(node.send(&key, TxKind::Call(to), data, U256::ZERO))?
            }
            // clap asks for both where no receipt is asked for.
            _ => return Err(Problem::usage("a transaction needs --from and an address")),
        };
        if json {
            line(&remote::receipt_json(&receipt));
        } else {
            let end = if receipt.success { "done" } else { "failed" };
            println!("{end} in block {}  {}  gas {}", receipt.height, receipt.hash, receipt.gas_used);
        }
        if receipt.success { Ok(()) } else { Err(Problem::refused(format!("transaction {} failed", receipt.hash))) }
    }
}
