//! Takes the built console into the binary: a table of every file of console/dist, with its brotli form where there is one.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

/// Files of the console, at most: a page is a handful.
const FILES_MAX: usize = 500;

fn main() -> io::Result<()> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../console/dist").canonicalize()?;
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for file in files.iter().filter(|file| file.extension().is_none_or(|extension| extension != "br")) {
        let name = file.strip_prefix(&dist).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let packed = PathBuf::from(format!("{}.br", file.display()));
        let packed = if packed.exists() { format!("Some(include_bytes!({packed:?}))") } else { "None".into() };
        table += &format!("    Asset {{ path: {:?}, plain: include_bytes!({file:?}), brotli: {packed} }},\n", format!("/{name}"));
    }
    fs::write(PathBuf::from(env::var("OUT_DIR").unwrap_or_default()).join("console.rs"), table + "]\n")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, files)?;
        } else if files.len() < FILES_MAX {
            files.push(path);
        }
    }
    Ok(())
}
