//! The rules of energy against their own tables.
