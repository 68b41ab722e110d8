#!/usr/bin/env python3
"""Peak memory of one job by kind and size of its master, beside what the budget reckons with.

    python3 bench/memory.py [the example `memory`, built]

Makes a file of 2 and one of 12 megapixels of every kind from samples/mountains.jpg, in a temporary folder, and prints a
table. Every figure is a fresh process. Needs pillow, and Debian's libjxl-tools. Run from the root of the repository.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

SIZES = {2: (1600, 1200), 12: (4000, 3000)}
# A job may take so much more than its pixels: code of decoders that is touched the first time, tables, and what the
# allocator keeps.
FREE = 6 << 20


def files(folder, megapixels):
    size = SIZES[megapixels]
    photo = Image.open("samples/mountains.jpg").convert("RGB").resize(size, Image.Resampling.LANCZOS)
    cut = photo.copy()
    cut.putalpha(Image.linear_gradient("L").resize(size))
    wide = folder / "wide.ppm"
    out = {}

    def save(name, picture, **options):
        out[name] = folder / name.replace(" ", "-")
        kind = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "gif": "GIF", "tif": "TIFF", "bmp": "BMP",
                "ico": "ICO"}[name.split()[0]]
        picture.save(out[name], kind, **options)

    save("jpg baseline", photo, quality=85)
    save("jpg progressive", photo, quality=85, progressive=True)
    save("jpg grey", photo.convert("L"), quality=85)
    save("jpg CMYK", photo.convert("CMYK"), quality=85)
    save("png RGB", photo, compress_level=1)
    save("png RGBA", cut, compress_level=1)
    save("png palette", photo.quantize(256, method=Image.Quantize.FASTOCTREE))
    save("webp lossy", photo, quality=80, method=0)
    save("webp lossy alpha", cut, quality=80, method=0)
    save("webp lossless", photo, lossless=True, quality=0, method=0)
    save("avif", photo, quality=60, speed=10)
    save("avif alpha", cut, quality=60, speed=10)
    save("gif", photo.quantize(256, method=Image.Quantize.FASTOCTREE))
    save("tif LZW", photo, compression="tiff_lzw")
    save("tif RGBA", cut)
    save("tif CMYK", photo.convert("CMYK"))
    save("bmp", photo)
    out["jxl lossy"], out["jxl lossless"] = folder / "d1.jxl", folder / "d0.jxl"
    photo.save(wide)
    for path, options in ((out["jxl lossy"], ["-d", "1"]), (out["jxl lossless"], ["-d", "0"])):
        subprocess.run(["cjxl", wide, path, "-e", "3", *options], check=True, capture_output=True)
    circles = "".join(f'<circle cx="{97 * n % size[0]}" cy="{61 * n % size[1]}" r="90" fill="#{n * 4096:06x}" opacity="0.6"/>'
                      for n in range(200))
    out["svg"], out["svg group, blur"] = folder / "a.svg", folder / "b.svg"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}">'
    out["svg"].write_text(f"{head}{circles}</svg>")
    blur = '<filter id="f"><feGaussianBlur stdDeviation="9"/></filter>'
    out["svg group, blur"].write_text(f'{head}{blur}<g opacity="0.5"><g filter="url(#f)">{circles}</g></g></svg>')
    out["pdf"] = folder / "a.pdf"
    photo.resize((size[0] // 4, size[1] // 4)).save(out["pdf"], "PDF", resolution=24)
    return out


def measured(example, how, path):
    done = subprocess.run([example, how, path], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{how} {path}: {done.stderr}")
    return [int(number) for number in done.stdout.split()]


def main():
    example = sys.argv[1] if len(sys.argv) > 1 else "target/debug/examples/memory"
    rows, short = {}, []
    for megapixels in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            for name, path in files(Path(folder), megapixels).items():
                for how in ("decode", "render"):
                    pixels, grown, reckoned = measured(example, how, path)
                    rows.setdefault(name, []).append((grown / pixels, reckoned / pixels))
                    if grown > reckoned + FREE:
                        short.append(f"{name} {megapixels} MP, {how}: {grown} taken, {reckoned} reckoned with")
    print("| master | decode, 2 MP | 12 MP | reckoned | to 800 px WebP, 2 MP | 12 MP | reckoned, 12 MP |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, ((d2, _), (r2, _), (d12, most), (r12, most_render)) in rows.items():
        numbers = " | ".join(f"{value:.1f}" for value in (d2, d12, most, r2, r12, most_render))
        print(f"| {name} | {numbers} |")
    print("\n".join(short) or "No job took more than it reckoned with.", file=sys.stderr)


if __name__ == "__main__":
    main()
