"""Generates PDF files behind a password, with pages drawn without text, like scans.

They use the standard's oldest handler (RC4, 40 bits; PDF 32000-1, 7.6.3), which every reader knows.
"""

from __future__ import annotations

from hashlib import md5

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_MAY = -4
_ID = b"0123456789abcdef"


def rc4(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt with RC4."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    made, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) & 255
        j = (j + box[i]) & 255
        box[i], box[j] = box[j], box[i]
        made.append(byte ^ box[(box[i] + box[j]) & 255])
    return bytes(made)


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PADDING)[:32]


def _digest(data: bytes) -> bytes:
    return md5(data, usedforsecurity=False).digest()


def locked_pdf(password: str, pages: int = 1) -> bytes:
    """Return a PDF behind `password` with a black square on each page."""
    owner = rc4(_digest(_padded(password))[:5], _padded(password))
    key = _digest(_padded(password) + owner + _MAY.to_bytes(4, "little", signed=True) + _ID)[:5]
    user = rc4(key, _PADDING)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {pages} /Kids [{kids}] >>".encode(),
        b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P %d /O <%s> /U <%s> >>"
        % (_MAY, owner.hex().encode(), user.hex().encode()),
    ]
    for index in range(pages):
        number = 5 + 2 * index
        box = "[0 0 300 400]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents {number} 0 R >>".encode()
        )
        own = _digest(key + number.to_bytes(3, "little") + b"\0\0")[:10]
        drawn = rc4(own, b"100 100 %d 100 re f" % (50 + index))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    made = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    identity = _ID.hex().encode()
    made += b"trailer\n<< /Size %d /Root 1 0 R /Encrypt 3 0 R /ID [<%s> <%s>] >>\n" % (
        len(objects) + 1,
        identity,
        identity,
    )
    return bytes(made + b"startxref\n%d\n%%%%EOF\n" % start)
