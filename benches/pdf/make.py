"""Writes PDF files as offices make them, and what is in them: make.py FOLDER. All people are invented, from a seed.

Tables by reportlab (wide, narrow so that numbers break in their cells, three ways of aligning them upright), lines in a
standard font, every glyph placed on its own, and letters with tables from LibreOffice.
"""
import json
import random
import subprocess
import sys

import docx
from docx.shared import Cm, Pt
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

SEED = 7
OUT = sys.argv[1]
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
HEAD = ["STT", "Họ và tên", "Số CCCD", "Mã số BHXH", "Số thẻ BHYT"]
random.seed(SEED)
pdfmetrics.registerFont(TTFont("DejaVu", FONT))


def insurance():
    return f"{random.randint(1, 96):02d}{random.randint(10, 23):02d}{random.randint(0, 999999):06d}"


def person():
    name = " ".join(random.choice(words.split()) for words in ("Nguyễn Trần Lê Phạm Hoàng", "Văn Thị Đức", "An Bình Mai Lan"))
    province = random.choice("001 002 036 038 079 092".split())
    citizen = f"{province}{random.choice('01')}{random.randint(50, 99)}{random.randint(0, 999999):06d}"
    card = random.choice("DN HC TE GD".split()) + random.choice("1234") + random.choice("01 79 36".split()) + insurance()
    return name, citizen, insurance(), card


PEOPLE = [person() for _ in range(300)]
truth = {}


def known(file, people=PEOPLE):
    truth[file] = {"cccd": [p[1] for p in people], "bhxh": [p[2] for p in people], "bhyt": [p[3] for p in people]}


def table(file, widths, align=None):
    style = getSampleStyleSheet()["BodyText"]
    style.fontName, style.fontSize, style.leading = "DejaVu", 9, 10.8
    style.wordWrap = "CJK" if align else None  # breaks anywhere, as narrow cells do
    rows = [HEAD] + [[str(n + 1), *p] for n, p in enumerate(PEOPLE)]
    if align:
        rows = [[Paragraph(cell, style) for cell in row] for row in rows]
    look = [("FONT", (0, 0), (-1, -1), "DejaVu", 9), ("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
    look.append(("VALIGN", (0, 0), (-1, -1), align or "TOP"))
    title = Paragraph("Danh sách người tham gia", style)
    SimpleDocTemplate(f"{OUT}/{file}", pagesize=A4).build([title, Table(rows, colWidths=widths, style=look)])
    known(file)


def lines(file, people, each):
    page, y = canvas.Canvas(f"{OUT}/{file}", pagesize=A4), 800
    for p in people:
        page.setFont("Helvetica", 10)
        each(page, y, f"CCCD {p[1]}, ma so BHXH {p[2]}, the BHYT {p[3]}.")
        y -= 14
        if y < 60:
            page.showPage()
            y = 800
    page.save()
    known(file, people)


def letters(page, y, text):
    x = 50
    for c in text:
        if c != " ":
            page.drawString(x, y, c)
        x += pdfmetrics.stringWidth(c, "Helvetica", 10)


def letter(file, widths):
    document = docx.Document()
    document.add_paragraph("Danh sách đề nghị hưởng chế độ")
    grid = document.add_table(rows=0, cols=5)
    grid.style, grid.autofit = "Table Grid", False
    for row in [HEAD] + [[str(n + 1), *p] for n, p in enumerate(PEOPLE)]:
        for cell, text, width in zip(grid.add_row().cells, row, widths):
            cell.width = Cm(width)
            cell.paragraphs[0].add_run(text).font.size = Pt(9)
    for column, width in zip(grid.columns, widths):
        column.width = Cm(width)
    for name, citizen, number, card in PEOPLE[:100]:
        text = document.add_paragraph(f"Ông/bà {name} số CCCD ")
        text.add_run(citizen[:5]).bold = True
        text.add_run(f"{citizen[5:]}, BHXH {number}, thẻ BHYT ")
        text.add_run(card[:7]).italic = True
        text.add_run(card[7:])
    document.save(f"{OUT}/{file}.docx")
    subprocess.run(["soffice", "--headless", "--convert-to", "pdf", "--outdir", OUT, f"{OUT}/{file}.docx"],
                   check=True, stdout=subprocess.DEVNULL)
    known(f"{file}.pdf")


table("table.pdf", [30, 120, 90, 80, 110])
for align in ("TOP", "MIDDLE", "BOTTOM"):
    table(f"narrow-{align.lower()}.pdf", [25, 70, 45, 42, 55], align)
lines("lines.pdf", PEOPLE, lambda page, y, text: page.drawString(50, y, text))
lines("letters.pdf", PEOPLE[:60], letters)
letter("letter", [1, 4.5, 3.5, 3, 4])
letter("letter-narrow", [1, 2, 1.6, 1.5, 1.8])
json.dump(truth, open(f"{OUT}/truth.json", "w"))
print(f"{len(truth)} files from seed {SEED} in {OUT}")
