//! The cache: outputs of earlier runs by what they were made of.
//!
//! ```text
//! objects/ab/<digest>     files by content, `<digest>.x` where executable, and the listings of folders
//! entries/ab/<key>.json   what a task of that key gave; moved in last
//! tmp/                    to build in
//! stat.idx                digests of files by what the system says of them
//! ```
//!
//! Nothing in it is believed unseen: an entry carries its key and a checksum, an object is hashed again when it is not as it was left, and what is
//! wrong or missing is a miss. Deleting any of it is safe.

mod content;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub(super) use content::Content;
use content::{Index, Item, Listing, Piece, hash_file, scan};

use super::crash;
use super::seal::{is_whole, seal};
use crate::value::Value;

pub(super) struct Cache {
    root: PathBuf,
    index: Index,
    /// For names in `tmp/`.
    count: AtomicU64,
}

/// An output as an entry holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stored {
    Value(Value),
    Artifact(Content),
    /// An optional artifact that was not made.
    Nothing,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    /// Seconds since 1970.
    made: f64,
    outputs: IndexMap<String, Stored>,
}

impl Cache {
    /// The cache below a state folder. Nothing is made before something is stored.
    pub fn new(state: &Path) -> Cache {
        let root = state.join("cache").join("v1");
        Cache {
            index: Index::new(root.join("stat.idx")),
            root,
            count: AtomicU64::new(0),
        }
    }

    /// The content of a file or folder.
    pub fn content(&self, path: &Path) -> io::Result<Content> {
        // For the index, which is worth more than the folder costs.
        let _ = fs::create_dir_all(&self.root);
        scan(path, &self.index, &mut |_| Ok(()))
    }

    /// The outputs kept under a key, no older than that, with their artifacts put at `place(port)`. Nothing when anything is missing or wrong.
    pub fn take(
        &self,
        key: &str,
        oldest: Option<Duration>,
        place: &dyn Fn(&str) -> PathBuf,
    ) -> Option<IndexMap<String, Stored>> {
        let text = fs::read(self.entry(key)).ok()?;
        let line = text.strip_suffix(b"\n")?;
        let entry: Entry = if is_whole(line) {
            serde_json::from_slice(line).ok()?
        } else {
            return None;
        };
        let age = seconds_now() - entry.made;
        if entry.key != key || oldest.is_some_and(|oldest| age > oldest.as_secs_f64()) {
            return None;
        }
        for (port, output) in &entry.outputs {
            if let Stored::Artifact(content) = output {
                self.put_at(content, &place(port)).ok()?;
            }
        }
        Some(entry.outputs)
    }

    /// Keeps outputs under a key: values, or artifacts by where they are.
    pub fn keep(
        &self,
        key: &str,
        outputs: &IndexMap<String, Output>,
    ) -> io::Result<IndexMap<String, Stored>> {
        let store = |(port, output): (&String, &Output)| {
            let stored = match output {
                Output::Value(value) => Stored::Value(value.clone()),
                Output::Nothing => Stored::Nothing,
                Output::Artifact(path) => {
                    Stored::Artifact(scan(path, &self.index, &mut |piece| self.store(piece))?)
                }
            };
            Ok((port.clone(), stored))
        };
        fs::create_dir_all(self.root.join("tmp"))?;
        let outputs: IndexMap<String, Stored> =
            outputs.iter().map(store).collect::<io::Result<_>>()?;
        let entry = Entry {
            key: key.to_owned(),
            made: seconds_now(),
            outputs,
        };
        let mut text = Vec::new();
        seal(&entry, &mut text);
        self.build(&self.entry(key), |temporary| fs::write(temporary, &text))?;
        Ok(entry.outputs)
    }

    fn entry(&self, key: &str) -> PathBuf {
        self.root
            .join("entries")
            .join(&key[..2])
            .join(format!("{key}.json"))
    }

    fn object(&self, digest: &str, executable: bool) -> PathBuf {
        let name = if executable {
            format!("{digest}.x")
        } else {
            digest.to_owned()
        };
        self.root
            .join("objects")
            .join(digest.get(..2).unwrap_or("--"))
            .join(name)
    }

    /// Makes a file under a name of its own, then moves it to its place: it is there whole or not at all.
    fn build(&self, place: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let temporary = self.root.join("tmp").join(format!(
            "{}-{number}-{}",
            std::process::id(),
            seconds_now()
        ));
        let built = make(&temporary).and_then(|()| {
            crash::point();
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(&temporary, place)
        });
        crash::point();
        if built.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        built
    }

    fn store(&self, piece: Piece<'_>) -> io::Result<()> {
        match piece {
            Piece::Listing { digest, text } => {
                let place = self.object(digest, false);
                match self.listing(digest) {
                    Ok(_) => Ok(()),
                    Err(_) => self.build(&place, |temporary| fs::write(temporary, text)),
                }
            }
            Piece::File {
                path,
                metadata,
                digest,
                executable,
            } => {
                let place = self.object(digest, executable);
                if self.checked(&place, digest).is_ok() {
                    return Ok(());
                }
                self.build(&place, |temporary| {
                    if clone(path, temporary).is_err() {
                        // A file with other names may be somebody's: they may go on writing to it.
                        let own =
                            metadata.nlink() == 1 && !fs::symlink_metadata(path)?.is_symlink();
                        if !own || fs::hard_link(path, temporary).is_err() {
                            fs::copy(path, temporary)?;
                        }
                    }
                    freeze(temporary, metadata, executable)
                })?;
                self.index.keep(&fs::metadata(&place)?, digest, true);
                Ok(())
            }
        }
    }

    /// An object that holds what its name says. One that does not is removed.
    fn checked(&self, place: &Path, digest: &str) -> io::Result<()> {
        let metadata = fs::symlink_metadata(place)?;
        if self.index.known(&metadata).as_deref() == Some(digest) {
            return Ok(());
        }
        if metadata.is_file() && hash_file(place)? == digest {
            // Not frozen, as far as is known: read again next time, unless it can be made so.
            let executable = metadata.permissions().mode() & 0o100 != 0;
            freeze(place, &metadata, executable)?;
            self.index.keep(&fs::metadata(place)?, digest, true);
            return Ok(());
        }
        fs::remove_file(place)?;
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a damaged object",
        ))
    }

    fn listing(&self, digest: &str) -> io::Result<Listing> {
        let place = self.object(digest, false);
        let text = fs::read(&place)?;
        if blake3::hash(&text).to_hex().as_str() == digest
            && let Ok(listing) = serde_json::from_slice(&text)
        {
            return Ok(listing);
        }
        fs::remove_file(&place)?;
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a damaged listing",
        ))
    }

    /// Makes a file or folder of this content at a path where nothing is.
    fn put_at(&self, content: &Content, path: &Path) -> io::Result<()> {
        match content {
            Content::File {
                digest, executable, ..
            } => {
                let object = self.object(digest, *executable);
                self.checked(&object, digest)?;
                if clone(&object, path).is_err() {
                    match fs::hard_link(&object, path) {
                        Ok(()) => return Ok(()),
                        Err(_) => fs::copy(&object, path).map(|_| ())?,
                    }
                }
                fs::set_permissions(
                    path,
                    Permissions::from_mode(if *executable { 0o755 } else { 0o644 }),
                )
            }
            Content::Folder { digest, .. } => {
                let listing = self.listing(digest)?;
                fs::create_dir(path)?;
                for (name, item) in &listing {
                    // Only a damaged listing has one, and it must not lead out.
                    if name.contains('/') || name == ".." {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "a damaged listing",
                        ));
                    }
                    match item {
                        Item::Content(content) => self.put_at(content, &path.join(name))?,
                        Item::Link(target) => std::os::unix::fs::symlink(target, path.join(name))?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// An output to keep.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Value(Value),
    Artifact(PathBuf),
    Nothing,
}

/// A copy that shares its blocks, on file systems that can.
fn clone(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let source = File::open(from)?;
        let target = File::create_new(to)?;
        rustix::fs::ioctl_ficlone(&target, &source).map_err(|error| {
            let _ = fs::remove_file(to);
            error.into()
        })
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (from, to);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Makes an object read-only, and its time one that no later write gives it: however soon it is changed, that shows.
fn freeze(path: &Path, metadata: &fs::Metadata, executable: bool) -> io::Result<()> {
    fs::set_permissions(
        path,
        Permissions::from_mode(if executable { 0o555 } else { 0o444 }),
    )?;
    let modified = metadata.modified()?;
    let whole = modified
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        .saturating_sub(1);
    let file = File::open(path)?;
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(whole))
}

fn seconds_now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
