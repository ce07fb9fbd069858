//! `dure genesis`.

use crate::{
    community,
    say::{Problem, help, line, table},
};
use serde_json::json;
use std::path::PathBuf;

/// Put together what a chain begins with, from a file that people can read.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure genesis --example > community.toml\n  dure genesis community.toml --out genesis.json\n\nThe same file gives the same genesis everywhere. Compare the hash that is printed before you start: whose hash differs is on\nanother chain.")
)]
pub struct Genesis {
    /// The community's file.
    #[arg(value_name = "FILE", required_unless_present = "example")]
    file: Option<PathBuf>,
    /// Where to write the genesis; an existing file is not touched.
    #[arg(long, value_name = "FILE", default_value = "genesis.json")]
    out: PathBuf,
    /// Print a file to begin with, and end.
    #[arg(long, conflicts_with = "file")]
    example: bool,
}

impl Genesis {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let Some(file) = self.file else {
            print!("{}", community::EXAMPLE);
            return Ok(());
        };
        let community = community::read(&file)?;
        let genesis = community.genesis()?;
        let text = serde_json::to_string(&genesis).map_err(Problem::fault)?;
        let written =
            std::fs::File::create_new(&self.out).and_then(|mut out| std::io::Write::write_all(&mut out, text.as_bytes()));
        written.map_err(|error| {
            Problem::unreachable(format!("{}: {error}", self.out.display())).hint("name another file with --out FILE")
        })?;
        let (hash, count) = (genesis.hash(), genesis.validators.len());
        if json {
            line(&json!({ "hash": hash, "chainId": genesis.chain_id, "validators": genesis.validators, "file": self.out }));
            return Ok(());
        }
        let rows: Vec<_> = community.validators().map(|(name, key)| vec![name.to_owned(), key.to_string()]).collect();
        print!("{}", table(&["organisation", "validator"], &rows));
        println!("\nchain {}  {hash}", genesis.chain_id);
        // A quorum is n − ⌊(n−1)/3⌋.
        match (count - 1) / 3 {
            0 if count == 1 => eprintln!("One validator: whoever runs it could stop the chain, and nobody else."),
            0 => eprintln!("With {count} validators the chain stands still while one is missing; four go on without one."),
            missing => eprintln!("The chain goes on while at most {missing} of {count} are missing."),
        }
        Ok(())
    }
}
