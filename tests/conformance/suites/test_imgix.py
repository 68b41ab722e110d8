import unittest

import imgix
import requests
from support import WORLD, Client, Pictures, plain, sample

CLIENT = Client("imgix")
CAT = CLIENT.master("cat.jpg", sample("cat.jpg"))  # 451 x 300
OPEN = imgix.UrlBuilder("x.imgix.net")
SIGNING = imgix.UrlBuilder("signed.imgix.net", sign_key=WORLD["secrets"]["imgix"])


def build(builder, path, params=None, **options):
    return CLIENT.call("create_url", builder.create_url, path, params or {}, **options)


def candidates(srcset):
    return [entry.strip().split(" ") for entry in srcset.split(",\n")]


class Imgix(unittest.TestCase, Pictures):
    def test_sizes_and_formats(self):
        """create_url: sizes and formats"""
        self.picture(build(OPEN, CAT, {"w": 90, "h": 60}), (90, 60))
        self.picture(build(OPEN, CAT, {"w": 90, "h": 90, "fit": "crop"}), (90, 90), "JPEG")
        self.picture(build(OPEN, CAT, {"w": 90, "fm": "png"}), (90, 60), "PNG")
        self.picture(build(OPEN, CAT, {"w": 90, "auto": "format,compress"}), (90, 60), "WEBP", Accept="image/webp")
        self.picture(build(OPEN, CAT, {"w": 280, "ar": "2:1", "fit": "crop"}), (280, 140))

    def test_names(self):
        """create_url: names with spaces and letters beyond ASCII"""
        for name in ["büro & co/a+b 100%.png", "it's (1)!.png", "日本/写真.png", "a,b;c=d@e$.png"]:
            self.picture(build(OPEN, CLIENT.master(name, plain(20, 10, "#468")), {"w": 10}), (10, 5))

    def test_srcset(self):
        """create_srcset: all widths, given widths, device pixel ratios"""
        strip = CLIENT.master("strip.png", plain(64, 2, "#369"))
        widths = candidates(CLIENT.call("create_srcset", OPEN.create_srcset, strip, {"fm": "jpg"}))
        self.assertEqual(len(widths), 31)
        for url, descriptor in widths[::5]:
            self.assertEqual(self.picture(url).width, int(descriptor[:-1]))
        for url, descriptor in candidates(CLIENT.call("create_srcset", OPEN.create_srcset, CAT, widths=[100, 150])):
            self.assertEqual(self.picture(url).width, int(descriptor[:-1]))
        for url, descriptor in candidates(CLIENT.call("create_srcset", OPEN.create_srcset, CAT, {"w": 50})):
            self.assertEqual(self.picture(url).width, 50 * int(descriptor[:-1]))

    def test_signed(self):
        """sign: accepted as signed, refused when altered or unsigned"""
        odd = CLIENT.master("it's (1).png", plain(20, 10, "#468"))
        for path, params in [
            (CAT, {}),
            (CAT, {"w": 40, "h": 30}),
            (odd, {"txt": "it's (ok)! *~"}),
            (CAT, {"txt64": "Hello, World!"}),
            (CAT, {"w": 90, "auto": "format,compress", "ar": "16:9", "fit": "crop"}),
        ]:
            url = build(SIGNING, path, params)
            self.picture(url)
            self.refused(self.tampered(url, "s"), 403)
            self.refused(url.rsplit("s=", 1)[0].rstrip("?&"), 403)
        stranger = imgix.UrlBuilder("signed.imgix.net", sign_key="FOO123bar")
        self.refused(build(stranger, CAT, {"w": 40}), 403)

    def test_expired(self):
        """sign: an expired URL is not found"""
        self.refused(build(SIGNING, CAT, {"w": 40, "expires": 1600000000}), 404)

    def test_proxy(self):
        """web proxy: an address as the path, signed"""
        proxy = imgix.UrlBuilder("proxy.imgix.net", sign_key=WORLD["secrets"]["imgix"])
        url = build(proxy, f"http://127.0.0.1:{WORLD['origin']}/media/{CAT}", {"w": 90})
        self.picture(url, (90, 60))
        self.refused(self.tampered(url, "s"), 403)

    def test_purge(self):
        """a purge as imgix documented it first brings the new picture"""
        url = build(OPEN, f"{CLIENT.folder}/changing.png", {"w": 32})

        def purge():
            answer = requests.post(
                "https://api.imgix.com/v2/image/purger",
                auth=(WORLD["secrets"]["key"], ""),
                data={"url": f"https://x.imgix.net/{CLIENT.folder}/changing.png"},
                timeout=60,
            )
            self.assertEqual(answer.status_code, 200)

        self.replaced(CLIENT, "changing.png", url, purge)

    def test_errors(self):
        """errors: an unknown picture is 404, a bad domain is refused by the client"""
        self.refused(build(OPEN, f"{CLIENT.folder}/none.jpg", {"w": 10}), 404)
        with self.assertRaises(ValueError):
            imgix.UrlBuilder("localhost:8080")
