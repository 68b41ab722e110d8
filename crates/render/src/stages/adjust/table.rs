use plan::Color;

/// A table for each of red, green and blue.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tables(Box<[[u8; 256]; 3]>);

impl Tables {
    /// From a formula on values of 0 to 1, the same for all channels.
    pub(super) fn of(formula: impl Fn(f64) -> f64) -> Self {
        let table = std::array::from_fn(|v| to_byte(formula(v as f64 / 255.0)));
        Tables(Box::new([table; 3]))
    }

    /// Changes nothing.
    pub(super) fn idle() -> Self {
        Tables(Box::new([std::array::from_fn(|v| v as u8); 3]))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.iter().all(|table| table.iter().enumerate().all(|(v, to)| v == usize::from(*to)))
    }

    /// This one, then another: exactly what both in a row do, since each yields bytes.
    pub(super) fn then(&mut self, next: &Tables) {
        for (table, next) in self.0.iter_mut().zip(next.0.iter()) {
            for value in table {
                *value = next[usize::from(*value)];
            }
        }
    }

    pub(super) fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        let [red, green, blue] = &*self.0;
        for pixel in row {
            pixel[0] = red[usize::from(pixel[0])];
            pixel[1] = green[usize::from(pixel[1])];
            pixel[2] = blue[usize::from(pixel[2])];
        }
    }
}

/// From 0 to 1, rounded.
fn to_byte(value: f64) -> u8 {
    (value * 255.0).clamp(0.0, 255.0).round() as u8
}

pub(super) fn brightness(by: f64) -> Tables {
    Tables::of(|v| v + by)
}

pub(super) fn contrast(factor: f64) -> Tables {
    Tables::of(|v| (v - 0.5) * factor + 0.5)
}

pub(super) fn exposure(stops: f64) -> Tables {
    Tables::of(|v| from_linear(to_linear(v) * stops.exp2()))
}

pub(super) fn gamma(gamma: f64) -> Tables {
    Tables::of(|v| v.powf(1.0 / gamma.max(0.01)))
}

pub(super) fn linear(factor: f64, offset: f64) -> Tables {
    Tables::of(|v| factor * v + offset)
}

pub(super) fn invert() -> Tables {
    Tables::of(|v| 1.0 - v)
}

pub(super) fn colorize(color: Color) -> Tables {
    let share = f64::from(color.a) / 255.0;
    let table = |to: u8| std::array::from_fn(|v| to_byte((v as f64 + (f64::from(to) - v as f64) * share) / 255.0));
    Tables(Box::new([table(color.r), table(color.g), table(color.b)]))
}

/// From sRGB to linear light (IEC 61966-2-1:1999).
fn to_linear(v: f64) -> f64 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// And back.
fn from_linear(v: f64) -> f64 {
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}
