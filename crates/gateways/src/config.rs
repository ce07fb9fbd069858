//! A person's TOML, read strictly: what is not known is refused with the nearest name that is.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Why a file is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", path.display())]
pub struct ConfigError {
    pub path: PathBuf,
    pub what: String,
    pub hint: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// [`ConfigError`], with the line where TOML says it.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let error = |what: String, hint: Option<String>| ConfigError { path: path.to_owned(), what, hint };
    let text = std::fs::read_to_string(path).map_err(|why| error(why.to_string(), None))?;
    toml::from_str(&text).map_err(|why| {
        let line = why.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let at = line.map_or_else(String::new, |line| format!("line {line}: "));
        error(format!("{at}{}", why.message()), nearest(why.message()))
    })
}

/// Of "unknown field `x`, expected one of `a`, `b`": the name that is nearest to `x`, where one is near.
fn nearest(message: &str) -> Option<String> {
    let mut quoted = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let given = quoted.next()?;
    let scored = quoted.map(|name| (strsim::jaro_winkler(given, name), name));
    let (_, best) = scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(format!("is it `{best}`?"))
}

/// Every problem of a file at once, each a line.
pub fn all_problems(path: &Path, problems: Vec<String>) -> Result<(), ConfigError> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(ConfigError { path: path.to_owned(), what: problems.join("; "), hint: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Small {
        #[allow(dead_code, reason = "read by name alone")]
        broker: String,
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name_and_its_line() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.toml");
        std::fs::write(&path, "# mine\nbroken = 1\n").expect("written");
        let error = read::<Small>(&path).expect_err("refused");
        assert!(error.what.starts_with("line 2: unknown field `broken`"), "{error}");
        assert_eq!(error.hint.as_deref(), Some("is it `broker`?"));
        std::fs::write(&path, "broker = 1\n").expect("written");
        assert!(read::<Small>(&path).expect_err("refused").what.contains("expected a string"));
    }
}
