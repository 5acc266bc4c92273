"""Makes documents as people's programs do, with numbers in many places, and tells what those programs read in them.

    documents.py make FOLDER      a.xlsx, b.docx, c.pptx, d.pptx (without a table), wide.docx (its parts in UTF-16),
                                  large.zip (zip64), nested.zip (archives in an archive)
    documents.py tell FILE        every text that the library for it finds

All people are invented; the numbers are random and only laid out as real ones.
"""

import io
import sys
import zipfile
from pathlib import Path

MARKER = "Báo cáo quý"


def number(n):
    return f"0{[1, 36, 79][n % 3]:02}0{90 + n % 9}{123456 + 7 * n}"


def make(folder):
    import docx
    import openpyxl
    from openpyxl.comments import Comment
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Danh sách"
    sheet.append(["STT", "Họ và tên", "Số CCCD", "Số CCCD (số)", "Ghi chú"])
    # What is wider than its column is not printed.
    sheet.column_dimensions["B"].width = 24
    for n in range(40):
        sheet.append([n + 1, "Nguyễn Văn An", number(n), int(number(100 + n)), f"{MARKER}, CCCD {number(200 + n)}"])
        sheet.cell(n + 2, 4).number_format = "000000000000"
    sheet["B2"].comment = Comment(f"CCCD {number(300)}", f"CCCD {number(301)}")
    sheet["F2"] = f'=IF(A2>0,"CCCD {number(302)}","")'
    sheet.oddHeader.center.text = f"CCCD {number(303)}"
    validation = DataValidation(type="list", formula1=f'"CCCD {number(304)},b"')
    validation.prompt = f"CCCD {number(305)}"
    sheet.add_data_validation(validation)
    validation.add("G2")
    sheet["H2"].hyperlink = f"https://example.vn/?soCCCD={number(306)}"
    hidden = book.create_sheet("Ẩn")
    hidden.sheet_state = "veryHidden"
    hidden["A1"] = f"CCCD {number(307)}"
    sheet.row_dimensions[5].hidden = True
    book.properties.title = f"CCCD {number(308)}"
    book.save(folder / "a.xlsx")

    letter = docx.Document()
    letter.add_paragraph(MARKER)
    paragraph = letter.add_paragraph("Số CCCD: ")
    for part in (number(400)[:4], number(400)[4:9], number(400)[9:]):
        paragraph.add_run(part).bold = part.startswith("0")
    table = letter.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Họ và tên", "Số CCCD"
    for n in range(20):
        cells = table.add_row().cells
        cells[0].text, cells[1].text = "Trần Thị Bình", number(500 + n)
    letter.sections[0].header.paragraphs[0].text = f"CCCD {number(401)}"
    letter.sections[0].footer.paragraphs[0].text = f"CCCD {number(402)}"
    letter.core_properties.comments = f"CCCD {number(403)}"
    letter.add_comment(paragraph.runs, text=f"CCCD {number(404)}", author="An", initials="A")
    letter.save(folder / "b.docx")

    for name in ("c.pptx", "d.pptx"):
        present(folder / name, with_table=name == "c.pptx")
    pack(folder)


def pack(folder):
    """The documents once more in archives, and with parts in an encoding that few programs write."""
    with zipfile.ZipFile(folder / "b.docx") as letter, zipfile.ZipFile(folder / "wide.docx", "w") as wide:
        for name in letter.namelist():
            part = letter.read(name)
            if name in ("word/document.xml", "docProps/core.xml"):
                text = part.decode().replace('encoding="UTF-8"', 'encoding="UTF-16"', 1)
                part = text.replace("encoding='UTF-8'", "encoding='UTF-16'", 1).encode("utf-16")
            wide.writestr(name, part, zipfile.ZIP_DEFLATED)
    rows = "".join(f"{n};Lê Văn Cường;{number(700 + n)}\r\n" for n in range(30))
    table = f"STT;Họ và tên;Số CCCD\r\n{rows}{MARKER}\r\n"
    members = {"ds.csv": table.encode(), "ds16.csv": table.encode("utf-16")}
    members |= {name: (folder / name).read_bytes() for name in ("a.xlsx", "b.docx")}
    with zipfile.ZipFile(folder / "large.zip", "w", zipfile.ZIP_DEFLATED) as large:
        for name, data in members.items():
            with large.open(name, "w", force_zip64=True) as member:
                member.write(data)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_STORED) as within:
        for name, data in members.items():
            within.writestr(name, data)
    with zipfile.ZipFile(folder / "nested.zip", "w", zipfile.ZIP_DEFLATED) as nested:
        nested.writestr("trong.zip", inner.getvalue())
        nested.writestr("thu.txt", f"Số CCCD {number(800)}")


def present(file, with_table):
    import pptx
    from pptx.util import Inches

    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = MARKER
    box = slide.shapes.add_textbox(Inches(1), Inches(2), Inches(5), Inches(1))
    box.name = f"CCCD {number(600)}"
    runs = box.text_frame.paragraphs[0]
    for part in ("Số CCCD ", number(601)[:5], number(601)[5:]):
        runs.add_run().text = part
    people = [("Họ tên", "Số CCCD"), ("Lê Văn Cường", number(602)), ("Phạm Thị Dung", number(603))]
    if with_table:
        grid = slide.shapes.add_table(3, 2, Inches(1), Inches(3), Inches(6), Inches(2)).table
        for row, (name, value) in enumerate(people):
            grid.cell(row, 0).text, grid.cell(row, 1).text = name, value
    else:
        box.text_frame.add_paragraph().text = "\n".join(f"{name}: {value}" for name, value in people)
    slide.notes_slide.notes_text_frame.text = f"CCCD {number(604)}"
    show.core_properties.subject = f"CCCD {number(605)}"
    show.save(file)


def tell_archive(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            member = archive.read(name)
            if name.endswith(".zip"):
                yield from tell_archive(member)
            elif name.endswith((".csv", ".txt")):
                yield member.decode("utf-16" if member.startswith(b"\xff\xfe") else "utf-8")
            else:
                yield from tell(io.BytesIO(member), Path(name).suffix)


def tell(file, kind):
    if kind == ".zip":
        yield from tell_archive(file.read_bytes())
    elif kind == ".xlsx":
        import openpyxl

        book = openpyxl.load_workbook(file)
        yield book.properties.title
        for sheet in book.worksheets:
            yield sheet.title
            yield sheet.oddHeader.center.text
            for row in sheet.iter_rows():
                for cell in row:
                    yield cell.value
                    if cell.comment:
                        yield cell.comment.text
                        yield cell.comment.author
    elif kind == ".docx":
        import docx

        letter = docx.Document(file)
        yield letter.core_properties.comments
        for paragraph in letter.paragraphs:
            yield paragraph.text
        for table in letter.tables:
            for row in table.rows:
                for cell in row.cells:
                    yield cell.text
        for section in letter.sections:
            for part in (section.header, section.footer):
                for paragraph in part.paragraphs:
                    yield paragraph.text
        for comment in letter.comments:
            yield comment.text
    elif kind == ".pptx":
        import pptx

        show = pptx.Presentation(file)
        yield show.core_properties.subject
        for slide in show.slides:
            for shape in slide.shapes:
                yield shape.name
                if shape.has_text_frame:
                    yield shape.text_frame.text
                if shape.has_table:
                    for row in shape.table.rows:
                        for cell in row.cells:
                            yield cell.text
            if slide.has_notes_slide:
                yield slide.notes_slide.notes_text_frame.text
    else:
        import odf.opendocument
        from odf import table, teletype, text

        document = odf.opendocument.load(file)
        for cell in document.getElementsByType(table.TableCell):
            yield cell.getAttribute("value")
        for element in (text.P, text.H):
            for paragraph in document.getElementsByType(element):
                yield teletype.extractText(paragraph)


def main():
    command, path = sys.argv[1], Path(sys.argv[2])
    if command == "make":
        make(path)
    else:
        for found in tell(path, path.suffix):
            if found is not None:
                print(found)


main()
