#!/usr/bin/env python3
"""Makes photographs of identity and insurance cards, with the text of their QR codes beside them.

    python3 -m venv venv && venv/bin/pip install qrcode pillow numpy opencv-python-headless zxing-cpp
    venv/bin/python qr_make.py FOLDER [--each 20] [--seed 1]

Every person is invented. The classes are those in which engines were seen to differ: clean, turned, tilted, out of
focus, badly compressed, dark, small in a large picture, sent through a chat. `none` holds no code. The last ones are
ours: two cards, a light code on dark, a card a chat has made small, the insurance card with its longer text.
"""
import argparse
import json
import pathlib
import random

import cv2
import numpy
import qrcode
from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/"
WIDE, HIGH = 4000, 3000
SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
MIDDLES = "Văn Thị Hữu Đức Minh Thanh Quang Ngọc Thu Xuân".split()
GIVEN = "Thử Mẫu Nghiệm Bình An Cường Dung Giang Hà Khánh Linh Nam Phúc Quỳnh".split()
CLASSES = ("clean70 rotated persp blur2 blur4 q50 dark card25 card15 combo chat1280 chat2048 none "
           "two inverted chat800 bhyt").split()


def font(size, bold=True):
    return ImageFont.truetype(FONTS + ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


class Person:
    def __init__(self, rng):
        self.province = rng.choice(["001", "031", "048", "079", "092", "034", "038"])
        self.year = rng.randrange(1950, 2005)
        self.female = rng.random() < 0.5
        century = (2 if self.year >= 2000 else 0) + (1 if self.female else 0)
        self.number = f"{self.province}{century}{self.year % 100:02}{rng.randrange(10**6):06}"
        self.old = f"{rng.randrange(10, 38)}{rng.randrange(10**7):07}" if rng.random() < 0.7 else ""
        self.name = f"{rng.choice(SURNAMES)} {rng.choice(MIDDLES)} {rng.choice(GIVEN)}"
        self.day, self.month = rng.randrange(1, 29), rng.randrange(1, 13)
        self.address = f"Tổ {rng.randrange(1, 20)}, Thôn Mẫu {rng.randrange(1, 9)}, Xã Thử Nghiệm, Huyện Ví Dụ"
        self.insured = f"{rng.randrange(10**10):010}"

    def cccd(self):
        sex = "Nữ" if self.female else "Nam"
        born = f"{self.day:02}{self.month:02}{self.year}"
        return f"{self.number}|{self.old}|{self.name}|{born}|{sex}|{self.address}|15052021"

    def bhyt(self):
        hexed = lambda text: text.encode().hex()
        born = f"{self.day:02}/{self.month:02}/{self.year}"
        sex = 2 if self.female else 1
        return (f"GD4{self.province[1:]}{self.insured}|{hexed(self.name)}|{born}|{sex}|{hexed(self.address[:24])}|"
                f"{self.province[1:]} - 012|01/01/2026|31/12/2026|01/01/2026|{self.province[1:]}000|4|-|4|"
                "01/01/2020|a1b2c3d4e5f60718-7102|$")


def code(text, px):
    qr = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, box_size=8)
    qr.add_data(text, optimize=0)
    qr.make(fit=True)
    return qr.make_image().convert("L").resize((px, px), Image.Resampling.BOX)


def card(rng, person, kind="cccd", inverted=False):
    """A card 2,000 pixels wide (85.6 mm), its code 15 mm (`cccd`) or 19 mm (`bhyt`) wide."""
    w, h = 2000, 1261
    yy, xx = numpy.mgrid[0:h, 0:w]
    tint = numpy.array([[205, 225, 222], [222, 214, 188], [214, 226, 236]][rng.randrange(3)], numpy.float32)
    wave = 8 * numpy.sin(xx / 37 + 3 * numpy.sin(yy / 90)) + 6 * numpy.sin((xx + yy) / 23)
    image = Image.fromarray(numpy.clip(tint + wave[..., None], 0, 255).astype(numpy.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((70, 60, 310, 300), fill=(200, 30, 40))
    draw.regular_polygon((190, 180, 80), 5, fill=(250, 220, 60))
    title = "CĂN CƯỚC CÔNG DÂN" if kind == "cccd" else "THẺ BẢO HIỂM Y TẾ"
    draw.text((430, 70), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", (40, 40, 50), font(46))
    draw.text((560, 130), "Độc lập - Tự do - Hạnh phúc", (40, 40, 50), font(40))
    draw.text((520, 260), title, (190, 30, 40), font(76))
    draw.rectangle((90, 420, 530, 1010), fill=(228, 236, 240))
    skin = [(226, 186, 158), (205, 160, 128), (186, 140, 108)][rng.randrange(3)]
    draw.rectangle((130, 840, 490, 1010), fill=(60, 70, 110))
    draw.ellipse((190, 500, 430, 860), fill=skin)
    draw.pieslice((180, 460, 440, 720), 180, 360, fill=(30, 26, 28))
    number = person.number if kind == "cccd" else f"{person.insured}"
    draw.text((620, 470), "Số / No.:", (40, 40, 50), font(44, False))
    draw.text((850, 455), number, (30, 30, 35), font(72))
    rows = [("Họ và tên / Full name:", person.name.upper()),
            ("Ngày sinh / Date of birth:", f"{person.day:02}/{person.month:02}/{person.year}"),
            ("Giới tính / Sex:", "Nữ" if person.female else "Nam"), ("Nơi thường trú:", person.address[:34])]
    for n, (label, value) in enumerate(rows):
        draw.text((620, 590 + n * 150), label, (60, 60, 70), font(36, False))
        draw.text((620, 638 + n * 150), value, (30, 30, 35), font(50))
    px = int(2000 * (15 if kind == "cccd" else 19) / 85.6)
    text = person.cccd() if kind == "cccd" else person.bhyt()
    qr = code(text, px)
    if inverted:
        qr = Image.eval(qr, lambda v: 255 - v)
        draw.rectangle((w - px - 130, 60, w - 50, 140 + px), fill=(20, 20, 20))
    else:
        draw.rectangle((w - px - 120, 70, w - 60, 130 + px), fill=(250, 250, 248))
    image.paste(qr, (w - px - 90, 100))
    return numpy.asarray(image), text


def desk(rng, seed, w=WIDE, h=HIGH):
    """A table top: soft noise of several sizes, a grain, papers with lines of text."""
    r = numpy.random.default_rng(seed)
    base = numpy.array([rng.randrange(60, 190) for _ in range(3)], numpy.float32)
    field = numpy.zeros((h, w), numpy.float32)
    for size, amount in ((6, 30), (40, 16), (300, 9)):
        noise = r.standard_normal((size, size)).astype(numpy.float32)
        field += amount * cv2.resize(noise, (w, h), interpolation=cv2.INTER_CUBIC)
    image = base + field[..., None] * numpy.array([1, 0.9, 0.8], numpy.float32)
    image = numpy.clip(image, 0, 255).astype(numpy.uint8)
    pil = Image.fromarray(image)
    draw = ImageDraw.Draw(pil)
    for _ in range(rng.randrange(3)):
        x, y = rng.randrange(-300, w - 400), rng.randrange(-300, h - 400)
        pw, ph = int(w * 0.4), int(h * 0.5)
        draw.rectangle((x, y, x + pw, y + ph), fill=(244, 243, 238))
        for line in range(12):
            words = " ".join("".join(rng.choice("abcdeghiklmnopqrstuvxy") for _ in range(rng.randrange(2, 7)))
                             for _ in range(9))
            draw.text((x + 40, y + 40 + line * ph // 14), words, (50, 50, 60), font(max(12, w // 90), False))
    return numpy.array(pil)


def place(photo, picture, rng, share, turn=0.0, tilt=0.0, at=None):
    """Lays `picture` on `photo`, `share` of its width, turned by degrees and tilted."""
    ph, pw = photo.shape[:2]
    h, w = picture.shape[:2]
    cw = pw * share
    ch = cw * h / w
    cx, cy = at or (pw / 2 + rng.uniform(-0.5, 0.5) * (pw - cw) * 0.5, ph / 2 + rng.uniform(-0.5, 0.5) * max(0, ph - ch) * 0.5)
    angle = numpy.radians(turn)
    corners = []
    for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        x, y = sx * cw / 2, sy * ch / 2
        x, y = x * numpy.cos(angle) - y * numpy.sin(angle), x * numpy.sin(angle) + y * numpy.cos(angle)
        jitter = lambda: rng.uniform(-tilt, tilt) * cw
        corners.append((cx + x + jitter(), cy + y + jitter()))
    # A drawing made smaller is averaged, as a lens does; warping alone would pick single pixels.
    shrink = w / cw
    if shrink > 1.5:
        picture = cv2.resize(picture, (int(w / shrink), int(h / shrink)), interpolation=cv2.INTER_AREA)
        h, w = picture.shape[:2]
    source = numpy.float32([(0, 0), (w, 0), (w, h), (0, h)])
    matrix = cv2.getPerspectiveTransform(source, numpy.float32(corners))
    warped = cv2.warpPerspective(picture, matrix, (pw, ph), flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(numpy.full((h, w), 255, numpy.uint8), matrix, (pw, ph))
    return numpy.where(mask[..., None] > 127, warped, photo)


def light(photo, rng, strength=0.2):
    h, w = photo.shape[:2]
    yy, xx = numpy.mgrid[0:h, 0:w].astype(numpy.float32)
    slope = (xx / w - 0.5) * rng.uniform(-1, 1) + (yy / h - 0.5) * rng.uniform(-1, 1)
    return numpy.clip(photo.astype(numpy.float32) * (1 + strength * slope[..., None]), 0, 255)


def noise(photo, seed, sigma):
    r = numpy.random.default_rng(seed)
    grain = r.standard_normal(photo.shape, dtype=numpy.float32)
    return numpy.clip(photo.astype(numpy.float32) + sigma * grain, 0, 255).astype(numpy.uint8)


def shoot(kind, n, seed):
    """One photograph: pixels, quality of the JPEG, texts of its codes."""
    rng = random.Random(f"{seed}/{kind}/{n}")
    s = rng.randrange(2**31)
    person = Person(rng)
    photo = desk(rng, s)
    texts = []

    def lay(share, turn=0.0, tilt=0.0, at=None, what="cccd", inverted=False, who=person):
        nonlocal photo
        drawn, text = card(rng, who, what, inverted)
        photo = place(photo, drawn, rng, share, turn, tilt, at)
        texts.append(text)

    quality, sigma, slight = 90, 2.0, lambda: rng.uniform(-4, 4)
    if kind == "clean70":
        lay(0.7, slight())
    elif kind == "rotated":
        lay(0.55, rng.uniform(0, 360))
    elif kind == "persp":
        lay(0.6, rng.uniform(-15, 15), 0.06)
    elif kind in ("blur2", "blur4"):
        lay(0.5, slight(), 0.01)
        photo = cv2.GaussianBlur(photo, (0, 0), 2 if kind == "blur2" else 4)
    elif kind == "q50":
        lay(0.5, rng.uniform(-15, 15), 0.01)
        quality = 50
    elif kind == "dark":
        lay(0.5, slight(), 0.01)
        photo = numpy.clip(photo.astype(numpy.float32) * rng.uniform(0.10, 0.18), 0, 255)
        sigma = rng.uniform(6, 9)
    elif kind == "card25":
        lay(0.25, rng.uniform(-15, 15))
    elif kind == "card15":
        lay(0.15, rng.uniform(-10, 10))
    elif kind == "combo":
        lay(0.45, rng.uniform(-30, 30), 0.04)
        photo = cv2.GaussianBlur(light(photo, rng, 0.8), (0, 0), 1.5)
        photo = photo * 0.55
        quality, sigma = 60, 6.0
    elif kind in ("chat1280", "chat2048", "chat800"):
        lay({"chat1280": 0.75, "chat2048": 0.5, "chat800": 0.92}[kind], rng.uniform(-8, 8), 0.01)
        photo = cv2.GaussianBlur(photo, (0, 0), 1)
    elif kind == "two":
        lay(0.4, rng.uniform(-20, 20), 0.01, (WIDE * 0.27, HIGH * 0.5))
        other = Person(rng)
        lay(0.4, rng.uniform(-20, 20), 0.01, (WIDE * 0.73, HIGH * 0.5), rng.choice(["cccd", "bhyt"]), who=other)
    elif kind == "inverted":
        lay(0.5, rng.uniform(-15, 15), 0.01, inverted=True)
    elif kind == "bhyt":
        lay(0.5, rng.uniform(-15, 15), 0.01, what="bhyt")
    elif kind == "none":
        if n % 2:
            photo = numpy.clip(photo.astype(numpy.float32) * 0.14, 0, 255)
            sigma = 8.0
    photo = noise(photo, s + 1, sigma)
    if kind.startswith("chat"):
        w = int(kind[4:])
        photo = cv2.resize(photo, (w, w * 3 // 4), interpolation=cv2.INTER_AREA)
        quality = 70
    return photo, quality, texts


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--each", type=int, default=20)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--classes", nargs="*", default=CLASSES)
    args = args.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with open(args.folder / "manifest.jsonl", "a", encoding="utf-8") as manifest:
        for kind in args.classes:
            for n in range(args.each):
                photo, quality, texts = shoot(kind, n, args.seed)
                name = f"{kind}-{n:02}.jpg"
                Image.fromarray(photo).save(args.folder / name, quality=quality)
                manifest.write(json.dumps({"file": name, "class": kind, "texts": texts}, ensure_ascii=False) + "\n")
                manifest.flush()


if __name__ == "__main__":
    main()
