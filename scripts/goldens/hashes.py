#!/usr/bin/env python3
"""Prints the BlurHash of made pictures by the reference in C, for crates/codec/tests/hashes.rs.

Needs: pip install pillow numpy blurhash-python. The npm package (hashes.mjs) takes the largest term where the reference
takes the largest of their absolute values, so its pictures are inverted: there both are one.
"""
import numpy as np
from blurhash import encode
from PIL import Image


def pixels(width, height, phase):
    """As `pixels` in crates/codec/tests/common."""
    out = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            texture = (x * 7 + y * 13 + phase * 5) % 17
            blue = (x + y + phase * 20) * 100 // (width + height)
            out[y, x] = (x * 200 // width + texture, y * 200 // height + texture, blue + texture)
    return Image.fromarray(out)


for width, height, phase, across, down in [(32, 24, 0, 4, 3), (24, 32, 3, 3, 4), (32, 32, 1, 9, 9), (7, 5, 0, 1, 1), (60, 20, 2, 5, 2)]:
    text = encode(pixels(width, height, phase), x_components=across, y_components=down)
    print(f'        ({width}, {height}, {phase}, {across}, {down}, "{text}"),')
