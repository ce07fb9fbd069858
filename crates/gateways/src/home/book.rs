//! What a gateway must not forget: sequence numbers, delivery codes, counters. Written before anything is sent.

use super::filter::Counter;
use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Orders of one slot that are remembered, the newest.
pub const ORDERS_MAX: usize = 64;

/// An order that this gateway signed, or is about to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub order: B256,
    /// For the person at the door.
    pub code: String,
    /// Lowest level since.
    pub lowest: u64,
    pub evident: bool,
}

/// What is kept of a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotPage {
    pub paused: bool,
    pub counter: Counter,
    /// The newest last.
    pub orders: Vec<Signed>,
}

/// What is kept of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Of the last message that was signed.
    pub sequence: u64,
    pub slots: BTreeMap<u8, SlotPage>,
}

/// All pages, in one file.
#[derive(Debug)]
pub struct Book {
    path: PathBuf,
    pages: BTreeMap<String, Page>,
}

impl Book {
    /// Opens `book.json` of a folder, or begins it.
    ///
    /// # Errors
    /// Where the folder or the file cannot be used.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join("book.json");
        let pages = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        Ok(Self { path, pages })
    }

    pub fn page(&mut self, device: &str) -> &mut Page {
        self.pages.entry(device.to_owned()).or_default()
    }

    pub fn slot(&mut self, device: &str, slot: u8) -> &mut SlotPage {
        self.page(device).slots.entry(slot).or_default()
    }

    /// Puts it on the disk: a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// Where it cannot be written; then nothing may be sent.
    pub fn save(&self) -> io::Result<()> {
        let beside = self.path.with_extension("part");
        let mut file = File::create(&beside)?;
        serde_json::to_writer(&mut file, &self.pages)?;
        file.flush()?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.path)?;
        File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl SlotPage {
    /// The page's entry of this order; an order keeps the code that it was first given, because an earlier message may have
    /// reached the chain after all.
    pub fn signed(&mut self, order: B256, level: u64, code: impl FnOnce() -> String) -> &mut Signed {
        let index = self.orders.iter().position(|signed| signed.order == order).unwrap_or_else(|| {
            if self.orders.len() == ORDERS_MAX {
                self.orders.remove(0);
            }
            self.orders.push(Signed { order, code: code(), lowest: level, evident: false });
            self.orders.len() - 1
        });
        &mut self.orders[index]
    }

    pub fn known(&mut self, order: B256) -> Option<&mut Signed> {
        self.orders.iter_mut().find(|signed| signed.order == order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_keeps_its_first_code_over_a_restart() {
        let folder = tempfile::tempdir().expect("folder");
        let order = B256::repeat_byte(1);
        let mut book = Book::open(folder.path()).expect("opened");
        book.page("washer").sequence = 7;
        book.slot("washer", 0).signed(order, 100, || "AAAAAAAAAA".into());
        book.save().expect("saved");
        let mut again = Book::open(folder.path()).expect("opened");
        assert_eq!(again.page("washer").sequence, 7);
        assert_eq!(again.slot("washer", 0).signed(order, 100, || "BBBBBBBBBB".into()).code, "AAAAAAAAAA");
    }

    #[test]
    fn a_torn_file_beside_the_book_changes_nothing_and_a_spoilt_book_is_said() {
        let folder = tempfile::tempdir().expect("folder");
        let mut book = Book::open(folder.path()).expect("opened");
        book.page("washer").sequence = 7;
        book.save().expect("saved");
        std::fs::write(folder.path().join("book.part"), "{\"was").expect("written");
        assert_eq!(Book::open(folder.path()).expect("opened").page("washer").sequence, 7);
        std::fs::write(folder.path().join("book.json"), "{\"was").expect("written");
        assert!(Book::open(folder.path()).is_err(), "a spoilt book is never taken for an empty one");
    }

    #[test]
    fn only_the_newest_orders_are_kept() {
        let mut page = SlotPage::default();
        for n in 0..=ORDERS_MAX {
            page.signed(B256::left_padding_from(&[n as u8]), 0, String::new);
        }
        assert_eq!(page.orders.len(), ORDERS_MAX);
        assert!(page.known(B256::ZERO).is_none() && page.known(B256::left_padding_from(&[ORDERS_MAX as u8])).is_some());
    }
}
