"""What the Python suites use: the running server, the record of calls, pictures."""

import importlib.metadata
import io
import json
import os
from collections import Counter

import requests
from PIL import Image

with open(os.environ["CONFORMANCE_WORLD"], encoding="utf-8") as file:
    WORLD = json.load(file)


class Client:
    """The client that a suite is about; counts its calls for docs/conformance.md."""

    def __init__(self, package):
        self.package = package
        self.folder = f"py-{package}"
        self.calls = Counter()

    def call(self, label, action, *args, **named):
        self.calls[label] += 1
        return action(*args, **named)

    def write(self, file):
        row = {
            "client": f"{self.package} (PyPI)",
            "version": importlib.metadata.version(self.package),
            "calls": self.calls,
            "file": file,
        }
        with open(WORLD["calls"], "a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")

    def master(self, name, data):
        """Writes a master picture into the folder that the server reads; gives its path there."""
        path = os.path.join(WORLD["masters"], self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)
        return f"{self.folder}/{name}"


def sample(name):
    with open(os.path.join(WORLD["samples"], name), "rb") as file:
        return file.read()


def plain(width, height, colour, kind="PNG"):
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def get(url, **headers):
    """Fetches by the proxy and the authority that the environment names."""
    return requests.get(url, headers=headers, timeout=60)


class Pictures:
    """Checks that the suites share; mixed into their test cases."""

    def picture(self, url, size=None, kind=None, **headers):
        answer = get(url, **headers)
        self.assertEqual(answer.status_code, 200, f"{url} answered {answer.text[:200]}")
        image = Image.open(io.BytesIO(answer.content))
        image.load()
        if size is not None:
            self.assertEqual(image.size, size, url)
        if kind is not None:
            self.assertEqual(image.format, kind, url)
        return image

    def refused(self, url, status):
        answer = get(url)
        self.assertEqual(answer.status_code, status, url)
        return answer

    def colour(self, image, expected, at=(3, 3)):
        found = image.convert("RGB").getpixel(at)
        self.assertTrue(all(abs(a - b) <= 12 for a, b in zip(found, expected)), f"{found}, expected about {expected}")

    def tampered(self, url, parameter):
        """The same URL with the first character of a signature changed."""
        head, tail = url.split(f"{parameter}=")
        return f"{head}{parameter}={'1' if tail[0] == '0' else '0'}{tail[1:]}"

    def replaced(self, client, name, url, purge):
        """Replaces a master, sees the old picture still served, purges, and expects the new one."""
        client.master(name, plain(64, 48, (255, 0, 0)))
        self.colour(self.picture(url), (255, 0, 0))
        client.master(name, plain(64, 48, (0, 0, 255)))
        self.colour(self.picture(url), (255, 0, 0))
        purge()
        self.colour(self.picture(url), (0, 0, 255))
