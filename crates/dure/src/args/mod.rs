//! The commands, one file each: its arguments, its examples, what it does.

mod accounts;
mod call;
mod completions;
mod dev;
mod digits;
mod doctor;
mod energy;
mod follow;
mod function;
mod genesis;
mod home;
mod index;
mod init;
pub mod keys;
mod node;
mod orders;
mod prove;
mod refusal;
mod remote;
mod shop;
mod site;
mod town;
mod tx;
mod verify;

use crate::say::{Problem, help};
use clap::{Parser, Subcommand};

/// Dure: a chain that a community runs itself.
#[derive(Parser)]
#[command(
    name = "dure",
    version,
    about,
    after_help = help!(),
    after_long_help = help!(
        "Examples:
  dure                          a chain on this machine, with accounts to try things with
  dure accounts                 who there is and what they have, in another terminal
  dure keys new anna            a key of your own"
    ),
    disable_help_subcommand = true,
)]
pub struct Cli {
    /// Answer in JSON, one object a line.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    Dev(dev::Dev),
    Init(init::Init),
    Genesis(genesis::Genesis),
    Node(node::Node),
    Doctor(doctor::Doctor),
    Follow(follow::Follow),
    Town(town::Town),
    Home(home::Home),
    Shop(shop::Shop),
    Orders(orders::Orders),
    Energy(energy::Energy),
    Tx(tx::Tx),
    Call(call::Call),
    Prove(prove::Prove),
    Verify(verify::Verify),
    Keys(keys::Keys),
    Accounts(accounts::Accounts),
    Index(index::Index),
    Completions(completions::Completions),
}

impl Cli {
    /// Runs the command; none is `dev`.
    ///
    /// # Errors
    /// What failed, in words.
    pub fn run(self) -> Result<(), Problem> {
        let json = self.json;
        match self.command.unwrap_or_else(|| Command::Dev(dev::Dev::default())) {
            Command::Dev(command) => command.run(json),
            Command::Init(command) => command.run(json),
            Command::Genesis(command) => command.run(json),
            Command::Node(command) => command.run(json),
            Command::Doctor(command) => command.run(json),
            Command::Follow(command) => command.run(json),
            Command::Town(command) => command.run(json),
            Command::Home(command) => command.run(json),
            Command::Shop(command) => command.run(json),
            Command::Orders(command) => command.run(json),
            Command::Energy(command) => command.run(json),
            Command::Tx(command) => command.run(json),
            Command::Call(command) => command.run(json),
            Command::Prove(command) => command.run(json),
            Command::Verify(command) => command.run(json),
            Command::Keys(command) => command.run(json),
            Command::Accounts(command) => command.run(json),
            Command::Index(command) => command.run(json),
            Command::Completions(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_of_every_command_fit_together() {
        Cli::command().debug_assert();
    }
}
