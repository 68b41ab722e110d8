#!/usr/bin/env python3
"""A page that shows every reference picture which is not what is committed: old, new, and where they differ.

    python scripts/goldens/review.py FOLDER

Needs Pillow and numpy.
"""

import html
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

KEPT = ("crates/*/tests/**/*.png",)


def committed(path):
    done = subprocess.run(["git", "show", f"HEAD:{path}"], capture_output=True)
    return done.stdout if done.returncode == 0 else None


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def difference(old, new):
    """Grey where alike, red the more the less alike; and the mean and largest distance of a channel."""
    if old.shape != new.shape:
        return None, f"{old.shape[1]}x{old.shape[0]} became {new.shape[1]}x{new.shape[0]}"
    apart = np.abs(old - new)
    most = apart.max(axis=2)
    shown = np.full(old.shape[:2] + (3,), 235, np.uint8)
    shown[most > 0] = np.stack([np.full_like(most, 255), 200 - np.minimum(most * 4, 200), 200 - np.minimum(most * 4, 200)],
                               axis=2)[most > 0].astype(np.uint8)
    return shown, f"mean {apart.mean():.3f}, largest {apart.max()}, {np.count_nonzero(most)} of {most.size} pixels"


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rows, same = [], 0
    for pattern in KEPT:
        for path in sorted(Path(".").glob(pattern)):
            new, old = path.read_bytes(), committed(path)
            if old is not None and (old == new or np.array_equal(pixels(old), pixels(new))):
                same += 1
                continue
            name = str(path).replace("/", "_")
            cells = []
            for kind, data in (("old", old), ("new", new)):
                if data is None:
                    cells.append("<td>none</td>")
                    continue
                (folder / f"{kind}_{name}").write_bytes(data)
                cells.append(f'<td><img src="{kind}_{html.escape(name)}" alt="{kind}"></td>')
            said = "not there before"
            if old is not None:
                shown, said = difference(pixels(old), pixels(new))
                if shown is not None:
                    Image.fromarray(shown).save(folder / f"difference_{name}")
                    cells.append(f'<td><img src="difference_{html.escape(name)}" alt="difference"></td>')
            rows.append(f"<tr><th>{html.escape(str(path))}<br>{said}</th>{''.join(cells)}</tr>")
            print(f"changed: {path}: {said}")
    page = folder / "index.html"
    page.write_text(f"""<!doctype html><meta charset="utf-8"><title>References: old, new, difference</title>
<style>body{{font:14px sans-serif;margin:2em}} th{{text-align:left;font-weight:normal;padding-right:2em;vertical-align:top}}
td{{padding:4px}} img{{min-width:192px;image-rendering:pixelated;border:1px solid #ccc;background:
repeating-conic-gradient(#ddd 0 25%,#fff 0 50%) 0 0/16px 16px}}</style>
<h1>References</h1><p>{same} as committed, {len(rows)} not.</p>
<table><tr><th></th><td>old</td><td>new</td><td>difference</td></tr>{''.join(rows)}</table>""")
    print(f"\n{same} references are as committed, {len(rows)} are not: {page}")


main()
