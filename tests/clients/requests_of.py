"""What scripts with requests do: one session, and each line sent in all the ways there are.

requests_of.py PROXY GATEWAY_CA URL LINE...   prints the answers by line, as JSON.
"""

import json
import sys

import requests

proxy, gateway_ca, url, *lines = sys.argv[1:]
session = requests.Session()
# Nothing of this machine's settings.
session.trust_env = False
session.proxies = {"https": proxy}
session.verify = gateway_ca


def in_pieces(line):
    for letter in line:
        yield letter.encode()


seen = {}
for line in lines:
    ways = [
        {"data": line.encode(), "headers": {"Content-Type": "text/plain; charset=utf-8"}},
        {"json": {"message": line}},
        {"data": {"message": line}},
        {"files": {"file": ("phieu.txt", line, "text/plain")}},
        {"data": in_pieces(line), "headers": {"Content-Type": "text/plain; charset=utf-8"}},
        {"params": {"q": line}},
    ]
    seen[line] = [session.post(url, timeout=50, **way).status_code for way in ways]
print(json.dumps(seen))
