//! What is in the place of a file, or beside the files, is reported as what it is; nothing waits and nothing is guessed.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use super::support::{read_usage, sample};
use crate::{Edition, Lake, LakeError};

fn newest(lake: &Lake) -> Edition {
    lake.latest().unwrap().unwrap()
}

fn problems(root: &Path) -> Vec<String> {
    Lake::open(root).unwrap().verify().unwrap().problems
}

#[test]
fn what_no_edition_names_is_not_read_and_is_reported() {
    let folder = tempdir().unwrap();
    let lake = sample(folder.path());
    let rows = read_usage(&lake, &newest(&lake));
    let at = |name: &str| folder.path().join("tables").join(name);
    let own = &newest(&lake).tables["usage"][0];
    let whole = fs::read(folder.path().join(&own.path)).unwrap();
    // A copy of a file, a folder of somebody's, a file beside the tables, and a name that is only like one of ours.
    let like_ours = format!("usage/{}.parquet", "a".repeat(64));
    fs::create_dir(at("notes")).unwrap();
    for name in ["usage/copy.parquet", "notes/a.parquet", "usage.csv", &like_ours] {
        fs::write(at(name), &whole).unwrap();
    }
    let expected = ["notes", &like_ours, "usage/copy.parquet", "usage.csv"]
        .map(|name| format!("tables/{name} is of no edition and never read; take it out of the lake"));
    assert_eq!(problems(folder.path()), expected);
    let again = Lake::open(folder.path()).unwrap();
    assert_eq!(read_usage(&again, &newest(&again)), rows);
}

/// A writer that was stopped leaves files named by their hash, or not yet named: the next clean-up sweeps them.
#[test]
fn what_a_stopped_writer_left_is_no_problem() {
    let folder = tempdir().unwrap();
    sample(folder.path());
    let bytes = b"rows of an edition that never came to be";
    let name = format!("{}.parquet", crate::disk::sha256(bytes));
    fs::write(folder.path().join("tables/usage").join(name), bytes).unwrap();
    fs::write(folder.path().join("tables/usage/.tmp-1-1"), b"half").unwrap();
    assert_eq!(problems(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;

    use super::*;

    fn rights(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// Every file and folder of a lake with the rights that others have.
    fn open_to_others(root: &Path) -> Vec<(String, u32)> {
        let mut found = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, rights(&path) & 0o077));
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found
    }

    #[test]
    fn a_lake_is_for_its_owner_alone() {
        let folder = tempdir().unwrap();
        let root = folder.path().join("new/lake");
        sample(&root);
        assert_eq!(rights(&root), 0o700);
        let open: Vec<_> = open_to_others(&root).into_iter().filter(|(_, rights)| *rights != 0).collect();
        assert_eq!(open, []);
    }

    #[test]
    fn a_group_reads_all_but_what_was_delivered() {
        let folder = tempdir().unwrap();
        let root = folder.path().join("lake");
        Lake::init_for_group(&root).unwrap();
        let lake = sample(&root);
        lake.writer().unwrap().keep_raw(b"delivered").unwrap();
        assert_eq!(rights(&root), 0o750);
        for (name, rights) in open_to_others(&root) {
            let is_folder = root.join(&name).is_dir();
            let expected = match name.as_str() {
                raw if raw.starts_with("raw") => 0,
                _ if is_folder => 0o050,
                _ => 0o040,
            };
            assert_eq!(rights, expected, "{name}");
        }
    }

    fn pipe(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    /// Puts other things in the places of a table's file, an edition's record and a payload, one after the other.
    #[test]
    fn a_pipe_or_a_device_in_a_files_place_is_named_and_not_read() {
        let folder = tempdir().unwrap();
        let lake = sample(folder.path());
        let table = newest(&lake).tables["usage"][0].path.clone();
        let payload = format!("raw/{}", crate::disk::names(&folder.path().join("raw")).unwrap()[0]);
        let log = "tables/usage/_delta_log/00000000000000000000.json";
        for name in [table.as_str(), "editions/3.json", "editions/1.json", payload.as_str(), log] {
            let path = folder.path().join(name);
            let whole = fs::read(&path).unwrap();
            for what in ["a pipe", "a device", "a folder"] {
                fs::remove_file(&path).unwrap();
                match what {
                    "a pipe" => pipe(&path),
                    "a device" => symlink("/dev/zero", &path).unwrap(),
                    _ => fs::create_dir(&path).unwrap(),
                }
                let found = problems(folder.path());
                let expected = if name == log {
                    format!("{name} is damaged: it cannot be read")
                } else {
                    format!("{name} is {what} and not a file, and was not read")
                };
                assert!(
                    found.iter().any(|problem| problem.starts_with(&expected)),
                    "{name}, {what}: {found:?}"
                );
                if what == "a folder" {
                    fs::remove_dir(&path).unwrap()
                } else {
                    fs::remove_file(&path).unwrap()
                }
                fs::write(&path, &whole).unwrap();
            }
        }
        assert_eq!(problems(folder.path()), Vec::<String>::new());
    }

    #[test]
    fn a_pipe_in_the_place_of_the_lakes_own_files_keeps_nobody_waiting() {
        for (name, code) in [("FORMAT", 0), ("LOCK", 1), ("runs.jsonl", 2)] {
            let folder = tempdir().unwrap();
            let lake = sample(folder.path());
            let path = folder.path().join(name);
            let _ = fs::remove_file(&path);
            pipe(&path);
            let error = match code {
                0 => Lake::open(folder.path()).map(drop),
                1 => lake.writer().map(drop),
                _ => lake.runs().map(drop),
            }
            .unwrap_err();
            let expected = format!("{name} is a pipe and not a file, and was not read");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
    }

    #[test]
    fn a_file_that_may_not_be_read_is_not_called_damaged() {
        let folder = tempdir().unwrap();
        let lake = sample(folder.path());
        let entry = newest(&lake).tables["usage"][0].clone();
        let path = folder.path().join(&entry.path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
        // Whoever may read everything is refused nothing, and there is nothing to see here.
        if fs::File::open(&path).is_ok() {
            return;
        }
        let error = Lake::open(folder.path()).unwrap().check_file(&entry).unwrap_err();
        assert!(matches!(error, LakeError::Denied { .. }), "{error}");
        let expected = format!("{} may not be read: permission denied", path.display());
        assert!(error.to_string().starts_with(&expected), "{error}");
        let found = problems(folder.path());
        assert!(found.iter().any(|problem| problem.starts_with(&expected)), "{found:?}");
        assert!(!found.iter().any(|problem| problem.contains("damaged")), "{found:?}");
    }
}

/// The error of the operating system as it comes, since a test may run as somebody who may read everything.
#[test]
fn permission_denied_is_reported_as_such() {
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let error = LakeError::opening(Path::new("/lake/tables/usage/x.parquet"))(denied);
    assert_eq!(
        error.to_string(),
        "/lake/tables/usage/x.parquet may not be read: permission denied; let the user that runs utbredt read it"
    );
}

#[test]
fn a_format_file_that_is_not_whole_is_not_taken_for_an_unknown_format() {
    let folder = tempdir().unwrap();
    sample(folder.path());
    for (held, expected) in [
        ("1", "FORMAT is damaged: it has `1` without the end of the line (`echo 1` writes it whole)"),
        ("", "FORMAT is damaged: it holds \"\" and not the number of a format and the end of the line"),
        ("one\n", "FORMAT is damaged: it holds \"one\\n\" and not the number of a format"),
        ("01\n", "FORMAT is damaged: it holds \"01\\n\" and not the number of a format"),
        ("2\n", "FORMAT has format `2` and this version reads format 1; use the version that wrote it"),
    ] {
        fs::write(folder.path().join("FORMAT"), held).unwrap();
        let error = Lake::open(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{held:?}: {error}");
    }
    fs::remove_file(folder.path().join("FORMAT")).unwrap();
    assert!(matches!(Lake::open(folder.path()), Err(LakeError::NotALake { .. })));
    assert!(matches!(Lake::open(&folder.path().join("editions/1.json")), Err(LakeError::NotALake { .. })));
}
