"""Data in text: pictures and files in Base64, most in an address of the scheme `data:`.

As text they would be paid for and could not be read: a picture of 48 KB is about 45,000 tokens.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.domain.lazy_pattern import lazy_pattern

_MIN_PAYLOAD_CHARS: Final = 200
"""Shorter data stays: an icon of a style sheet costs less than 100 tokens."""
_RUN: Final = "[A-Za-z0-9+/_-]"
# JSON may quote a slash as "\\/", and addresses may encode "+" and "/".
_DATA_ADDRESS: Final = lazy_pattern(
    r"data:(?P<type>[\w.+-]{1,64}\\?/[\w.+-]{1,128})?(?:;[\w.+-]{1,64}=[^;,\s\"']{0,128}){0,8};base64,"
    rf"(?P<payload>{_RUN}+(?:(?:\\/|%2[BF]){_RUN}*)*)(?:=|%3D){{0,2}}",
    re.I,
)
# Lines of Base64, as Inkscape writes them into the attributes of SVG and Obsidian's Excalidraw,
# with empty lines between, into its drawings; and a line that ends them.
_MORE_LINES: Final = (
    rf"(?:(?:[ \t]*\r?\n){{1,2}}[ \t]*{_RUN}{{60,}}+)*+"
    rf"(?:[ \t]*\r?\n[ \t]*{_RUN}+(?=[=\"']))?(?:=|%3D){{0,2}}"
)
_DATA_LINES: Final = lazy_pattern(_DATA_ADDRESS.pattern + _MORE_LINES, re.I)
# Data without an address, such as a drawing of Excalidraw's. What is shorter than 3 KB may be a
# certificate or a key, which people ask about.
_BARE_DATA: Final = lazy_pattern(rf"(?<!{_RUN})(?<![=.]){_RUN}{{60,}}+{_MORE_LINES}")
_MIN_BARE_CHARS: Final = 4096
_MIXTURE: Final = tuple(map(re.compile, ("[A-Z]", "[a-z]", "[0-9]", "[+/_-]")))
_QUOTED_SIGN: Final = lazy_pattern(r"\\/|%2[BF]", re.I)
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


def leave_out_data(text: str) -> tuple[str, list[str]]:
    """Return a document's text with notes in place of data in Base64, and these notes.

    Also data without an address are left out if they are long.
    """
    notes: list[str] = []

    def note_of(match: re.Match[str]) -> str:
        note = _note_of(match)
        if note != match[0]:
            notes.append(note)
        return note

    def note_of_bare(match: re.Match[str]) -> str:
        run = match[0]
        is_data = len(run) >= _MIN_BARE_CHARS and all(sign.search(run) for sign in _MIXTURE)
        if not is_data:
            return run
        notes.append(data_note("", len("".join(run.split())) * 3 // 4))
        return notes[-1]

    if ";base64," in text:
        text = _DATA_LINES.sub(note_of, text)
    return _BARE_DATA.sub(note_of_bare, text), notes


def _note_of(match: re.Match[str]) -> str:
    start = match.start("payload") - match.start()
    payload = "".join(_QUOTED_SIGN.sub("/", match[0][start:]).split()).rstrip("=")
    if len(payload) < _MIN_PAYLOAD_CHARS:
        return match[0]
    media_type = (match["type"] or _DEFAULT_TYPE).lower().replace("\\", "")
    return data_note(media_type, len(payload) * 3 // 4)
