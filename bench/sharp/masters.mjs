// Makes the masters of the renders from the sample pictures: node masters.mjs SAMPLES FOLDER. The large ones are put together from
// pieces at their native resolution, so that they hold the detail that photographs of that size hold.
import sharp from "sharp";

const [samples, folder] = process.argv.slice(2);
const whole = {};
for (const name of ["mountains", "dandelions"]) {
  whole[name] = await sharp(`${samples}/${name}.jpg`).autoOrient().removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

const piece = (name, left, top, width, height, mirrored) => {
  const { data, info } = whole[name];
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return sharp(data, { raw }).extract({ left, top, width, height }).flop(mirrored).png({ compressionLevel: 0 }).toBuffer();
};

// Four pieces of half the size each.
async function mosaic(width, height, pieces) {
  const [w, h] = [width / 2, height / 2];
  const input = await Promise.all(pieces.map(([name, left, top, mirrored]) => piece(name, left, top, w, h, Boolean(mirrored))));
  const composite = input.map((one, i) => ({ input: one, left: (i % 2) * w, top: Math.floor(i / 2) * h }));
  return sharp({ create: { width, height, channels: 3, background: "black" } }).composite(composite).removeAlpha().raw().toBuffer({ resolveWithObject: true });
}

const jpeg = ({ data, info }, name, progressive) =>
  sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
    .jpeg({ quality: 90, chromaSubsampling: "4:2:0", progressive, optimiseCoding: progressive })
    .toFile(`${folder}/${name}.jpg`);

const twelve = await mosaic(4000, 3000, [["mountains", 0, 900], ["dandelions", 300, 1400], ["dandelions", 3000, 700], ["mountains", 1200, 200]]);
await jpeg(twelve, "m12", false);
await jpeg(twelve, "p12", true);
await jpeg(await mosaic(6000, 4000, [["mountains", 200, 400], ["dandelions", 2200, 900], ["dandelions", 0, 900], ["mountains", 200, 400, true]]), "m24", false);
await sharp(await piece("mountains", 800, 900, 1632, 1224, false)).jpeg({ quality: 90, chromaSubsampling: "4:2:0", optimiseCoding: false }).toFile(`${folder}/m2.jpg`);

// A photograph cut out with a soft edge, and a shadow that is half transparent.
const shape = Buffer.from(
  `<svg width="2000" height="2000"><defs><radialGradient id="g"><stop offset="0.93" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>` +
    `<ellipse cx="1040" cy="1060" rx="900" ry="880" fill="#fff" opacity="0.35"/><circle cx="960" cy="960" r="880" fill="url(#g)"/></svg>`,
);
await sharp(await piece("mountains", 600, 448, 2000, 2000, false)).ensureAlpha().composite([{ input: shape, blend: "dest-in" }]).png().toFile(`${folder}/rgba.png`);

// A slow pan over a photograph: 30 frames, in each of which every pixel changes.
const wide = await sharp(await piece("dandelions", 0, 0, 5312, 2988, false)).resize({ width: 900 }).toBuffer();
const frames = await Promise.all(Array.from({ length: 30 }, (_, i) => sharp(wide).extract({ left: i * 12, top: i * 4, width: 480, height: 360 }).toBuffer()));
await sharp(frames, { join: { animated: true } }).gif({ delay: Array(30).fill(80), loop: 0 }).toFile(`${folder}/pan.gif`);
