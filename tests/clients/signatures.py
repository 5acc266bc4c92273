"""Verifies the DKIM signatures of a mail with dkimpy.

Usage: signatures.py MAIL DOMAIN SELECTOR KEY, where KEY is the private key whose public half DNS would have. Prints one line
for each signature: its domain, selector, and whether it holds.
"""
import base64
import subprocess
import sys

import dkim

mail, domain, selector, key = sys.argv[1:]
public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


def txt(name, timeout=5):
    return record if name.rstrip(b".") == f"{selector}._domainkey.{domain}".encode() else None


message = dkim.DKIM(open(mail, "rb").read())
for n in range(sum(name.lower() == b"dkim-signature" for name, _ in message.headers)):
    try:
        holds = message.verify(idx=n, dnsfunc=txt)
    except dkim.DKIMException as why:
        holds = why
    print(message.domain.decode(), message.selector.decode(), holds)
