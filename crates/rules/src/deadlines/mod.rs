//! (interface first; rules follow)

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {}
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {}
