//! `dure completions`.

use crate::say::{Problem, help};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Print completions for a shell.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure completions bash > ~/.local/share/bash-completion/completions/dure\n  dure completions zsh > ~/.zfunc/_dure")
)]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Problem> {
        clap_complete::generate(self.shell, &mut super::Cli::command(), "dure", &mut std::io::stdout());
        Ok(())
    }
}
