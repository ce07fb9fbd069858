//! Ids as people type them: the first digits are enough where no other id begins so.

use crate::say::Problem;
use alloy_primitives::B256;

/// An id, or how it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digits {
    All(B256),
    First(String),
}

impl Digits {
    /// # Errors
    /// Where the text is not how an id begins; `what` names whose id is expected.
    pub fn read(text: &str, what: &str) -> Result<Self, Problem> {
        let digits = text.strip_prefix("0x").unwrap_or_default();
        if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Problem::usage(format!(
                "`{text}` is no id; expected that of {what}, 0x and 64 hexadecimal digits, of which the first are enough"
            )));
        }
        Ok(text.parse().map_or_else(|_| Self::First(text.to_ascii_lowercase()), Self::All))
    }

    /// The one of `known` that is meant; none where there is no such one.
    ///
    /// # Errors
    /// Where more than one begins so.
    pub fn of<T>(&self, known: impl IntoIterator<Item = T>, id: impl Fn(&T) -> String) -> Result<Option<T>, Problem> {
        let start = match self {
            Self::All(all) => all.to_string(),
            Self::First(start) => start.clone(),
        };
        let mut found = known.into_iter().filter(|one| id(one).starts_with(&start));
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Err(Problem::usage(format!("`{start}` begins more than one id")).hint(format!(
                "type more digits: {} or {}",
                id(&one),
                id(&other)
            ))),
            (found, _) => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digits_are_enough_and_what_is_no_id_is_told_what_was_expected() {
        let known = ["0x12ab", "0x12cd", "0x34ef"].map(|start| format!("{start}{}", "0".repeat(60)));
        let find = |text: &str| Digits::read(text, "a market").and_then(|digits| digits.of(known.clone(), String::clone));
        assert_eq!(find("0x3").expect("one"), Some(known[2].clone()));
        assert_eq!(find("0x12AB").expect("one"), Some(known[0].clone()), "digits of any case");
        assert_eq!(find(&known[1]).expect("one"), Some(known[1].clone()));
        assert_eq!(find("0x9").expect("none"), None);
        let said = find("0x12").expect_err("two").to_string();
        assert!(said.contains("more than one"), "{said}");
        for wrong in ["", "0x", "12ab", "0xking", &format!("0x{}", "1".repeat(65))] {
            let said = find(wrong).expect_err(wrong).to_string();
            assert!(said.contains("expected that of a market"), "{said}");
        }
    }
}
