//! What can be wrong with a node or its machine, what was found, and how it is mended.
//!
//! What is measured ([`machine`], [`node`]) and what is thought of it are apart: every judgement here is a function of facts.

pub mod machine;
pub mod node;

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    /// It works, and may soon not.
    Warn,
    Fail,
    /// There was nothing to look at.
    Skip,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub state: State,
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), mend: None }
    }

    pub fn skip(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, state: State::Skip, what: what.into(), mend: None }
    }

    pub fn warn(check: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Warn, what: what.into(), mend: Some(mend.into()) }
    }

    pub fn fail(check: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Fail, what: what.into(), mend: Some(mend.into()) }
    }

    /// As a person reads it.
    pub fn line(&self) -> String {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "FAIL",
            State::Skip => "–",
        };
        let mend = self.mend.as_ref().map(|mend| format!("\n{:14}mend: {mend}", "")).unwrap_or_default();
        format!("{state:4}  {:8}{}{mend}", self.check, self.what)
    }
}
