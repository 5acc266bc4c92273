#!/usr/bin/env python3
"""Makes the pictures of this folder. Every person on them is invented.

    python3 -m venv venv && venv/bin/pip install qrcode pillow numpy opencv-python-headless
    venv/bin/python make.py

They are small, so that tests that are not optimised stay quick; benches/peers/qr_make.py makes real photographs.
"""
import io
import pathlib
import struct
import sys
import zipfile

import numpy
import qrcode
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "../../../benches/peers"))
import cards_make  # noqa: E402

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
CCCD = "001090123456|012345678|Nguyễn Văn Thử|01011990|Nam|Thôn Mẫu, Xã Thử Nghiệm, Huyện Ví Dụ|15052021"
OTHER = "031190654321||Trần Thị Mẫu|05061990|Nữ|Tổ 3, Xã Thử Nghiệm, Huyện Ví Dụ|15052021"
BHYT = ("GD4790123456789|" + "Lê Thị Thử".encode().hex() + "|02/03/1985|2|" + "Xã Thử".encode().hex()
        + "|79 - 012|01/01/2026|31/12/2026|01/01/2026|79000|4|-|4|01/01/2020|a1b2c3d4e5f60718-7102|$")


def code(text, box=3):
    qr = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4, box_size=box)
    qr.add_data(text, optimize=0)
    qr.make(fit=True)
    return qr.make_image().convert("RGB")


def on(ground, *placed):
    image = ground.copy()
    for picture, at in placed:
        image.paste(picture, at)
    return image


def desk(w, h, seed=1):
    noise = numpy.random.default_rng(seed).standard_normal((h // 8, w // 8, 1)) * 14
    field = Image.fromarray(numpy.clip(120 + noise.repeat(3, 2), 0, 255).astype(numpy.uint8))
    return field.resize((w, h), Image.Resampling.BICUBIC)


def save(name, image, **how):
    image.save(HERE / name, **how)


def main():
    card = code(CCCD)
    print("code", card.size, file=sys.stderr)
    ground = desk(420, 300)
    photo = on(ground, (card, (130, 60)))
    save("cccd.png", photo.convert("L"))
    save("cccd.jpg", photo, quality=70)
    save("cccd-progressive.jpg", photo, quality=70, progressive=True)
    save("cccd.webp", photo, quality=70)
    save("cccd-lossless.webp", card.convert("L").convert("RGB"), lossless=True)
    save("cccd.bmp", card.convert("1"))
    save("cccd.tif", photo.convert("L"), compression="tiff_lzw")
    save("bhyt.jpg", on(desk(420, 320), (code(BHYT), (100, 40))), quality=75)
    two = on(desk(560, 260), (card, (40, 30)), (code(OTHER), (330, 30)))
    save("two.jpg", two, quality=70)
    turned = photo.rotate(33, expand=True, fillcolor=(110, 110, 110), resample=Image.Resampling.BICUBIC)
    save("turned.jpg", turned, quality=75)
    dark = numpy.asarray(photo).astype(float) * 0.12 + numpy.random.default_rng(2).standard_normal((300, 420, 1)) * 1.5
    save("dark.jpg", Image.fromarray(numpy.clip(dark, 0, 255).astype(numpy.uint8)), quality=85)
    save("blurred.jpg", photo.filter(ImageFilter.GaussianBlur(1.6)), quality=85)
    save("small.jpg", on(desk(1600, 1200, 5), (code(CCCD, 2), (1100, 800))), quality=60)
    save("inverted.png", Image.eval(card.convert("L"), lambda v: 255 - v))
    clear = Image.new("RGBA", card.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=Image.eval(card.convert("L"), lambda v: 255 - v))
    save("transparent.png", clear)
    # A second frame shows what the first does not; a page likewise.
    frames = [ground.convert("P"), photo.convert("P")]
    frames[0].save(HERE / "second-frame.gif", save_all=True, append_images=frames[1:], duration=300)
    ground.save(HERE / "second-frame.png", save_all=True, append_images=[photo], duration=300)
    ground.resize((210, 150)).convert("L").save(HERE / "second-page.tif", save_all=True, append_images=[card.convert("L")],
                                                 compression="tiff_lzw")
    # Photographs of cards without a code, as the benchmark makes them.
    for name, kind, what, quality in (("identity.jpg", "chat800", "cccd2024", 60), ("back.jpg", "whole", "back", 70),
                                      ("licence.jpg", "chat800", "licence", 60)):
        save(name, Image.fromarray(cards_make.shoot(kind, what, 3, 7)[0]), quality=quality)
    # Nothing to read.
    save("landscape.jpg", desk(480, 320, 9), quality=70)
    # Writing without a code.
    page = Image.new("L", (900, 260), 250)
    draw = ImageDraw.Draw(page)
    for n, line in enumerate(["CĂN CƯỚC CÔNG DÂN", "Số / No.: 001090123456", "Họ và tên: NGUYỄN VĂN THỬ",
                              "Ngày sinh: 01/01/1990"]):
        draw.text((40, 30 + n * 54), line, 20, ImageFont.truetype(FONT, 34))
    save("printed.png", page)
    line = Image.new("L", (640, 200), 245)
    ImageDraw.Draw(line).text((60, 90), "001090123456", 30, ImageFont.truetype(FONT, 18))
    save("line.png", line)
    # In documents: a picture of the card in a letter, a workbook and an archive.
    jpg = (HERE / "cccd.jpg").read_bytes()
    types = ('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
             '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
             '<Default Extension="jpeg" ContentType="image/jpeg"/><Default Extension="xml" ContentType="application/xml"/>'
             '<Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>')
    rels = ('<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
            'officeDocument" Target="%s"/></Relationships>')
    word = ('<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            "<w:body><w:p><w:r><w:t>Kính gửi anh chị</w:t></w:r></w:p></w:body></w:document>")
    book = ('<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            "<sheets/></workbook>")
    for name, main_part, kind, body, media in [
        ("card.docx", "word/document.xml", "wordprocessingml.document", word, "word/media/image1.jpeg"),
        ("card.xlsx", "xl/workbook.xml", "spreadsheetml.sheet", book, "xl/media/image1.jpeg"),
    ]:
        with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as z:
            for part, data in [("[Content_Types].xml", types % (main_part, kind)), ("_rels/.rels", rels % main_part),
                               (main_part, body), (media, jpg)]:
                z.writestr(zipfile.ZipInfo(part, (2026, 1, 1, 0, 0, 0)), data)
    with zipfile.ZipFile(HERE / "card.zip", "w") as z:
        z.writestr(zipfile.ZipInfo("anh/mat-truoc.jpg", (2026, 1, 1, 0, 0, 0)), jpg)


main()
