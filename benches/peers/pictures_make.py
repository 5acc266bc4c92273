#!/usr/bin/env python3
"""Makes pictures without a word on them, and pictures of writing, to measure how well the two are told apart.

    venv/bin/pip install scikit-image scikit-learn pillow numpy opencv-python-headless
    venv/bin/python pictures_make.py FOLDER

`plain-*`: photographs that the two libraries carry (people, a cat, coffee, rockets, grass, a church, flowers …), as they
are, enlarged, dark and noisy, badly compressed; drawn landscapes; logos of plain shapes. `written-*`: pages in many
sizes, tables as on a screen, pages photographed at an angle, chat screenshots. Cards are made by qr_make.py.
"""
import pathlib
import random
import sys

import cv2
import numpy
import skimage.data
import sklearn.datasets
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
WORDS = "bảo hiểm xã hội quyết định về việc cấp thẻ người lao động tham gia số ngày tháng năm đơn vị hồ sơ".split()


def photographs():
    for name in "astronaut camera chelsea coffee rocket hubble_deep_field retina moon grass gravel brick".split():
        yield name, getattr(skimage.data, name)()
    yield "motorcycle", skimage.data.stereo_motorcycle()[0]
    for name, image in zip(("china", "flower"), sklearn.datasets.load_sample_images().images):
        yield name, image


def landscape(rng):
    w, h = 1600, 1200
    r = numpy.random.default_rng(rng.randrange(2**31))
    image = numpy.linspace((120, 170, 235), (225, 230, 240), h)[:, None, :].repeat(w, 1)
    for layer in range(4):
        noise = cv2.resize(r.standard_normal((1, 12 + 8 * layer)), (w, 1), interpolation=cv2.INTER_CUBIC)[0]
        top = (h * (0.35 + 0.15 * layer) + noise * 60).astype(int)
        color = numpy.array([60 + 20 * layer, 110 - 15 * layer, 70 - 10 * layer], float)
        grain = r.standard_normal((h, w)) * (8 + 6 * layer)
        mask = numpy.arange(h)[:, None] > top[None, :]
        image = numpy.where(mask[..., None], color + grain[..., None], image)
    return numpy.clip(image, 0, 255).astype(numpy.uint8)


def logo(rng):
    image = Image.new("RGB", (600, 600), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randrange(2, 7)):
        x, y, s = rng.randrange(80, 400), rng.randrange(80, 400), rng.randrange(40, 220)
        color = tuple(rng.randrange(256) for _ in range(3))
        shape = rng.choice([draw.ellipse, draw.rectangle])
        shape((x, y, x + s, y + s), fill=color)
    return numpy.array(image)


def page(rng, w, size, ink=(20, 20, 25), paper=(250, 250, 246)):
    h = int(w * 1.3)
    image = Image.new("RGB", (w, h), paper)
    draw = ImageDraw.Draw(image)
    face = ImageFont.truetype(FONT, size)
    y = size * 3
    while y < h - size * 4:
        line = " ".join(rng.choice(WORDS) for _ in range(max(2, int(w / size / 3.2))))
        draw.text((size * 3, y), line, ink, face)
        y += int(size * 1.7) * rng.choice([1, 1, 1, 2])
    return numpy.array(image)


def table(rng, w=1366, h=768):
    image = Image.new("RGB", (w, h), "white")
    draw = ImageDraw.Draw(image)
    face = ImageFont.truetype(FONT, 14)
    for row in range(30):
        y = 40 + row * 23
        draw.line((0, y - 4, w, y - 4), (200, 200, 200))
        for column, text in enumerate([str(row + 1), " ".join(rng.sample(WORDS, 3)), f"0010{rng.randrange(10**8):08}"]):
            draw.text((20 + column * 260, y), text, (30, 30, 30), face)
    return numpy.array(image)


def tilt(rng, image):
    h, w = image.shape[:2]
    ground = numpy.full((h + 400, w + 400, 3), rng.randrange(40, 160), numpy.uint8)
    corners = [(200 + rng.randrange(-120, 120) + x, 200 + rng.randrange(-120, 120) + y) for x, y in
               ((0, 0), (w, 0), (w, h), (0, h))]
    matrix = cv2.getPerspectiveTransform(numpy.float32([(0, 0), (w, 0), (w, h), (0, h)]), numpy.float32(corners))
    warped = cv2.warpPerspective(image, matrix, (w + 400, h + 400))
    mask = cv2.warpPerspective(numpy.full((h, w), 255, numpy.uint8), matrix, (w + 400, h + 400))
    return cv2.GaussianBlur(numpy.where(mask[..., None] > 127, warped, ground), (0, 0), 1)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(3)

    def keep(name, image, quality=88):
        if image.ndim == 3:
            image = image[..., :3]
        Image.fromarray(image).convert("RGB").save(folder / f"{name}.jpg", quality=quality)

    for name, image in photographs():
        keep(f"plain-{name}", image)
        keep(f"plain-{name}-large", cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
        keep(f"plain-{name}-q40", image, 40)
        noise = numpy.random.default_rng(1).standard_normal(image.shape) * 7
        keep(f"plain-{name}-dark", numpy.clip(image * 0.2 + noise, 0, 255).astype(numpy.uint8))
    for n in range(20):
        keep(f"plain-landscape-{n:02}", landscape(rng))
        keep(f"plain-logo-{n:02}", logo(rng))
        keep(f"written-page-{n:02}", page(rng, rng.choice([800, 1240, 2480]), rng.choice([14, 18, 24, 36])))
        keep(f"written-table-{n:02}", table(rng))
        keep(f"written-photo-{n:02}", tilt(rng, page(rng, 1800, rng.choice([20, 30, 44]))), 75)
        light = page(rng, 720, 22, (230, 230, 230), (24, 26, 32))
        keep(f"written-chat-{n:02}", light, 70)


if __name__ == "__main__":
    main()
