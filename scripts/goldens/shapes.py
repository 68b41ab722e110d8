#!/usr/bin/env python3
"""Draws the references of crates/render/tests/shapes.rs, from formulas and with libraries that are not ours.

Shapes, frames and shadows: numpy, every pixel cut into 32 x 32 points that lie inside or not. Gradients: the length rule
of CSS Images 3, colours mixed by coloraide (CSS Color 4). Turns: the sum of Keys' cubic in float64, alpha
from 32 x 32 points.
Needs Pillow, numpy and coloraide. Run from the repository's root; the files are kept in the repository.
"""
import math
import sys
from pathlib import Path

import numpy as np
from coloraide import Color
from PIL import Image

OUT = Path("crates/render/tests/goldens/shapes")
N = 32


def save(name, rgba):
    rgba = np.asarray(rgba)
    rgba = np.clip(np.floor(rgba + 0.5), 0, 255).astype(np.uint8)
    Image.fromarray(rgba, "RGBA" if rgba.shape[2] == 4 else "RGB").save(OUT / f"{name}.png", optimize=True)


def points(w, h):
    """The places of all points."""
    x = (np.arange(w * N) + 0.5) / N
    y = (np.arange(h * N) + 0.5) / N
    return np.meshgrid(x, y)


def area(inside):
    h, w = inside.shape
    return inside.reshape(h // N, N, w // N, N).mean(axis=(1, 3))


def ellipse(w, h, rect=None):
    x, y = points(w, h)
    left, top, rw, rh = rect or (0, 0, w, h)
    return ((x - left - rw / 2) / (rw / 2)) ** 2 + ((y - top - rh / 2) / (rh / 2)) ** 2 <= 1


def rounded(w, h, rect, radii):
    """CSS Backgrounds 3, section 5.5; radii clockwise from the top left."""
    left, top, rw, rh = rect
    tl, tr, br, bl = radii
    f = min([1.0] + [side / s for side, s in ((rw, tl + tr), (rh, tr + br), (rw, br + bl), (rh, bl + tl)) if s > 0])
    tl, tr, br, bl = (r * f for r in (tl, tr, br, bl))
    x, y = points(w, h)
    inside = (x >= left) & (x <= left + rw) & (y >= top) & (y <= top + rh)
    for r, cx, cy, sx, sy in (
        (tl, left + tl, top + tl, -1, -1),
        (tr, left + rw - tr, top + tr, 1, -1),
        (br, left + rw - br, top + rh - br, 1, 1),
        (bl, left + bl, top + rh - bl, -1, 1),
    ):
        corner = ((x - cx) * sx > 0) & ((y - cy) * sy > 0)
        inside &= ~(corner & ((x - cx) ** 2 + (y - cy) ** 2 > r * r))
    return inside


def polygon(w, h, n):
    x, y = points(w, h)
    at = [(w / 2 * (1 + math.sin(2 * math.pi * i / n)), h / 2 * (1 - math.cos(2 * math.pi * i / n))) for i in range(n)]
    inside = np.ones(x.shape, bool)
    for (ax, ay), (bx, by) in zip(at, at[1:] + at[:1]):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    return inside


def pre(rgba):
    rgba = np.asarray(rgba, float)
    if rgba.shape[-1] == 3:
        rgba = np.concatenate([rgba, np.full(rgba.shape[:-1] + (1,), 255.0)], -1)
    return np.concatenate([rgba[..., :3] * rgba[..., 3:] / 255, rgba[..., 3:]], -1)


def straight(p):
    a = p[..., 3:]
    return np.concatenate([np.where(a > 0, p[..., :3] * 255 / np.maximum(a, 1e-9), 0), a], -1)


def over(top, bottom):
    """Both premultiplied, 0 to 255."""
    return top + bottom * (1 - top[..., 3:] / 255)


def parts(*shares):
    """The sum of premultiplied pictures by the shares of each pixel that they have."""
    return sum(s[..., None] * p for s, p in shares)


def pick(picture, mode):
    """Pixels beyond a picture."""
    (top, right, bottom, left), how = mode
    return np.pad(picture, ((top, bottom), (left, right), (0, 0)), mode=how)


def gradient(w, h, at, start, end, space, steps=None):
    """`at` gives the share of the way for each pixel."""
    def css(c):
        return Color("srgb", [v / 255 for v in c[:3]], c[3] / 255)
    mixer = Color.interpolate([css(start), css(end)], space=space, out_space="srgb", hue="shorter", premultiplied=True)
    out = np.zeros((h, w, 4))
    known = {}
    for y in range(h):
        for x in range(w):
            t = round(min(max(at(x + 0.5, y + 0.5), 0), 1), 5)
            if t not in known:
                c = mixer(t).clip()
                known[t] = [v * 255 for v in c.coords(nans=False)] + [c.alpha(nans=False) * 255]
            out[y, x] = known[t]
    return out


def linear(w, h, degrees, stop):
    a = math.radians(degrees)
    length = abs(w * math.sin(a)) + abs(h * math.cos(a))
    return lambda x, y: (((x - w / 2) * math.sin(a) - (y - h / 2) * math.cos(a)) / length + 0.5) / stop


def gaussian(plane, sigma, dx, dy):
    """Nothing beyond the edges; the exact sum, in float64."""
    def matrix(n, off):
        i = np.arange(n)
        k = np.exp(-((i[:, None] - off - i[None, :]) ** 2) / (2 * sigma * sigma))
        wide = np.arange(-int(8 * sigma) - 1, int(8 * sigma) + 2)
        return k / np.exp(-(wide**2) / (2 * sigma * sigma)).sum()
    h, w = plane.shape
    return matrix(h, dy) @ plane @ matrix(w, dx).T


def keys(d):
    """R. Keys, 1981, with a = -1/2 (Pillow's own cubic has -1)."""
    d = np.abs(d)
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def turned(picture, degrees, size, zoom=1.0):
    """Clockwise around the middle; colours of the nearest pixels beyond the edges, the edge's share of pixels."""
    h, w = picture.shape[:2]
    cw, ch = size
    a = math.radians(-degrees)
    cos, sin = math.cos(a) / zoom, math.sin(a) / zoom

    def back(x, y):
        return (cos * (x - cw / 2) - sin * (y - ch / 2) + w / 2, sin * (x - cw / 2) + cos * (y - ch / 2) + h / 2)

    sx, sy = back(*np.meshgrid(np.arange(cw) + 0.5, np.arange(ch) + 0.5))
    sx, sy = sx - 0.5, sy - 0.5
    x0, y0 = np.floor(sx).astype(int), np.floor(sy).astype(int)
    source, out = pre(picture), np.zeros((ch, cw, 4))
    for j in range(-1, 3):
        for i in range(-1, 3):
            weight = keys(sx - x0 - i) * keys(sy - y0 - j)
            out += weight[..., None] * source[np.clip(y0 + j, 0, h - 1), np.clip(x0 + i, 0, w - 1)]
    px, py = back(*points(cw, ch))
    cover = area((px >= 0) & (px <= w) & (py >= 0) & (py <= h))
    colors = np.clip(straight(out), 0, 255)
    colors[cover == 0] = 0
    return colors, cover


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    cat = Image.open("samples/cat.jpg").convert("RGB").resize((96, 64), Image.LANCZOS)
    cat.save(OUT / "in-cat.png", optimize=True)
    bowl = Image.open("samples/bowl.png").resize((88, 67), Image.LANCZOS)
    bowl.save(OUT / "in-bowl.png", optimize=True)
    cat, bowl = np.asarray(cat, float), np.asarray(bowl, float)
    h, w = cat.shape[:2]
    bh, bw = bowl.shape[:2]
    clear = np.zeros((h, w, 4))

    for name, inside in (
        ("mask-ellipse", ellipse(w, h)),
        ("mask-circle", ellipse(w, h, ((w - h) / 2, 0, h, h))),
        ("mask-corners", rounded(w, h, (0, 0, w, h), (0, 12, 30, 16))),
        ("mask-corners-long", rounded(w, h, (0, 0, w, h), (70, 50, 10, 30))),
        ("mask-triangle", polygon(w, h, 3)),
        ("mask-seven", polygon(w, h, 7)),
    ):
        c = area(inside)
        save(name, straight(parts((c, pre(cat)), (1 - c, clear))))
    c = area(ellipse(bw, bh))
    glass = pre(np.broadcast_to([20.0, 90, 200, 128], bowl.shape))
    save("mask-on-glass", straight(parts((c, pre(bowl)), (1 - c, glass))))

    # Borders: the picture within the inner outline, the colour over it up to the outer one.
    cw, ch = w + 6 + 14, h + 10 + 3
    canvas = np.zeros((ch, cw, 4))
    canvas[10:10 + h, 14:14 + w] = pre(cat)
    outer = area(rounded(cw, ch, (0, 0, cw, ch), (30, 30, 0, 10)))
    inner = area(rounded(cw, ch, (14, 10, w, h), (16, 16, 16, 0)))
    color = pre(np.broadcast_to([180.0, 40, 60, 255], canvas.shape))
    save("border-outside", straight(parts((inner, canvas), (outer - inner, color))))
    outer = area(rounded(bw, bh, (0, 0, bw, bh), (bh * 0.25,) * 4))
    inner = area(rounded(bw, bh, (12, 5, bw - 12 - 8, bh - 5 - 9), (12,) * 4))
    inner = np.minimum(inner, outer)
    color = over(pre(np.broadcast_to([0.0, 60, 30, 150], bowl.shape)), pre(bowl))
    ground = pre(np.broadcast_to([255.0, 240, 200, 255], bowl.shape))
    save("border-inside", straight(parts((inner, pre(bowl)), (outer - inner, color), (1 - outer, ground))))

    start, end = (230, 30, 60, 255), (20, 80, 220, 255)
    for name, space in (("srgb", "srgb"), ("linear", "srgb-linear"), ("oklab", "oklab"), ("hsl", "hsl"), ("lch", "lch")):
        save(f"gradient-{name}", gradient(w, h, linear(w, h, 37, 0.8), start, end, space))
    faint = gradient(w, h, linear(w, h, -20, 1), (0, 0, 0, 200), (255, 200, 0, 30), "oklab")
    save("gradient-over", straight(over(pre(faint), pre(cat))))
    radial = gradient(w, h, lambda x, y: (math.hypot(x - 0.3 * w, y - 0.6 * h) - 9) / (0.9 * h - 9), start, end, "lch")
    save("gradient-radial", radial)

    for name, sigma, dx, dy, color in (
        ("shadow-small", 2.5, 0.05, 0.08, (0, 0, 0, 200)),
        ("shadow-large", 14.0, -0.1, 0.1, (60, 0, 90, 255)),
    ):
        px, py = math.floor(dx * bw + 0.5) if dx > 0 else -math.floor(-dx * bw + 0.5), math.floor(dy * bh + 0.5)
        alpha = gaussian(bowl[..., 3], sigma, px, py) * color[3] / 255
        shade = np.concatenate([np.broadcast_to(np.array(color[:3], float), (bh, bw, 3)), alpha[..., None]], -1)
        save(name, straight(over(pre(bowl), pre(shade))))

    bars = (12, 20, 70, 110)
    save("pad-mirror", pick(cat, (bars, "symmetric")))
    save("pad-edge", pick(bowl, (bars, "edge")))

    for name, picture, degrees in (("rotate-12", cat, 12), ("rotate-45", bowl, 45), ("rotate-250", cat, 250)):
        ph, pw = picture.shape[:2]
        a = math.radians(degrees)
        size = tuple(math.ceil(v - 1e-6) for v in (pw * abs(math.cos(a)) + ph * abs(math.sin(a)),
                                                   pw * abs(math.sin(a)) + ph * abs(math.cos(a))))
        colors, cover = turned(picture, degrees, size)
        colors[..., 3] *= cover
        save(name, colors)
    a = math.radians(8)
    zoom = max((w * math.cos(a) + h * math.sin(a)) / w, (w * math.sin(a) + h * math.cos(a)) / h)
    colors, _ = turned(cat, 8, (w, h), zoom)
    save("straighten-8", colors[..., :3])


if __name__ == "__main__":
    sys.exit(main())
