#!/usr/bin/env python3
"""A small file of every kind that is read, and what each looks like at another size by programs that are not ours.

    python scripts/goldens/pairs.py                       # crates/render/tests/goldens/pairs
    python scripts/goldens/pairs.py --provenance LOG OURS # PROVENANCE.md there, from what the test printed, and the files
                                                          # that it wrote into OURS, which Pillow reads

Needs pillow and numpy, and Debian's libavif-bin, libjxl-tools, librsvg2-bin, poppler-utils. Run from the root of the
repository. What it writes is kept: the tests need none of these.
"""
import io
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageSequence

import documents

OUT = Path("crates/render/tests/goldens/pairs")
SIZE, SMALL = (128, 96), (56, 42)


def sh(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sample(name, mode):
    """The middle of a picture, of the ratio that all have here."""
    picture = Image.open(f"samples/{name}").convert(mode)
    w, h = picture.size
    side = min(w / 4, h / 3)
    box = ((w - 4 * side) / 2, (h - 3 * side) / 2, (w + 4 * side) / 2, (h + 3 * side) / 2)
    return picture.resize(SIZE, Image.Resampling.LANCZOS, box=box)


def frames(photo):
    """A square that moves over the picture."""
    out = []
    for number in range(3):
        frame = photo.copy()
        frame.paste((230, 40 + 80 * number, 60), (10 + 40 * number, 20, 42 + 40 * number, 52))
        out.append(frame)
    return out


def wide_samples():
    """Sixteen bits, smooth: more shades than eight bits hold."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(float)
    red, green = 2000 + 61000 * x / SIZE[0], 60000 - 55000 * y / SIZE[1]
    blue = 32768 + 30000 * np.sin((x + 2 * y) / 23)
    return np.stack([red, green, blue], -1).round().astype(np.uint16)


def png_of_16_bits(samples):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="128" height="96" viewBox="0 0 256 192">
  <defs><linearGradient id="g" x2="1" y2="1"><stop offset="0" stop-color="#f60"/><stop offset="1" stop-color="#06c"/>
  </linearGradient></defs>
  <rect x="16" y="12" width="150" height="130" rx="24" fill="url(#g)"/>
  <path d="M20 170 C 80 10, 150 10, 236 170" stroke="#173" stroke-width="14" fill="none"/>
  <circle cx="180" cy="80" r="60" fill="#a3c" opacity="0.6"/>
</svg>
"""


def pdf():
    content = b"0.9 0.3 0.1 rg 10 10 50 40 re f 0.1 0.4 0.8 rg 40 20 46 44 re f 0 0 0 RG 6 w 8 66 m 40 10 70 10 90 66 c S\n"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 96 72] /Contents 4 0 R /Resources << >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content),
    ]
    return documents.pdf(objects)


def masters():
    photo, cut = sample("dandelions.jpg", "RGB"), sample("bowl.png", "RGBA")
    few = photo.convert("P", palette=Image.Palette.ADAPTIVE, colors=128)
    moving = frames(photo)
    later = {"save_all": True, "append_images": moving[1:], "duration": [80, 120, 160], "loop": 0}
    photo.save(OUT / "baseline.jpg", quality=90)
    photo.save(OUT / "progressive.jpg", quality=90, progressive=True)
    photo.convert("CMYK").save(OUT / "cmyk.jpg", quality=92)
    photo.convert("L").save(OUT / "grey.jpg", quality=90)
    photo.save(OUT / "rgb.png", optimize=True)
    few.save(OUT / "palette.png", optimize=True)
    cut.save(OUT / "alpha.png", optimize=True)
    (OUT / "wide.png").write_bytes(png_of_16_bits(wide_samples()))
    photo.save(OUT / "lossy.webp", quality=85)
    photo.save(OUT / "lossless.webp", lossless=True)
    cut.save(OUT / "alpha.webp", quality=85)
    moving[0].save(OUT / "moving.webp", quality=80, **later)
    photo.save(OUT / "eight.avif", quality=80)
    cut.save(OUT / "alpha.avif", quality=80)
    sh("avifenc", "-d", "10", "-y", "444", "--min", "0", "--max", "10", OUT / "wide.png", OUT / "ten.avif")
    few.save(OUT / "still.gif")
    moving[0].save(OUT / "moving.gif", **later)
    photo.save(OUT / "rgb.tiff", compression="tiff_lzw")
    photo.save(OUT / "rgb.bmp")
    cut.save(OUT / "alpha.ico", sizes=[SIZE])
    sh("cjxl", OUT / "rgb.png", OUT / "lossy.jxl", "-d", "1")
    (OUT / "drawing.svg").write_text(SVG)
    (OUT / "page.pdf").write_bytes(pdf())


def plain(picture):
    """RGB, or RGBA where anything may be transparent."""
    alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    return picture.convert("RGBA" if alpha else "RGB")


def small(picture):
    return picture.resize(SMALL, Image.Resampling.LANCZOS)


def by_others(path):
    """Every frame at the small size: raster pictures by Pillow, drawings as the mean of 8 x 8 points."""
    large = (8 * SMALL[0], 8 * SMALL[1])
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        match path.suffix:
            case ".svg":
                sh("rsvg-convert", "-w", large[0], "-h", large[1], path, "-o", f"{out}.png")
                return [Image.open(f"{out}.png").convert("RGBA").resize(SMALL, Image.Resampling.BOX)]
            case ".pdf":
                sh("pdftoppm", "-png", "-singlefile", "-scale-to-x", large[0], "-scale-to-y", large[1], path, out)
                return [Image.open(f"{out}.png").convert("RGB").resize(SMALL, Image.Resampling.BOX)]
            case ".jxl":
                sh("djxl", path, f"{out}.png")
                return [small(Image.open(f"{out}.png").convert("RGB"))]
    if path.name == "wide.png":
        # Pillow would cut the lower eight bits off.
        eight = np.floor(wide_samples().astype(float) * 255 / 65535 + 0.5).astype(np.uint8)
        return [small(Image.fromarray(eight))]
    return [small(plain(frame)) for frame in ImageSequence.Iterator(Image.open(path))]


def stacked(pictures):
    sheet = Image.new(pictures[0].mode, (SMALL[0], SMALL[1] * len(pictures)))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (0, number * SMALL[1]))
    return sheet


def references():
    for path in sorted(OUT.iterdir()):
        if path.suffix != ".md" and not path.name.endswith(".small.png"):
            stacked(by_others(path)).save(OUT / f"{path.name}.small.png", optimize=True)


# What the test measures, once more: the picture on white and on black, mean difference and one minus SSIM of luma.


def seen(picture):
    pixels = np.asarray(picture.convert("RGBA")).astype(np.uint32)
    rgb, alpha = pixels[..., :3], pixels[..., 3:]
    on = [(rgb * alpha + ground * (255 - alpha) + 127) // 255 for ground in (255, 0)]
    return np.concatenate(on).astype(float)


def distance(a, b):
    a, b = seen(a), seen(b)
    luma = lambda p: np.floor((299 * p[..., 0] + 587 * p[..., 1] + 114 * p[..., 2]) / 1000)
    p, q = luma(a), luma(b)
    c1, c2, scores = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    for top in range(0, p.shape[0] - 7, 4):
        for left in range(0, p.shape[1] - 7, 4):
            x, y = p[top : top + 8, left : left + 8], q[top : top + 8, left : left + 8]
            covariance = (x * y).mean() - x.mean() * y.mean()
            scores.append((2 * x.mean() * y.mean() + c1) * (2 * covariance + c2)
                          / ((x.mean() ** 2 + y.mean() ** 2 + c1) * (x.var() + y.var() + c2)))
    return np.abs(a - b).mean(), 1 - np.mean(scores)


def written(path):
    return stacked([plain(frame) for frame in ImageSequence.Iterator(Image.open(path))])


def by_pillow(reference, output):
    """The reference as a file of Pillow's own, first frame alone, of the same quality."""
    first = reference.crop((0, 0, *SMALL))
    if output == "jpeg" and first.mode == "RGBA":
        white = Image.new("RGB", SMALL, "white")
        white.paste(first, mask=first.getchannel("A"))
        first = white
    if output == "palette":
        method = Image.Quantize.FASTOCTREE if first.mode == "RGBA" else Image.Quantize.MEDIANCUT
        first = first.quantize(256, method=method)
    kinds = {"jpeg": ("JPEG", {"quality": 90}), "png": ("PNG", {}), "palette": ("PNG", {}), "gif": ("GIF", {}),
             "webp": ("WEBP", {"quality": 90}), "lossless": ("WEBP", {"lossless": True, "exact": True}),
             "avif": ("AVIF", {"quality": 90})}
    kind, options = kinds[output]
    file = io.BytesIO()
    first.save(file, kind, **options)
    return plain(Image.open(file))


def provenance(log, ours):
    rows = [line.split() for line in Path(log).read_text().splitlines() if line.startswith("pair ")]
    text = ["# Every kind that is read, as every format that is written", ""]
    text += ["Made by `scripts/goldens/pairs.py` from `samples/dandelions.jpg` and `samples/bowl.png` (see the README there for authors and"]
    text += ["licences), from formulas, and drawn by hand. `NAME.small.png` is `NAME` at 56 x 42, frames below each other: read and scaled"]
    text += [f"by Pillow {PIL.__version__} (Lanczos); `*.jxl` read by djxl 0.7; drawings by librsvg 2.54 and poppler 22.12 at eight times the size,"]
    text += ["averaged; `wide.png` rounded by numpy. `ten.avif` was written by avifenc 0.11, `lossy.jxl` by cjxl 0.7, `wide.png` by hand, the"]
    text += ["others by Pillow.", ""]
    text += ["The renderer scales each to 56 x 42 and writes it at quality 90. Its file is compared with the small picture, both on white"]
    text += ["and on black: mean difference of a channel (of 255), and one minus SSIM of the luma. Once as the test reads it with our own"]
    text += ["decoders (it fails at 1.3 of what stands here), once as Pillow reads it; and what a file of the same kind loses that Pillow"]
    text += ["writes of the small picture itself, at the same number for quality, first frame only. Alpha: JPEG has none, the picture is on"]
    text += ["white; GIF has one bit of it.", ""]
    text += ["| master | output | mean | 1 - SSIM | by Pillow: mean | 1 - SSIM | Pillow's own: mean | 1 - SSIM |"]
    text += ["|---|---|---:|---:|---:|---:|---:|---:|"]
    for _, master, output, mean, lost, file in rows:
        small_one = Image.open(OUT / f"{master}.small.png")
        read = written(Path(ours) / file)
        reference = small_one.crop((0, 0, *read.size))
        if output == "jpeg" and reference.mode == "RGBA":
            white = Image.new("RGB", reference.size, "white")
            white.paste(reference, mask=reference.getchannel("A"))
            reference = white
        found, own = distance(reference, read), distance(reference.crop((0, 0, *SMALL)), by_pillow(small_one, output))
        numbers = " | ".join(f"{value:.{digits}f}" for pair in (found, own) for value, digits in zip(pair, (2, 4)))
        text.append(f"| {master} | {output} | {mean} | {lost} | {numbers} |")
    (OUT / "PROVENANCE.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--provenance"]:
        provenance(*sys.argv[2:4])
    else:
        OUT.mkdir(parents=True, exist_ok=True)
        masters()
        references()
        total = sum(path.stat().st_size for path in OUT.iterdir())
        print(f"{len(list(OUT.iterdir()))} files, {total} bytes", file=sys.stderr)
