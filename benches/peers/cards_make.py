#!/usr/bin/env python3
"""Makes photographs of identity and insurance cards without a code, and pictures of other things, to measure whether
the two are told apart and whether the numbers on the cards are read.

    venv/bin/pip install qrcode pillow numpy opencv-python-headless
    venv/bin/python cards_make.py FOLDER [--each 20] [--seed 1]

Every person is invented. Cards are drawn like the citizen card of 2021 with its code painted over, the one of 2024, the
back of both, the old identity card, the insurance card and the driving licence, in the thirteen classes of light, size
and angle. `manifest.jsonl` has a line a picture: file, class, kind, whether it shows a card, the numbers printed.
"""
import argparse
import json
import pathlib
import random

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont

from pictures_make import landscape, logo, page, table, tilt
from qr_make import HIGH, WIDE, Person, card, desk, font, light, noise, place

INK, RED, PALE = (35, 35, 42), (190, 30, 40), (70, 70, 80)


def ground(rng, tints):
    w, h = 2000, 1261
    yy, xx = numpy.mgrid[0:h, 0:w]
    tint = numpy.array(rng.choice(tints), numpy.float32)
    wave = 7 * numpy.sin(xx / 31 + 3 * numpy.sin(yy / 80)) + 5 * numpy.sin((xx - yy) / 19)
    return Image.fromarray(numpy.clip(tint + wave[..., None], 0, 255).astype(numpy.uint8))


def portrait(draw, rng, x, y, w, h):
    draw.rectangle((x, y, x + w, y + h), fill=rng.choice([(228, 236, 240), (120, 170, 220), (240, 240, 240)]))
    skin = rng.choice([(226, 186, 158), (205, 160, 128), (186, 140, 108)])
    draw.rectangle((x + w // 10, y + h * 7 // 10, x + w * 9 // 10, y + h), fill=(60, 70, 110))
    draw.ellipse((x + w // 4, y + h // 7, x + w * 3 // 4, y + h * 3 // 4), fill=skin)
    draw.pieslice((x + w // 4 - 10, y + h // 10, x + w * 3 // 4 + 10, y + h // 2), 180, 360, fill=(30, 26, 28))
    for dx in (0.4, 0.6):
        draw.ellipse((x + w * dx - 12, y + h * 0.42, x + w * dx + 12, y + h * 0.45), fill=(30, 26, 28))


def rows(draw, x, y, step, lines):
    for n, (label, value) in enumerate(lines):
        draw.text((x, y + n * step), label, PALE, font(36, False))
        draw.text((x, y + n * step + 46), value, INK, font(48))


def born(person):
    return f"{person.day:02}/{person.month:02}/{person.year}"


def chip(draw, x, y):
    draw.rounded_rectangle((x, y, x + 250, y + 200), 30, fill=(214, 180, 90))
    for n in range(1, 4):
        draw.line((x, y + n * 50, x + 250, y + n * 50), (150, 120, 50), 5)
    draw.line((x + 125, y, x + 125, y + 200), (150, 120, 50), 5)


def cccd2021(rng, person):
    """The card of 2021 as people send it when they cover the code."""
    image = Image.fromarray(card(rng, person)[0])
    ImageDraw.Draw(image).rectangle((2000 - 500, 60, 1960, 500), fill=(40, 40, 40))
    return image, [person.number]


def cccd2024(rng, person):
    image = ground(rng, [(198, 222, 232), (216, 226, 214)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((70, 60, 290, 280), fill=(200, 30, 40))
    draw.text((430, 60), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", INK, font(46))
    draw.text((560, 120), "Độc lập - Tự do - Hạnh phúc", INK, font(40))
    draw.text((760, 220), "CĂN CƯỚC", RED, font(80))
    chip(draw, 90, 330)
    portrait(draw, rng, 90, 560, 440, 590)
    rows(draw, 620, 420, 170, [("Số định danh cá nhân / Personal identification number", person.number),
                               ("Họ, chữ đệm và tên khai sinh / Full name", person.name.upper()),
                               ("Ngày, tháng, năm sinh / Date of birth", born(person)),
                               ("Giới tính / Sex", "Nữ" if person.female else "Nam")])
    return image, [person.number]


def back(rng, person):
    image = ground(rng, [(198, 222, 232), (226, 222, 206)])
    draw = ImageDraw.Draw(image)
    draw.text((90, 70), "Đặc điểm nhân dạng / Personal identification:", INK, font(40))
    draw.text((90, 140), "Sẹo chấm C: 2cm trên sau mép trái", INK, font(44))
    draw.text((90, 230), "Ngày, tháng, năm / Date, month, year: 15/05/2021", INK, font(40))
    chip(draw, 120, 380)
    for n in range(2):
        x, y = 1330 + n * 310, 330
        draw.rectangle((x, y, x + 270, y + 330), fill=(240, 240, 240))
        for r in range(12, 130, 14):
            draw.ellipse((x + 135 - r, y + 165 - r * 1.2, x + 135 + r, y + 165 + r * 1.2), outline=(60, 60, 70), width=5)
    digits = lambda text: sum((int(c) if c.isdigit() else 0) * w for c, w in zip(text, [7, 3, 1] * 9)) % 10
    short = person.number[3:]
    first = f"IDVNM{short}{digits(short)}{person.number}<<{rng.randrange(10)}"
    second = f"{person.year % 100:02}{person.month:02}{person.day:02}{rng.randrange(10)}{'F' if person.female else 'M'}4001018VNM{'<' * 11}{rng.randrange(10)}"
    plain = person.name.upper().translate(str.maketrans("ĂÂĐÊÔƠƯÁÀẢÃẠẮẰẲẴẶẤẦẨẪẬÉÈẺẼẸẾỀỂỄỆÍÌỈĨỊÓÒỎÕỌỐỒỔỖỘỚỜỞỠỢÚÙỦŨỤỨỪỬỮỰÝỲỶỸỴ",
                                                        "AADEOOUAAAAAAAAAAAAAAAEEEEEEEEEEIIIIIOOOOOOOOOOOOOOOUUUUUUUUUUYYYYY"))
    third = plain.replace(" ", "<<", 1).replace(" ", "<").ljust(30, "<")[:30]
    mono = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf", 98)
    for n, line in enumerate((first, second, third)):
        draw.text((110, 800 + n * 130), line, INK, mono)
    return image, [person.number]


def cmnd(rng, person):
    image = ground(rng, [(206, 224, 200), (196, 218, 206)])
    draw = ImageDraw.Draw(image)
    draw.text((560, 60), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", INK, font(48))
    draw.text((700, 125), "Độc lập - Tự do - Hạnh phúc", INK, font(42))
    draw.text((620, 210), "GIẤY CHỨNG MINH NHÂN DÂN", RED, font(70))
    draw.ellipse((160, 90, 420, 350), outline=INK, width=8)
    portrait(draw, rng, 110, 430, 460, 640)
    number = person.old or f"{rng.randrange(10, 38)}{rng.randrange(10**7):07}"
    draw.text((980, 310), f"SỐ {number}", RED, font(80))
    for n, line in enumerate([f"Họ tên: {person.name.upper()}", f"Sinh ngày: {born(person)}",
                              f"Nguyên quán: {person.address[:26]}", f"Nơi ĐKHK thường trú: {person.address[:20]}"]):
        draw.text((640, 460 + n * 170), line, INK, font(50, False))
        draw.line((640, 525 + n * 170, 1900, 525 + n * 170), (150, 160, 150), 3)
    return image, [number]


def bhyt(rng, person):
    image = ground(rng, [(232, 240, 246), (240, 236, 226)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 50, 300, 260), fill=(60, 110, 180))
    draw.text((420, 60), "BẢO HIỂM XÃ HỘI VIỆT NAM", (40, 80, 150), font(60))
    draw.text((620, 220), "THẺ BẢO HIỂM Y TẾ", RED, font(90))
    number = person.insured
    for n, line in enumerate([f"Mã số: {number}", f"Họ và tên: {person.name.upper()}",
                              f"Ngày sinh: {born(person)}   Giới tính: {'Nữ' if person.female else 'Nam'}",
                              f"Địa chỉ: {person.address[:40]}", "Nơi ĐK KCB BĐ: Bệnh viện đa khoa Ví Dụ",
                              "Thời điểm đủ 05 năm liên tục: Từ ngày 01/01/2020"]):
        draw.text((110, 370 + n * 130), line, INK, font(54))
    return image, [number]


def licence(rng, person):
    image = ground(rng, [(240, 226, 180), (236, 216, 170)])
    draw = ImageDraw.Draw(image)
    draw.text((560, 50), "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", INK, font(46))
    draw.text((640, 160), "GIẤY PHÉP LÁI XE / DRIVER'S LICENSE", RED, font(56))
    portrait(draw, rng, 90, 330, 430, 590)
    number = f"{rng.randrange(10**12):012}"
    draw.text((620, 270), f"Số/No: {number}", RED, font(70))
    for n, line in enumerate([f"Họ tên/Full name: {person.name.upper()}", f"Ngày sinh/Date of Birth: {born(person)}",
                              "Quốc tịch/Nationality: VIỆT NAM", f"Nơi cư trú/Address: {person.address[:22]}"]):
        draw.text((620, 420 + n * 130), line, INK, font(46, False))
    draw.text((120, 980), "Hạng/Class:  B2", INK, font(60))
    return image, []


KINDS = {f.__name__: f for f in (cccd2021, cccd2024, back, cmnd, bhyt, licence)}
CLASSES = "clean70 rotated persp blur2 q50 dark card25 combo chat1280 chat2048 chat800 whole two".split()


def shoot(kind, what, n, seed):
    rng = random.Random(f"{seed}/{kind}/{what}/{n}")
    s = rng.randrange(2**31)
    image, numbers = KINDS[what](rng, Person(rng))
    drawn = numpy.asarray(image)
    if kind == "whole":
        # Cut along its border by a scanner or an application.
        return whole(rng, drawn), 85, numbers
    photo = desk(rng, s)
    quality, sigma, slight = 90, 2.0, lambda: rng.uniform(-4, 4)
    lay = lambda share, turn=0.0, tilt=0.0, at=None: place(photo, drawn, rng, share, turn, tilt, at)
    if kind == "clean70":
        photo = lay(0.7, slight())
    elif kind == "rotated":
        photo = lay(0.55, rng.uniform(0, 360))
    elif kind == "persp":
        photo = lay(0.6, rng.uniform(-15, 15), 0.06)
    elif kind == "blur2":
        photo = cv2.GaussianBlur(lay(0.5, slight(), 0.01), (0, 0), 2)
    elif kind == "q50":
        photo, quality = lay(0.5, rng.uniform(-15, 15), 0.01), 50
    elif kind == "dark":
        photo = numpy.clip(lay(0.5, slight(), 0.01).astype(numpy.float32) * rng.uniform(0.10, 0.18), 0, 255)
        sigma = rng.uniform(6, 9)
    elif kind == "card25":
        photo = lay(0.25, rng.uniform(-15, 15))
    elif kind == "combo":
        photo = cv2.GaussianBlur(light(lay(0.45, rng.uniform(-30, 30), 0.04), rng, 0.8), (0, 0), 1.5) * 0.55
        quality, sigma = 60, 6.0
    elif kind.startswith("chat"):
        share = {"chat1280": 0.75, "chat2048": 0.5, "chat800": 0.92}[kind]
        photo = cv2.GaussianBlur(lay(share, rng.uniform(-8, 8), 0.01), (0, 0), 1)
    elif kind == "two":
        photo = lay(0.4, rng.uniform(-20, 20), 0.01, (WIDE * 0.27, HIGH * 0.5))
        other, more = KINDS[what](rng, Person(rng))
        photo = place(photo, numpy.asarray(other), rng, 0.4, rng.uniform(-20, 20), 0.01, (WIDE * 0.73, HIGH * 0.5))
        numbers = numbers + more
    photo = noise(photo, s + 1, sigma)
    if kind.startswith("chat"):
        w = int(kind[4:])
        photo, quality = cv2.resize(photo, (w, w * 3 // 4), interpolation=cv2.INTER_AREA), 70
    return photo, quality, numbers


def whole(rng, drawn):
    scale = rng.choice([0.32, 0.5, 0.8])
    return cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


# ------------------------------------------------------------------------------------------------ what is no card


def face(rng):
    """A head and shoulders before a room."""
    image = Image.fromarray(desk(rng, rng.randrange(2**31), 1200, 1600))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = rng.randrange(0, 1000), rng.randrange(0, 900)
        draw.rectangle((x, y, x + rng.randrange(100, 400), y + rng.randrange(100, 500)),
                       fill=tuple(rng.randrange(40, 220) for _ in range(3)))
    portrait(draw, rng, 200, 400, 800, 1200)
    return cv2.GaussianBlur(numpy.array(image), (0, 0), 2)


def screen(rng, w=1280, h=800):
    """A window of an application: a bar, a list with round pictures, lines of text."""
    image = Image.new("RGB", (w, h), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, w, 46), fill=(50, 100, 190))
    draw.rectangle((0, 46, 320, h), fill=(238, 240, 244))
    words = "họp giao ban chiều nay phòng báo cáo tháng kế hoạch gửi giúp em bản mới nhé anh chị".split()
    say = lambda n: " ".join(rng.choice(words) for _ in range(n))
    for n in range(10):
        y = 60 + n * 72
        draw.ellipse((12, y, 64, y + 52), fill=tuple(rng.randrange(60, 220) for _ in range(3)))
        draw.text((80, y + 4), say(3), INK, font(17))
        draw.text((80, y + 28), say(5)[:28], PALE, font(14, False))
    y = 70
    while y < h - 90:
        x, lines = rng.choice([340, 700]), rng.randrange(1, 4)
        draw.rounded_rectangle((x, y, x + 520, y + 16 + lines * 24), 12, fill=rng.choice([(225, 238, 255), (240, 240, 240)]))
        for line in range(lines):
            draw.text((x + 14, y + 8 + line * 24), say(8)[:52], INK, font(16, False))
        y += 40 + lines * 24
    return numpy.array(image)


def slide(rng):
    """A slide with a picture and points beside it, in the proportions of a card."""
    w, h = rng.choice([(1280, 800), (1280, 720), (1024, 768)])
    image = Image.new("RGB", (w, h), (252, 252, 250))
    draw = ImageDraw.Draw(image)
    draw.text((60, 40), "KẾ HOẠCH CÔNG TÁC QUÝ I", (20, 60, 130), font(44))
    scene = Image.fromarray(landscape(rng)).resize((w * 2 // 5, h // 2))
    image.paste(scene, (50 if rng.random() < 0.5 else w // 2, h // 4))
    for n in range(5):
        draw.text((w // 2 + 10 if n % 2 else 60, h * 4 // 5 + n * 26), "• tập huấn nghiệp vụ cho cán bộ", INK, font(20, False))
    return numpy.array(image)


def laid(rng, picture, share):
    photo = desk(rng, rng.randrange(2**31), 2000, 1500)
    photo = place(photo, picture, rng, share, rng.uniform(-20, 20), 0.02)
    return noise(photo, rng.randrange(2**31), 3)


def receipt(rng):
    image = Image.new("RGB", (500, 1400), (246, 246, 240))
    draw = ImageDraw.Draw(image)
    draw.text((120, 40), "HÓA ĐƠN BÁN LẺ", INK, font(32))
    for n in range(28):
        draw.text((30, 120 + n * 42), f"Mặt hàng số {n + 1:02}", INK, font(24, False))
        draw.text((360, 120 + n * 42), f"{rng.randrange(5, 900)}.000", INK, font(24, False))
    return numpy.array(image)


def print_of(rng):
    """A printed photograph, three by two."""
    scene = cv2.resize(landscape(rng), (1500, 1000))
    return cv2.copyMakeBorder(scene, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(250, 250, 250))


OTHERS = {
    "landscape": landscape,
    "logo": logo,
    "face": face,
    "desk": lambda rng: noise(desk(rng, rng.randrange(2**31), 2000, 1500), 1, 3),
    "page": lambda rng: page(rng, rng.choice([800, 1240, 2480]), rng.choice([14, 18, 24, 36])),
    "page-photo": lambda rng: tilt(rng, page(rng, 1800, rng.choice([20, 30, 44]))),
    "page-desk": lambda rng: laid(rng, page(rng, 1240, 24), 0.45),
    "table": table,
    "screen": screen,
    "screen-photo": lambda rng: laid(rng, screen(rng), 0.7),
    "slide": slide,
    "receipt": lambda rng: laid(rng, receipt(rng), 0.25),
    "print": lambda rng: laid(rng, print_of(rng), 0.6),
}


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--each", type=int, default=20)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--classes", nargs="*", default=CLASSES + list(OTHERS))
    args = args.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with open(args.folder / "manifest.jsonl", "a", encoding="utf-8") as manifest:
        def keep(name, photo, quality, **told):
            Image.fromarray(photo).save(args.folder / name, quality=quality)
            manifest.write(json.dumps({"file": name, **told}, ensure_ascii=False) + "\n")
            manifest.flush()

        for kind in (c for c in CLASSES if c in args.classes):
            for n in range(args.each):
                what = list(KINDS)[n % len(KINDS)]
                photo, quality, numbers = shoot(kind, what, n, args.seed)
                keep(f"card-{kind}-{what}-{n:02}.jpg", photo, quality, **{"class": kind}, kind=what, card=True, numbers=numbers)
        for kind, make in OTHERS.items():
            if kind not in args.classes:
                continue
            for n in range(args.each):
                photo = make(random.Random(f"{args.seed}/{kind}/{n}"))
                keep(f"other-{kind}-{n:02}.jpg", photo, 85, **{"class": kind}, kind=kind, card=False, numbers=[])


if __name__ == "__main__":
    main()
