//! How the program talks: results on stdout, everything else on stderr, errors with what failed and a hint what to do.
//!
//! With `--json` every result is one JSON object a line on stdout, and an error is one too:
//! `{"error":{"what":…,"hint":…,"exit":…}}`.

use serde::Serialize;
use std::{fmt, io::Write as _, process::ExitCode};

/// How the program ends. The numbers are part of its interface and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The chain, or a rule of it, said no; or what was asked for does not exist.
    Refused = 1,
    /// The arguments or a file that a person wrote are wrong. Also what clap answers.
    Usage = 2,
    /// No node answers, or a file or port cannot be used.
    Unreachable = 3,
    /// The program itself failed.
    Fault = 4,
}

/// The exit codes as every `--help` lists them: examples first, where a command has some.
macro_rules! help {
    ($($examples:literal)?) => {
        concat!($($examples, "\n\n",)? "Exit codes: 0 done · 1 refused or not found · 2 wrong arguments · 3 node, file or port cannot be reached · 4 fault of the program")
    };
}
pub(crate) use help;

/// Something that failed, in words for a person.
#[derive(Debug)]
pub struct Problem {
    what: String,
    hint: Option<String>,
    exit: Exit,
}

impl Problem {
    /// What failed, with the value that made it fail; no full stop, no blame.
    pub fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), hint: None, exit }
    }

    pub fn refused(what: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, what)
    }

    pub fn usage(what: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub fn unreachable(what: impl fmt::Display) -> Self {
        Self::new(Exit::Unreachable, what)
    }

    pub fn fault(what: impl fmt::Display) -> Self {
        Self::new(Exit::Fault, what)
    }

    /// What to do about it.
    pub fn hint(self, hint: impl fmt::Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }

    /// Says it, and gives the exit code.
    pub fn tell(&self, json: bool) -> ExitCode {
        let exit = self.exit as u8;
        if json {
            line(&serde_json::json!({ "error": { "what": self.what, "hint": self.hint, "exit": exit } }));
        } else {
            eprintln!("error: {}", self.what);
            if let Some(hint) = &self.hint {
                eprintln!("hint: {hint}");
            }
        }
        ExitCode::from(exit)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// One JSON line on stdout, flushed, so that a program on the other end of a pipe sees it at once.
pub fn line(value: &impl Serialize) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no reason to fail: the next write to a closed pipe ends the same way.
    let _ = serde_json::to_writer(&mut out, value).map_err(std::io::Error::from).and_then(|()| out.write_all(b"\n"));
    let _ = out.flush();
}

/// `columns` as a table with aligned columns; the last column is not padded.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let write = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = write(head.to_vec());
    for row in rows {
        text += &write(row.iter().map(String::as_str).collect());
    }
    text
}

/// The candidate nearest to `given`, if any is near enough to be what was meant.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(given, candidate), candidate));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// Consensus time as people read it, UTC, without fractions: `2026-11-23 21:05:09`.
pub fn time(time_ms: u64) -> String {
    let seconds = time_ms / 1_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// A span in its two largest units: `2 d 3 h`, `5 min 20 s`, `3 s`.
pub fn span(span_ms: u64) -> String {
    let seconds = span_ms / 1_000;
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts[first..].iter().take(2).filter(|(count, _)| *count > 0 || first == 3);
    shown.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// Days since 1970-01-01 as a date of the Gregorian calendar (Fliegel and Van Flandern, CACM 11(10), 1968).
fn date(days: u64) -> (u64, u64, u64) {
    let l = days + 2_440_588 + 68_569;
    let n = 4 * l / 146_097;
    let l = l - (146_097 * n).div_ceil(4);
    let i = 4_000 * (l + 1) / 1_461_001;
    let l = l - 1_461 * i / 4 + 31;
    let j = 80 * l / 2_447;
    let month = j + 2 - 12 * (j / 11);
    (100 * (n - 49) + i + j / 11, month, l - 2_447 * j / 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_dates() {
        for (time_ms, expected) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_795_467_909_999, "2026-11-23 21:05:09"),
            (253_402_300_799_000, "9999-12-31 23:59:59"),
        ] {
            assert_eq!(time(time_ms), expected);
        }
    }

    #[test]
    fn spans_show_two_units() {
        for (span_ms, expected) in [
            (0, "0 s"),
            (3_000, "3 s"),
            (320_000, "5 min 20 s"),
            (3_600_000, "1 h"),
            (183_600_000, "2 d 3 h"),
            (86_460_000, "1 d"),
        ] {
            assert_eq!(span(span_ms), expected);
        }
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("odrers", ["orders", "shops"]), Some("orders"));
        assert_eq!(nearest("zzz", ["orders", "shops"]), None);
    }

    #[test]
    fn a_table_lines_up() {
        let rows = vec![vec!["a".into(), "long".into()], vec!["bcd".into(), "x".into()]];
        assert_eq!(table(&["id", "name"], &rows), "id   name\na    long\nbcd  x\n");
    }
}
