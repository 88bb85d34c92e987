"""What is dropped or pasted: local files, a picture, or neither (then it is text).

A picture comes from a browser or a screenshot tool as bytes in the clipboard. They are handed on as
they are, for the process that reads documents to unpack; only a picture that another part of a Qt
program holds is a QImage already. An address alone is text: nothing is ever fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

# In order of preference: screenshots come in many forms, and PNG loses nothing.
_TYPES: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tiff",
}
_ADDRESS: Final = re.compile(r"(https?|data|blob|file):\S*\Z", re.IGNORECASE)
_DATA: Final = re.compile(r"data:(image/[a-z]+);base64,([A-Za-z0-9+/=%\s]+)\Z")
LONGEST_ADDRESS: Final = 32 << 20


@dataclass(frozen=True)
class GivenPicture:
    """A picture that is no file: its bytes in some format, or unpacked already."""

    name: str
    content: bytes | QImage


def files_in(data: QMimeData) -> list[Path]:
    """The local files that were copied or are dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def may_hold_picture(data: QMimeData) -> bool:
    """Whether there is a picture that is not also a text (a copied cell of a table is both: its
    text is meant; the address of a picture is not). Nothing is read."""
    has_bytes = data.hasImage() or any(data.hasFormat(kind) for kind in _TYPES)
    text = data.text().strip()
    if has_bytes:
        return not text or bool(_ADDRESS.match(text))
    return text.startswith("data:image/") and len(text) <= LONGEST_ADDRESS


def picture_in(data: QMimeData) -> GivenPicture | None:
    """The picture that is meant, if one is."""
    if not may_hold_picture(data):
        return None
    for kind, ending in _TYPES.items():
        if data.hasFormat(kind) and (content := bytes(data.data(kind).data())):
            return GivenPicture(_name_of(data, ending), content)
    if (found := _DATA.match(data.text().strip())) and found[1] in _TYPES:
        return _of_address(data, found)
    image = data.imageData() if data.hasImage() else None
    if isinstance(image, QImage) and not image.isNull():
        return GivenPicture(_name_of(data, ".png"), image)
    return None


def _of_address(data: QMimeData, found: re.Match[str]) -> GivenPicture | None:
    try:
        content = base64.b64decode(found[2].replace("%3D", "="), validate=False)
    except binascii.Error:
        return None
    return GivenPicture(_name_of(data, _TYPES[found[1]]), content)


def _name_of(data: QMimeData, ending: str) -> str:
    """The last part of the picture's address, where it has one; else that it was pasted."""
    urls = [url for url in data.urls() if url.scheme() in ("http", "https")]
    stem = PurePosixPath(urls[0].fileName()).stem[:60] if urls else ""
    return f"{stem or 'Pasted picture'}{ending}"
