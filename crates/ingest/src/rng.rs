//! Numbers that follow from a seed, the same on every machine and for ever.

/// What the state grows by from one number to the next.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Splitmix64: every number follows from the one before it. Own code, so that the same seed gives the same bytes
/// whatever version of a library is at hand.
pub(crate) struct Rng(u64);

impl Rng {
    /// The numbers of one thing, independent of what else is drawn.
    pub(crate) fn of(seed: u64, parts: &[&str]) -> Self {
        let mut rng = Self(seed);
        // A zero between the parts, so that `a`, `bc` and `ab`, `c` draw other numbers.
        for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
            rng.0 = rng.0.wrapping_add(u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            rng.next();
        }
        rng
    }

    /// The numbers of the `index`th thing below `key`, without drawing those before it.
    pub(crate) fn at(key: u64, index: u64) -> Self {
        Self(key.wrapping_add(index.wrapping_mul(STEP)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below 1, in steps every machine has.
    pub(crate) fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    /// From `low` to below `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }
}
