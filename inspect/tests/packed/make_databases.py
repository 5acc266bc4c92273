#!/usr/bin/env python3
"""Makes the small databases of this folder, run by `make`. Everybody in them is invented."""

import gzip
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp()


def fresh(name, page=512, encoding="UTF-8"):
    path = os.path.join(work, name)
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("PRAGMA secure_delete = OFF")
    base.execute(f"PRAGMA page_size = {page}")
    base.execute(f"PRAGMA encoding = '{encoding}'")
    return base, path


def keep(path, name, packed=False):
    with open(path, "rb") as file:
        content = file.read()
    with open(os.path.join(here, name), "wb") as file:
        file.write(gzip.compress(content, 9, mtime=0) if packed else content)


base, path = fresh("nguoi.db")
base.execute("CREATE TABLE nguoi (id INTEGER PRIMARY KEY, ho_ten TEXT, so_cccd TEXT)")
base.execute("INSERT INTO nguoi VALUES (1, 'Nguyễn Văn An', '001090123456')")
base.close()
keep(path, "nguoi.db")

# Numbers that need their column, lost zeros, long values, an index, a key of its own, deleted rows and pages.
for name, encoding in ("bang.db.gz", "UTF-8"), ("bang16.db.gz", "UTF-16le"):
    base, path = fresh(name, encoding=encoding)
    base.execute("CREATE TABLE nguoi (id INTEGER PRIMARY KEY, ho_ten TEXT, so_cmnd TEXT, so_cccd INTEGER)")
    base.execute("CREATE INDEX theo_ten ON nguoi (ho_ten)")
    rows = [(n, "Nguyễn Văn An", f"0123{n:05}", 1190123000 + n) for n in range(1, 61)]
    base.executemany("INSERT INTO nguoi VALUES (?, ?, ?, ?)", rows)
    base.execute("CREATE TABLE ghi_chu (noi_dung TEXT, tep BLOB)")
    base.execute("INSERT INTO ghi_chu VALUES (?, NULL)", ("x " * 900 + "so CCCD 001290123456",))
    tail = gzip.compress("Số CCCD 001390123456".encode(), mtime=0)
    base.execute("INSERT INTO ghi_chu VALUES (NULL, ?)", (tail,))
    base.execute("CREATE TABLE the (ghi_chu TEXT, so_cmnd TEXT, PRIMARY KEY (so_cmnd)) WITHOUT ROWID")
    base.execute("INSERT INTO the VALUES ('moi', '012399999')")
    base.execute("CREATE TABLE cu (so TEXT)")
    base.execute("INSERT INTO cu VALUES (?)", ("so CCCD 001490123456",))
    base.execute("DROP TABLE cu")
    base.execute("INSERT INTO ghi_chu VALUES (?, NULL)", ("xoa so CCCD 001590123456 xoa",))
    base.execute("DELETE FROM ghi_chu WHERE noi_dung LIKE 'xoa%'")
    base.close()
    keep(path, name, packed=True)

base, path = fresh("log.db")
base.execute("PRAGMA journal_mode = WAL")
base.execute("PRAGMA wal_autocheckpoint = 0")
base.execute("CREATE TABLE nguoi (so_cccd TEXT)")
base.execute("INSERT INTO nguoi VALUES ('001090123456')")
keep(path + "-wal", "nguoi.db-wal")
base.close()

# Insurance numbers that only their column announces, in what was deleted; and numbers of orders.
DELETED = {
    "dong": "DELETE FROM nguoi WHERE rowid % 2 = 0",
    "cuoi": "DELETE FROM nguoi WHERE rowid > 3",
    "het": "DELETE FROM nguoi",
    "bang": "DROP TABLE nguoi",
}
for column, name in ("ma_bhxh", "xoa"), ("ma_don_hang", "don"):
    for how, statement in DELETED.items():
        base, path = fresh(f"{name}-{how}.db", page=4096)
        base.execute(f"CREATE TABLE nguoi (ho_ten TEXT, {column} TEXT)")
        rows = [("Lê Văn " + "ABCDE"[n % 5], f"79{51123457 + 1234567 * n % 48000000:08}") for n in range(24)]
        base.executemany("INSERT INTO nguoi VALUES (?, ?)", rows)
        base.execute(statement)
        base.close()
        keep(path, f"{name}-{how}.db.gz", packed=True)

base, path = fresh("log2.db", page=4096)
base.execute("PRAGMA journal_mode = WAL")
base.execute("PRAGMA wal_autocheckpoint = 0")
base.execute("CREATE TABLE nguoi (id INTEGER PRIMARY KEY, ho_ten TEXT, ma_bhxh TEXT)")
base.execute("BEGIN")
base.executemany("INSERT INTO nguoi VALUES (NULL, ?, ?)", rows)
base.execute("COMMIT")
keep(path + "-wal", "xoa.db-wal.gz", packed=True)
base.close()

shutil.rmtree(work)
