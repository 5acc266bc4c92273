#!/usr/bin/env python3
"""What the looks beside the tree of a mail cost, and whether they take ordinary mail for what it is not.

Usage: ordinary.py CHOT [MAILS] [SEED]. Makes innocent mails as offices send them, from a seed: letters, threads, lists,
invitations, mails on mails, and files of every common kind, with the numbers such mail is full of (amounts, dates,
telephones, invoices, papers, parcels, digests, marks of machines) and nobody's identifier. Each is inspected three times:
as the mail it is; as bytes that are no mail, so that nothing but the look without structure reads it, all of it at once;
and its parts decoded, each a file of its own. Fails when any identifier is found as policy counts them, or when a mail is said
to be unreadable or ambiguous, but for files of no known format.
"""
import base64, email.generator, email.policy, io, json, os, random, re, resource, statistics, subprocess, sys, tempfile, zipfile, zlib
from email.message import EmailMessage

chot, count, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 600, int(sys.argv[3]) if len(sys.argv) > 3 else 2026
IDENTIFIERS = {"cccd", "cmnd", "bhxh", "bhyt", "passport", "cccd_qr", "bhyt_qr", "mrz"}
chance = random.Random(seed)
pick, roll = chance.choice, chance.randrange

SENTENCES = """Kính gửi các đơn vị trực thuộc, đề nghị rà soát và báo cáo trước ngày {day}.
Số tiền thanh toán đợt này là {money} đồng, chuyển khoản trong tuần.
Cuộc họp giao ban bắt đầu lúc 8 giờ 30 phút tại phòng họp tầng {small}.
Anh chị xem giúp em bản dự thảo đính kèm, có gì góp ý trước {day}.
Theo công văn số {small}{small}4/BHXH-CNTT ngày {day}, hệ thống tạm dừng từ 22h đến 24h.
Tỷ lệ thu đạt {small},{small} % kế hoạch năm, tăng {money} đồng so với cùng kỳ.
Mọi thắc mắc xin liên hệ đường dây hỗ trợ 1900 9068 hoặc số máy lẻ {small}{small}1.
Hóa đơn điện tử ký hiệu 1C26TAA số {invoice}, mã tra cứu {hex8}.
Đơn hàng {order} đã được giao, mã vận đơn VN{parcel}VN.
Please find attached the report for the period {day} to {day}.
Total: {money} VND, VAT 8 %, reference {hex8}, ticket #{order}.
Tổng số lượt truy cập trong tháng là {money}, dung lượng lưu trữ {small} TB.
Đề nghị các phòng cập nhật phần mềm phiên bản 4.{small}.{small} build {order}.
Trân trọng cảm ơn sự phối hợp của quý cơ quan.""".split("\n")


def filled(sentence):
    known = {"day": f"{roll(1, 29)}/{roll(1, 13)}/{roll(2019, 2027)}", "money": f"{roll(1000, 10**9):,}".replace(",", "."), "small": str(roll(2, 30)),
             "invoice": f"{roll(10**7):08}", "hex8": chance.randbytes(4).hex().upper(), "order": str(roll(10**5, 10**7)), "parcel": f"{roll(10**9):09}"}
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], sentence)


def letter(least=3, most=14):
    return "\n".join(filled(pick(SENTENCES)) for _ in range(roll(least, most)))


SIGNATURE = "\n--\nPhòng Tổng hợp, Văn phòng\nĐT: (024) 3936 {}{}\nhttps://www.example.vn/?id={}&utm_source=mail\n"


def page(text):
    rows = "".join(f"<tr><td style='width:{roll(20, 90)}%'>{line}</td><td>{roll(10**6)}</td></tr>" for line in text.split("\n"))
    return f"<html><head><style>p{{color:#{roll(10**6):06}}}</style></head><body><table>{rows}</table><img src='cid:logo@example.vn' width=120></body></html>"


def sheet():
    cells = "".join(f"<row r='{n}'><c r='A{n}'><v>{n}</v></c><c r='B{n}' t='inlineStr'><is><t>{filled(pick(SENTENCES))}</t></is></c><c r='C{n}'><v>{roll(10**9)}</v></c></row>" for n in range(1, roll(20, 400)))
    return zipped({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook><sheets><sheet name='Tong hop' r:id='rId1'/></sheets></workbook>",
                   "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{cells}</sheetData></worksheet>"})


def document():
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in letter(20, 200).split("\n"))
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": f"<w:document><w:body>{body}</w:body></w:document>"})


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def picture():
    """A mark of the house, as a PNG: what reading pictures costs is measured elsewhere."""
    wide, high = roll(16, 48), roll(16, 48)
    bands = [chance.randbytes(3) * wide for _ in range(6)]
    rows = b"".join(b"\0" + bands[y * 6 // high] for y in range(high))
    chunk = lambda kind, data: len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    head = wide.to_bytes(4, "big") + high.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def paper():
    stream = zlib.compress(("BT /F1 12 Tf " + " ".join(f"({roll(10**6)} Bao cao) Tj T*" for _ in range(roll(20, 300))) + " ET").encode())
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>",
               b"<</Length %d/Filter/FlateDecode>>stream\n" % len(stream) + stream + b"\nendstream"]
    return b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n + 1, o) for n, o in enumerate(objects)) + b"trailer<</Root 1 0 R>>\n%%EOF\n"


def listing():
    return ("STT;Ma hang;Dien giai;So luong;Thanh tien\n" + "".join(f"{n};VT{roll(10**5):05};{pick(['Giay A4', 'Muc in', 'Cap mang'])};{roll(1, 500)};{roll(10**8)}\n" for n in range(1, roll(20, 900)))).encode()


FILES = [("tong-hop.xlsx", "vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheet), ("Dự thảo báo cáo.docx", "vnd.openxmlformats-officedocument.wordprocessingml.document", document),
         ("bao-cao.pdf", "pdf", paper), ("anh.png", "octet-stream", picture), ("vat-tu.csv", "octet-stream", listing),
         ("tai-lieu.zip", "zip", lambda: zipped({"doc-toi.txt": letter(5, 40), "bang.csv": listing().decode()})), ("du-lieu.bin", "octet-stream", lambda: chance.randbytes(roll(500, 200_000))),
         ("khoa.asc", "octet-stream", lambda: b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(chance.randbytes(900)) + b"-----END CERTIFICATE-----\n"), ("goi-tin.log", "octet-stream", lambda: "".join(f"{roll(10**10)} GET /api/v2/items/{roll(10**6)}?k={chance.randbytes(16).hex()} 200 {roll(10**5)}\n" for _ in range(roll(10, 500))).encode())]
INVITATION = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:{}@example.vn\r\nDTSTART:20261124T0{}0000Z\r\nSUMMARY:Giao ban\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def mail(depth=0):
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"], made["To"] = "Phòng Tổng hợp <tonghop@example.vn>", "Văn thư <vanthu@example.org>"
    made["Subject"] = pick(["Báo cáo tháng {small}/2026", "Re: Re: Lịch họp giao ban", "Hóa đơn {invoice}", "Fwd: [SPAM?] your invoice #{order}"]).format(small=roll(1, 13), invoice=roll(10**7), order=roll(10**6))
    made["Date"], made["Message-ID"] = f"Sun, {roll(1, 29)} Nov 2026 0{roll(10)}:00:00 +0700", f"<{roll(10**14)}.{chance.randbytes(8).hex()}@mail.example.vn>"
    if chance.random() < 0.6:
        made["DKIM-Signature"] = f"v=1; a=rsa-sha256; d=example.vn; s=k1; bh={base64.b64encode(chance.randbytes(32)).decode()}; b={base64.b64encode(chance.randbytes(256)).decode()}"
        made["X-MS-Exchange-AntiSpam-MessageData"] = base64.b64encode(chance.randbytes(roll(60, 600))).decode()
    text = letter() + SIGNATURE.format(roll(10), roll(100, 999), chance.randbytes(12).hex())
    if chance.random() < 0.4:
        text += "\n".join(f"> {line}" for line in letter().split("\n")) + "\n"
    if chance.random() < 0.15:
        text += "_______________________________________________\nDanh sách thư nội bộ: https://lists.example.vn/unsubscribe/%s\n" % chance.randbytes(20).hex()
    made.set_content(text, cte=pick(["8bit", "quoted-printable", "base64"]))
    if chance.random() < 0.6:
        made.add_alternative(page(text), subtype="html", cte=pick(["quoted-printable", "base64"]))
        if chance.random() < 0.4:
            made.get_payload()[1].add_related(picture(), "image", "png", cid="<logo@example.vn>")
    for _ in range(pick([0, 0, 1, 1, 1, 2, 3])):
        name, kind, make = pick(FILES)
        made.add_attachment(make(), maintype="application", subtype=kind, filename=name)
    if chance.random() < 0.1:
        made.add_attachment(INVITATION.format(chance.randbytes(16).hex(), roll(10)), subtype="calendar", filename="moi-hop.ics")
    if depth < 2 and chance.random() < 0.12:
        made.add_attachment(mail(depth + 1))
    return made


def parts(made):
    for n, part in enumerate(made.walk()):
        if not part.is_multipart():
            yield f"{n}-{re.sub(r'[^A-Za-z0-9.]', '_', part.get_filename() or '')}", part.get_payload(decode=True) or b""


def look(folder):
    """Findings of identifiers, opaque reasons by file, bytes, and milliseconds of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([chot, "scan", "--json", folder], stdout=subprocess.PIPE, check=False, text=True, encoding="utf-8", errors="replace").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found, opaque, size = [], {}, 0
    for line in map(json.loads, out.splitlines()):
        # As policy counts.
        if line["type"] == "finding" and line["detector"] in IDENTIFIERS and line["confidence"] != "low":
            found.append((os.path.basename(line["file"]), line["detector"], line["confidence"], line["masked"]))
        elif line["type"] == "file":
            size += line["bytes"]
            for part in line["opaque"]:
                reason = part["reason"] if isinstance(part, dict) else part
                opaque[reason] = opaque.get(reason, 0) + 1
    return found, opaque, size, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


with tempfile.TemporaryDirectory(prefix="chot-ordinary-") as top:
    folders = {name: os.path.join(top, name) for name in ["mails", "without structure", "parts alone", "nothing"]}
    for folder in folders.values():
        os.mkdir(folder)
    attached = 0
    for n in range(count):
        made = mail()
        raw = made.as_bytes()
        attached += sum(1 for _ in made.iter_attachments())
        for folder, ending, before in [("mails", "eml", b""), ("without structure", "txt", b"Thu nhu nhan duoc\n\n")]:
            with open(os.path.join(folders[folder], f"{n:04}.{ending}"), "wb") as f:
                f.write(before + raw)
        for name, data in parts(made):
            with open(os.path.join(folders["parts alone"], f"{n:04}-{name}"), "wb") as f:
                f.write(data)
    with open(os.path.join(folders["nothing"], "a.txt"), "w") as f:
        f.write("xin chao\n")
    print(f"{count} mails from seed {seed}, {attached} files attached")
    failed, costs = False, {name: [] for name in folders}
    for round_ in range(5):
        for name, folder in folders.items():
            found, opaque, size, ms = look(folder)
            costs[name].append((ms, size, found, opaque))
    start = statistics.median(ms for ms, *_ in costs["nothing"])
    for name in list(folders)[:3]:
        ms = statistics.median(ms for ms, *_ in costs[name]) - start
        _, size, found, opaque = costs[name][0]
        failed |= bool(found) or name == "mails" and bool(opaque.keys() - {"unsupported-format"})
        print(f"{name}: {size / 2**20:.1f} MiB, {size / 2**20 / ms * 1000:.0f} MiB/s of CPU; {len(found)} identifiers in {len({f for f, *_ in found})} files; opaque: {opaque}")
        for what in found[:20]:
            print("  ", *what)
sys.exit(failed)
