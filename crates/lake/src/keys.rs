//! The file of keys beside a lake, `keys.json`: for its owner alone, replaced as a whole, read again when it was replaced. What
//! a key is, and which one fits, is for [`utbredt_model::key`]; an edition knows nothing of them.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use utbredt_model::KeyList;

use crate::access;

/// The file's name in the lake's folder.
const FILE: &str = "keys.json";
/// The name of the lock that one change holds at a time. Apart from the lake's own: a delivery under way must not keep
/// anybody from revoking a key.
const LOCK: &str = "keys.lock";
/// The name of a file that is being written. Not one of those that a writer of the lake sweeps up.
const UNNAMED: &str = ".keys.json.new";
/// The version of the file's form.
const FORMAT: u32 = 1;
/// More bytes than this are no file of keys: some ten thousand of them.
const LARGEST: u64 = 8 << 20;

/// Why the keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Reading or writing failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read or change it.
    #[error(
        "{} is open to others (mode {mode:04o}) and is not used: it is for its owner alone; run `chmod 600 {}`, and if somebody \
         may have changed it, revoke its keys and make new ones",
        path.display(),
        path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its rights.
        mode: u32,
    },
    /// It does not hold keys in a form that is known.
    #[error("{} does not hold keys: {why}; restore it from a backup, or remove it and make new keys", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The file's form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    keys: KeyList,
}

/// By which the file is known to be the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// The file's number and when its rights or its name changed last: nanoseconds included.
    #[cfg(unix)]
    node: (u64, i64, i64),
}

impl Stamp {
    fn of(about: &fs::Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            bytes: about.len(),
            modified: about.modified().ok(),
            #[cfg(unix)]
            node: (about.ino(), about.ctime(), about.ctime_nsec()),
        }
    }
}

/// The keys of a lake. Shared by all who look: what was read once is read again only when the file is another.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Arc<KeyList>)>>,
}

impl KeyFile {
    /// The keys of the lake in this folder. Nothing is read yet, and there need be no file.
    #[must_use]
    pub fn of_lake(root: &Path) -> Self {
        Self { path: root.join(FILE), read: Mutex::new(None) }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys as they are now; none where there is no file. One look at the file's stamp unless it was replaced.
    ///
    /// # Errors
    /// [`KeyFileError`] when it is there and cannot be read, is open to others, or holds something else. Nobody may take that for
    /// "no keys".
    pub fn list(&self) -> Result<Arc<KeyList>, KeyFileError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match fs::metadata(&self.path) {
            Ok(about) => Stamp::of(&about),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *read = None;
                return Ok(Arc::default());
            }
            Err(error) => return Err(self.io("read")(error)),
        };
        if let Some((stamp, keys)) = &*read
            && *stamp == now
        {
            return Ok(Arc::clone(keys));
        }
        // Forgotten first: what cannot be read any more must not be answered from memory.
        *read = None;
        let (stamp, keys) = self.load()?;
        Ok(Arc::clone(&read.insert((stamp, Arc::new(keys))).1))
    }

    fn load(&self) -> Result<(Stamp, KeyList), KeyFileError> {
        // A pipe would wait for a writer for ever.
        let is_file = fs::metadata(&self.path).map_err(self.io("read"))?.is_file();
        if !is_file {
            return Err(self.damaged("it is no ordinary file"));
        }
        let file = File::open(&self.path).map_err(self.io("open"))?;
        // Of the file that was opened, not of what has its name meanwhile.
        let about = file.metadata().map_err(self.io("read"))?;
        self.check_rights(&about)?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(self.io("read"))?;
        if bytes.len() as u64 > LARGEST {
            return Err(self.damaged("it is too large"));
        }
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|error| self.damaged(&error.to_string()))?;
        if content.format != FORMAT {
            return Err(
                self.damaged(&format!("it has format {} and this version reads {FORMAT}", content.format))
            );
        }
        Ok((Stamp::of(&about), content.keys))
    }

    #[cfg(unix)]
    fn check_rights(&self, about: &fs::Metadata) -> Result<(), KeyFileError> {
        let mode = std::os::unix::fs::MetadataExt::mode(about) & 0o7777;
        if access::is_private(about) {
            Ok(())
        } else {
            Err(KeyFileError::Open { path: self.path.clone(), mode })
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the system decides there")]
    fn check_rights(&self, _: &fs::Metadata) -> Result<(), KeyFileError> {
        Ok(())
    }

    /// Changes the keys and writes them, whole and durable, before it returns. Of several at once each sees what the one before
    /// wrote. Nothing is written when `change` fails.
    ///
    /// # Errors
    /// The error of `change`, and [`KeyFileError`] when the keys cannot be read or written: then they are as they were.
    pub fn change<T, E: From<KeyFileError>>(
        &self,
        change: impl FnOnce(&mut KeyList) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.with_file_name(LOCK);
        // Never truncated nor removed: what counts is the lock, which another may hold.
        let lock = access::private().create(true).append(true).open(&path);
        let lock = lock.map_err(|source| KeyFileError::Io { action: "open", path: path.clone(), source })?;
        lock.lock().map_err(|source| KeyFileError::Io { action: "lock", path, source })?;
        let mut keys = KeyList::clone(&*self.list()?);
        let changed = change(&mut keys)?;
        self.write(keys)?;
        Ok(changed)
    }

    /// Under the lock only.
    fn write(&self, keys: KeyList) -> Result<(), KeyFileError> {
        let unnamed = self.path.with_file_name(UNNAMED);
        let content = serde_json::to_vec_pretty(&Content { format: FORMAT, keys })
            .map_err(|error| self.io("write")(error.into()))?;
        // Left by one that was stopped; made anew rather than truncated, so that it has the rights of a new file.
        match fs::remove_file(&unnamed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(self.io("replace")(error)),
            _ => {}
        }
        let written = access::private().write(true).create_new(true).open(&unnamed).and_then(|mut file| {
            file.write_all(&content)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&unnamed, &self.path)
        });
        written.map_err(self.io("write"))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // A revoked key must stay revoked when the machine loses its power.
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(self.io("sync"))
    }

    fn io(&self, action: &'static str) -> impl FnOnce(io::Error) -> KeyFileError + use<> {
        let path = self.path.clone();
        move |source| KeyFileError::Io { action, path, source }
    }

    fn damaged(&self, why: &str) -> KeyFileError {
        KeyFileError::Damaged { path: self.path.clone(), why: why.to_owned() }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::{DateTime, Utc};
    use utbredt_model::KeyRecord;

    use super::*;

    fn add(file: &KeyFile, id: u8) -> Result<(), KeyFileError> {
        let now: DateTime<Utc> = "2026-11-29T10:00:00Z".parse().unwrap();
        let (key, _) = KeyRecord::mint([id; 4], [id; 32], "a key", ["read".parse().unwrap()].into(), now, 90);
        file.change(|keys| {
            keys.add(key).unwrap();
            Ok(())
        })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_private_and_seen_by_others_as_soon_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        // A folder that is open to all does not open the keys.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (one, other) = (KeyFile::of_lake(folder.path()), KeyFile::of_lake(folder.path()));
        assert!(other.list().unwrap().is_empty() && !one.path().exists());
        add(&one, 1).unwrap();
        assert_eq!((mode(one.path()), mode(&folder.path().join(LOCK))), (0o600, 0o600));
        assert_eq!(other.list().unwrap().records().len(), 1);
        add(&other, 2).unwrap();
        assert_eq!(one.list().unwrap().records().len(), 2);
        assert!(
            Arc::ptr_eq(&one.list().unwrap(), &one.list().unwrap()),
            "what did not change is not read again"
        );
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|name| name.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        fs::remove_file(one.path()).unwrap();
        assert!(one.list().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused_and_explains_how_to_close_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of_lake(folder.path());
        add(&file, 1).unwrap();
        assert!(file.list().is_ok());
        for open in [0o644, 0o640, 0o604, 0o620, 0o602] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(open)).unwrap();
            // Also by whoever has read it before: nothing is answered from memory.
            let message = file.list().unwrap_err().to_string();
            let path = file.path().display();
            assert!(message.contains(&format!("mode {open:04o}")), "{message}");
            assert!(message.contains(&format!("`chmod 600 {path}`")), "{message}");
            assert!(add(&file, 2).is_err(), "nothing is added to it");
        }
        for private in [0o600, 0o400] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(private)).unwrap();
            assert_eq!(file.list().unwrap().records().len(), 1);
        }
    }

    #[test]
    fn what_is_no_list_of_keys_is_never_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::of_lake(folder.path());
        for text in [
            "",
            "{}",
            "{\"format\":1}",
            "{\"format\":2,\"keys\":[]}",
            "{\"format\":1,\"keys\":[],\"more\":1}",
        ] {
            fs::write(file.path(), text).unwrap();
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(file.list(), Err(KeyFileError::Damaged { .. })), "{text}");
        }
        fs::remove_file(file.path()).unwrap();
        fs::create_dir(file.path()).unwrap();
        assert!(matches!(file.list(), Err(KeyFileError::Damaged { .. })));
    }

    #[test]
    fn many_that_change_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::thread::scope(|scope| {
            for id in 0..8 {
                scope.spawn(move || add(&KeyFile::of_lake(root), id).unwrap());
            }
        });
        assert_eq!(KeyFile::of_lake(root).list().unwrap().records().len(), 8);
    }
}
