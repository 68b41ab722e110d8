import unittest

import palettetools
import requests
from support import Client, plain, sample

CLIENT = Client("palettetools")
HOST = "https://x.imgix.net"
PHOTO = f"{HOST}/{CLIENT.master('fig.jpg', sample('fig-p3.jpg'))}"


class Palettetools(unittest.TestCase):
    def test_css(self):
        """extract_colors_css: all classes that the client asks for"""
        css = CLIENT.call("extract_colors_css", palettetools.extract_colors_css, PHOTO)
        self.assertIn(".image-fg-1", css)

    def test_json(self):
        """extract_colors_json: colours as fractions and hex digits"""
        found = CLIENT.call("extract_colors_json", palettetools.extract_colors_json, PHOTO)
        self.assertEqual(len(found["colors"]), 6)
        for colour in found["colors"]:
            whole = [round(255 * colour[name]) for name in ("red", "green", "blue")]
            self.assertEqual(colour["hex"], "#{:02x}{:02x}{:02x}".format(*whole))

    def test_text_colour(self):
        """overlay_text_color: white on dark, black on light"""
        dark = CLIENT.master("dark.png", plain(20, 20, "#101020"))
        light = CLIENT.master("light.png", plain(20, 20, "#f0f0e0"))
        self.assertEqual(CLIENT.call("overlay_text_color", palettetools.overlay_text_color, f"{HOST}/{dark}"), "fff")
        self.assertEqual(CLIENT.call("overlay_text_color", palettetools.overlay_text_color, f"{HOST}/{light}"), "000")

    def test_errors(self):
        """errors: a missing picture is the client's HTTPError"""
        with self.assertRaises(requests.HTTPError) as raised:
            CLIENT.call("extract_colors_json", palettetools.extract_colors_json, f"{HOST}/{CLIENT.folder}/none.png")
        self.assertEqual(raised.exception.response.status_code, 404)
