use std::fmt;

/// A decimal with four places, exact to compare and to hash: `Fixed::from(1.5)` holds 15000 ten-thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Fixed(i64);

impl Fixed {
    const SCALE: f64 = 10_000.0;
    /// 0.
    pub const ZERO: Fixed = Fixed(0);
    /// 1.
    pub const ONE: Fixed = Fixed(10_000);

    /// Rounds to four decimals; not-a-number becomes 0, and the range is held within ±10^12.
    pub fn new(value: f64) -> Self {
        if value.is_nan() {
            return Fixed::ZERO;
        }
        Fixed((value.clamp(-1e12, 1e12) * Self::SCALE).round() as i64)
    }

    /// The value as a float.
    pub fn get(self) -> f64 {
        self.0 as f64 / Self::SCALE
    }

    /// Limits the value to `low..=high`.
    pub fn clamp_to(self, low: f64, high: f64) -> Self {
        Fixed::new(self.get().clamp(low, high))
    }
}

impl From<f64> for Fixed {
    fn from(value: f64) -> Self {
        Fixed::new(value)
    }
}

/// The shortest decimal: `1.5`, `0.25`, `3`.
impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let text = format!("{part:04}");
        write!(f, "{sign}{whole}.{}", text.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_shortest_decimal() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (0.3333333, "0.3333"),
            (-2.25, "-2.25"),
            (-0.5, "-0.5"),
            (10.01, "10.01"),
        ] {
            assert_eq!(Fixed::new(value).to_string(), text);
        }
        assert_eq!(Fixed::new(f64::NAN), Fixed::ZERO);
        assert_eq!(Fixed::new(f64::INFINITY).get(), 1e12);
    }
}
