"""Encrypts a document by the standard scheme (MS-OFFCRYPTO 2.3.4.5), with AES-128. Usage: standard.py FROM TO PASSWORD."""

import hashlib
import os
import struct
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msoffcrypto.method.container.ecma376_encrypted import ECMA376Encrypted

source, target, password = sys.argv[1:]
salt = os.urandom(16)
digest = hashlib.sha1(salt + password.encode("utf-16-le")).digest()
for n in range(50_000):
    digest = hashlib.sha1(struct.pack("<I", n) + digest).digest()
digest = hashlib.sha1(digest + struct.pack("<I", 0)).digest()
spread = lambda fill: hashlib.sha1(bytes(fill ^ b for b in digest.ljust(64, b"\0"))).digest()
key = (spread(0x36) + spread(0x5C))[:16]


def seal(plain):
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return cipher.update(plain) + cipher.finalize()


verifier = os.urandom(16)
header = struct.pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0)
header += "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
info = struct.pack("<HHII", 3, 2, 0x24, len(header)) + header
info += struct.pack("<I", 16) + salt + seal(verifier)
info += struct.pack("<I", 20) + seal(hashlib.sha1(verifier).digest().ljust(32, b"\0"))
document = open(source, "rb").read()
package = struct.pack("<Q", len(document)) + seal(document + bytes(-len(document) % 16))
ECMA376Encrypted(package, info).write_to(open(target, "wb"))
