//! `dure call`.

use super::{function, remote};
use crate::say::{Problem, help, line};
use alloy_primitives::{Address, U64};
use serde_json::{Value, json};

/// Ask a contract or a module, without changing anything.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure call 0xD00EC00000000000000000000000000000000001 'symbol()(string)'\n  dure call 0xD00EC00000000000000000000000000000000001 'balanceOf(address)(uint256)' 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 --height 10")
)]
pub struct Call {
    #[command(flatten)]
    remote: remote::Remote,
    /// Address, or a module's name: credits, roles, deadlines, disputes, accounts, orders, energy.
    #[arg(value_parser = function::address)]
    to: Address,
    #[command(flatten)]
    called: function::Called,
    /// Who asks.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<Address>,
    /// Ask the state after this block instead of the newest.
    #[arg(long)]
    height: Option<u64>,
}

impl Call {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let (data, function) = self.called.encode()?;
        let at = self.height.map_or(json!("latest"), |height| json!(U64::from(height)));
        let node = self.remote.connect()?;
        let answer = remote::block_on(node.call(self.from, self.to, &data, &at))?;
        let values = function::decode(function.as_ref(), &answer)?;
        if json {
            line(&json!({ "values": values }));
        } else {
            values.iter().for_each(|value| println!("{}", value.as_str().map_or_else(|| Value::to_string(value), str::to_owned)));
        }
        Ok(())
    }
}
