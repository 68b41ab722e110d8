#!/usr/bin/env python3
"""References for blend modes: two pictures, and what each mode makes of them by the published formulas, in double precision.

Needs numpy and Pillow; with skia-python installed it also says how far the formulas are from Skia, the painter of Chromium.

    python3 scripts/goldens/blends.py crates/render/tests/goldens/blends

W3C Compositing and Blending Level 1: https://www.w3.org/TR/compositing-1/ (sections 9.1.4, 10.1, 10.2)
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 24
MOST = (6.0, -3.5)
OPACITIES = (1.0, 0.6)


def pictures():
    rng = np.random.default_rng(20261122)
    levels = np.array([0, 1, 63, 64, 127, 128, 191, 254, 255])

    def one():
        color = rng.integers(0, 256, (SIDE, SIDE, 4))
        steps = levels[rng.integers(0, len(levels), (SIDE, SIDE, 4))]
        color = np.where(rng.random((SIDE, SIDE, 1)) < 0.5, steps, color)
        # Some greys, on which hue and saturation are undefined.
        grey = rng.random((SIDE, SIDE)) < 0.15
        color[grey, 1] = color[grey, 0]
        color[grey, 2] = color[grey, 0]
        alpha = rng.random((SIDE, SIDE))
        color[..., 3] = np.where(alpha < 0.15, 0, np.where(alpha < 0.5, 255, color[..., 3]))
        return color.astype(np.uint8)

    return one(), one()


def hard_light(b, s):
    return np.where(s <= 0.5, b * 2 * s, b + (2 * s - 1) - b * (2 * s - 1))


def soft_light(b, s):
    d = np.where(b <= 0.25, ((16 * b - 12) * b + 4) * b, np.sqrt(b))
    return np.where(s <= 0.5, b - (1 - 2 * s) * b * (1 - b), b + (2 * s - 1) * (d - b))


def color_dodge(b, s):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 0, 0, np.where(s == 1, 1, np.minimum(1, b / (1 - s))))


def color_burn(b, s):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 1, 1, np.where(s == 0, 0, 1 - np.minimum(1, (1 - b) / s)))


def lum(c):
    return (c * [0.3, 0.59, 0.11]).sum(-1, keepdims=True)


def sat(c):
    return c.max(-1, keepdims=True) - c.min(-1, keepdims=True)


def clip_color(c):
    l, n, x = lum(c), c.min(-1, keepdims=True), c.max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        c = np.where(n < 0, l + (c - l) * l / (l - n), c)
        return np.where(x > 1, l + (c - l) * (1 - l) / (x - l), c)


def set_lum(c, l):
    return clip_color(c + (l - lum(c)))


def set_sat(c, s):
    # As the pseudo code has it: by rank.
    order = np.argsort(c, -1, kind="stable")
    ranked = np.take_along_axis(c, order, -1)
    least, middle, most = ranked[..., 0], ranked[..., 1], ranked[..., 2]
    out = np.zeros_like(ranked)
    some = most > least
    span = np.where(some, most - least, 1)
    out[..., 1] = np.where(some, (middle - least) * s[..., 0] / span, 0)
    out[..., 2] = np.where(some, s[..., 0], 0)
    back = np.zeros_like(c)
    np.put_along_axis(back, order, out, -1)
    return back


MODES = {
    "normal": lambda b, s: s,
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: b + s - b * s,
    "overlay": lambda b, s: hard_light(s, b),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": color_dodge,
    "color-burn": color_burn,
    "hard-light": hard_light,
    "soft-light": soft_light,
    "difference": lambda b, s: np.abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
    "hue": lambda b, s: set_lum(set_sat(s, sat(b)), lum(b)),
    "saturation": lambda b, s: set_lum(set_sat(b, sat(s)), lum(b)),
    "color": lambda b, s: set_lum(s, lum(b)),
    "luminosity": lambda b, s: set_lum(b, lum(s)),
}


def composite(mode, below, top, opacity):
    b, s = below / 255.0, top / 255.0
    cb, cs = b[..., :3], s[..., :3]
    ab, as_ = b[..., 3:], s[..., 3:] * opacity
    if mode in MODES:
        mixed = (1 - ab) * cs + ab * MODES[mode](cb, cs)
        alpha = as_ + ab * (1 - as_)
        with np.errstate(divide="ignore", invalid="ignore"):
            color = (as_ * mixed + (1 - as_) * ab * cb) / alpha
        color = np.where(as_ == 0, cb, color)
    else:
        luminance = (cs * [0.2126, 0.7152, 0.0722]).sum(-1, keepdims=True)
        factor = {"cutter": as_, "cutout": 1 - as_, "mask": as_ * luminance}[mode]
        alpha, color = ab * factor, cb
    return np.concatenate([color, alpha], -1)


def displace(below, top, opacity):
    """What is seen at a point lay d before it; bilinear, weighed by alpha, the edge repeated."""
    b, s = below / 255.0, top / 255.0
    weight = s[..., 3] * opacity
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(float)
    move = [most * np.maximum(-1, (top[..., c].astype(float) - 128) / 127) * weight for c, most in enumerate(MOST)]
    x, y = np.clip(x - move[0], 0, SIDE - 1), np.clip(y - move[1], 0, SIDE - 1)
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    x1, y1 = np.minimum(x0 + 1, SIDE - 1), np.minimum(y0 + 1, SIDE - 1)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    soft = np.concatenate([b[..., :3] * b[..., 3:], b[..., 3:]], -1)
    upper = soft[y0, x0] * (1 - fx) + soft[y0, x1] * fx
    lower = soft[y1, x0] * (1 - fx) + soft[y1, x1] * fx
    out = upper * (1 - fy) + lower * fy
    alpha = out[..., 3:]
    with np.errstate(divide="ignore", invalid="ignore"):
        color = np.where(alpha > 0, out[..., :3] / alpha, 0)
    still = ((move[0] == 0) & (move[1] == 0))[..., None]
    return np.where(still, b, np.concatenate([color, alpha], -1))


def by_skia(mode, below, top, opacity):
    import skia

    names = {"normal": "kSrcOver", "cutter": "kDstIn", "cutout": "kDstOut"}
    name = names.get(mode, "k" + "".join(part.capitalize() for part in mode.split("-")))
    info = skia.ImageInfo.Make(SIDE, SIDE, skia.kRGBA_F32_ColorType, skia.kPremul_AlphaType)
    surface = skia.Surface.MakeRaster(info)
    image = lambda p: skia.Image.fromarray(np.ascontiguousarray(p), skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
    canvas = surface.getCanvas()
    canvas.drawImage(image(below), 0, 0)
    paint = skia.Paint(BlendMode=getattr(skia.BlendMode, name))
    paint.setAlphaf(opacity)
    canvas.drawImage(image(top), 0, 0, skia.SamplingOptions(), paint)
    return surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_F32_ColorType).astype(float)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    below, top = pictures()
    Image.fromarray(below).save(folder / "below.png", optimize=True)
    Image.fromarray(top).save(folder / "top.png", optimize=True)
    rows = []
    for mode in [*MODES, "cutter", "cutout", "mask", "displace"]:
        row = []
        for opacity in OPACITIES:
            out = displace(below, top, opacity) if mode == "displace" else composite(mode, below, top, opacity)
            out = np.nan_to_num(out)
            row.append(np.clip(np.floor(out * 255 + 0.5), 0, 255).astype(np.uint8))
            if mode not in ("mask", "displace"):
                try:
                    skia = by_skia(mode, below, top, opacity)
                except ImportError:
                    continue
                ours, theirs = out[..., :3] * out[..., 3:] * 255, skia[..., :3] * skia[..., 3:] * 255
                alpha = np.abs(out[..., 3] - skia[..., 3]).max() * 255
                print(f"{mode:12} {opacity}: from Skia {np.abs(ours - theirs).max():.4f}, alpha {alpha:.4f} of 255")
        rows.append(np.concatenate(row, 1))
    Image.fromarray(np.concatenate(rows, 0)).save(folder / "expected.png", optimize=True)


main()
