// The counterpart of crates/render/examples/bench_job.rs: the same commands, carried out by sharp.
// node job.mjs FILE, then one command a line: WIDTH QUALITY MODE COUNT [SAVE-AS].
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const master = readFileSync(process.argv[2]);

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

async function render(width, quality, mode) {
  return write[mode](sharp(master).autoOrient().resize({ width }), quality).toBuffer({ resolveWithObject: true });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [width, quality, mode, count, save] = line.trim().split(/\s+/);
  let made;
  for (let i = 0; i < Number(count); i++) made = await render(Number(width), Number(quality), mode);
  if (save) writeFileSync(save, made.data);
  console.log(`${made.info.width} ${made.info.height} ${made.data.length}`);
}
