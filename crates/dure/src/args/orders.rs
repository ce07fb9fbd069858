//! `dure orders`.

use super::digits::Digits;
use super::remote::{self, Node, Remote};
use crate::say::{self, Problem, help, line, table};
use alloy_primitives::B256;
use clap::Subcommand;
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

/// Orders given by `list`, newest first.
const LIST_DEFAULT: u32 = 50;
/// Between two looks of `watch`.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// See orders: list them, show one with its timeline, watch them change.
#[derive(clap::Args)]
#[command(
    after_help = help!(),
    after_long_help = help!("Examples:\n  dure orders list\n  dure orders show 0x1234…            with its timeline; the first digits of an id are enough\n  dure orders watch                    until Ctrl-C\n  dure orders list --json | jq .state\n\nTimes are the chain's own (UTC); with `dure dev --speed 600` they run 600 times as fast as a clock on the wall.")
)]
pub struct Orders {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List orders, newest first.
    List {
        /// How many at most.
        #[arg(long, default_value_t = LIST_DEFAULT)]
        limit: u32,
    },
    /// Show one order and everything that happened to it.
    Show {
        /// The order's id, or its first digits.
        order: String,
    },
    /// Print every change of every order as it becomes final.
    Watch,
}

impl Orders {
    pub fn run(self, json: bool) -> Result<(), Problem> {
        let node = self.remote.connect()?;
        remote::block_on(async {
            match self.command {
                Command::List { limit } => list(&orders(&node, limit).await?, json),
                Command::Show { order } => show(&node, &find(&node, &order).await?, json).await?,
                Command::Watch => watch(&node, json).await?,
            }
            Ok(())
        })
    }
}

async fn orders(node: &Node, limit: u32) -> Result<Vec<Value>, Problem> {
    node.ask("dure_orders", &[json!(limit)]).await
}

/// What happened to an order, oldest first.
pub async fn timeline(node: &Node, order: B256) -> Result<Vec<Value>, Problem> {
    node.ask("dure_orderTimeline", &[json!(order)]).await
}

async fn find(node: &Node, text: &str) -> Result<Value, Problem> {
    let found = match Digits::read(text, "an order")? {
        Digits::All(id) => node.ask::<Option<Value>>("dure_order", &[json!(id)]).await?,
        digits => digits.of(orders(node, u32::MAX).await?, |order| self::text(order, "id").to_owned())?,
    };
    found.ok_or_else(|| Problem::refused(format!("there is no order `{text}`")).hint("see them with `dure orders list`"))
}

fn list(orders: &[Value], json: bool) {
    if json {
        return orders.iter().for_each(line);
    }
    if orders.is_empty() {
        return eprintln!("No orders yet. Watch the first one come: dure orders watch");
    }
    let row = |order: &Value| {
        vec![
            short(text(order, "id")),
            state(text(order, "state")).into(),
            text(order, if order["shopName"].is_string() { "shopName" } else { "shop" }).into(),
            money(order),
            say::time(number(order, "createdMs")),
            say::time(number(order, "deadlineMs")),
        ]
    };
    let rows: Vec<_> = orders.iter().map(row).collect();
    print!("{}", table(&["order", "state", "shop", "total", "asked for", "ends its state by"], &rows));
}

async fn show(node: &Node, order: &Value, json: bool) -> Result<(), Problem> {
    let id = text(order, "id").parse().map_err(Problem::fault)?;
    let steps = timeline(node, id).await?;
    if json {
        line(&json!({ "order": order, "timeline": steps }));
        return Ok(());
    }
    println!("order      {id}\nstate      {}", state(text(order, "state")));
    for (name, field) in [("household", "owner"), ("shop", "shop"), ("device", "device"), ("pack", "gtin")] {
        println!("{name:<10} {}", text(order, field));
    }
    println!("total      {}\n", money(order));
    let start = steps.first().map_or(0, |step| number(step, "timeMs"));
    for step in &steps {
        let at = number(step, "timeMs");
        println!(
            "{}  {:<12} {}  (block {})",
            say::time(at),
            format!("+{}", say::span(at - start)),
            what(step),
            number(step, "height")
        );
    }
    Ok(())
}

async fn watch(node: &Node, json: bool) -> Result<(), Problem> {
    if !json {
        eprintln!("Watching orders; Ctrl-C ends it.");
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    loop {
        for order in orders(node, LIST_DEFAULT).await?.iter().rev() {
            let id = text(order, "id");
            let steps = timeline(node, id.parse().map_err(Problem::fault)?).await?;
            let known = seen.insert(id.to_owned(), steps.len()).unwrap_or(0);
            for step in steps.iter().skip(known) {
                if json {
                    line(&json!({ "order": id, "step": step }));
                } else {
                    println!("{}  {}  {}", say::time(number(step, "timeMs")), short(id), what(step));
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

/// A state as people say it.
fn state(name: &str) -> &str {
    match name {
        "PendingApproval" => "waits for approval",
        "Claimed" => "said to be delivered",
        "Arbitration" => "with an arbiter",
        "ReturnPosted" => "return posted",
        "ReturnDenied" => "return denied",
        other => other,
    }
}

fn what(step: &Value) -> &str {
    step["sentence"].as_str().unwrap_or_else(|| text(step, "event"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or("–")
}

/// Numbers beyond 2⁵³ travel as strings.
fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().or_else(|| value[field].as_str()?.parse().ok()).unwrap_or(0)
}

fn money(order: &Value) -> String {
    let minor = number(order, "total");
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}
