#!/usr/bin/env python3
"""Verifies a chot audit ledger from FORMAT.md alone, sharing no code with chot.

usage: verify.py DIR      prints a summary and one line per problem; exit status 0 when whole, 1 when not, 2 when
                          DIR cannot be read. Needs nothing but Python 3.8. Run it while no gateway writes to DIR.
"""
import hashlib, json, os, re, sys, zlib

SEGMENT = re.compile(r"seg-(\d{20})\.log$")
UNFINISHED = re.compile(r"(seg-\d{20}|head)\.tmp$")
ZERO = "0" * 64


class Ledger:
    def __init__(self, folder):
        self.folder, self.problems, self.notes = folder, [], []
        self.seq, self.hash = 0, ZERO              # the end of the chain so far; hash None when it is not known
        self.records = self.purged = 0
        self.purges, self.tombs = {}, {}
        self.residue = None                        # what is wrong behind the end of the segment before

    def problem(self, kind, file, offset, what):
        self.problems.append(f"{kind}: {file} at byte {offset}: {what}")

    def verify(self):
        files = sorted(os.listdir(self.folder))
        segments = [(int(m.group(1)), f) for f in files if (m := SEGMENT.match(f))]
        for file in files:
            if UNFINISHED.match(file):
                self.notes.append(f"{file}: left by a write that did not end")
            elif not SEGMENT.match(file) and file not in ("head", "lock"):
                self.problem("unknown-file", file, 0, "this file is not the ledger's")
        self.head = self.read_head("head" in files, segments)
        for n, (first, file) in enumerate(segments):
            following = segments[n + 1][0] if n + 1 < len(segments) else None
            with open(os.path.join(self.folder, file), "rb") as f:
                self.segment(file, first, f.read(), following)
        self.settle(False)
        if self.head and self.head[0] > self.seq:
            self.problem("rollback", "head", 0, f"the ledger ends with {self.seq}, but had come to {self.head[0]}")
        for seq, (file, segment, lines) in self.tombs.items():
            digest = hashlib.sha256("".join(lines).encode()).hexdigest()
            if self.purges.pop(seq, None) != (segment, len(lines), digest):
                self.problem("forged-purge", file, 0, f"purge record {seq} does not agree")
        self.notes += [f"purge record {seq} was not carried out" for seq in self.purges]

    def read_head(self, there, segments):
        if not there:
            if segments:
                self.problem("head", "head", 0, "the head file is missing")
            return None
        with open(os.path.join(self.folder, "head"), "rb") as f:
            raw = f.read()
        m = re.fullmatch(rb"(chot-head 1 (0|[1-9]\d*) ([0-9a-f]{64})) ([0-9a-f]{8})\n", raw)
        if not m or zlib.crc32(m.group(1)) != int(m.group(4), 16):
            self.problem("head", "head", 0, "the head file does not read")
            return None
        return int(m.group(2)), m.group(3).decode()

    def segment(self, file, first, raw, following):
        if self.seq + 1 < first:
            self.problem("gap", file, 0, f"records {self.seq + 1} to {first - 1} before it are missing")
            self.seq, self.hash = first - 1, None
        at, begun, abandoned = 0, False, False
        while True:
            payload = frame(raw, at)
            if payload is None:
                break
            record = json.loads(payload)
            number = record["from" if record["kind"] == "purged" else "seq"]
            if following is not None and number >= following:
                break                               # void: the next segment took this number
            if not begun:
                begun, abandoned = True, record.get("after") == "abandoned"
                if number != first:
                    self.problem("reordered", file, at, f"it begins with record {number}")
            self.record(file, first, at, payload, record, number)
            at += 8 + len(payload)
        self.settle(abandoned)
        if any(raw[at:]):
            what = (file, at, f"record {self.seq + 1} does not read, or is void")
            if following is not None and following == self.seq + 1:
                self.residue = what                 # allowed if the next segment says that this one was abandoned
            else:
                self.problem("checksum", *what)

    def record(self, file, first, at, payload, record, number):
        if record["kind"] == "purged":
            last, digest = record["to"], record["last_hash"]
            self.purged += last - number + 1
            entry = self.tombs.setdefault(record["purge"], (file, first, []))
            entry[2].append(f"{number}:{last}:{digest}\n" if entry[1] == first else "elsewhere\n")
        else:
            last, digest = number, hashlib.sha256(payload).hexdigest()
            self.records += 1
        if number != self.seq + 1:
            kind = "gap" if number > self.seq + 1 else "duplicate"
            self.problem(kind, file, at, f"record {number} stands where {self.seq + 1} should")
        elif record["kind"] != "purged" and self.hash is not None and record["prev"] != self.hash:
            self.problem("chain-break", file, at, f"record {number} does not follow the record before it")
        if record["kind"] == "purge":
            self.purges[number] = (record["segment"], record["runs"], record["digest"])
        self.seq, self.hash = last, digest
        if self.head and self.head[0] == last and self.head[1] != digest:
            self.problem("chain-break", file, at, f"record {last} is not the one the head file names")

    def settle(self, abandoned):
        if self.residue and abandoned:
            self.notes.append(f"{self.residue[0]}: abandoned; bytes from {self.residue[1]} on are void")
        elif self.residue:
            self.problem("residue", *self.residue)
        self.residue = None


def frame(raw, at):
    """The payload of the frame at `at`, or None when there is no intact one."""
    length = int.from_bytes(raw[at:at + 4], "little")
    crc = int.from_bytes(raw[at + 4:at + 8], "little")
    payload = raw[at + 8:at + 8 + length]
    whole = 0 < length <= 1 << 20 and len(payload) == length and zlib.crc32(payload) == crc
    line = payload.startswith(b'{"v":1,"kind":"') and payload.find(b"\n") == length - 1
    return payload if whole and line else None


def main():
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        print(__doc__, file=sys.stderr)
        return 2
    ledger = Ledger(sys.argv[1])
    ledger.verify()
    print(f"records {ledger.records}, purged {ledger.purged}, last {ledger.seq}, chain head {ledger.hash}")
    print("\n".join([f"note: {n}" for n in ledger.notes] + ledger.problems + ["OK" if not ledger.problems else "NOT OK"]))
    return 1 if ledger.problems else 0


if __name__ == "__main__":
    sys.exit(main())
