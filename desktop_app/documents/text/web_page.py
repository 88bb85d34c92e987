"""Converts web pages and other HTML documents, such as chapters of books, to Markdown."""

from __future__ import annotations

import codecs
import html
import re
from contextlib import suppress
from typing import Final

from desktop_app.documents.text import html_markdown, plain_text

_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_CHARACTER_DATA: Final = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|(\Z))", re.S)


def read(data: bytes) -> plain_text.DecodedText | None:
    """Return a web page as Markdown, without its head; None if its encoding is unknown."""
    decoded = _decode(data)
    if decoded is None:
        return None
    page = decoded.text
    if page.lstrip("\ufeff \n").startswith("<?xml"):
        page = _CHARACTER_DATA.sub(_escape_character_data, page)
    return plain_text.DecodedText(to_markdown(page), decoded.note)


def _escape_character_data(section: re.Match[str]) -> str:
    is_unterminated = section[2] is not None
    return section[0] if is_unterminated else html.escape(section[1], quote=False)


def to_markdown(page: str) -> str:
    """Convert a web page or the body of a mail to Markdown."""
    return html_markdown.convert(page, html_markdown.LEFT_OUT_OF_PAGES).text


def _decode(data: bytes) -> plain_text.DecodedText | None:
    """Decode a page by the encoding that it states, else by the likeliest.

    UTF-8 that is not ASCII is read as UTF-8, even if the page states another encoding.
    """
    charset = _CHARSET.search(data[:2048])
    codec = plain_text.text_codec(charset[1].decode()) if charset else ""
    if not codec or data.startswith(codecs.BOM_UTF8):
        return plain_text.decode(data)
    encodings = (codec,) if data.isascii() else ("utf-8", codec)
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return plain_text.DecodedText(data.decode(encoding))
    return plain_text.decode(data)
