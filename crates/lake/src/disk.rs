//! Write once, durably: bytes are on the disk before their name exists.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::LakeError;

/// The hash of some bytes in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes a folder durable: its entries survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    let opened = File::open(folder).map_err(LakeError::io("open folder", folder))?;
    opened.sync_all().map_err(LakeError::io("sync folder", folder))
}

/// Makes a folder and its missing parents, each durable in its own parent.
pub(crate) fn make_folder(folder: &Path) -> Result<(), LakeError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_folder(parent)?;
        match fs::create_dir(folder) {
            Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(LakeError::io("create folder", folder)(e));
            }
            _ => return sync_folder(parent),
        }
    }
    fs::create_dir_all(folder).map_err(LakeError::io("create folder", folder))
}

/// Writes `bytes` beside `path` and links them to that name. `Ok(false)` when the name exists:
/// the link, unlike a rename, never overwrites.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<bool, LakeError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".tmp-{}-{name}", std::process::id()));
    let mut file = File::create(&temporary).map_err(LakeError::io("create", &temporary))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(cause) = written {
        // The state of the pages is unknown after a failed sync: leave no name behind, do not retry.
        let _ = fs::remove_file(&temporary);
        return Err(LakeError::io("write", path)(cause));
    }
    let linked = match fs::hard_link(&temporary, path) {
        Ok(()) => true,
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(e) => {
            let _ = fs::remove_file(&temporary);
            return Err(LakeError::io("link", path)(e));
        }
    };
    sync_folder(folder)?;
    fs::remove_file(&temporary).map_err(LakeError::io("remove", &temporary))?;
    Ok(linked)
}
