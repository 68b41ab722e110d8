//! How far two pictures are apart. Goldens are compared by distance, never by bytes.

use crate::pictures::Rgb;

/// Mean absolute difference over all channels, 0 (equal) to 255.
///
/// # Errors
/// When the sizes differ.
pub fn mean_absolute(a: &Rgb, b: &Rgb) -> Result<f64, String> {
    same_size(a, b)?;
    let sum: u64 = a.data.iter().zip(&b.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    Ok(sum as f64 / a.data.len().max(1) as f64)
}

/// The largest difference of any channel of any pixel.
///
/// # Errors
/// When the sizes differ.
pub fn largest(a: &Rgb, b: &Rgb) -> Result<u8, String> {
    same_size(a, b)?;
    Ok(a.data.iter().zip(&b.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0))
}

/// Mean structural similarity of luma over 8 x 8 windows, 4 pixels apart: 1 for equal pictures, near 0 for unrelated ones
/// (Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004; uniform windows).
///
/// # Errors
/// When the sizes differ or a side is under 8 pixels.
pub fn ssim(a: &Rgb, b: &Rgb) -> Result<f64, String> {
    const SIDE: usize = 8;
    const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
    same_size(a, b)?;
    if a.width < SIDE || a.height < SIDE {
        return Err(format!("{}x{} is too small to compare", a.width, a.height));
    }
    let (mut total, mut windows) = (0.0, 0_u32);
    for top in (0..=a.height - SIDE).step_by(SIDE / 2) {
        for left in (0..=a.width - SIDE).step_by(SIDE / 2) {
            let (mut sum_a, mut sum_b, mut square_a, mut square_b, mut product) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for y in top..top + SIDE {
                for x in left..left + SIDE {
                    let (p, q) = (f64::from(a.luma(x, y)), f64::from(b.luma(x, y)));
                    sum_a += p;
                    sum_b += q;
                    square_a += p * p;
                    square_b += q * q;
                    product += p * q;
                }
            }
            let n = (SIDE * SIDE) as f64;
            let (mean_a, mean_b) = (sum_a / n, sum_b / n);
            let (variance_a, variance_b) = (square_a / n - mean_a * mean_a, square_b / n - mean_b * mean_b);
            let covariance = product / n - mean_a * mean_b;
            total += (2.0 * mean_a * mean_b + C1) * (2.0 * covariance + C2)
                / ((mean_a * mean_a + mean_b * mean_b + C1) * (variance_a + variance_b + C2));
            windows += 1;
        }
    }
    Ok(total / f64::from(windows))
}

fn same_size(a: &Rgb, b: &Rgb) -> Result<(), String> {
    if (a.width, a.height) == (b.width, b.height) {
        Ok(())
    } else {
        Err(format!("{}x{} against {}x{}", a.width, a.height, b.width, b.height))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn distances_grow_with_damage() {
        let picture = Rgb::from_fn(64, 48, |x, y| [(x * 4) as u8, (y * 5) as u8, (x * y) as u8]);
        let shifted =
            |by: u8| Rgb { data: picture.data.iter().map(|v| v.saturating_add(by)).collect(), ..picture.clone() };
        assert_eq!(mean_absolute(&picture, &picture), Ok(0.0));
        assert!((ssim(&picture, &picture).unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(largest(&picture, &shifted(9)), Ok(9));
        assert!(mean_absolute(&picture, &shifted(9)).unwrap() < mean_absolute(&picture, &shifted(30)).unwrap());
        let flat = Rgb::from_fn(64, 48, |_, _| [128; 3]);
        assert!(ssim(&picture, &flat).unwrap() < ssim(&picture, &shifted(9)).unwrap());
        let small = Rgb::from_fn(4, 4, |_, _| [0; 3]);
        assert!(mean_absolute(&picture, &small).is_err());
        assert!(ssim(&small, &small).is_err());
    }
}
