//! Who may read what the lake writes. A file or folder is open to those to whom its folder is, so that one `chmod` of a folder
//! decides for all that is made in it later; nobody but the owner ever writes. Elsewhere than on Unix the system decides.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

/// A way to make a folder.
pub(crate) type Make = fn(&Path) -> io::Result<()>;

/// A way to create a file.
pub(crate) type Create = fn(&Path) -> io::Result<File>;

/// The rights of others to read, and to enter a folder.
#[cfg(unix)]
const OTHERS: u32 = 0o055;

/// The rights of an owner.
#[cfg(unix)]
const OWNER: u32 = 0o700;

/// Creates a file that was not there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    shared(path).write(true).create_new(true).open(path)
}

/// Creates a file for its owner alone that was not there.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    private().write(true).create_new(true).open(path)
}

/// Creates a folder that is open to those to whom the one it lies in is.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, OWNER | of_folder(path));
    builder.create(path)
}

/// Creates a folder for its owner alone.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, OWNER);
    builder.create(path)
}

/// Creates a folder that those of its group may read and enter.
pub(crate) fn make_group_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, OWNER | (OTHERS & 0o070));
    builder.recursive(true).create(path)
}

/// Options that create a file of the lake's folder, which those to whom the folder is open may read.
pub(crate) fn shared(path: &Path) -> OpenOptions {
    let mut options = private();
    #[cfg(unix)]
    // A file is read and written, never run.
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, (OWNER | of_folder(path)) & 0o666);
    options
}

/// Options that create a file for its owner alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER & 0o666);
    options
}

/// Whether nobody but its owner may read or change a file.
#[cfg(unix)]
pub(crate) fn is_private(about: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(about) & 0o077 == 0
}

/// Whether those of its group may read a folder.
pub(crate) fn is_open_to_group(folder: &Path) -> bool {
    #[cfg(unix)]
    let is_open = fs::metadata(folder)
        .is_ok_and(|about| std::os::unix::fs::MetadataExt::mode(&about) & OTHERS & 0o070 == OTHERS & 0o070);
    #[cfg(not(unix))]
    let is_open = false;
    is_open
}

/// What others may do with the folder a path lies in; nothing where that cannot be known.
#[cfg(unix)]
fn of_folder(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::metadata(folder).map_or(0, |about| about.mode() & OTHERS)
}
