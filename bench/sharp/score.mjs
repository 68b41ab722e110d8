// Scores files against a reference that is neither side's code: the full decode of the master, scaled by a Lanczos-3 filter in floating
// point, and put on white where it is transparent. node score.mjs SCORER FOLDER MASTER SIZE FILE... prints one line per file:
// SSIMULACRA2 PSNR-RGB. SCORER is the program `ssimulacra2` of bench/peer; the folder keeps references for the next call. Of an animation the
// first, a middle and the last frame count.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import sharp from "sharp";

const [scorer, folder, masterPath, size, ...files] = process.argv.slice(2);
const [wide, high] = size.split("x").map(Number);

async function pixels(path, page, keepAlpha) {
  const image = sharp(path, { page }).autoOrient().toColourspace("srgb");
  const { data, info } = await (keepAlpha ? image : image.flatten({ background: "#ffffff" })).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels, data };
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

// For each target pixel of a stretch of the source: the first source pixel and the weights from there on.
function taps(from, begin, length, to) {
  const scale = length / to;
  const support = 3 * Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = begin + (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support));
    const last = Math.min(from - 1, Math.ceil(centre + support));
    const weights = [];
    for (let s = first; s <= last; s++) weights.push(lanczos((s + 0.5 - centre) / Math.max(scale, 1)));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

function scaled(image, width, height) {
  const { data, channels } = image;
  // What is transparent counts with its weight, and lies on white afterwards.
  const source = channels === 4 ? premultiplied(data) : data;
  const cover = high ? Math.min(image.width / width, image.height / height) : 0;
  const [w, h] = cover ? [width * cover, height * cover] : [image.width, image.height];
  const columns = taps(image.width, (image.width - w) / 2, w, width);
  const rows = taps(image.height, (image.height - h) / 2, h, height);
  const across = new Float64Array(width * image.height * channels);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x];
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * source[(y * image.width + first + k) * channels + c];
        across[(y * width + x) * channels + c] = sum;
      }
    }
  const out = new Float64Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y];
    for (let x = 0; x < width; x++) {
      const sums = [0, 0, 0, 0];
      for (let k = 0; k < weights.length; k++)
        for (let c = 0; c < channels; c++) sums[c] += weights[k] * across[((first + k) * width + x) * channels + c];
      const white = channels === 4 ? 255 - sums[3] : 0;
      for (let c = 0; c < 3; c++) out[(y * width + x) * 3 + c] = Math.min(255, Math.max(0, sums[c] + white));
    }
  }
  return { width, height, data: out };
}

function premultiplied(data) {
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c++) out[i + c] = (data[i + c] * data[i + 3]) / 255;
    out[i + 3] = data[i + 3];
  }
  return out;
}

function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return 10 * Math.log10((255 * 255) / (sum / a.length));
}

// The reference of a page as 32-bit floats, from the folder if it was made before.
async function reference(page, width, height) {
  const path = join(folder, `${basename(masterPath)}-${size}-${width}x${height}-${page}`);
  if (!existsSync(path)) {
    const { data } = scaled(await pixels(masterPath, page, true), width, height);
    writeFileSync(path, Buffer.from(Float32Array.from(data).buffer));
  }
  const bytes = readFileSync(path);
  return { path, data: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) };
}

const { pages = 1 } = await sharp(masterPath, { pages: -1 }).metadata();
const looked = [...new Set([0, pages >> 1, pages - 1])];
const totals = files.map(() => [0, 0]);
for (const page of looked) {
  const made = await Promise.all(files.map((file) => pixels(file, page, false)));
  const wanted = await reference(page, made[0].width, made[0].height);
  const raw = made.map(({ data }, i) => {
    writeFileSync(join(folder, `made-${i}`), data);
    return join(folder, `made-${i}`);
  });
  const scores = execFileSync(scorer, [made[0].width, made[0].height, wanted.path, ...raw], { encoding: "utf8" }).trim().split("\n").map(Number);
  made.forEach(({ data }, i) => {
    totals[i][0] += scores[i];
    totals[i][1] += psnr(wanted.data, data);
  });
}
for (const [score, db] of totals) console.log(`${(score / looked.length).toFixed(2)} ${(db / looked.length).toFixed(2)}`);
