//! A delivery: the bytes of one answer, whose it is, what it answers and when it came.

use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use utbredt_lake::Writer;
use utbredt_model::{ReceiptId, SourceId};
use utbredt_sources::delimited::is_streamable;

use crate::format::Format;
use crate::{IngestError, LargePayload, Payload};

/// The largest file that is read as a whole.
const MAX_BYTES: u64 = 256 << 20;

/// The largest file that is read as a whole where it can be read piece by piece.
pub(crate) const LARGE: u64 = 32 << 20;

/// Bytes that show what a file is.
pub(crate) const FIRST_BYTES: u64 = 64 << 10;

/// How many digits of a hash were a receipt before all were.
const FORMER_DIGITS: usize = 16;

/// What a source gave, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who gave it.
    pub source_id: SourceId,
    /// What it answers: a period, a day or `all`. A new payload on the same subject takes the place of the old one.
    pub subject: String,
    /// The bytes.
    pub payload: Payload,
    /// When.
    pub received_at: DateTime<Utc>,
    /// Whether it was invented for demonstration.
    pub synthetic: bool,
}

impl Delivery {
    /// Reads a file. What it answers, and when it came, is for the caller to say.
    ///
    /// # Errors
    /// [`IngestError::File`] when it cannot be read.
    pub fn of_file(
        path: &Path,
        source_id: SourceId,
        subject: &str,
        received_at: DateTime<Utc>,
    ) -> Result<Self, IngestError> {
        let payload = read_file(path)?;
        Ok(Self {
            source_id,
            subject: subject.to_owned(),
            payload: payload.into(),
            received_at,
            synthetic: false,
        })
    }

    /// Takes a file to be delivered: one that is large and can be read piece by piece is kept in the lake at once, and stays on the
    /// disk.
    ///
    /// # Errors
    /// As [`Delivery::of_file`], or when it cannot be kept.
    pub fn take_file(
        writer: &mut Writer,
        format: &dyn Format,
        path: &Path,
        (source_id, subject): (SourceId, &str),
        received_at: DateTime<Utc>,
    ) -> Result<Self, IngestError> {
        Self::take_file_of(writer, format, path, (source_id, subject), received_at, LARGE)
    }

    /// The same, where another size is large.
    pub(crate) fn take_file_of(
        writer: &mut Writer,
        format: &dyn Format,
        path: &Path,
        (source_id, subject): (SourceId, &str),
        received_at: DateTime<Utc>,
        large: u64,
    ) -> Result<Self, IngestError> {
        let about = std::fs::metadata(path).map_err(|source| IngestError::file(path, source))?;
        // A pipe has no length and is read once.
        if !about.is_file()
            || about.len() <= large
            || !in_pieces(format, path).map_err(|source| IngestError::file(path, source))?
        {
            return Self::of_file(path, source_id, subject, received_at);
        }
        let payload = LargePayload::of_file(writer, path, (&source_id, subject))?;
        let subject = subject.to_owned();
        Ok(Self { source_id, subject, payload: Payload::Large(payload), received_at, synthetic: false })
    }

    /// Moves its bytes to the lake's disk where they are many and can be read piece by piece; any other stays as it is.
    pub(crate) fn on_the_disk(self, writer: &mut Writer, format: &dyn Format) -> Result<Self, IngestError> {
        let Payload::Whole(bytes) = &self.payload else { return Ok(self) };
        let first = &bytes[..bytes.len().min(FIRST_BYTES as usize)];
        if bytes.len() as u64 <= LARGE || !can_stream(format, first) {
            return Ok(self);
        }
        let (sha256, length) = writer.keep_raw_stream(&mut bytes.as_slice())?;
        let payload = LargePayload::kept(writer.lake(), sha256, length, (&self.source_id, &self.subject))?;
        Ok(Self { payload: Payload::Large(payload), ..self })
    }

    /// Its receipt: the same source, subject and bytes always give the same one. Only a second reading of them, by
    /// another contract, that is held beside the first has one of its own; the report names it. What an earlier version
    /// received keeps the shorter receipt it was given.
    #[must_use]
    pub fn receipt_id(&self) -> ReceiptId {
        self.payload.receipt(&self.source_id, &self.subject)
    }

    /// The receipts that it can have.
    pub(crate) fn receipt_ids(&self) -> ReceiptIds {
        let shortened = |receipt: &ReceiptId| ReceiptId(receipt.0.chars().take(FORMER_DIGITS).collect());
        let first = self.receipt_id();
        let former = shortened(&first);
        ReceiptIds { second: second(&first), former_second: shortened(&second(&former)), former, first }
    }

    /// The hash of its bytes.
    pub(crate) fn sha256(&self) -> String {
        self.payload.sha256()
    }
}

/// The hash of a receipt, before the bytes: each part with its length before it.
pub(crate) fn begin_receipt(source_id: &SourceId, subject: &str, bytes: u64) -> Sha256 {
    let mut hash = Sha256::new();
    for part in [source_id.as_str(), subject] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(bytes.to_be_bytes());
    hash
}

/// The receipts that a delivery can have.
#[derive(Debug)]
pub(crate) struct ReceiptIds {
    pub(crate) first: ReceiptId,
    /// Of another reading of the same bytes, which is held while they are active as they were read before: two readings of
    /// which one waits need two receipts.
    pub(crate) second: ReceiptId,
    /// What earlier versions gave in their places: the first digits of such hashes.
    pub(crate) former: ReceiptId,
    pub(crate) former_second: ReceiptId,
}

fn second(first: &ReceiptId) -> ReceiptId {
    let mut hash = Sha256::new();
    hash.update(&first.0);
    hash.update(b"second reading");
    ReceiptId(hex(&hash.finalize()))
}

pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file can be read piece by piece.
fn in_pieces(format: &dyn Format, path: &Path) -> io::Result<bool> {
    let mut first = Vec::new();
    std::fs::File::open(path)?.take(FIRST_BYTES).read_to_end(&mut first)?;
    Ok(can_stream(format, &first))
}

/// The same of a file that begins with these bytes.
fn can_stream(format: &dyn Format, first: &[u8]) -> bool {
    format.contract().is_some_and(|contract| !format.replaces_own_span() && is_streamable(contract, first))
}

/// The bytes of a file, unless it is larger than is taken.
///
/// # Errors
/// [`IngestError::File`] when it cannot be read, [`IngestError::Invalid`] when it is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>, IngestError> {
    let (bytes, payload) =
        read_limited(path).map_err(|source| IngestError::File { path: path.to_path_buf(), source })?;
    if bytes > MAX_BYTES {
        let most = MAX_BYTES >> 20;
        return Err(IngestError::Invalid(format!(
            "{} is larger than {most} MiB, and it is not delimited text that can be read piece by piece (a contract that adds rows, \
             that gives several words one meaning, whose numbers never fall or that replaces its own span needs all rows at once): \
             deliver it in parts, each with its own --subject",
            path.display()
        )));
    }
    Ok(payload)
}

/// How large a file is, and its bytes unless it is too large.
fn read_limited(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let mut file = std::fs::File::open(path)?;
    let stated = file.metadata()?.len();
    let mut payload = Vec::with_capacity(usize::try_from(stated.min(MAX_BYTES)).unwrap_or(0) + 1);
    // A file may be larger than it states, as a pipe is.
    if stated <= MAX_BYTES {
        file.by_ref().take(MAX_BYTES + 1).read_to_end(&mut payload)?;
    }
    Ok((stated.max(payload.len() as u64), payload))
}
