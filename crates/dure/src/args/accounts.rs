//! `dure accounts`.

use super::{
    keys::{self, TEST_ACCOUNTS},
    remote::{self, Node, Remote},
};
use crate::{
    chain::CREDIT,
    say::{Problem, help, line, table},
};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, sol};
use dure_rules::credits::CreditId;
use serde_json::{Value, json};

sol! {
    function balanceOf(address account) external view returns (uint256);
}

/// Show accounts: class, allowance of work, money of the town.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure accounts                        your keys and the test accounts\n  dure accounts test/1 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n\nNothing costs a fee here; each account has an allowance of gas that renews with time.")
)]
pub struct Accounts {
    #[command(flatten)]
    remote: Remote,
    #[command(flatten)]
    folder: keys::Folder,
    /// Names of keys, test/0 to test/9, or addresses.
    #[arg(value_name = "ACCOUNT")]
    who: Vec<String>,
}

impl Accounts {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let mut named = Vec::new();
        for name in &self.who {
            let address = name.parse::<Address>().map_or_else(|_| self.folder.address(name), Ok)?;
            named.push((name.clone(), address));
        }
        if named.is_empty() {
            named = self.folder.all()?;
            for index in 0..TEST_ACCOUNTS {
                let name = format!("test/{index}");
                named.push((name.clone(), self.folder.address(&name)?));
            }
        }
        let node = self.remote.connect()?;
        let all = remote::block_on(async {
            let mut all = Vec::new();
            for (name, address) in &named {
                all.push(describe(&node, name, *address).await?);
            }
            Ok(all)
        })?;
        if json {
            all.iter().for_each(line);
        } else {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let columns = ["name", "address", "class", "nonce", "allowanceGas", "balance"];
            let rows: Vec<_> = all.iter().map(|account| columns.map(|column| text(&account[column])).to_vec()).collect();
            print!("{}", table(&["name", "address", "class", "sent", "gas left", "minor units of TOWN"], &rows));
        }
        Ok(())
    }
}

async fn describe(node: &Node, name: &str, address: Address) -> Result<Value, Problem> {
    let mut account: Value = node.ask("dure_account", &[json!(address)]).await?;
    let data = Bytes::from(balanceOfCall { account: address }.abi_encode());
    let answer = node.call(None, CreditId::nth(CREDIT).0, &data, &json!("latest")).await?;
    account["name"] = json!(name);
    account["balance"] = json!(U256::try_from_be_slice(&answer).unwrap_or_default().to_string());
    Ok(account)
}
