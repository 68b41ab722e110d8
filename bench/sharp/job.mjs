// The counterpart of crates/render/examples/bench_job.rs: the same commands, carried out by sharp.
// node job.mjs FILE, then one command a line: WIDTH QUALITY baseline|progressive COUNT [SAVE-AS].
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const master = readFileSync(process.argv[2]);

async function render(width, quality, progressive) {
  return sharp(master)
    .autoOrient()
    .resize({ width })
    .jpeg({ quality, progressive, chromaSubsampling: "4:2:0", optimiseCoding: true })
    .toBuffer({ resolveWithObject: true });
}

for await (const line of createInterface({ input: process.stdin })) {
  const [width, quality, mode, count, save] = line.trim().split(/\s+/);
  let made;
  for (let i = 0; i < Number(count); i++) made = await render(Number(width), Number(quality), mode === "progressive");
  if (save) writeFileSync(save, made.data);
  console.log(`${made.info.width} ${made.info.height} ${made.data.length}`);
}
