//! What is in a file or folder, as a digest, and the index that spares reading what was read before.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::run::seal::{is_whole, seal};

/// The content of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::run) enum Content {
    File {
        digest: String,
        size: u64,
        executable: bool,
    },
    /// By the digest of its listing.
    Folder { digest: String, size: u64 },
}

impl Content {
    /// What tells it from every other content.
    pub fn key(&self) -> String {
        match self {
            Content::File {
                digest,
                executable: false,
                ..
            } => format!("file {digest}"),
            Content::File {
                digest,
                executable: true,
                ..
            } => format!("executable {digest}"),
            Content::Folder { digest, .. } => format!("folder {digest}"),
        }
    }

    pub fn size(&self) -> u64 {
        match self {
            Content::File { size, .. } | Content::Folder { size, .. } => *size,
        }
    }
}

/// What stands in a folder, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Item {
    Content(Content),
    /// A symbolic link, by what it says.
    Link(String),
}

/// A folder's items in the order of their names.
pub(super) type Listing = Vec<(String, Item)>;

/// A piece that content is made of.
pub(super) enum Piece<'a> {
    File {
        path: &'a Path,
        metadata: &'a Metadata,
        digest: &'a str,
        executable: bool,
    },
    Listing {
        digest: &'a str,
        text: &'a str,
    },
}

/// The content at a path, links to it followed. Every piece of it goes to `found`, the inner ones first.
pub(super) fn scan(
    path: &Path,
    index: &Index,
    found: &mut dyn FnMut(Piece<'_>) -> io::Result<()>,
) -> io::Result<Content> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        let digest = index.digest(path, &metadata)?;
        let executable = metadata.permissions().mode() & 0o100 != 0;
        found(Piece::File {
            path,
            metadata: &metadata,
            digest: &digest,
            executable,
        })?;
        return Ok(Content::File {
            digest,
            size: metadata.len(),
            executable,
        });
    }
    if !metadata.is_dir() {
        return Err(odd(path));
    }
    let mut listing = Listing::new();
    let mut size = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| odd(&entry.path()))?;
        let item = if entry.file_type()?.is_symlink() {
            let target = fs::read_link(entry.path())?;
            Item::Link(
                target
                    .to_str()
                    .ok_or_else(|| odd(&entry.path()))?
                    .to_owned(),
            )
        } else {
            let content = scan(&entry.path(), index, found)?;
            size += content.size();
            Item::Content(content)
        };
        listing.push((name, item));
    }
    listing.sort_by(|(a, _), (b, _)| a.cmp(b));
    let text = serde_json::to_string(&listing).expect("a listing has text keys only");
    let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
    found(Piece::Listing {
        digest: &digest,
        text: &text,
    })?;
    Ok(Content::Folder { digest, size })
}

/// Neither file nor folder, or of a name that is no text.
fn odd(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("`{}` is neither a plain file nor a folder", path.display()),
    )
}

pub(super) fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Digests of files that did not change since they were read, by what the system says of them.
pub(in crate::run) struct Index {
    path: PathBuf,
    known: Mutex<Option<HashMap<(u64, u64), Stamp>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    dev: u64,
    ino: u64,
    size: u64,
    /// Nanoseconds since 1970.
    mtime: i128,
    /// Of a file that nothing but its change can touch; an object's changes with each link to it.
    ctime: Option<i128>,
    digest: String,
}

impl Stamp {
    fn new(metadata: &Metadata, digest: &str, linked: bool) -> Stamp {
        let nanos =
            |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Stamp {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.len(),
            mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime: (!linked).then(|| nanos(metadata.ctime(), metadata.ctime_nsec())),
            digest: digest.to_owned(),
        }
    }

    fn is_of(&self, metadata: &Metadata) -> bool {
        let now = Stamp::new(metadata, &self.digest, self.ctime.is_none());
        *self == now
    }
}

impl Index {
    /// An index kept in a file, which is read when it is first needed.
    pub fn new(path: PathBuf) -> Index {
        Index {
            path,
            known: Mutex::new(None),
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<(u64, u64), Stamp>) -> T) -> T {
        let mut known = self.known.lock().expect("no holder panics");
        look(known.get_or_insert_with(|| load(&self.path)))
    }

    /// What is known of a file as it is now.
    pub fn known(&self, metadata: &Metadata) -> Option<String> {
        self.with(|known| {
            let stamp = known.get(&(metadata.dev(), metadata.ino()))?;
            stamp.is_of(metadata).then(|| stamp.digest.clone())
        })
    }

    /// The digest of a file, read only when it is not known.
    fn digest(&self, path: &Path, metadata: &Metadata) -> io::Result<String> {
        if let Some(digest) = self.known(metadata) {
            return Ok(digest);
        }
        let digest = hash_file(path)?;
        // A file may change again within what its times can tell apart.
        let settled = metadata.modified().is_ok_and(is_past) && is_past(ctime(metadata));
        if settled {
            self.keep(metadata, &digest, false);
        }
        Ok(digest)
    }

    /// Keeps the digest of a file. `linked`: it is an object of the cache, whose links come and go.
    pub fn keep(&self, metadata: &Metadata, digest: &str, linked: bool) {
        let stamp = Stamp::new(metadata, digest, linked);
        let mut line = Vec::new();
        seal(&stamp, &mut line);
        // Without the line the file is read again, that is all.
        let _ = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)
            .and_then(|mut file| file.write_all(&line));
        self.with(|known| known.insert((stamp.dev, stamp.ino), stamp));
    }
}

fn ctime(metadata: &Metadata) -> SystemTime {
    SystemTime::UNIX_EPOCH
        + Duration::new(metadata.ctime().max(0) as u64, metadata.ctime_nsec() as u32)
}

fn is_past(time: SystemTime) -> bool {
    time.elapsed().is_ok_and(|age| age > Duration::from_secs(2))
}

fn load(path: &Path) -> HashMap<(u64, u64), Stamp> {
    /// Then it is begun anew.
    const LARGEST: usize = 32 << 20;
    let bytes = fs::read(path).unwrap_or_default();
    if bytes.len() > LARGEST {
        let _ = fs::remove_file(path);
        return HashMap::new();
    }
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| is_whole(line));
    let stamps = lines.filter_map(|line| serde_json::from_slice::<Stamp>(line).ok());
    stamps
        .map(|stamp| ((stamp.dev, stamp.ino), stamp))
        .collect()
}
