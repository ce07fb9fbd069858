//! Tables in Markdown: every round, and the median of the rounds with the ratio to anvil.

use crate::{flood::Flooded, load::Figures, readings::Replayed, restart::Kill};

/// One load of one round.
pub struct Row {
    pub peer: &'static str,
    pub what: &'static str,
    pub figures: Figures,
}

/// The loads.
pub fn transfers(rows: &[Row]) {
    println!(
        "| node | load | final/s, each round | median | × anvil's ERC-20 | accepted → final p50, p95 | CPU of the node each |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut names: Vec<(&str, &str)> = Vec::new();
    for row in rows {
        if !names.contains(&(row.peer, row.what)) {
            names.push((row.peer, row.what));
        }
    }
    let base = median(rows, "anvil", crate::transfers::Kind::Erc20.name(), Figures::per_second);
    for (peer, what) in names {
        let each: Vec<String> = of(rows, peer, what).map(|figures| format!("{:.0}", figures.per_second())).collect();
        let rate = median(rows, peer, what, Figures::per_second);
        let ratio = if base.is_nan() { "–".into() } else { format!("{:.2}", rate / base) };
        println!(
            "| {peer} | {what} | {} | {rate:.0} | {ratio} | {:.0} ms, {:.0} ms | {:.0} µs |",
            each.join(", "),
            median(rows, peer, what, |figures| figures.wait_ms(50)),
            median(rows, peer, what, |figures| figures.wait_ms(95)),
            median(rows, peer, what, Figures::cpu_us),
        );
    }
}

/// The flood.
pub fn flood(flooded: &Flooded) {
    let Flooded { keys, taken, refused, members } = flooded;
    println!(
        "\nFlood of {keys} fresh keys: {taken} of their transactions taken, {refused} refused. Meanwhile {} transfers of members, \
         accepted → final p50 {:.0} ms, p95 {:.0} ms, slowest {:.0} ms.",
        members.accepted,
        members.wait_ms(50),
        members.wait_ms(95),
        members.wait_ms(100),
    );
}

/// The meters.
pub fn readings(replayed: &Replayed) {
    let Replayed { meters, readings, figures, sent_bytes, disk_bytes } = replayed;
    let each = |of: f64| of / *readings as f64;
    println!(
        "{meters} meters, {readings} readings in {} transactions and {} blocks: {:.0} readings/s final, accepted → final p50 {:.0} ms, p95 \
         {:.0} ms, {:.0} µs of the node's CPU, {:.0} bytes sent and {:.0} on the disk for each reading.",
        figures.accepted,
        figures.blocks,
        *readings as f64 / figures.wall.as_secs_f64(),
        figures.wait_ms(50),
        figures.wait_ms(95),
        each(figures.node_cpu.as_secs_f64() * 1e6),
        each(*sent_bytes as f64),
        each(*disk_bytes as f64),
    );
}

/// The kills.
pub fn kills(kills: &[Kill], disk_bytes: u64) {
    let seconds = |of: fn(&Kill) -> std::time::Duration| {
        let all: Vec<String> = kills.iter().map(|kill| format!("{:.2}", of(kill).as_secs_f64())).collect();
        all.join(", ")
    };
    println!(
        "\nKilled {} times under load; {} final transactions checked after the last, none lost. Until it answers, seconds: {}. Until \
         something new is final: {}. {:.0} MB on the disk at the end.",
        kills.len(),
        kills.last().map_or(0, |kill| kill.checked),
        seconds(|kill| kill.answers),
        seconds(|kill| kill.goes_on),
        disk_bytes as f64 / 1e6,
    );
}

fn of<'a>(rows: &'a [Row], peer: &'a str, what: &'a str) -> impl Iterator<Item = &'a Figures> {
    rows.iter().filter(move |row| row.peer == peer && row.what == what).map(|row| &row.figures)
}

fn median(rows: &[Row], peer: &str, what: &str, figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut all: Vec<f64> = of(rows, peer, what).map(figure).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
