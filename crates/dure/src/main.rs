//! `dure`: one binary for a chain that a community runs itself.
//!
//! This crate puts parts together and talks to people. It never holds a rule of an institution (`dure-rules` does), never
//! speaks to the authenticated database (`dure-node` does), and never knows better than a gateway when to order.

mod args;
mod certified;
mod chain;
mod community;
mod doctor;
mod picture;
mod port;
mod say;
mod seal;
mod solving;
mod town;
mod vitals;

use clap::Parser as _;
use std::process::ExitCode;

/// Many threads make and drop small things all the time; measured in docs/performance.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let json = cli.json;
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.tell(json),
    }
}
