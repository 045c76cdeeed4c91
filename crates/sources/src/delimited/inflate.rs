//! How long a deflate stream is unpacked, without unpacking it: the codes are followed and lengths added, no byte is
//! written. See RFC 1951.

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for i in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value |= usize::from(byte >> (self.at % 8) & 1) << i;
            self.at += 1;
        }
        Some(value)
    }
}

/// A canonical prefix code: how many codes of each length, and the symbols in code order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for (length, count) in counts.iter_mut().enumerate().skip(1) {
            let of_length =
                lengths.iter().enumerate().filter(|(_, l)| **l == length).map(|(symbol, _)| symbol);
            let before = symbols.len();
            symbols.extend(of_length);
            *count = symbols.len() - before;
        }
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1)?;
            if code < first + count {
                // More codes than bits can tell apart: damaged, or made to confuse.
                return self.symbols.get(index + code.checked_sub(first)?).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// The unpacked length, or `None` when it is over `limit` or the stream is damaged.
pub(super) fn length(stream: &[u8], limit: u64) -> Option<u64> {
    let mut bits = Bits { bytes: stream, at: 0 };
    let mut total = 0;
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let stored = bits.take(16)?;
                bits.take(16)?;
                bits.at += stored * 8;
                total += stored as u64;
                if bits.at > stream.len() * 8 || total > limit {
                    return None;
                }
            }
            1 => {
                let fixed: Vec<usize> = (0..288)
                    .map(|s| match s {
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                total = block(&mut bits, &Code::new(&fixed), &Code::new(&[5; 30]), total, limit)?;
            }
            2 => {
                let (literals, distances) = tables(&mut bits)?;
                total = block(&mut bits, &literals, &distances, total, limit)?;
            }
            _ => return None,
        }
        if last {
            return Some(total);
        }
    }
}

fn tables(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let (literals, distances) = (bits.take(5)? + 257, bits.take(5)? + 1);
    let mut lengths = [0; 19];
    for slot in ORDER.iter().take(bits.take(4)? + 4) {
        lengths[*slot] = bits.take(3)?;
    }
    let code = Code::new(&lengths);
    let mut all = Vec::with_capacity(320);
    while all.len() < literals + distances {
        let (value, times) = match code.read(bits)? {
            16 => (*all.last()?, bits.take(2)? + 3),
            17 => (0, bits.take(3)? + 3),
            18 => (0, bits.take(7)? + 11),
            length => (length, 1),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    let (for_literals, for_distances) = all.get(..literals + distances)?.split_at(literals);
    Some((Code::new(for_literals), Code::new(for_distances)))
}

fn block(bits: &mut Bits<'_>, literals: &Code, distances: &Code, mut total: u64, limit: u64) -> Option<u64> {
    const BASE: [u64; 29] = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
        195, 227, 258,
    ];
    loop {
        match literals.read(bits)? {
            256 => return Some(total),
            0..256 => total += 1,
            symbol => {
                let which = symbol - 257;
                let base = BASE.get(which)?;
                let extra = if (8..28).contains(&which) { which / 4 - 1 } else { 0 };
                total += base + bits.take(extra)? as u64;
                let distance = distances.read(bits)?;
                bits.take((distance / 2).saturating_sub(1))?;
            }
        }
        if total > limit {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_counted_in_every_kind_of_block() {
        // Stored: five bytes. Fixed: zlib's packing of "aaaaaaaaaa".
        assert_eq!(length(b"\x01\x05\x00\xfa\xffhello", 100), Some(5));
        assert_eq!(length(&[0x4b, 0x4c, 0x84, 0x01, 0x00], 100), Some(10));
        assert_eq!(length(&[0x4b, 0x4c, 0x84, 0x01, 0x00], 9), None);
        assert_eq!(length(&[], 9), None);
    }
}
