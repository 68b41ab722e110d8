// Scores JPEG files against a reference that is neither side's code: the full decode of the master, scaled by a
// Lanczos-3 filter in floating point. node score.mjs MASTER FILE...  prints one line per file: PSNR-RGB SSIM-LUMA.
import sharp from "sharp";

const [masterPath, ...files] = process.argv.slice(2);

async function pixels(path) {
  const { data, info } = await sharp(path).autoOrient().toColourspace("srgb").flatten({ background: "#ffffff" }).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

// For each target pixel: the first source pixel and the weights from there on.
function taps(from, to) {
  const scale = from / to;
  const support = 3 * Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support));
    const last = Math.min(from - 1, Math.ceil(centre + support));
    const weights = [];
    for (let s = first; s <= last; s++) weights.push(lanczos((s + 0.5 - centre) / Math.max(scale, 1)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

function scaled(image, width, height) {
  const { data } = image;
  const across = new Float64Array(width * image.height * 3);
  const columns = taps(image.width, width);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const { first, weights } = columns[x];
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * data[(y * image.width + first + k) * 3 + c];
        across[(y * width + x) * 3 + c] = sum;
      }
  const out = new Float64Array(width * height * 3);
  const rows = taps(image.height, height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width * 3; x++) {
      const { first, weights } = rows[y];
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * across[(first + k) * width * 3 + x];
      out[y * width * 3 + x] = Math.min(255, Math.max(0, sum));
    }
  return { width, height, data: out };
}

function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2;
  return 10 * Math.log10((255 * 255) / (sum / a.data.length));
}

function luma({ width, height, data }) {
  const out = new Float64Array(width * height);
  for (let i = 0; i < out.length; i++) out[i] = 0.299 * data[3 * i] + 0.587 * data[3 * i + 1] + 0.114 * data[3 * i + 2];
  return out;
}

// Gaussian of 11 taps, sigma 1.5, over the part of the picture where it fits.
function blurred(plane, width, height) {
  const kernel = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const total = kernel.reduce((a, b) => a + b, 0);
  const half = new Float64Array((width - 10) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width - 10; x++) {
      let sum = 0;
      for (let k = 0; k < 11; k++) sum += kernel[k] * plane[y * width + x + k];
      half[y * (width - 10) + x] = sum / total;
    }
  const out = new Float64Array((width - 10) * (height - 10));
  for (let y = 0; y < height - 10; y++)
    for (let x = 0; x < width - 10; x++) {
      let sum = 0;
      for (let k = 0; k < 11; k++) sum += kernel[k] * half[(y + k) * (width - 10) + x];
      out[y * (width - 10) + x] = sum / total;
    }
  return out;
}

function ssim(a, b) {
  const { width, height } = a;
  const [x, y] = [luma(a), luma(b)];
  const mean = (f) => blurred(Float64Array.from(x, (_, i) => f(x[i], y[i])), width, height);
  const [mx, my] = [mean((p) => p), mean((_, q) => q)];
  const [xx, yy, xy] = [mean((p) => p * p), mean((_, q) => q * q), mean((p, q) => p * q)];
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let sum = 0;
  for (let i = 0; i < mx.length; i++) {
    const [vx, vy, cov] = [xx[i] - mx[i] ** 2, yy[i] - my[i] ** 2, xy[i] - mx[i] * my[i]];
    sum += ((2 * mx[i] * my[i] + c1) * (2 * cov + c2)) / ((mx[i] ** 2 + my[i] ** 2 + c1) * (vx + vy + c2));
  }
  return sum / mx.length;
}

const master = await pixels(masterPath);
let reference = null;
for (const file of files) {
  const made = await pixels(file);
  if (reference?.width !== made.width || reference?.height !== made.height) reference = scaled(master, made.width, made.height);
  console.log(`${psnr(reference, made).toFixed(3)} ${ssim(reference, made).toFixed(5)}`);
}
