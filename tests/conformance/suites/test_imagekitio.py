import asyncio
import unittest

import imagekitio
from support import WORLD, Client, Pictures, plain, sample

CLIENT = Client("imagekitio")
KEY = WORLD["secrets"]["key"]
ENDPOINT = "https://ik.imagekit.io/demo"
CAT = CLIENT.master("cat.jpg", sample("cat.jpg"))  # 451 x 300
# The default host, https://api.imagekit.io, by the proxy and the authority that the environment names.
IMAGEKIT = imagekitio.ImageKit(private_key=KEY, max_retries=0)


def build(by=IMAGEKIT, **options):
    return CLIENT.call("helper.build_url", by.helper.build_url, **{"url_endpoint": ENDPOINT, **options})


def create(url, by=IMAGEKIT):
    return CLIENT.call("cache.invalidation.create", by.cache.invalidation.create, url=url)


def status(request, by=IMAGEKIT):
    return CLIENT.call("cache.invalidation.get", by.cache.invalidation.get, request)


class ImageKit(unittest.TestCase, Pictures):
    def test_sizes(self):
        """build_url: sizes, crop modes and formats, in the query and in the path"""
        for position in ["query", "path"]:
            for step, size in [
                ({"width": 100, "height": 80}, (100, 80)),
                ({"width": 90}, (90, 60)),
                ({"width": 90, "height": 90, "crop": "at_max"}, (90, 60)),
                ({"width": 90, "height": 90, "crop_mode": "pad_resize", "background": "F3F3F3"}, (90, 90)),
                ({"width": 90, "aspect_ratio": "3-2"}, (90, 60)),
            ]:
                self.picture(build(src=f"/{CAT}", transformation=[step], transformation_position=position), size)
        self.picture(build(src=CAT, transformation=[{"width": 90, "format": "png"}, {"rotation": 90}]), (60, 90), "PNG")
        self.picture(build(src=CAT, transformation=[{"width": 90, "format": "webp", "quality": 30}]), (90, 60), "WEBP")

    def test_overlays(self):
        """build_url: overlays of texts, pictures and colours"""
        badge = CLIENT.master("badge.png", plain(20, 20, "#00ffff"))
        step = {"format": "png", "overlay": {"type": "image", "input": f"/{badge}", "position": {"x": 10, "y": 10}, "transformation": [{"trim": False}]}}
        self.colour(self.picture(build(src=CAT, transformation=[step])), (0, 255, 255), at=(15, 15))
        for text in ["Hello", "50% off & more, é"]:
            step = {"width": 100, "overlay": {"type": "text", "text": text, "transformation": [{"font_size": 20}]}}
            self.picture(build(src=CAT, transformation=[step]))

    def test_names(self):
        """build_url: names with spaces and letters beyond ASCII"""
        for name in ["café menu.png", "日本/写真.png", "a+b.png"]:
            path = CLIENT.master(name, plain(20, 10, "#468"))
            for position in ["query", "path"]:
                self.picture(build(src=f"/{path}", transformation=[{"width": 10}], transformation_position=position), (10, 5))

    def test_signed(self):
        """sign: accepted as signed, refused when altered or unsigned"""
        cafe = CLIENT.master("café menu.png", plain(20, 10, "#468"))
        for options in [
            {"src": CAT},
            {"src": CAT, "transformation": [{"width": 40, "height": 30}, {"rotation": 90}], "transformation_position": "path"},
            {"src": CAT, "transformation": [{"height": 30, "width": 40}], "query_parameters": {"v": "123"}, "expires_in": 300},
            {"src": f"/{cafe}", "transformation": [{"width": 10}], "transformation_position": "path"},
        ]:
            url = build(url_endpoint="https://images.example.com", signed=True, **options)
            self.picture(url)
            self.refused(self.tampered(url, "ik-s"), 401)
            self.refused(url.rsplit("ik-s=", 1)[0].rstrip("?&"), 401)
        stranger = imagekitio.ImageKit(private_key="private_other")
        self.refused(build(by=stranger, url_endpoint="https://images.example.com", src=CAT, signed=True), 401)

    def test_purge(self):
        """purge: accepted, completed, and the new picture is there"""
        url = build(src=f"{CLIENT.folder}/changing.png", transformation=[{"width": 32}], transformation_position="path")

        def purge():
            said = create(f"{ENDPOINT}/{CLIENT.folder}/changing.png")
            self.assertRegex(said.request_id, "^[0-9a-f]{24}$")
            self.assertEqual(status(said.request_id).status, "Completed")

        self.replaced(CLIENT, "changing.png", url, purge)

    def test_base_url(self):
        """purge: with a base URL of one's own, and by the asynchronous client"""
        inside = imagekitio.ImageKit(private_key=KEY, base_url=f"https://localhost:{WORLD['https']}")
        self.assertEqual(status(create(f"{ENDPOINT}/{CAT}", inside).request_id, inside).status, "Completed")

        async def both():
            async with imagekitio.AsyncImageKit(private_key=KEY) as other:
                said = await CLIENT.call("async cache.invalidation.create", other.cache.invalidation.create, url=f"{ENDPOINT}/{CAT}")
                return await CLIENT.call("async cache.invalidation.get", other.cache.invalidation.get, said.request_id)

        self.assertEqual(asyncio.run(both()).status, "Completed")

    def test_errors(self):
        """errors: each status is the client's own class"""
        wrong = imagekitio.ImageKit(private_key="private_wrong", max_retries=0)
        with self.assertRaises(imagekitio.PermissionDeniedError):
            create(f"{ENDPOINT}/{CAT}", wrong)
        for url in ["no URL", "https://elsewhere.example/a.jpg", f"{ENDPOINT}/a*/b.jpg"]:
            with self.assertRaises(imagekitio.BadRequestError) as raised:
                create(url)
            self.assertIsInstance(raised.exception.body["help"], str)
        with self.assertRaises(imagekitio.BadRequestError):
            status("0123456789abcdef01234567")

    def test_delivery_errors(self):
        """errors: bad transformations and missing pictures say why"""
        self.assertIn("ik-error", self.refused(build(src=CAT, transformation=[{"raw": "foo-200"}]), 400).headers)
        self.assertTrue(self.refused(build(src="none.jpg"), 404).headers["ik-error"].startswith("ENOENT"))

    def test_account(self):
        """accounts: usage and URL endpoints, held against the client's own models"""
        usage = CLIENT.call("accounts.usage.get", IMAGEKIT.accounts.usage.get, start_date="2026-01-01", end_date="2026-01-31")
        self.assertIsInstance(usage.bandwidth_bytes, int)
        endpoints = CLIENT.call("accounts.url_endpoints.list", IMAGEKIT.accounts.url_endpoints.list)
        self.assertTrue(any(endpoint.id == "default" for endpoint in endpoints))
