use super::luma::{WEIGHTS, byte};

/// What of red, green and blue goes into each of them.
pub(super) struct Matrix([[f32; 3]; 3]);

impl Matrix {
    fn of(entry: impl Fn(usize, usize) -> f64) -> Self {
        Matrix(std::array::from_fn(|to| std::array::from_fn(|from| entry(to, from) as f32)))
    }

    pub(super) fn run<const N: usize>(&self, row: &mut [[u8; N]]) {
        let m = &self.0;
        for pixel in row {
            let [r, g, b] = [f32::from(pixel[0]), f32::from(pixel[1]), f32::from(pixel[2])];
            pixel[0] = byte(m[0][0] * r + m[0][1] * g + m[0][2] * b);
            pixel[1] = byte(m[1][0] * r + m[1][1] * g + m[1][2] * b);
            pixel[2] = byte(m[2][0] * r + m[2][1] * g + m[2][2] * b);
        }
    }
}

fn same(to: usize, from: usize) -> f64 {
    f64::from(u8::from(to == from))
}

/// `Y + factor * (c - Y)`.
pub(super) fn saturation(factor: f64) -> Matrix {
    Matrix::of(|to, from| WEIGHTS[from] * (1.0 - factor) + same(to, from) * factor)
}

/// `Y + cos * (c - Y) + sin * (quarter turn of c)`, `hue-rotate` of W3C Filter Effects 1.
pub(super) fn hue(degrees: f64) -> Matrix {
    const QUARTER: [[f64; 3]; 3] = [[-0.2126, -0.7152, 0.9278], [0.143, 0.140, -0.283], [-0.7874, 0.7152, 0.0722]];
    let (sin, cos) = degrees.to_radians().sin_cos();
    Matrix::of(|to, from| WEIGHTS[from] * (1.0 - cos) + same(to, from) * cos + QUARTER[to][from] * sin)
}

/// `sepia` of W3C Filter Effects 1.
pub(super) fn sepia(strength: f64) -> Matrix {
    const WHOLE: [[f64; 3]; 3] = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];
    Matrix::of(|to, from| same(to, from) + (WHOLE[to][from] - same(to, from)) * strength)
}
