"""Data in text: pictures and files that an address of the scheme `data:` holds in Base64.

As text they would be paid for and could not be read: a picture of 48 KB is about 45,000 tokens.
"""

from __future__ import annotations

import re
from typing import Final

_MIN_PAYLOAD_CHARS: Final = 200
"""Shorter data stays: an icon of a style sheet costs less than 100 tokens."""
_RUN: Final = "[A-Za-z0-9+/_-]"
# JSON may quote a slash as "\\/", and addresses may encode "+" and "/".
_DATA_ADDRESS: Final = re.compile(
    r"data:(?P<type>[\w.+-]{1,64}\\?/[\w.+-]{1,128})?(?:;[\w.+-]{1,64}=[^;,\s\"']{0,128}){0,8};base64,"
    rf"(?P<payload>{_RUN}+(?:(?:\\/|%2[BF]){_RUN}*)*)(?:=|%3D){{0,2}}",
    re.I,
)
_QUOTED_SIGN: Final = re.compile(r"\\/|%2[BF]", re.I)
_DEFAULT_TYPE: Final = "text/plain"  # RFC 2397, section 3
_KB: Final = 1024


def data_note(media_type: str, size: int, name: str = "") -> str:
    """Return what stands for data that a text leaves out, such as "[image/png, 48 KB]".

    Args:
        size: of the decoded data, in bytes.
        name: of the data, if it has one.
    """
    if size < _KB:
        size_text = "1 byte" if size == 1 else f"{size} bytes"
    elif size < _KB * _KB:
        size_text = f"{round(size / _KB)} KB"
    else:
        size_text = f"{size / _KB**2:.1f} MB"
    return f"[{media_type or 'data'}, {size_text}{f': {name}' if name else ''}]"


def without_embedded_data(text: str) -> str:
    """Return a text with a note in place of each address that holds data in Base64."""
    if ";base64," not in text:
        return text
    return _DATA_ADDRESS.sub(_note_of, text)


def _note_of(match: re.Match[str]) -> str:
    payload = _QUOTED_SIGN.sub("/", match["payload"])
    if len(payload) < _MIN_PAYLOAD_CHARS:
        return match[0]
    media_type = (match["type"] or _DEFAULT_TYPE).lower().replace("\\", "")
    return data_note(media_type, len(payload) * 3 // 4)
