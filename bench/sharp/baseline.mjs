// Writes a picture again as baseline JPEG of quality 92, 4:2:0: node baseline.mjs FROM TO.
import sharp from "sharp";

await sharp(process.argv[2]).jpeg({ quality: 92, progressive: false, optimiseCoding: false }).toFile(process.argv[3]);
