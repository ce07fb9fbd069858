//! `dure`: one binary for a chain that a community runs itself.
//!
//! This crate puts parts together and talks to people. It never holds a rule of an institution (`dure-rules` does), never
//! speaks to the authenticated database (`dure-node` does), and never knows better than a gateway when to order.

mod args;
mod certified;
mod chain;
mod community;
mod doctor;
mod older;
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
    end_with_the_reader();
    let cli = args::Cli::parse();
    let json = cli.json;
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.tell(json),
    }
}

/// `dure … | head` ends when nobody reads on: that is no fault, and not worth a word.
fn end_with_the_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panicked| {
        let said = panicked.payload().downcast_ref::<String>();
        if said.is_some_and(|said| said.starts_with("failed printing to stdout: Broken pipe")) {
            std::process::exit(0);
        }
        usual(panicked);
    }));
}
