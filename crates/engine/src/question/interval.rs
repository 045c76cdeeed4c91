//! The 95 % interval of a share after Wilson (1927), "Probable inference, the law of succession, and statistical
//! inference": it stays inside 0 and 1, and shows how little few persons tell.

/// The standard normal quantile of 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// Both ends of the interval of a share; none where there is no share, or more users than persons.
pub(crate) fn wilson(numerator: f64, denominator: f64) -> Option<(f64, f64)> {
    if denominator <= 0.0 || numerator > denominator {
        return None;
    }
    let share = numerator / denominator;
    let square = Z * Z;
    let middle = share + square / (2.0 * denominator);
    let variance = share * (1.0 - share) / denominator + square / (4.0 * denominator * denominator);
    // Rounding can leave a variance just below zero, whose root would be NaN.
    let half = Z * variance.max(0.0).sqrt();
    let scale = 1.0 + square / denominator;
    let low = ((middle - half) / scale).clamp(0.0, 1.0);
    let high = ((middle + half) / scale).clamp(0.0, 1.0);
    // At 0 and 1 an end of the interval is the share itself, which the formula would miss by a rounding error.
    let nobody = numerator == 0.0;
    let everybody = numerator.to_bits() == denominator.to_bits();
    Some((if nobody { share } else { low }, if everybody { share } else { high }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    #[test]
    fn a_share_of_few_has_a_wide_interval() {
        // 16 of 80: centre (0.2 + 3.8415 / 160) / (1 + 3.8415 / 80) = 0.21374, half width 0.08672.
        let (low, high) = wilson(16.0, 80.0).unwrap();
        assert!(close(low, 0.12703) && close(high, 0.30046), "{low} {high}");
    }

    #[test]
    fn the_ends_meet_the_share_at_nobody_and_everybody() {
        assert_eq!(wilson(0.0, 10.0).unwrap().0.to_bits(), 0.0_f64.to_bits());
        assert_eq!(wilson(10.0, 10.0).unwrap().1.to_bits(), 1.0_f64.to_bits());
        assert_eq!((wilson(11.0, 10.0), wilson(0.0, 0.0)), (None, None));
    }
}
