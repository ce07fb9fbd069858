//! The rules of accounts against their own tables.
