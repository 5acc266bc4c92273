"""What uploaders of pages do with a large file: one POST for each piece, with fields that say which it is.

pieces.py PROXY GATEWAY_CA URL FIRST SECOND   sends a file in two pieces, and then its first piece as all of a file, in the
words of Dropzone, plupload, resumable.js and Fine Uploader, and with the fields behind the file; prints the answers by
uploader, as JSON.
"""

import json
import sys
import uuid

import requests

proxy, gateway_ca, url, *pieces = sys.argv[1:]
session = requests.Session()
# Nothing of this machine's settings.
session.trust_env = False
session.proxies = {"https": proxy}
session.verify = gateway_ca
upload, name = str(uuid.uuid4()), "ghi-chu.txt"


def dropzone(number, pieces):
    sizes = [len(piece) for piece in pieces]
    return {
        "dzuuid": upload,
        "dzchunkindex": number,
        "dztotalfilesize": sum(sizes),
        "dzchunksize": sizes[0],
        "dztotalchunkcount": len(pieces),
        "dzchunkbyteoffset": sum(sizes[:number]),
    }


def plupload(number, pieces):
    return {"name": name, "chunk": number, "chunks": len(pieces)}


def resumable(number, pieces):
    return {
        "resumableChunkNumber": number + 1,
        "resumableChunkSize": len(pieces[0]),
        "resumableCurrentChunkSize": len(pieces[number]),
        "resumableTotalSize": sum(map(len, pieces)),
        "resumableType": "text/plain",
        "resumableIdentifier": "20-ghi-chutxt",
        "resumableFilename": name,
        "resumableRelativePath": name,
        "resumableTotalChunks": len(pieces),
    }


def fine_uploader(number, pieces):
    whole = {"qquuid": upload, "qqfilename": name, "qqtotalfilesize": sum(map(len, pieces))}
    if len(pieces) == 1:
        return whole
    return whole | {
        "qqpartindex": number,
        "qqtotalparts": len(pieces),
        "qqchunksize": len(pieces[number]),
        "qqpartbyteoffset": sum(map(len, pieces[:number])),
    }


def parts(fields, piece, is_file_first):
    fields = [(name, (None, str(value))) for name, value in fields.items()]
    file = [("file", (name if is_file_first else "blob", piece, "application/octet-stream"))]
    return file + fields if is_file_first else fields + file


def send(words, pieces, is_file_first=False):
    ways = [parts(words(number, pieces), piece, is_file_first) for number, piece in enumerate(pieces)]
    return [session.post(url, files=way, timeout=50).status_code for way in ways]


seen = {}
for words in [dropzone, plupload, resumable, fine_uploader]:
    seen[words.__name__] = [send(words, pieces), send(words, pieces[:1])]
seen["behind"] = [send(plupload, pieces, True), send(plupload, pieces[:1], True)]
print(json.dumps(seen))
