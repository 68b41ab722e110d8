// The counterpart of crates/render/examples/bench_job.rs: the same commands, carried out by sharp.
// node job.mjs FILE, then one command a line: SIZE QUALITY MODE COUNT LANES [SAVE-AS].
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const master = readFileSync(process.argv[2]);
const animated = master.subarray(0, 3).toString("latin1") === "GIF";

// Efforts are the library's defaults, but where the name says otherwise.
const write = {
  baseline: (image, quality) => image.jpeg({ quality, chromaSubsampling: "4:2:0", optimiseCoding: true }),
  progressive: (image, quality) => image.jpeg({ quality, progressive: true, chromaSubsampling: "4:2:0", optimiseCoding: true }),
  webp2: (image, quality) => image.webp({ quality, effort: 2 }),
  webp: (image, quality) => image.webp({ quality }),
  avif: (image, quality) => image.avif({ quality, effort: 2, chromaSubsampling: "4:2:0" }),
  png: (image) => image.png(),
  palette: (image) => image.png({ palette: true }),
};

async function render(size, quality, mode) {
  const [width, height] = size.split("x").map(Number);
  const image = sharp(master, { animated }).autoOrient().resize(height ? { width, height, fit: "cover" } : { width });
  return write[mode](image, quality).toBuffer({ resolveWithObject: true });
}

async function lane(count, ...job) {
  let made;
  for (let i = 0; i < count; i++) made = await render(...job);
  return made;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [size, quality, mode, count, lanes, save] = line.trim().split(/\s+/);
  const [made] = await Promise.all(Array.from({ length: Number(lanes) }, () => lane(Number(count), size, Number(quality), mode)));
  if (save) writeFileSync(save, made.data);
  console.log(`${made.info.width} ${made.info.pageHeight ?? made.info.height} ${made.data.length}`);
}
