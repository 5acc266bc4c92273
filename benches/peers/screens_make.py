#!/usr/bin/env python3
"""Makes screenshots as office staff send them, to measure how many of the numbers on them are read.

    venv/bin/pip install pillow numpy
    venv/bin/python screens_make.py FOLDER [--each 5] [--seed 1]

Workbooks at several zooms, light and dark, with and without grid lines; chat windows and telephones; web forms and lists; a
mail; pages shown by a viewer; some compressed as a chat does it. Every person is invented. Letters are DejaVu (Debian:
fonts-dejavu-core), a tenth smaller than told, which makes them as large as Arial. `manifest.jsonl` has a line a picture: file, class, the identifiers on it, whether
it is a register.
"""
import argparse
import json
import pathlib
import random

from PIL import Image, ImageDraw, ImageFont

FONTS = "/usr/share/fonts/truetype/dejavu/DejaVu"
SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
MIDDLES = "Văn Thị Hữu Đức Minh Thanh Quang Ngọc Thu Xuân".split()
GIVEN = "Thử Mẫu Nghiệm Bình An Cường Dung Giang Hà Khánh Linh Nam Phúc Quỳnh".split()
LIGHT = {"paper": (255, 255, 255), "ink": (20, 20, 20), "rule": (212, 212, 212), "head": (230, 230, 230),
         "bar": (33, 115, 70), "other": (238, 243, 250), "mine": (219, 235, 255)}
DARK = {"paper": (30, 30, 30), "ink": (225, 225, 225), "rule": (68, 68, 68), "head": (45, 45, 48),
        "bar": (20, 20, 22), "other": (48, 50, 54), "mine": (40, 62, 96)}


def font(size, bold=False, family="Sans"):
    return ImageFont.truetype(f"{FONTS}{family}{'-Bold' if bold else ''}.ttf", round(size * 0.92))


class Person:
    def __init__(self, rng):
        self.year, self.month, self.day = rng.randrange(1950, 2005), rng.randrange(1, 13), rng.randrange(1, 29)
        female = rng.random() < 0.5
        century = (2 if self.year >= 2000 else 0) + (1 if female else 0)
        province = rng.choice(["001", "031", "048", "079", "092", "034", "038", "040"])
        self.cccd = f"{province}{century}{self.year % 100:02}{rng.randrange(10**6):06}"
        self.bhxh = f"{rng.choice(['01', '31', '48', '79', '40'])}{rng.randrange(10**8):08}"
        self.name = f"{rng.choice(SURNAMES)} {rng.choice(MIDDLES)} {rng.choice(GIVEN)}"
        self.born = f"{self.day:02}/{self.month:02}/{self.year}"
        self.sex = "Nữ" if female else "Nam"


def workbook(rng, people, size, theme=LIGHT, grid=True, width=1366, height=768, head=True):
    """A window of a spreadsheet: a ribbon, letters of columns, numbers of rows, a register."""
    image = Image.new("RGB", (width, height), theme["paper"])
    draw = ImageDraw.Draw(image)
    face, small = font(size), font(max(11, size - 2))
    draw.rectangle((0, 0, width, 70), fill=theme["bar"])
    draw.text((20, 10), "danh-sach-tham-gia.xlsx - Bảng tính", (235, 235, 235), font(13))
    for n, tab in enumerate("Tệp Trang_đầu Chèn Bố_trí Công_thức Dữ_liệu Xem_lại Xem".split()):
        draw.text((20 + n * 90, 42), tab.replace("_", " "), (235, 235, 235), font(13))
    step = int(size * 1.45)
    wide = [int(size * n) for n in (2.5, 3, 11, 8.6, 6.6, 7.2, 5)]
    x0, y0 = 0, 90
    columns = [x0]
    for w in wide:
        columns.append(columns[-1] + w)
    draw.rectangle((0, y0, width, y0 + step), fill=theme["head"])
    for n, letter in enumerate("ABCDEF"):
        draw.text(((columns[n + 1] + columns[n + 2]) / 2 - 4, y0 + 3), letter, theme["ink"], small)
    titles = ["STT", "Họ và tên", "Số CCCD", "Ngày sinh", "Mã số BHXH", "Giới tính"]
    rows = ([titles] if head else []) + [[str(n + 1), p.name, p.cccd, p.born, p.bhxh, p.sex] for n, p in enumerate(people)]
    shown = []
    for r, row in enumerate(rows):
        y = y0 + (r + 1) * step
        if y + step > height - 24:
            break
        if r or not head:
            shown.append(people[r - head])
        draw.rectangle((0, y, wide[0], y + step), fill=theme["head"])
        draw.text((4, y + 3), str(r + 1), theme["ink"], small)
        for n, text in enumerate(row):
            bold = head and r == 0
            draw.text((columns[n + 1] + 4, y + int(size * 0.12)), text, theme["ink"], font(size, bold) if bold else face)
    if grid:
        for x in columns:
            draw.line((x, y0, x, height - 24), theme["rule"])
        for y in range(y0, height - 24, step):
            draw.line((0, y, width, y), theme["rule"])
    draw.rectangle((0, height - 24, width, height), fill=theme["head"])
    draw.text((10, height - 20), "Trang tính1", theme["ink"], font(12))
    return image, shown


def chat(rng, people, size, theme=LIGHT, width=900, height=760):
    """A conversation in which somebody lists people."""
    image = Image.new("RGB", (width, height), theme["paper"])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 50), fill=theme["head"])
    draw.text((20, 14), "Tổ thu BHXH huyện Ví Dụ", theme["ink"], font(size + 2, True))
    y, shown = 66, []
    lines = ["Em gửi chị danh sách đơn vị bổ sung nhé"]
    for n, p in enumerate(people):
        lines.append(rng.choice([f"{p.name} CCCD {p.cccd}", f"{p.name} sinh {p.born} số CCCD {p.cccd}",
                                 f"{n + 1}. {p.name} - {p.cccd}", f"CCCD: {p.cccd} ({p.name})"]))
    for n, line in enumerate(lines):
        if y + size * 2.4 > height:
            break
        w = draw.textlength(line, font(size)) + 28
        mine = n % 5 == 4
        x = width - w - 20 if mine else 60
        draw.rounded_rectangle((x, y, x + w, y + size * 1.9), 10, fill=theme["mine" if mine else "other"])
        draw.text((x + 14, y + size * 0.35), line, theme["ink"], font(size))
        if n:
            shown.append(people[n - 1])
        y += int(size * 2.3)
    return image, shown


def form(rng, people, size=14, theme=LIGHT):
    """A page of a web application: fields with their names."""
    p = people[0]
    image = Image.new("RGB", (1280, 720), (244, 246, 249) if theme is LIGHT else theme["paper"])
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1280, 56), fill=(24, 90, 157))
    draw.text((24, 18), "HỆ THỐNG QUẢN LÝ THU", (255, 255, 255), font(18, True))
    fields = [("Họ và tên", p.name), ("Số CCCD/ĐDCN", p.cccd), ("Ngày sinh", p.born), ("Giới tính", p.sex),
              ("Mã số BHXH", p.bhxh), ("Nơi cư trú", "Thôn Mẫu, Xã Thử Nghiệm, Huyện Ví Dụ")]
    for n, (label, value) in enumerate(fields):
        x, y = 60 + n % 2 * 600, 120 + n // 2 * 110
        draw.text((x, y), label, (90, 96, 104) if theme is LIGHT else theme["ink"], font(size))
        draw.rectangle((x, y + 24, x + 520, y + 62), fill=theme["paper"], outline=(190, 196, 204))
        draw.text((x + 12, y + 34), value, theme["ink"], font(size))
    return image, [p]


def web_list(rng, people, size=14):
    """A list on a web page: rows in turns of two colours, no lines between columns."""
    image = Image.new("RGB", (1366, 768), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1366, 50), fill=(0, 105, 92))
    draw.text((24, 15), "Tra cứu người tham gia", (255, 255, 255), font(18, True))
    xs, shown = (40, 110, 380, 580, 760, 960), []
    for x, title in zip(xs, ["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Trạng thái"]):
        draw.text((x, 74), title, (60, 60, 60), font(size, True))
    for n, p in enumerate(people):
        y = 104 + n * 31
        if y > 730:
            break
        draw.rectangle((20, y, 1346, y + 30), fill=(245, 247, 250) if n % 2 else (255, 255, 255))
        for x, text in zip(xs, [str(n + 1), p.name, p.born, p.cccd, p.bhxh, rng.choice(["Đang tham gia", "Tạm dừng"])]):
            draw.text((x, y + 7), text, (40, 44, 52), font(size))
        shown.append(p)
    return image, shown


def mail(rng, people, size=14):
    image = Image.new("RGB", (1100, 700), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((40, 24), "V/v bổ sung hồ sơ người lao động", (20, 20, 20), font(20, True))
    draw.text((40, 60), "Từ: Phòng Tổ chức <to-chuc@congty.example>", (90, 90, 90), font(13))
    lines = ["Kính gửi anh/chị,", "Đề nghị điều chỉnh thông tin của các trường hợp sau:"]
    shown = people[:8]
    lines += [f"- {p.name}, sinh ngày {p.born}, số CCCD {p.cccd}, mã số BHXH {p.bhxh}." for p in shown]
    for n, line in enumerate(lines + ["Trân trọng cảm ơn."]):
        draw.text((40, 110 + n * 28), line, (30, 30, 30), font(size))
    return image, shown


def viewer(rng, people, size=15):
    """A page of a letter with a table, in a viewer."""
    image = Image.new("RGB", (1366, 768), (82, 86, 89))
    draw = ImageDraw.Draw(image)
    draw.rectangle((260, 20, 1106, 768), fill=(255, 255, 255))
    serif = lambda bold=False: font(size, bold, "Serif")
    draw.text((520, 50), "DANH SÁCH ĐỀ NGHỊ CẤP THẺ BHYT", (0, 0, 0), serif(True))
    xs, shown = (300, 350, 560, 690, 850), []
    for n, p in enumerate(people[:22]):
        y = 110 + n * 29
        for x, text in zip(xs, [str(n + 1), p.name, p.born, p.cccd, p.bhxh]):
            draw.text((x, y + 5), text, (0, 0, 0), serif())
        draw.rectangle((290, y, 1060, y + 29), outline=(0, 0, 0))
        for x in xs[1:]:
            draw.line((x - 8, y, x - 8, y + 29), (0, 0, 0))
        shown.append(p)
    return image, shown


def phone(rng, people, theme=LIGHT):
    """A telephone's screen, as large as its dots are many."""
    return chat(rng, people[:12], 30, theme, 1080, 1500)


KINDS = {
    "sheet-100": lambda rng, people: workbook(rng, people, 15),
    "sheet-125": lambda rng, people: workbook(rng, people, 18, width=1920, height=1080),
    "sheet-80": lambda rng, people: workbook(rng, people, 12),
    "sheet-dark": lambda rng, people: workbook(rng, people, 15, DARK),
    "sheet-plain": lambda rng, people: workbook(rng, people, 15, grid=False),
    "sheet-jpeg": lambda rng, people: workbook(rng, people, 15),
    "sheet-headless": lambda rng, people: workbook(rng, people, 15, head=False),
    "sheet-crop": lambda rng, people: (lambda made: (made[0].crop((0, 88, 700, 600)), made[1][:21]))(workbook(rng, people, 15)),
    "chat": lambda rng, people: chat(rng, people, 14),
    "chat-dark": lambda rng, people: chat(rng, people, 14, DARK),
    "phone": phone,
    "phone-dark": lambda rng, people: phone(rng, people, DARK),
    "form": form,
    "form-dark": lambda rng, people: form(rng, people, 14, DARK),
    "web-list": web_list,
    "mail": mail,
    "viewer": viewer,
}


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--each", type=int, default=5)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    with open(args.folder / "manifest.jsonl", "w", encoding="utf-8") as manifest:
        for kind, make in KINDS.items():
            for n in range(args.each):
                rng = random.Random(f"{args.seed}/{kind}/{n}")
                image, shown = make(rng, [Person(rng) for _ in range(26)])
                name = f"{kind}-{n:02}.{'jpg' if kind == 'sheet-jpeg' else 'png'}"
                image.save(args.folder / name, quality=70)
                line = {"file": name, "class": kind, "cccd": [p.cccd for p in shown], "register": len(shown) >= 20}
                manifest.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
