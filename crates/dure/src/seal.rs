//! Where a folder says in which views its validator may vote.
//!
//! Two votes of one key in one view are a proof against whoever holds the key, so a validator may vote only where it knows that it has
//! not. Its journal knows; but a folder that was copied, restored or emptied has no journal or an old one, and looks no different. So
//! the folder is sealed: the seal names the key, and the directory `chain/` by what no copy has in common with it, its number on the disk
//! and the moment of its making. Upon a start with a seal that fits: the validator votes. Upon any other: it watches until the others have
//! agreed on a block that was proposed after this start, seals the folder, and votes in later views only.
//! docs/decisions/0018-no-second-vote.md says why that is enough, and what is not caught.

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

const SEAL: &str = "seal.json";
const CHAIN: &str = "chain";

#[derive(Serialize, Deserialize)]
struct Seal {
    /// The validator's public key.
    validator: B256,
    /// Of `chain/`.
    inode: u64,
    /// When `chain/` was made, nanoseconds since 1970-01-01 UTC; nothing where the file system does not say.
    made_ns: Option<u64>,
    /// When something was last put into `chain/` or taken out before it was sealed, likewise: what is empty now was empty then.
    changed_ns: Option<u64>,
    /// The validator votes in views after that of this block; 0 is the genesis.
    votes_above: u64,
}

impl Seal {
    fn of(folder: &Path, validator: B256, votes_above: u64) -> io::Result<Self> {
        let chain = fs::metadata(folder.join(CHAIN))?;
        let ns = |time: io::Result<SystemTime>| u64::try_from(time.ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok();
        let (made_ns, changed_ns) = (ns(chain.created()), ns(chain.modified()));
        Ok(Self { validator, inode: chain.ino(), made_ns, changed_ns, votes_above })
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let (beside, file) = (folder.join("seal.part"), folder.join(SEAL));
        let mut part = File::create(&beside)?;
        part.write_all(serde_json::to_string(self)?.as_bytes())?;
        part.sync_all()?;
        fs::rename(&beside, &file)?;
        File::open(folder)?.sync_all()
    }
}

/// Seals `folder` for the key of `validator`, which may vote in views after the one that made the block of height `votes_above` final.
///
/// # Errors
/// What the system says.
pub fn seal(folder: &Path, validator: B256, votes_above: u64) -> io::Result<()> {
    fs::create_dir_all(folder.join(CHAIN))?;
    Seal::of(folder, validator, votes_above)?.write(folder)
}

/// The height above which `validator` may vote in `folder`; nothing where that is not known to be the newest folder of its key.
///
/// # Errors
/// What the system says.
pub fn votes_above(folder: &Path, validator: B256) -> io::Result<Option<u64>> {
    let read = fs::read(folder.join(SEAL)).ok().and_then(|text| serde_json::from_slice::<Seal>(&text).ok());
    let Some(seal) = read.filter(|_| folder.join(CHAIN).exists()) else { return Ok(None) };
    let now = Seal::of(folder, validator, seal.votes_above)?;
    let mut journals = fs::read_dir(folder.join(CHAIN))?.flatten().filter(|entry| entry.path().is_dir());
    let empty = journals.next().is_none();
    let same = |seal: &Seal| (seal.validator, seal.inode, seal.made_ns);
    let fits = same(&now) == same(&seal) && (!empty || now.changed_ns == seal.changed_ns);
    Ok(fits.then_some(seal.votes_above))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const KEY: B256 = B256::repeat_byte(7);

    /// What `change` does to a folder in use, and whether its validator may vote then.
    fn check(what: &str, change: impl FnOnce(&Path), votes: bool) {
        let all = tempfile::tempdir().expect("folder");
        let folder = all.path().join("data");
        seal(&folder, KEY, 7).expect("sealed");
        assert_eq!(votes_above(&folder, KEY).expect("read"), Some(7), "a sealed folder");
        run("mkdir chain/journal && touch chain/.hold", &folder);
        change(&folder);
        assert_eq!(votes_above(&folder, KEY).expect("read"), votes.then_some(7), "{what}");
        assert_eq!(votes_above(&folder, KEY).expect("read"), votes.then_some(7), "{what}, asked again");
    }

    fn run(command: &str, folder: &Path) {
        assert!(Command::new("sh").args(["-c", command]).current_dir(folder).status().expect("sh runs").success());
    }

    #[test]
    fn a_folder_that_may_not_be_the_newest_does_not_vote() {
        check("nothing", |_| {}, true);
        check("moved", |folder| run("mv ../data ../there && mkdir ../data && mv ../there/* ../data", folder), true);
        check("copied and put back", |folder| run("cp -a ../data ../copy && rm -r ./* && cp -a ../copy/. .", folder), false);
        check("chain/ copied back", |folder| run("cp -a chain old && rm -r chain && mv old chain", folder), false);
        check("by tar", |folder| run("tar cf ../t chain && rm -r chain && tar xf ../t", folder), false);
        check("chain/ removed", |folder| run("rm -r chain", folder), false);
        check("chain/ emptied", |folder| run("rm -r chain/*", folder), false);
        check("the seal removed", |folder| run("rm seal.json", folder), false);
        check("the seal torn", |folder| run("truncate -s 10 seal.json", folder), false);
    }

    #[test]
    fn a_new_folder_votes_from_the_genesis_on() {
        let all = tempfile::tempdir().expect("folder");
        assert_eq!(votes_above(all.path(), KEY).expect("read"), None);
        seal(all.path(), KEY, 0).expect("sealed");
        assert_eq!(votes_above(all.path(), KEY).expect("read"), Some(0));
        let other = B256::repeat_byte(8);
        assert_eq!(votes_above(all.path(), other).expect("read"), None, "an older key was put into a folder made for a new one");
    }
}
