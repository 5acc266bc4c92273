#!/usr/bin/env python3
"""Makes mails of every shape, seeded, each with an invented number of its own, and says what Python's reader sees.

Usage: mail_views.py FOLDER COUNT SEED. Writes FOLDER/NNNN.eml; prints one JSON object: for each file its number and which
of Python's two policies ("compat32", "default") shows it in a decoded part, a header, or the text as it stands.
"""
import base64, email, email.policy, json, os, quopri, random, re, sys

folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
pick = chance.choice


def number(n):
    """Twelve digits with the structure of a citizen number, of nobody: province 001, sex and century, year, six digits."""
    return f"001{pick('0123')}{chance.randrange(100):02}{(n * 7919 + 100003) % 1000000:06}"


def base64_lines(data, width):
    signs = base64.b64encode(data).decode()
    return "".join(signs[i:i + width] + pick(["\r\n"] * 9 + [" \r\n"]) for i in range(0, len(signs), width))


def coded(text):
    """(name of the encoding, body) of `text`."""
    data = text.encode()
    kind = pick(["base64", "base64", "quoted-printable", "quoted-printable", "8bit"])
    if kind == "base64":
        return kind, base64_lines(data, pick([4, 57, 60, 72, 76, 76, 76]))
    if kind == "quoted-printable":
        body = quopri.encodestring(data).decode().replace("\n", "\r\n")
        return kind, "".join(f"={ord(c):02X}" if c.isdigit() and chance.random() < 0.5 else c for c in body)
    return kind, text.replace("\n", "\r\n")


def header(name, value):
    name = pick([name] * 6 + [name.lower(), name.upper()])
    colon = pick([": "] * 8 + [":", ":\t", ": \r\n "])
    return f"{name}{colon}{value}\r\n"


def encoding_header(kind):
    value = pick([kind] * 8 + [kind.upper(), f" {kind} ", f"{kind}; x=y", f'"{kind}"', f"(x) {kind}", f"{kind} (x)"])
    lines = [header("Content-Transfer-Encoding", value)]
    if chance.random() < 0.15:
        lines.insert(chance.randrange(2), header("Content-Transfer-Encoding", pick(["7bit", "base64", "quoted-printable", "x-none"])))
    return "".join(lines)


def type_header(text="plain"):
    charset = pick(["utf-8", '"utf-8"', "UTF-8", "us-ascii", "iso-8859-1"])
    name = pick(["", "", '; name="ds.txt"', "; name*=utf-8''ds%20moi.txt", "; name*0=d; name*1=s.txt"])
    return header("Content-Type", f"text/{text}; charset={charset}{name}")


def leaf(text):
    kind, body = coded(text)
    lines = [type_header(), encoding_header(kind)]
    if chance.random() < 0.3:
        lines.append(header("Content-Disposition", pick(["inline", 'attachment; filename="ds.txt"', "attachment; filename==?utf-8?Q?ds.txt?="])))
    chance.shuffle(lines)
    return "".join(lines) + "\r\n" + body


def boundary_param(boundary):
    return pick([f'boundary="{boundary}"'] * 6 + [f"boundary={boundary}", f"\r\n\tboundary={boundary}", f'boundary = "{boundary}"',
                 f'boundary="{boundary}"; boundary="other"', f'boundary="other"; boundary="{boundary}"', f"boundary*=us-ascii''{boundary}",
                 f'boundary*0="{boundary[:3]}"; boundary*1="{boundary[3:]}"', f"BOUNDARY=\"{boundary}\"", f'x="y;z"; boundary="{boundary}"'])


def multipart(parts, depth):
    boundary = f"b{depth}{chance.randrange(10**6)}"
    kind = pick(["mixed", "mixed", "alternative", "related", "digest", "MIXED", "x-other"])
    out = [header("Content-Type", f"multipart/{kind}; {boundary_param(boundary)}"), "\r\n"]
    out.append(pick(["", "", "This is a multi-part message.\r\n"]))
    for part in parts:
        out.append(f"--{boundary}{pick([''] * 6 + [' ', chr(9)])}\r\n{part}\r\n")
    out.append(pick([f"--{boundary}--\r\n"] * 7 + ["", f"--{boundary}\r\n", f"--{boundary}--"]))
    return "".join(out)


def body(text, depth=0):
    """Headers and body of an entity with `text` somewhere in it."""
    if depth > 3 or chance.random() < 0.4:
        return leaf(text)
    if chance.random() < 0.15:
        return header("Content-Type", "message/rfc822") + "\r\n" + mail(text, depth + 1)
    parts = [leaf(pick(["Xin chao.\n", "Lich hop tuan sau.\n", "Tran trong.\n"])) for _ in range(chance.randrange(3))]
    parts.insert(chance.randrange(len(parts) + 1), body(text, depth + 1))
    return multipart(parts, depth)


def in_header(secret):
    word = pick([f"=?utf-8?B?{base64.b64encode(f'so CCCD {secret}'.encode()).decode()}?=", f"=?utf-8?Q?so_CCCD_{secret[:6]}?=\r\n =?utf-8?Q?{secret[6:]}?=",
                 f"so CCCD {secret}"])
    return header(pick(["Subject", "Comments", "X-Note"]), word)


def mail(text, depth=0):
    return "From: an@example.vn\r\nTo: b@example.org\r\nMIME-Version: 1.0\r\n" + body(text, depth)


def mutated(whole):
    """One to three small changes: a line lost, doubled, swapped or ended otherwise."""
    lines = whole.split("\r\n")
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(max(len(lines) - 1, 1))
        change = pick(["lose", "double", "swap", "blank", "cut", "lf"])
        if change == "lose" and len(lines) > 4:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "swap" and at + 1 < len(lines):
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
        elif change == "blank":
            lines.insert(at, pick(["", " ", "X-Other: y"]))
        elif change == "cut":
            lines[at] = lines[at].rstrip()[:max(len(lines[at]) - 1, 0)] if "ontent" in lines[at] else lines[at]
        elif change == "lf" and at + 1 < len(lines):
            lines[at] += "\n" + lines.pop(at + 1)
    return "\r\n".join(lines)


def seen_by(policy, raw, secret):
    message = email.message_from_bytes(raw, policy=policy)
    # A line that was doubled may have made it a longer number.
    alone = re.compile(rf"(?<!\d){secret}(?!\d)")
    for part in message.walk():
        for _name, value in part.items():
            shown = str(email.header.make_header(email.header.decode_header(str(value)))) if policy is email.policy.compat32 else str(value)
            if alone.search(shown):
                return True
        if part.is_multipart():
            shown = [part.preamble or "", part.epilogue or ""]
        else:
            shown = [(part.get_payload(decode=True) or b"").decode("utf-8", "replace")]
        if any(alone.search(text) for text in shown):
            return True
    return False


said = {}
for n in range(count):
    secret = number(n)
    text = pick([f"Xin gui anh so CCCD {secret} cua ong Thu Nghiem.\n", f"CCCD: {secret}\nHo ten: Thử Nghiệm\n"])
    whole = in_header(secret) + mail("Xin chao.\n") if n % 10 == 9 else mail(text)
    if n % 2:
        whole = mutated(whole)
    raw = whole.encode()
    name = f"{n:04}.eml"
    with open(os.path.join(folder, name), "wb") as f:
        f.write(raw)
    views = {}
    for called, policy in [("compat32", email.policy.compat32), ("default", email.policy.default)]:
        try:
            views[called] = seen_by(policy, raw, secret)
        except Exception:  # Python's newer parser raises on some malformed headers: then it shows nothing.
            views[called] = False
    said[name] = {"number": secret, "plain": secret.encode() in raw, **views}
json.dump(said, sys.stdout)
