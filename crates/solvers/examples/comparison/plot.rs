//! The power at the transformer as a picture: a few days, three ways.

use crate::{
    CAP_W,
    grid::{Grid, SLOTS},
};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
const DAYS: usize = 3;
const FIRST_DATE: &str = "2016-06-13";
const MOST_W: f64 = 220_000.0;
const LEAST_W: f64 = -80_000.0;
/// Which of the ways are drawn, in which colour and stroke.
const DRAWN: [(&str, &str, &str); 3] =
    [("no batteries", "#9a9a9a", "4 3"), ("each for its own roof", "#c2571a", ""), ("market, perfect forecast", "#1f6f4a", "")];

pub fn svg(grid: &Grid, curves: &[(&str, Vec<i64>)]) -> String {
    let counted: Vec<usize> = (1..grid.days()).filter(|day| grid.follows(*day)).collect();
    let first = counted.iter().position(|day| grid.date(*day) == FIRST_DATE).unwrap_or(0) * SLOTS;
    let (right, bottom) = (WIDTH - 10.0, HEIGHT - 40.0);
    let x = |at: usize| LEFT + (right - LEFT) * at as f64 / (DAYS * SLOTS) as f64;
    let y = |w: f64| bottom - (bottom - TOP) * (w - LEAST_W) / (MOST_W - LEAST_W);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"16\" fill=\"#222\">Power at the transformer, before anything is curtailed, kW (SimBench LV1.101, {FIRST_DATE} and two days on)</text>\n"
    );
    for kw in [-50, 0, 50, 100, 150, 200] {
        let at = y(f64::from(kw) * 1e3);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#e3e3e3\"/><text x=\"52\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{kw}</text>",
            at + 4.0
        );
    }
    let cap = y(CAP_W as f64);
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{cap:.1}\" y2=\"{cap:.1}\" stroke=\"#b00020\"/><text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#b00020\">60 kW: more than this is lost</text>",
        cap - 5.0
    );
    for (number, (name, colour, dash)) in DRAWN.iter().enumerate() {
        let Some((_, curve)) = curves.iter().find(|(known, _)| known == name) else { continue };
        let points: Vec<String> = curve
            .iter()
            .skip(first)
            .take(DAYS * SLOTS)
            .enumerate()
            .map(|(at, w)| format!("{:.1},{:.1}", x(at), y((*w as f64).clamp(LEAST_W, MOST_W))))
            .collect();
        let (at, line) = (LEFT + 230.0 * number as f64, HEIGHT - 12.0);
        let _ = write!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" stroke-dasharray=\"{dash}\" points=\"{}\"/>\n\
             <line x1=\"{at}\" x2=\"{:.0}\" y1=\"{:.0}\" y2=\"{:.0}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"/><text x=\"{:.0}\" y=\"{line}\" fill=\"#222\">{name}</text>\n",
            points.join(" "),
            at + 24.0,
            line - 4.0,
            line - 4.0,
            at + 30.0
        );
    }
    out.push_str("</svg>\n");
    out
}
