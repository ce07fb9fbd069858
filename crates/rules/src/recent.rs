//! Hashes of recent blocks.
