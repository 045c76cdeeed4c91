//! How large a workbook is once unpacked, found before any library unpacks it into memory. The directory at the end of a
//! zip file states sizes; a hostile file may lie there, so the packed streams are run through as well, counting what
//! comes out.

use std::io::{Cursor, Read};

use flate2::read::DeflateDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use utbredt_model::{Reason, ReasonCode};
use zip::{CompressionMethod, ZipArchive};

const MAX_ENTRIES: usize = 2_000;
const MAX_UNPACKED: u64 = 64 << 20;
const MAX_RATIO: u64 = 200;
/// Below this a high ratio harms nobody, and a sheet of blanks reaches it honestly.
const RATIO_FROM: u64 = 1 << 20;
/// What begins every entry of the directory.
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";
/// Unpacked bytes looked at before they are dropped.
const CHUNK: usize = 16 << 10;

/// Why a workbook must not be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("the workbook is cut short or damaged: its zip directory does not read")]
    Directory(#[source] zip::result::ZipError),
    #[error("the workbook has more entries than {MAX_ENTRIES}, which is what is read at most")]
    Entries,
    #[error("the workbook carries another archive, `{0}`, which is refused")]
    Nested(String),
    #[error(
        "entry `{name}` of the workbook unpacks to more than it declares ({declared} bytes), or the workbook to more \
         than {} MiB, or it is damaged", MAX_UNPACKED >> 20
    )]
    Size { name: String, declared: u64 },
    #[error("the workbook unpacks to more than {MAX_RATIO} times its size")]
    Ratio,
}

impl From<ArchiveError> for Reason {
    fn from(error: ArchiveError) -> Self {
        let code = match &error {
            ArchiveError::Directory(_) => ReasonCode::Syntax,
            ArchiveError::Nested(_) => ReasonCode::Unsupported,
            ArchiveError::Entries | ArchiveError::Size { .. } | ArchiveError::Ratio => ReasonCode::SizeLimit,
        };
        Self::new(code, error.to_string())
    }
}

/// The names of the entries, or why the file must not be opened.
pub(super) fn entries(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
    // Counted before the directory is read, which fills memory by entry.
    if memchr::memmem::find_iter(bytes, DIRECTORY_ENTRY).nth(MAX_ENTRIES).is_some() {
        return Err(ArchiveError::Entries);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(ArchiveError::Directory)?;
    let (mut names, mut packed_all, mut budget) = (Vec::new(), 0, MAX_UNPACKED);
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(ArchiveError::Directory)?;
        let name = entry.name().map_err(ArchiveError::Directory)?.into_owned();
        // A bomb may be packed in a bomb; no workbook needs another.
        if [".zip", ".xlsx", ".ods"].iter().any(|end| name.to_lowercase().ends_with(end)) {
            return Err(ArchiveError::Nested(name));
        }
        let (declared, packed) = (entry.size(), entry.compressed_size());
        // The packed size is also the directory's word: a lie ends in a stream cut short.
        let stream = stream(bytes, entry.data_start(), packed);
        let unpacked = stream.and_then(|stream| unpacked(stream, entry.compression(), budget.min(declared)));
        let Some(unpacked) = unpacked else { return Err(ArchiveError::Size { name, declared }) };
        packed_all += packed;
        budget -= unpacked;
        names.push(name);
    }
    let unpacked_all = MAX_UNPACKED - budget;
    if unpacked_all > RATIO_FROM && unpacked_all / packed_all.max(1) > MAX_RATIO {
        return Err(ArchiveError::Ratio);
    }
    Ok(names)
}

/// The text of an entry of an archive that was measured.
pub(super) fn text(bytes: &[u8], name: &str) -> Option<String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let at = archive.index_for_name(name)?;
    let entry = archive.by_index_raw(at).ok()?;
    let packed = stream(bytes, entry.data_start(), entry.compressed_size())?;
    let mut text = String::new();
    match entry.compression() {
        CompressionMethod::Deflated => {
            DeflateDecoder::new(packed).take(MAX_UNPACKED).read_to_string(&mut text).ok()?
        }
        _ => Cursor::new(packed).read_to_string(&mut text).ok()?,
    };
    Some(text)
}

/// The packed bytes of an entry.
fn stream(bytes: &[u8], start: Option<u64>, packed: u64) -> Option<&[u8]> {
    let (start, packed) = (usize::try_from(start?).ok()?, usize::try_from(packed).ok()?);
    bytes.get(start..start.checked_add(packed)?)
}

/// What a stream really unpacks to; `None` when that is more than `limit`, or the stream is damaged or cut short.
fn unpacked(stream: &[u8], method: CompressionMethod, limit: u64) -> Option<u64> {
    match method {
        CompressionMethod::Stored => Some(stream.len() as u64).filter(|length| *length <= limit),
        CompressionMethod::Deflated => inflated(stream, limit),
        _ => None,
    }
}

/// The length of a deflate stream, unpacked piece by piece into the same few bytes.
fn inflated(stream: &[u8], limit: u64) -> Option<u64> {
    // Zip has raw deflate, without zlib's header.
    let mut inflate = Decompress::new(false);
    let mut chunk = vec![0; CHUNK];
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = stream.get(usize::try_from(read).ok()?..)?;
        let status = inflate.decompress(rest, &mut chunk, FlushDecompress::None).ok()?;
        if inflate.total_out() > limit {
            return None;
        }
        match status {
            Status::StreamEnd => return Some(inflate.total_out()),
            // Nothing read and nothing written: the stream was cut short.
            _ if (read, written) == (inflate.total_in(), inflate.total_out()) => return None,
            Status::Ok | Status::BufError => {}
        }
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
        assert!(entries(&honest).unwrap_err().to_string().contains("200 times"));
        let lying = zip(&[("sheet.xml", 8, &packed, 1000)]);
        assert!(entries(&lying).unwrap_err().to_string().contains("more than it declares"));
        let (packed, unpacked) = deflated_zeros(80 << 20);
        assert!(
            entries(&zip(&[("sheet.xml", 8, &packed, unpacked)])).unwrap_err().to_string().contains("64 MiB")
        );
    }

    #[test]
    fn nested_and_damaged_archives_are_refused() {
        assert!(
            entries(&zip(&[("inner.zip", 0, b"", 0)])).unwrap_err().to_string().contains("another archive")
        );
        let bytes = zip(&[("a.xml", 0, b"hello", 5)]);
        for cut in 0..bytes.len() {
            assert!(entries(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn lengths_are_counted_in_every_kind_of_block() {
        // Stored: five bytes. Fixed: zlib's packing of "aaaaaaaaaa".
        assert_eq!(inflated(b"\x01\x05\x00\xfa\xffhello", 100), Some(5));
        assert_eq!(inflated(&[0x4b, 0x4c, 0x84, 0x01, 0x00], 100), Some(10));
        assert_eq!(inflated(&[0x4b, 0x4c, 0x84, 0x01, 0x00], 9), None);
        assert_eq!(inflated(&[], 9), None);
    }

    #[test]
    fn a_block_with_its_own_codes_is_counted() {
        // Forty cells, `<c r="B0"><v>0</v></c>` and on, as zlib packs them at level 6.
        let hex = "\
            65d2bb0d02410c84e156100db07ead6d69b98056e88080fa91764e0473e91f58fa345eefdbe7797f8dfbb1bec7588fef\
            b11eef63a1caae2d4d5d772f2beab67b4652f7dd674eeab17b74509fe8e2d4737737a35ebb5b28f5de5d53d805aef405\
            0cb10c160bc8ca6201b99dc902734d360bd0598c16a873b05ac09eca6c813b9cdd02b84f862be0560c57c0b52f539f70\
            61b9422ec672853c18ae8077325c01af66b8025ec270053c8de10af80c861be0910c37c0bd186e80fbb83c39e0a60c37\
            c0d5596e90cb64b99d72861be0cc36b05b996d7ddef9b37f";
        let packed: Vec<u8> =
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect();
        let cells: String =
            (0..40).map(|i| format!("<c r=\"B{i}\"><v>{}</v></c>", i * 7919 % 1000)).collect();
        assert_eq!(inflated(&packed, 2000), Some(cells.len() as u64));
        assert_eq!(inflated(&packed, cells.len() as u64 - 1), None);
        assert_eq!(inflated(&packed[..packed.len() - 1], 2000), None);
    }
}
