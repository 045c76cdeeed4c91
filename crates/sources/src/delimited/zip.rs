//! How large a workbook is once unpacked, found before any library unpacks it. The directory at the end of a zip file
//! states sizes; a hostile file may lie there, so the packed streams are run through as well, counting what comes out.

use super::inflate;

const MAX_ENTRIES: usize = 2_000;
const MAX_UNPACKED: u64 = 64 << 20;
const MAX_RATIO: u64 = 200;
/// Below this a high ratio harms nobody, and a sheet of blanks reaches it honestly.
const RATIO_FROM: u64 = 1 << 20;

fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn size(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    number(bytes, at, width).and_then(|n| usize::try_from(n).ok())
}

/// The names of the entries, or why the file must not be opened.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<String>, String> {
    let cut = || "the workbook is cut short or damaged: its zip directory does not read".to_owned();
    let tail = bytes.len().saturating_sub(22 + 0xFFFF);
    let end = (tail..bytes.len().saturating_sub(21)).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or_else(cut)?;
    let count = size(bytes, end + 10, 2).ok_or_else(cut)?;
    let mut at = size(bytes, end + 16, 4).ok_or_else(cut)?;
    if count > MAX_ENTRIES {
        return Err(format!("the workbook has {count} entries; at most {MAX_ENTRIES} are read"));
    }
    let (mut names, mut packed_all, mut budget) = (Vec::new(), 0, MAX_UNPACKED);
    for _ in 0..count {
        if number(bytes, at, 4) != Some(0x0201_4b50) {
            return Err(cut());
        }
        let method = number(bytes, at + 10, 2).ok_or_else(cut)?;
        let packed = size(bytes, at + 20, 4).ok_or_else(cut)?;
        let declared = number(bytes, at + 24, 4).ok_or_else(cut)?;
        let [name, extra, comment] =
            [28, 30, 32].map(|field| size(bytes, at + field, 2)).map(Option::unwrap_or_default);
        let local = size(bytes, at + 42, 4).ok_or_else(cut)?;
        let name_bytes = bytes.get(at + 46..at + 46 + name).ok_or_else(cut)?;
        let name_text = String::from_utf8_lossy(name_bytes).into_owned();
        if [".zip", ".xlsx", ".ods"].iter().any(|end| name_text.to_lowercase().ends_with(end)) {
            return Err(format!("the workbook carries another archive, `{name_text}`, which is refused"));
        }
        let unpacked = actual(bytes, local, method, packed, budget.min(declared)).ok_or_else(|| {
            format!(
                "entry `{name_text}` of the workbook unpacks to more than it declares ({declared} bytes), or the \
                 workbook to more than {} MiB, or it is damaged",
                MAX_UNPACKED >> 20
            )
        })?;
        packed_all += packed as u64;
        budget -= unpacked;
        names.push(name_text);
        at = at + 46 + name + extra + comment;
    }
    let unpacked_all = MAX_UNPACKED - budget;
    if unpacked_all > RATIO_FROM && unpacked_all / packed_all.max(1) > MAX_RATIO {
        return Err(format!("the workbook unpacks to more than {MAX_RATIO} times its size"));
    }
    Ok(names)
}

/// What an entry really unpacks to, or `None` when that is more than `limit`.
fn actual(bytes: &[u8], local: usize, method: u64, packed: usize, limit: u64) -> Option<u64> {
    let skip = size(bytes, local.checked_add(26)?, 2)? + size(bytes, local.checked_add(28)?, 2)?;
    let from = local.checked_add(30)?.checked_add(skip)?;
    let stream = bytes.get(from..from.checked_add(packed)?)?;
    match method {
        0 => Some(packed as u64).filter(|n| *n <= limit),
        8 => inflate::length(stream, limit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{deflated_zeros, zip};
    use super::*;

    #[test]
    fn an_honest_archive_names_its_entries() {
        let bytes = zip(&[("a.xml", 0, b"hello", 5), ("b.xml", 0, b"", 0)]);
        assert_eq!(entries(&bytes).unwrap(), ["a.xml", "b.xml"]);
    }

    #[test]
    fn a_bomb_is_refused_before_it_unpacks() {
        // 4 MiB of zeros pack to about 4 KiB: a ratio near 1,000.
        let (packed, unpacked) = deflated_zeros(4 << 20);
        let honest = zip(&[("sheet.xml", 8, &packed, unpacked)]);
        assert!(entries(&honest).unwrap_err().contains("200 times"));
        let lying = zip(&[("sheet.xml", 8, &packed, 1000)]);
        assert!(entries(&lying).unwrap_err().contains("more than it declares"));
        let (packed, unpacked) = deflated_zeros(80 << 20);
        assert!(entries(&zip(&[("sheet.xml", 8, &packed, unpacked)])).unwrap_err().contains("64 MiB"));
    }

    #[test]
    fn nested_and_damaged_archives_are_refused() {
        assert!(entries(&zip(&[("inner.zip", 0, b"", 0)])).unwrap_err().contains("another archive"));
        let bytes = zip(&[("a.xml", 0, b"hello", 5)]);
        for cut in 0..bytes.len() {
            assert!(entries(&bytes[..cut]).is_err(), "{cut}");
        }
    }
}
