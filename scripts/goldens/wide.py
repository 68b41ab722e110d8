#!/usr/bin/env python3
"""The reference of pictures of 16 bits a sample: a Lanczos filter of three lobes in double precision.

    python scripts/goldens/wide.py [sharp.png]

Reads crates/render/tests/goldens/pairs/wide.png, writes crates/render/tests/goldens/wide/small.png; with a file that sharp made of the same,
says how far that is. Needs numpy. Run from the root of the repository.
"""
import struct
import sys
import zlib

import numpy as np

from pairs import OUT, SIZE, SMALL, png_of_16_bits, wide_samples


def weights(length, to):
    """Row i: what pixel i of the result takes of each pixel of the source."""
    scale = length / to
    centers = (np.arange(to) + 0.5) * scale
    x = (np.arange(length)[None, :] + 0.5 - centers[:, None]) / max(scale, 1)
    kernel = np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)
    return kernel / kernel.sum(axis=1, keepdims=True)


def read(path):
    """A PNG of 16 bits without interlacing, RGB, of any filter."""
    data, at, idat = open(path, "rb").read(), 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, height, depth, color = struct.unpack(">IIBB", body[:10])
        if name == b"IDAT":
            idat += body
        at += 12 + length
    assert (depth, color) == (16, 2), (depth, color)
    raw, stride = zlib.decompress(idat), width * 6
    rows, before = [], [0] * stride
    for y in range(height):
        kind, line = raw[y * (stride + 1)], list(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for i in range(stride):
            a, b, c = line[i - 6] if i >= 6 else 0, before[i], before[i - 6] if i >= 6 else 0
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + [0, a, b, (a + b) // 2, paeth][kind]) & 255
        rows.append(bytes(line))
        before = line
    return np.frombuffer(b"".join(rows), ">u2").reshape(height, width, 3).astype(float)


def main():
    across, down = weights(SIZE[0], SMALL[0]), weights(SIZE[1], SMALL[1])
    exact = np.einsum("ij,jkc,lk->ilc", down, wide_samples().astype(float), across)
    (OUT.parent / "wide/small.png").write_bytes(png_of_16_bits(np.clip(np.floor(exact + 0.5), 0, 65535).astype(np.uint16)))
    if len(sys.argv) > 1:
        apart = np.abs(read(sys.argv[1]) - exact)
        print(f"sharp: mean {apart.mean():.2f}, largest {apart.max():.2f} of 65535")


if __name__ == "__main__":
    main()
