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
        assert_eq!(length(&packed, 2000), Some(cells.len() as u64));
        assert_eq!(length(&packed, cells.len() as u64 - 1), None);
        assert_eq!(length(&packed[..packed.len() - 1], 2000), None);
    }
}
