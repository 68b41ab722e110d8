#!/usr/bin/env python3
"""Makes the small files of every kind in crates/codec/tests/files, and for each the pixels that another decoder reads.

Needs: pip install pillow numpy pillow-heif; Debian's imagemagick, libjxl-tools, librsvg2-bin, poppler-utils.
Run from the root of the repository. What it writes is kept in the repository: tests need none of these tools.
"""
import os
import struct
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

import documents

OUT = "crates/codec/tests/files"
W, H = 37, 23


def base(alpha=False):
    """Smooth colours: what lossy formats keep well."""
    y, x = np.mgrid[0:H, 0:W].astype(float)
    r = 40 + 180 * x / W
    g = 30 + 190 * y / H
    b = 128 + 90 * np.sin((x + y) / 9)
    planes = [r, g, b]
    if alpha:
        planes.append(np.clip(255 - 255 * x / W, 0, 255))
    return Image.fromarray(np.stack(planes, -1).round().astype(np.uint8), "RGBA" if alpha else "RGB")


def keep(name, picture):
    """The reference: width, height, channels, then samples, as a PNG that anybody can look at."""
    picture.save(f"{OUT}/{name}.png", optimize=True)


def sh(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tiffs():
    rgb, rgba = base(), base(True)
    grey = rgb.convert("L")
    table = {
        "rgb-lzw": (rgb, "tiff_lzw"),
        "rgb-deflate": (rgb, "tiff_adobe_deflate"),
        "rgb-packbits": (rgb, "packbits"),
        "rgb-jpeg": (rgb, "jpeg"),
        "rgba": (rgba, "tiff_lzw"),
        "grey": (grey, "tiff_lzw"),
        "palette": (rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=64), "tiff_lzw"),
        "bits": (rgb.convert("1"), "group4"),
    }
    for name, (picture, compression) in table.items():
        picture.save(f"{OUT}/{name}.tiff", compression=compression)
        read = Image.open(f"{OUT}/{name}.tiff")
        keep(f"{name}.tiff", read.convert("RGBA" if read.mode == "RGBA" else "RGB"))
    cmyk = rgb.convert("CMYK")
    cmyk.save(f"{OUT}/cmyk.tiff", compression="tiff_lzw")
    keep("cmyk.tiff", Image.open(f"{OUT}/cmyk.tiff").convert("RGB"))
    # Sixteen bits: the reference is the rounding of the samples themselves.
    wide = (np.asarray(rgb).astype(np.uint32) * 257 + 100).clip(0, 65535).astype(np.uint16)
    with tempfile.TemporaryDirectory() as folder:
        ppm = f"{folder}/wide.ppm"
        with open(ppm, "wb") as f:
            f.write(b"P6\n%d %d\n65535\n" % (W, H) + wide.astype(">u2").tobytes())
        for kind in ("tiff", "png"):
            sh("convert-im6.q16", ppm, "-depth", "16", "-compress", "zip", f"{OUT}/wide.{kind}")
            rounded = np.floor(wide.astype(float) * 255 / 65535 + 0.5).astype(np.uint8)
            keep(f"wide.{kind}", Image.fromarray(rounded))
        sh("convert-im6.q16", ppm, "-depth", "8", "-interlace", "plane", "-compress", "none", "-endian", "msb",
           f"{OUT}/planes.tiff")
        keep("planes.tiff", Image.open(f"{OUT}/planes.tiff").convert("RGB"))
        base().save(f"{folder}/base.png")
        sh("convert-im6.q16", f"{folder}/base.png", "-define", "tiff:tile-geometry=16x16", "-compress", "lzw",
           f"{OUT}/tiles.tiff")
        keep("tiles.tiff", Image.open(f"{OUT}/tiles.tiff").convert("RGB"))
    turned = base().rotate(90, expand=True)
    rgb.save(f"{OUT}/pages.tiff", save_all=True, append_images=[turned], compression="tiff_lzw", tiffinfo={274: 6})
    keep("pages.tiff", turned)


def bitmaps():
    rgb = base()
    rgb.save(f"{OUT}/rgb24.bmp")
    rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=200).save(f"{OUT}/palette8.bmp")
    rgb.convert("1").save(f"{OUT}/bits1.bmp")
    base(True).save(f"{OUT}/rgb32.bmp")
    with tempfile.TemporaryDirectory() as folder:
        rgb.save(f"{folder}/a.png")
        few = rgb.convert("P", palette=Image.Palette.ADAPTIVE, colors=14)
        few.save(f"{folder}/few.png")
        flat = few.convert("RGB").resize((9, 5), 0).resize((W, H), 0).convert("P", palette=Image.Palette.ADAPTIVE)
        flat.save(f"{folder}/flat.png")
        sh("convert-im6.q16", f"{folder}/flat.png", "-type", "Palette", "-compress", "RLE", f"BMP3:{OUT}/rle8.bmp")
        sh("convert-im6.q16", f"{folder}/few.png", "-type", "Palette", f"BMP3:{OUT}/palette4.bmp")
        base(True).save(f"{folder}/alpha.png")
        sh("convert-im6.q16", f"{folder}/alpha.png", f"{OUT}/alpha-v4.bmp")
    # Five, six and five bits by masks, topmost row first: by hand.
    pixels = np.asarray(rgb).astype(np.uint16)
    packed = (pixels[..., 0] >> 3) << 11 | (pixels[..., 1] >> 2) << 5 | pixels[..., 2] >> 3
    rows = b"".join(row.astype("<u2").tobytes() + b"\0" * (-len(row) * 2 % 4) for row in packed)
    header = struct.pack("<IiiHHIIiiII", 40, W, -H, 1, 16, 3, len(rows), 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    start = 14 + 40 + 12
    with open(f"{OUT}/masks16.bmp", "wb") as f:
        f.write(b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + masks + rows)
    for name in sorted(os.listdir(OUT)):
        if name.endswith(".bmp"):
            read = Image.open(f"{OUT}/{name}")
            keep(name, read.convert("RGBA" if name == "alpha-v4.bmp" else "RGB"))


def icons():
    big = base(True).resize((32, 32))
    big.save(f"{OUT}/png.ico", sizes=[(16, 16), (32, 32)])
    big.save(f"{OUT}/bmp.ico", sizes=[(16, 16), (32, 32)], bitmap_format="bmp")
    with tempfile.TemporaryDirectory() as folder:
        few = big.convert("RGBA")
        few.putalpha(few.getchannel("A").point(lambda v: 255 if v > 100 else 0))
        few.save(f"{folder}/few.png")
        sh("convert-im6.q16", f"{folder}/few.png", "-colors", "12", f"{OUT}/palette.ico")
    for name in ("png", "bmp", "palette"):
        keep(f"{name}.ico", Image.open(f"{OUT}/{name}.ico").convert("RGBA"))


def jxls():
    with tempfile.TemporaryDirectory() as folder:
        base().save(f"{folder}/rgb.png")
        base(True).save(f"{folder}/rgba.png")
        base().convert("L").save(f"{folder}/grey.png")
        base().save(f"{folder}/rgb.jpg", quality=92)
        frames = [base(), base().rotate(180), base().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
        frames[0].save(f"{folder}/a.gif", save_all=True, append_images=frames[1:], duration=[50, 70, 90], loop=3)
        for name, source, *options in [
            ("lossless", "rgb.png", "-d", "0"),
            ("lossy", "rgb.png", "-d", "1"),
            ("alpha", "rgba.png", "-d", "0"),
            ("grey", "grey.png", "-d", "0"),
            ("jpeg", "rgb.jpg", "--lossless_jpeg=1"),
            ("moving", "a.gif", "-d", "0"),
        ]:
            sh("cjxl", f"{folder}/{source}", f"{OUT}/{name}.jxl", *options)
            if name != "moving":
                sh("djxl", f"{OUT}/{name}.jxl", f"{folder}/back.png")
                read = Image.open(f"{folder}/back.png")
                keep(f"{name}.jxl", read.convert("RGBA" if name == "alpha" else "RGB"))


SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40" viewBox="0 0 120 80">
  <defs><linearGradient id="g"><stop offset="0" stop-color="#f60"/><stop offset="1" stop-color="#06c"/></linearGradient>
  <clipPath id="c"><circle cx="90" cy="40" r="25"/></clipPath></defs>
  <rect x="5" y="5" width="60" height="70" rx="10" fill="url(#g)"/>
  <path d="M10 70 C 40 10, 65 10, 95 70" stroke="#173" stroke-width="6" fill="none"/>
  <g clip-path="url(#c)" opacity="0.7"><rect x="60" y="10" width="60" height="60" fill="#a3c"/></g>
  <image x="20" y="20" width="20" height="20" xlink:href="file:///etc/hostname"/>
  <image x="20" y="20" width="20" height="20" xlink:href="http://127.0.0.1:9/x.png"/>
  <script>document.documentElement.remove()</script>
</svg>
"""


def drawings():
    with open(f"{OUT}/shapes.svg", "w") as f:
        f.write(SVG)
    with tempfile.TemporaryDirectory() as folder:
        sh("rsvg-convert", "-w", "120", "-h", "80", f"{OUT}/shapes.svg", "-o", f"{folder}/out.png")
        keep("shapes.svg", Image.open(f"{folder}/out.png").convert("RGBA"))
    content = b"0.9 0.3 0.1 rg 10 10 60 40 re f 0.1 0.4 0.8 rg 50 30 60 50 re f 0 0 0 RG 4 w 10 90 m 60 20 110 20 110 90 c S\n"
    second = b"0.2 0.7 0.3 rg 0 0 100 60 re f 1 1 1 rg 20 20 30 20 re f\n"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 120 96] /Contents 4 0 R /Resources << >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 60] /Rotate 90 /Contents 6 0 R /Resources << >> >>",
        b"<< /Length %d >>\nstream\n%sendstream" % (len(second), second),
    ]
    with open(f"{OUT}/pages.pdf", "wb") as f:
        f.write(documents.pdf(objects))
    with tempfile.TemporaryDirectory() as folder:
        for page in (1, 2):
            sh("pdftoppm", "-png", "-r", "96", "-f", str(page), "-l", str(page), "-singlefile", f"{OUT}/pages.pdf",
               f"{folder}/p{page}")
            keep(f"pages.pdf.{page}", Image.open(f"{folder}/p{page}.png").convert("RGB"))


def heic():
    """Needs: pip install pillow-heif. Its encoder is a tool here, and no part of what is built."""
    import pillow_heif

    y, x = np.mgrid[0:48, 0:64].astype(float)
    planes = [40 + 180 * x / 64, 30 + 190 * y / 48, 128 + 90 * np.sin((x + y) / 9)]
    picture = Image.fromarray(np.stack(planes, -1).round().astype(np.uint8))
    pillow_heif.from_pillow(picture).save(f"{OUT}/photo.heic", quality=95, chroma=444)
    keep("photo.heic", picture)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for make in (tiffs, bitmaps, icons, jxls, drawings, heic):
        make()
    total = sum(os.path.getsize(f"{OUT}/{name}") for name in os.listdir(OUT))
    print(f"{len(os.listdir(OUT))} files, {total} bytes", file=sys.stderr)
