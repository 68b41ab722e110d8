#!/usr/bin/env python3
"""Makes the references and the test font of crates/text, with libraries that share no code with it.

    pip install pillow numpy freetype-py uharfbuzz fonttools
    scripts/goldens/text.py

References: HarfBuzz places the glyphs, FreeType fills each outline unhinted at its exact place, the largest coverage counts
where two meet. Grey PNG, coverage in the grey value. The origin of the first glyph lies at x = 10 on the row given in the
table below. A second set is Pillow's own drawing at eight times the size, averaged down, which also hints and rounds
positions (with Raqm: its basic layout knows no kerning of OpenType): its distance is printed, it is not kept.
"""

import sys
from pathlib import Path

import freetype
import numpy as np
import uharfbuzz as hb
from PIL import Image, ImageDraw, ImageFont

CRATE = Path(__file__).resolve().parents[2] / "crates" / "text"
OUT = CRATE / "tests" / "references"

# name, font, text, size, width, height, row of the baseline, width of an outline around the letters
REFERENCES = [
    ("latin-40", "NotoSans-Regular.ttf", "Hamburgefonstiv AVTo 019", 40, 560, 64, 46, 0),
    ("latin-13", "NotoSans-Regular.ttf", "The quick brown fox jumps, 0123456789.", 13, 260, 22, 16, 0),
    ("bold-italic-28", "NotoSans-BoldItalic.ttf", "Größe, Ελλάδα, Київ: ffi", 28, 340, 48, 34, 0),
    ("arabic-32", "NotoSansArabic-Regular.ttf", "مرحبا بالعالم", 32, 220, 64, 40, 0),
    ("outline-60", "NotoSans-Bold.ttf", "Outline, g & S", 60, 460, 90, 64, 3),
]


def place(path, text, size):
    """Glyph numbers with x and y in pixels, from left to right."""
    face = hb.Face(hb.Blob.from_file_path(str(path)))
    font = hb.Font(face)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(font, buffer)
    pen, placed = 0, []
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions):
        placed.append((info.codepoint, pen + position.x_offset, position.y_offset))
        pen += position.x_advance
    scale = size / face.upem
    return [(glyph, x * scale, y * scale) for glyph, x, y in placed]


def reference(path, text, size, width, height, baseline, outline):
    face = freetype.Face(str(path))
    face.set_char_size(size * 64)
    plane = np.zeros((height, width), np.uint8)
    for glyph, x, y in place(path, text, size):
        left = int(np.floor(x))
        straight = freetype.Matrix(0x10000, 0, 0, 0x10000)
        face.set_transform(straight, freetype.Vector(round((x - left) * 64), round(y * 64)))
        face.load_glyph(glyph, freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP)
        # A bitmap lives only as long as the glyph it was made of.
        glyphs = [face.glyph.get_glyph()]
        if outline:
            stroker = freetype.Stroker()
            stroker.set(outline * 64, freetype.FT_STROKER_LINECAP_ROUND, freetype.FT_STROKER_LINEJOIN_ROUND, 0)
            glyphs.append(face.glyph.get_glyph())
            glyphs[-1].stroke(stroker, True)
        covers = [glyph.to_bitmap(freetype.FT_RENDER_MODE_NORMAL, freetype.Vector(0, 0)) for glyph in glyphs]
        for cover in covers:
            bitmap = cover.bitmap
            if not bitmap.rows:
                continue
            rows = np.array(bitmap.buffer, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width]
            x0, y0 = 10 + left + cover.left, baseline - cover.top
            there = plane[y0 : y0 + bitmap.rows, x0 : x0 + bitmap.width]
            assert there.shape == rows.shape, f"{text}: the canvas is too small"
            np.maximum(there, rows, out=there)
    return plane


def with_pillow(path, text, size, width, height, baseline, outline):
    times = 8
    large = Image.new("L", (width * times, height * times))
    font = ImageFont.truetype(str(path), size * times, layout_engine=ImageFont.Layout.RAQM)
    ImageDraw.Draw(large).text((10 * times, baseline * times), text, fill=255, font=font, anchor="ls",
        stroke_width=outline * times)
    return np.array(large.reduce(times))


def test_fonts(path):
    """Two fonts whose `.notdef` shows nothing: a bar for `l`; a smiling face that is a gradient (COLR version 1)."""
    from fontTools.colorLib.builder import buildCOLR, buildCPAL
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib.tables import otTables as ot

    def bar(x0, x1):
        pen = TTGlyphPen(None)
        pen.moveTo((x0, 0))
        pen.lineTo((x0, 700))
        pen.lineTo((x1, 700))
        pen.lineTo((x1, 0))
        pen.closePath()
        return pen.glyph()

    def make(family, glyphs, cmap, color):
        builder = FontBuilder(1000, isTTF=True)
        builder.setupGlyphOrder([".notdef", *glyphs])
        builder.setupCharacterMap(cmap)
        builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), **glyphs})
        left = {name: glyph.coordinates[0][0] for name, glyph in glyphs.items()}
        builder.setupHorizontalMetrics({name: (1000, left.get(name, 0)) for name in [".notdef", *glyphs]})
        builder.setupHorizontalHeader(ascent=800, descent=-200)
        builder.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family.replace(" ", "")})
        builder.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
        builder.setupPost()
        if color:
            gradient = {
                "Format": ot.PaintFormat.PaintGlyph,
                "Glyph": "face",
                "Paint": {
                    "Format": ot.PaintFormat.PaintLinearGradient,
                    "ColorLine": {"ColorStop": [(0.0, 0), (1.0, 1)], "Extend": "pad"},
                    "x0": 100, "y0": 0, "x1": 900, "y1": 0, "x2": 100, "y2": 100,
                },
            }
            builder.font["COLR"] = buildCOLR({"face": gradient}, version=1)
            builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0)]])
        # Times in the font would make every run differ.
        builder.font["head"].created = builder.font["head"].modified = 0
        builder.font.recalcTimestamp = False
        builder.save(path / (family.replace(" ", "-").lower() + ".ttf"))

    make("Test Bars", {"l": bar(400, 600)}, {ord("l"): "l"}, False)
    make("Test Faces", {"face": bar(100, 900)}, {0x1F600: "face"}, True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, font, text, *canvas in REFERENCES:
        path = CRATE / "fonts" / font
        plane = reference(path, text, *canvas)
        Image.fromarray(plane).save(OUT / f"{name}.png", optimize=True)
        if "arabic" not in name:
            distance = np.abs(plane.astype(int) - with_pillow(path, text, *canvas)).mean()
            print(f"{name}: Pillow is {distance:.2f} of 255 from FreeType and HarfBuzz", file=sys.stderr)
    fonts = CRATE / "tests" / "fonts"
    fonts.mkdir(exist_ok=True)
    test_fonts(fonts)


if __name__ == "__main__":
    main()
