"""References for the colour changes and filters, from numpy, scipy and Pillow, and the small pictures they are made of.

    python scripts/goldens/colors.py            # writes crates/render/tests/goldens/colors/*.png
    node scripts/goldens/colors.mjs SHARP_DIR   # those that sharp and librsvg make
    python scripts/goldens/colors.py --provenance MEASURED   # PROVENANCE.md, from what the test printed

Needs numpy, scipy and Pillow. Every formula here is written down from its source, in floating point, and shares nothing
with the renderer. References hold bytes; a fully transparent pixel holds black.
"""

import sys
from pathlib import Path

import numpy as np
import PIL
import scipy
from PIL import Image, ImageChops, ImageFilter, ImageOps
from scipy import ndimage

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "crates/render/tests/goldens/colors"
W = np.array([0.2126, 0.7152, 0.0722])


def inputs():
    def small(name, mode, side):
        picture = Image.open(ROOT / "samples" / name)
        picture.draft("RGB", (side * 4, side * 4))
        picture = picture.convert(mode)
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        return picture

    small("portrait.jpg", "RGB", 80).save(OUT / "portrait.png", optimize=True)
    small("mountains.jpg", "RGB", 80).point(lambda v: 40 + v * 0.55).save(OUT / "mountains.png", optimize=True)
    bowl = np.array(small("bowl.png", "RGBA", 80))
    bowl[bowl[..., 3] == 0] = 0
    Image.fromarray(bowl).save(OUT / "bowl.png", optimize=True)


def load(name):
    return np.array(Image.open(OUT / f"{name}.png")).astype(float)


def save(name, pixels):
    pixels = np.clip(np.floor(pixels + 0.5), 0, 255).astype(np.uint8)
    if pixels.shape[2] == 4:
        pixels[pixels[..., 3] == 0] = 0
    Image.fromarray(pixels).save(OUT / f"{name}.png", optimize=True)


def colors(pixels, change):
    out = pixels.copy()
    out[..., :3] = np.clip(np.floor(change(pixels[..., :3] / 255.0) * 255 + 0.5), 0, 255)
    return out


def luma(rgb):
    return (rgb * W).sum(axis=2, keepdims=True)


def byte_luma(rgb):
    """Of bytes, a byte."""
    return np.floor((rgb[..., :3] * W).sum(axis=2) + 0.5)


def exposure(stops):
    def change(v):
        linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4) * 2.0**stops
        return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-12) ** (1 / 2.4) - 0.055)

    return change


def highlights(by):
    return lambda v: v * (1 + by * (2 if by < 0 else 1) * luma(v) ** 2 * (1 - luma(v)))


def shadows(by):
    return lambda v: v * (1 + by * (2 if by > 0 else 1) * (1 - luma(v)) ** 3)


def vibrance(by):
    def change(v):
        r, g, b = (v[..., i : i + 1] for i in range(3))
        high, low = v.max(axis=2, keepdims=True), v.min(axis=2, keepdims=True)
        place = np.where((r >= g) & (g >= b) & (r > b), (g - b) / np.maximum(r - b, 1e-9), -1)
        skin = np.maximum(0, 1 - np.abs(place - 0.4) / 0.4)
        return luma(v) + (v - luma(v)) * (1 + by * (1 - (high - low)) * (1 - 0.7 * skin))

    return change


def line(dark, light, strength):
    dark, light = np.array(dark) / 255, np.array(light) / 255
    return lambda v: v + strength * (dark + (light - dark) * luma(v) - v)


def sepia(s):
    m = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return lambda v: (1 - s) * v + s * v @ m.T


def quantile(values, weights, share):
    """Least byte that this share of the weight does not exceed."""
    counts = np.bincount(values.astype(int).ravel(), weights.ravel(), 256)
    return int(np.argmax((np.cumsum(counts) >= counts.sum() * share) & (np.cumsum(counts) > 0))) / 255


def alpha_of(p):
    return p[..., 3] if p.shape[2] == 4 else np.full(p.shape[:2], 255.0)


def stretch(p):
    y, a = byte_luma(p), alpha_of(p)
    low, high = quantile(y, a, 0.01), quantile(y, a, 0.99)
    return colors(p, lambda v: (v - low) / (high - low))


def enhance(p):
    y, a = byte_luma(p), alpha_of(p)
    low, high = min(quantile(y, a, 0.005), 0.1), max(quantile(y, a, 0.995), 0.8)
    level = lambda v: np.clip((v - low) / (high - low), 0, 1)
    median = np.clip(level(quantile(y, a, 0.5)), 0.02, 0.98)
    exponent = np.clip(np.log(median + 0.35 * (0.45 - median)) / np.log(median), 0.7, 1.25)
    toned = level(y / 255) ** exponent
    mean = np.average(toned, weights=a)
    deviation = np.sqrt(np.average((toned - mean) ** 2, weights=a))
    curve = 0.5 * np.clip(1 - deviation / 0.28, 0, 1)

    def change(v):
        v = level(v) ** exponent
        return v + curve * (v * v * (3 - 2 * v) - v)

    return colors(colors(p, change), vibrance(0.2))


def replace(p, old, new, tolerance):
    rgb, old, new = p[..., :3], np.array(old, float), np.array(new, float)
    distance = np.sqrt(((rgb - old) ** 2).mean(axis=2, keepdims=True))
    end = tolerance * 2.55
    share = np.clip((end - distance) / (end * 0.25), 0, 1)
    shade = byte_luma(p)[..., None] - np.floor((old * W).sum() + 0.5)
    out = p.copy()
    out[..., :3] = rgb + (np.clip(new + shade, 0, 255) - rgb) * share
    return out


def commonest(p):
    rgb, a = p[..., :3].astype(int), alpha_of(p)
    cell = (rgb[..., 0] >> 4) * 256 + (rgb[..., 1] >> 4) * 16 + (rgb[..., 2] >> 4)
    best = np.bincount(cell.ravel(), a.ravel()).argmax()
    inside = cell == best
    return np.floor(np.average(p[..., :3][inside], axis=0, weights=a[inside]) + 0.5)


def smooth(p, filtered):
    """A linear filter of colours weighed by alpha."""
    a = alpha_of(p)[..., None] / 255
    weight = filtered(a)
    rgb = filtered(p[..., :3] * a) / np.maximum(weight, 1e-9)
    return rgb if p.shape[2] == 3 else np.concatenate([rgb, weight * 255], axis=2)


def gauss(sigma):
    return lambda v: ndimage.gaussian_filter(v, (sigma, sigma, 0), mode="nearest", truncate=5.0)


def unsharp(p, sigma, amount, threshold, luminance):
    rgb, blurred = p[..., :3], smooth(p, gauss(sigma))[..., :3]
    if luminance:
        y = byte_luma(p)[..., None]
        layers = np.concatenate([np.repeat(y, 3, 2), p[..., 3:]], axis=2)
        difference = y - smooth(layers, gauss(sigma))[..., :1]
    else:
        difference = rgb - blurred
    out = p.copy()
    out[..., :3] = rgb + amount * np.where(np.abs(difference) > threshold * 255, difference, 0)
    return out


def pixelate(p, side):
    out, a = p.copy(), alpha_of(p)
    for y in range(0, p.shape[0], side):
        for x in range(0, p.shape[1], side):
            part, weight = p[y : y + side, x : x + side], a[y : y + side, x : x + side]
            total = max(weight.sum(), 1e-9)
            out[y : y + side, x : x + side, :3] = (part[..., :3] * weight[..., None]).sum((0, 1)) / total
            if p.shape[2] == 4:
                out[y : y + side, x : x + side, 3] = weight.mean()
    return out


def denoise(p, strength):
    box = lambda v: ndimage.uniform_filter(v, (5, 5, 0), mode="nearest")
    a = alpha_of(p)[..., None] / 255
    v, weight = p[..., :3] / 255, np.maximum(box(a), 1e-6)
    mean = box(v * a) / weight
    variance = np.maximum(box(v * v * a) / weight - mean**2, 0)
    gain = variance / (variance + (0.1 * strength) ** 2)
    out = p.copy()
    out[..., :3] = (box(gain) * v + box((1 - gain) * mean)) * 255
    return out


def halftone(p, side):
    y, x = np.mgrid[: p.shape[0], : p.shape[1]] + 0.5
    k = np.pi * np.sqrt(2) / side
    screen = np.cos(k * x) * np.cos(k * y)
    phase = np.cos(np.pi * (np.arange(2000) + 0.5) / 2000)
    every = np.sort(np.outer(phase, phase).ravel())
    threshold = np.searchsorted(every, screen) / every.size
    light = byte_luma(p) / 255
    grey = np.clip((light - threshold) * side / 2 + 0.5, 0, 1)
    grey = np.where(light >= 1, 1, np.where(light <= 0, 0, grey))
    out = p.copy()
    out[..., :3] = grey[..., None] * 255
    return out


def opaque_ground(p, share):
    return np.concatenate([p[..., :3], np.full(p.shape[:2] + (1,), np.floor(share * 255 + 0.5))], axis=2)


def references():
    portrait, mountains, bowl = load("portrait"), load("mountains"), load("bowl")
    for name, change in {
        "brightness": lambda v: v + 0.2,
        "contrast": lambda v: (v - 0.5) * 1.6 + 0.5,
        "exposure": exposure(1.2),
        "exposure-down": exposure(-1.5),
        "gamma": lambda v: v ** (1 / 1.8),
        "highlights": highlights(-1.0),
        "shadows": shadows(1.0),
        "hue-grey": lambda v: luma(v).repeat(3, 2),
        "saturation": lambda v: luma(v) + 1.7 * (v - luma(v)),
        "vibrance": vibrance(0.8),
        "sepia": sepia(0.7),
        "monochrome": line((0, 0, 0), (255, 160, 60), 200 / 255),
        "duotone": line((0, 0, 128), (255, 255, 0), 0.6),
        "colorize": lambda v: v + (np.array([255, 0, 102]) / 255 - v) * 77 / 255,
        "linear": lambda v: 1.3 * v - 0.1,
    }.items():
        save(f"{name}.numpy", colors(portrait, change))
    save("threshold.numpy", np.where(byte_luma(portrait)[..., None] >= 120, 255.0, 0.0).repeat(3, 2))
    save("opacity.numpy", opaque_ground(portrait, 0.4))
    fade = bowl.copy()
    fade[..., 3] = np.floor(fade[..., 3] * 0.4 + 0.5)
    save("opacity-bowl.numpy", fade)
    save("stretch.numpy", stretch(mountains))
    save("enhance.numpy", enhance(mountains))
    save("enhance-bowl.numpy", enhance(bowl))
    red = (185, 40, 45)
    save("replace.numpy", replace(bowl, red, (30, 90, 200), 25))
    save("replace-commonest.numpy", replace(portrait, commonest(portrait), (250, 240, 200), 10))
    for sigma in (0.5, 2.5, 5.9, 6.0, 20.0):
        save(f"blur-{sigma}.scipy", smooth(portrait, gauss(sigma)))
    save("blur-bowl.scipy", smooth(bowl, gauss(3.0)))
    save("blur-bowl-wide.scipy", smooth(bowl, gauss(9.0)))
    save("unsharp.scipy", unsharp(portrait, 2.0, 1.5, 0.02, False))
    save("unsharp-bowl.scipy", unsharp(bowl, 8.0, 0.8, 0.0, False))
    save("sharpen.scipy", unsharp(portrait, 1.2, 2.0, 0.01, True))
    save("sharpen-bowl.scipy", unsharp(bowl, 2.0, 1.0, 0.0, True))
    save("pixelate.numpy", pixelate(portrait, 7))
    save("pixelate-bowl.numpy", pixelate(bowl, 9))
    save("denoise.scipy", denoise(portrait, 0.6))
    save("denoise-bowl.scipy", denoise(bowl, 1.0))
    save("halftone.numpy", halftone(portrait, 6))
    # Pillow
    picture = Image.open(OUT / "portrait.png")
    save("invert.pillow", np.array(ImageOps.invert(picture)).astype(float))
    save("blur-2.5.pillow", np.array(picture.filter(ImageFilter.GaussianBlur(2.5))).astype(float))
    save("blur-20.0.pillow", np.array(picture.filter(ImageFilter.GaussianBlur(20))).astype(float))
    save("unsharp.pillow", np.array(picture.filter(ImageFilter.UnsharpMask(2, 150, 5))).astype(float))
    solid = Image.new("RGB", picture.size, (255, 0, 102))
    save("colorize.pillow", np.array(Image.blend(picture, solid, 77 / 255)).astype(float))
    half = Image.new("RGB", picture.size, (51, 51, 51))
    save("brightness.pillow", np.array(ImageChops.add(picture, half)).astype(float))


SOURCES = {
    "numpy": "the formula at `plan::Adjust` or `plan::Filter`, in floating point (numpy)",
    "scipy": "the formula with `scipy.ndimage.gaussian_filter` (cut at 5 sigma) or `uniform_filter`",
    "pillow": "Pillow: `ImageOps.invert`, `ImageFilter.GaussianBlur`, `UnsharpMask`, `Image.blend`, `ImageChops.add`",
    "sharp": "sharp: `negate`, `linear`, `gamma`, `blur`, `sharpen`, `normalise`, `greyscale`",
    "rsvg": "librsvg (in sharp): the functions of W3C Filter Effects 1, as the SVG primitives that they stand for",
}


def provenance(measured):
    rows = [line.split() for line in Path(measured).read_text().splitlines() if line.startswith("golden ")]
    text = ["# Where these references come from", ""]
    text += ["Written by `scripts/goldens/colors.py` and `scripts/goldens/colors.mjs` from small copies of pictures in"]
    text += ["`samples/` (see its README for authors and licences): `portrait.png`, `mountains.png` (its range narrowed to"]
    text += ["40-180, so that there is something to stretch) and `bowl.png` (with alpha).", ""]
    text += [f"numpy {np.__version__}, scipy {scipy.__version__}, Pillow {PIL.__version__}, sharp 0.35.5 with its own libvips and librsvg.", ""]
    text += [f"- `*.{kind}.png`: {what}" for kind, what in SOURCES.items()]
    text += ["", "Distances of the renderer's result, per channel in steps of a byte, colours multiplied by alpha. Where a tool"]
    text += ["means something else by a word, its distance says how far that is; the other reference is the one to meet.", ""]
    text += ["| reference | of | stage | mean | largest |", "| --- | --- | --- | --- | --- |"]
    text += [f"| `{r[1]}` | `{r[2]}` | `{r[3]}` | {r[4]} | {r[5]} |" for r in rows]
    (OUT / "PROVENANCE.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    if sys.argv[1:2] == ["--provenance"]:
        provenance(sys.argv[2])
    else:
        inputs()
        references()
