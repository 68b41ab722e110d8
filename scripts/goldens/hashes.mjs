// Prints the BlurHash and ThumbHash of made pictures by the npm packages `blurhash` and `thumbhash`, for
// crates/codec/tests/hashes.rs. Run where both are installed: npm i blurhash thumbhash && node hashes.mjs
import { encode } from 'blurhash';
import { rgbaToThumbHash } from 'thumbhash';

// As `pixels` in crates/codec/tests/common.
function pixels(width, height, alpha, phase) {
  const data = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const texture = (x * 7 + y * 13 + phase * 5) % 17;
      data.push(Math.floor((x * 200) / width) + texture, Math.floor((y * 200) / height) + texture);
      data.push(Math.floor(((x + y + phase * 20) * 100) / (width + height)) + texture);
      data.push(alpha ? 255 - Math.floor((x * 255) / width) : 255);
    }
  }
  return Uint8ClampedArray.from(data);
}

for (const [width, height, alpha, phase, across, down] of [
  [32, 24, false, 0, 4, 3], [24, 32, false, 3, 3, 4], [32, 32, false, 1, 9, 9], [7, 5, false, 2, 1, 1], [60, 20, false, 5, 5, 2],
]) {
  const hash = encode(pixels(width, height, alpha, phase), width, height, across, down);
  console.log(`        (${width}, ${height}, ${phase}, ${across}, ${down}, ${JSON.stringify(hash)}),`);
}
for (const [width, height, alpha, phase] of [
  [100, 75, false, 0], [60, 100, false, 3], [64, 64, true, 1], [33, 21, true, 2], [90, 10, false, 4], [1, 1, false, 0],
]) {
  const hash = Buffer.from(rgbaToThumbHash(width, height, pixels(width, height, alpha, phase))).toString('hex');
  console.log(`        (${width}, ${height}, ${alpha}, ${phase}, "${hash}"),`);
}
