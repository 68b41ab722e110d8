#!/usr/bin/env python3
"""Peak memory of one job by kind and size of its master, beside what the budget reckons with.

    python3 bench/memory.py EXAMPLE FOLDER

Makes a file of 2 and one of 12 megapixels of every kind from samples/mountains.jpg in FOLDER, where they are not there
yet, has EXAMPLE (`cargo build -p afterimage-render --example memory`) read each, and prints a table. Every figure is a
fresh process. Needs pillow, and Debian's libjxl-tools. Run from the root of the repository.
"""
import subprocess
import sys
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
    few = photo.quantize(256, method=Image.Quantize.FASTOCTREE)
    plain, soft = {"compress_level": 1}, {"quality": 80, "method": 0}
    kinds = [
        ("jpg baseline", "JPEG", photo, {"quality": 85}),
        ("jpg progressive", "JPEG", photo, {"quality": 85, "progressive": True}),
        ("jpg grey", "JPEG", photo.convert("L"), {"quality": 85}),
        ("jpg CMYK", "JPEG", photo.convert("CMYK"), {"quality": 85}),
        ("png RGB", "PNG", photo, plain),
        ("png RGBA", "PNG", cut, plain),
        ("png palette", "PNG", few, {}),
        ("webp lossy", "WEBP", photo, soft),
        ("webp lossy alpha", "WEBP", cut, soft),
        ("webp lossless", "WEBP", photo, {"lossless": True, "quality": 0, "method": 0}),
        ("avif", "AVIF", photo, {"quality": 60, "speed": 10}),
        ("avif alpha", "AVIF", cut, {"quality": 60, "speed": 10}),
        ("gif", "GIF", few, {}),
        ("tif LZW", "TIFF", photo, {"compression": "tiff_lzw"}),
        ("tif RGBA", "TIFF", cut, {}),
        ("tif CMYK", "TIFF", photo.convert("CMYK"), {}),
        ("bmp", "BMP", photo, {}),
    ]
    out = {}
    for name, kind, picture, options in kinds:
        out[name] = folder / name.replace(" ", "-")
        if not out[name].exists():
            picture.save(out[name], kind, **options)
    wide = folder / "wide.ppm"
    photo.save(wide)
    for name, distance in (("jxl lossy", "1"), ("jxl lossless", "0")):
        out[name] = folder / f"d{distance}.jxl"
        if not out[name].exists():
            subprocess.run(["cjxl", wide, out[name], "-e", "3", "-d", distance], check=True, capture_output=True)
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
    example, folder = sys.argv[1], Path(sys.argv[2])
    made = {}
    for megapixels in SIZES:
        (folder / str(megapixels)).mkdir(parents=True, exist_ok=True)
        made[megapixels] = files(folder / str(megapixels), megapixels)
    print("| master | decode, 2 MP | 12 MP | reckoned | to 800 px WebP, 2 MP | 12 MP | reckoned |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    short = []
    for name in made[2]:
        cells = []
        for how in ("decode", "render"):
            for megapixels in SIZES:
                pixels, grown, reckoned = measured(example, how, made[megapixels][name])
                cells.append(grown / pixels)
                if grown > reckoned + FREE:
                    short.append(f"{name} {megapixels} MP, {how}: {grown} taken, {reckoned} reckoned with")
            cells.append(reckoned / pixels)
        print(f"| {name} | {' | '.join(f'{value:.1f}' for value in cells)} |", flush=True)
    print("\n".join(short) or "No job took more than it reckoned with.", file=sys.stderr)


if __name__ == "__main__":
    main()
