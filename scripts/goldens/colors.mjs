// References for the colour changes and filters from sharp, and from the librsvg in it, which implements the filter
// functions of W3C Filter Effects 1: node colors.mjs DIRECTORY-OF-SHARP. The pictures are those that colors.py made.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(path.resolve(process.argv[2] ?? ".", "package.json"));
const sharp = require("sharp");
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../crates/render/tests/goldens/colors");
const file = (name) => path.join(root, `${name}.png`);
const png = { compressionLevel: 9, palette: false };

async function bySharp(name, from, change) {
  let made = change(sharp(file(from))).toColourspace("srgb");
  if (from !== "bowl") made = made.removeAlpha();
  await made.png(png).toFile(file(`${name}.sharp`));
}

// The functions of the specification, written as the primitives that it says they stand for, on sRGB values.
async function bySvg(name, from, primitive) {
  const bytes = readFileSync(file(from));
  const { width, height } = await sharp(bytes).metadata();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">
    <filter id="f" x="0" y="0" width="1" height="1" color-interpolation-filters="sRGB">${primitive}</filter>
    <image width="${width}" height="${height}" filter="url(#f)" xlink:href="data:image/png;base64,${bytes.toString("base64")}"/></svg>`;
  let made = sharp(Buffer.from(svg));
  if (from !== "bowl") made = made.flatten({ background: "white" });
  await made.png(png).toFile(file(`${name}.rsvg`));
}

const linear = (slope, intercept) => {
  const of = (channel) => `<feFunc${channel} type="linear" slope="${slope}" intercept="${intercept}"/>`;
  return `<feComponentTransfer>${of("R")}${of("G")}${of("B")}</feComponentTransfer>`;
};
const matrix = (type, values) => `<feColorMatrix type="${type}" values="${values}"/>`;
const s = 0.3;
const sepia = [
  [0.393 + 0.607 * s, 0.769 - 0.769 * s, 0.189 - 0.189 * s, 0, 0],
  [0.349 - 0.349 * s, 0.686 + 0.314 * s, 0.168 - 0.168 * s, 0, 0],
  [0.272 - 0.272 * s, 0.534 - 0.534 * s, 0.131 + 0.869 * s, 0, 0],
  [0, 0, 0, 1, 0],
];

await bySharp("invert", "portrait", (p) => p.negate({ alpha: false }));
await bySharp("linear", "portrait", (p) => p.linear(1.3, -25.5));
await bySharp("gamma", "portrait", (p) => p.gamma(1, 1.8));
await bySharp("blur-2.5", "portrait", (p) => p.blur({ sigma: 2.5, precision: "float", minAmplitude: 0.01 }));
await bySharp("blur-bowl", "bowl", (p) => p.blur({ sigma: 3, precision: "float", minAmplitude: 0.01 }));
await bySharp("sharpen", "portrait", (p) => p.sharpen({ sigma: 1.2, m1: 2, m2: 2, x1: 0, y2: 100, y3: 100 }));
await bySharp("stretch", "mountains", (p) => p.normalise({ lower: 1, upper: 99 }));
await bySharp("grayscale", "portrait", (p) => p.greyscale());

await bySvg("invert", "bowl", linear(-1, 1));
await bySvg("sepia", "portrait", matrix("matrix", sepia.flat().join(" ")));
await bySvg("hue", "portrait", matrix("hueRotate", 110));
await bySvg("hue-bowl", "bowl", matrix("hueRotate", 110));
await bySvg("saturation", "portrait", matrix("saturate", 1.7));
await bySvg("contrast", "portrait", linear(1.6, -0.3));
await bySvg("grayscale", "portrait", matrix("saturate", 0));
await bySvg("opacity-bowl", "bowl", '<feComponentTransfer><feFuncA type="linear" slope="0.4"/></feComponentTransfer>');
