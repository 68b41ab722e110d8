//! A slow decoder of baseline files, bit by bit as ITU-T T.81 words it, for comparison. Trusts its input.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::f64::consts::{PI, SQRT_2};

const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// Dequantised coefficients of one component.
pub struct Coefficients {
    pub width: usize,
    pub height: usize,
    across: usize,
    blocks: Vec<[f64; 64]>,
    horizontal: usize,
    vertical: usize,
    id: u8,
    table: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    bit: u32,
}

impl Reader<'_> {
    fn bit(&mut self) -> u32 {
        let value = u32::from(self.bytes[self.at]) >> (7 - self.bit) & 1;
        self.bit += 1;
        if self.bit == 8 {
            self.bit = 0;
            self.at += if self.bytes[self.at] == 0xFF { 2 } else { 1 };
        }
        value
    }

    fn bits(&mut self, count: u32) -> i32 {
        (0..count).fold(0, |value, _| value << 1 | self.bit() as i32)
    }

    fn symbol(&mut self, table: &HashMap<(u32, u32), u8>) -> u8 {
        let mut code = 0;
        for length in 1..=16 {
            code = code << 1 | self.bit();
            if let Some(symbol) = table.get(&(length, code)) {
                return *symbol;
            }
        }
        panic!("no such code");
    }

    fn value(&mut self, size: u32) -> i32 {
        let value = self.bits(size);
        if size > 0 && value < 1 << (size - 1) { value + 1 - (1 << size) } else { value }
    }

    fn restart(&mut self) {
        if self.bit > 0 {
            self.at += if self.bytes[self.at] == 0xFF { 2 } else { 1 };
            self.bit = 0;
        }
        assert!(self.bytes[self.at] == 0xFF && self.bytes[self.at + 1] & 0xF8 == 0xD0);
        self.at += 2;
    }
}

/// All coefficients of a baseline file.
pub fn coefficients(file: &[u8]) -> Vec<Coefficients> {
    let mut at = 2;
    let mut steps = HashMap::new();
    let mut huffman = HashMap::new();
    let (mut found, mut interval) = (Vec::<Coefficients>::new(), 0);
    let word = |at: usize| usize::from(file[at]) << 8 | usize::from(file[at + 1]);
    loop {
        let (code, length) = (file[at + 1], word(at + 2));
        let body = &file[at + 4..at + 2 + length];
        at += 2 + length;
        match code {
            0xDB => {
                for table in body.chunks_exact(65) {
                    steps.insert(usize::from(table[0]), table[1..].to_vec());
                }
            }
            0xC4 => {
                let mut rest = body;
                while !rest.is_empty() {
                    let mut codes = HashMap::new();
                    let (mut code, mut at) = (0_u32, 17);
                    for length in 1..=16 {
                        for _ in 0..rest[length] {
                            codes.insert((length as u32, code), rest[at]);
                            code += 1;
                            at += 1;
                        }
                        code <<= 1;
                    }
                    huffman.insert(rest[0], codes);
                    rest = &rest[at..];
                }
            }
            0xDD => interval = word(at - 2),
            0xC0 | 0xC1 => {
                let size = (
                    usize::from(body[3]) << 8 | usize::from(body[4]),
                    usize::from(body[1]) << 8 | usize::from(body[2]),
                );
                let most = |shift: u8| body[6..].chunks(3).map(|c| usize::from(c[1] >> shift & 15)).max().unwrap();
                let (wide, high) = (most(4), most(0));
                for c in body[6..].chunks(3) {
                    let (horizontal, vertical) = (usize::from(c[1] >> 4), usize::from(c[1] & 15));
                    let across = size.0.div_ceil(8 * wide) * horizontal;
                    found.push(Coefficients {
                        width: (size.0 * horizontal).div_ceil(wide),
                        height: (size.1 * vertical).div_ceil(high),
                        across,
                        blocks: vec![[0.0; 64]; across * size.1.div_ceil(8 * high) * vertical],
                        horizontal,
                        vertical,
                        id: c[0],
                        table: c[2].into(),
                    });
                }
            }
            0xDA => {
                let parts: Vec<(usize, u8, u8)> = body[1..1 + 2 * usize::from(body[0])]
                    .chunks(2)
                    .map(|p| (found.iter().position(|c| c.id == p[0]).unwrap(), p[1] >> 4, p[1] & 15))
                    .collect();
                let first = &found[parts[0].0];
                let (across, down) = match parts.len() {
                    1 => (first.width.div_ceil(8), first.height.div_ceil(8)),
                    _ => (first.across / first.horizontal, first.blocks.len() / first.across / first.vertical),
                };
                let mut reader = Reader { bytes: file, at, bit: 0 };
                let mut before = [0; 4];
                for mcu in 0..across * down {
                    if interval > 0 && mcu > 0 && mcu % interval == 0 {
                        reader.restart();
                        before = [0; 4];
                    }
                    for (index, dc, ac) in &parts {
                        let component = &mut found[*index];
                        let (h, v) = if parts.len() == 1 { (1, 1) } else { (component.horizontal, component.vertical) };
                        for i in 0..h * v {
                            let (x, y) = (mcu % across * h + i % h, mcu / across * v + i / h);
                            let block = &mut component.blocks[y * component.across + x];
                            let steps = &steps[&component.table];
                            let size = reader.symbol(&huffman[dc]);
                            before[*index] += reader.value(size.into());
                            block[0] = f64::from(before[*index] * i32::from(steps[0]));
                            let mut k = 1;
                            while k < 64 {
                                let symbol = reader.symbol(&huffman[&(16 + ac)]);
                                match symbol {
                                    0x00 => break,
                                    0xF0 => k += 16,
                                    _ => {
                                        k += usize::from(symbol >> 4);
                                        let value = reader.value((symbol & 15).into());
                                        block[ZIGZAG[k]] = f64::from(value * i32::from(steps[k]));
                                        k += 1;
                                    }
                                }
                            }
                        }
                    }
                }
                at = reader.at + usize::from(reader.bit > 0 && file[reader.at] != 0xFF);
                while file[at] != 0xFF || file[at + 1] == 0 {
                    at += 1;
                }
                if file[at + 1] == 0xD9 {
                    return found;
                }
            }
            _ => {}
        }
    }
}

impl Coefficients {
    /// The samples at n/8, in floating point, row by row: a transform of n points of the n x n lowest frequencies.
    pub fn samples(&self, n: usize) -> (usize, usize, Vec<f64>) {
        let factor = |i: usize, u: usize| match u {
            0 => 1.0,
            _ => SQRT_2 * ((2 * i + 1) as f64 * u as f64 * PI / (2 * n) as f64).cos(),
        };
        let factors: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|u| factor(i, u)).collect()).collect();
        let (width, height) = ((self.width * n).div_ceil(8), (self.height * n).div_ceil(8));
        let mut out = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let block = &self.blocks[y / n * self.across + x / n];
                let mut sum = 0.0;
                for v in 0..n {
                    for u in 0..n {
                        sum += block[v * 8 + u] * factors[y % n][v] * factors[x % n][u];
                    }
                }
                out.push((sum / 8.0 + 128.0).clamp(0.0, 255.0));
            }
        }
        (width, height, out)
    }
}
