"""Decrypts a library in a folder to JSON lines, with the standard library and `cryptography` only.

python rescue.py FOLDER > library.jsonl        the passphrase is asked for
python rescue.py FOLDER SHA256 FILE            one attachment

Each line is an entry with its device; README.md describes them. It needs nothing of Repartee.
"""

import base64
import getpass
import hashlib
import hmac
import json
import pathlib
import sys
import zlib

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305


def hmac_sha256(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def open_file(key: bytes, name: str, number: int, sealed: bytes) -> bytes:
    salt, body = sealed[4:20], sealed[20:]
    subkey = hmac_sha256(key, b"repartee sync 1 " + salt + name.encode() + b"\x01")
    return ChaCha20Poly1305(subkey).decrypt(number.to_bytes(12, "big"), body, name.encode())


def library_key(folder: pathlib.Path, secret: str) -> bytes:
    library = json.loads((folder / "library.json").read_text())
    code = secret.replace("-", "").strip().upper()
    if len(code) in (52, 54):  # the last two of 54 letters check the others
        return base64.b32decode(code[:52] + "====")
    wrapping = hashlib.scrypt(
        secret.encode(), salt=bytes.fromhex(library["salt"]), n=library["scrypt_n"], r=8, p=1,
        maxmem=1 << 28, dklen=32,
    )  # fmt: skip
    wrapped = bytes.fromhex(library["key"])
    return ChaCha20Poly1305(wrapping).decrypt(bytes(12), wrapped, library["library"].encode())


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    key = library_key(folder, getpass.getpass("Passphrase or code: "))
    if len(sys.argv) > 2:
        names = hmac_sha256(key, b"repartee sync 1 names\x01")
        digest = hmac_sha256(names, sys.argv[2].encode()).hex()
        name = f"files/{digest[:2]}/{digest[2:]}"
        content = open_file(key, name, 0, (folder / name).read_bytes())
        pathlib.Path(sys.argv[3]).write_bytes(content)
        return
    for path in sorted(folder.glob("devices/*/*-*")):
        name = path.relative_to(folder).as_posix()
        text = open_file(key, name, int(path.name[-10:]), path.read_bytes())
        for entry in json.loads(zlib.decompress(text))["entries"]:
            sys.stdout.write(json.dumps([path.parent.name, *entry]) + "\n")


if __name__ == "__main__":
    main()
