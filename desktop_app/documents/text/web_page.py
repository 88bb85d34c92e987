"""Converts web pages and other HTML documents, such as chapters of books, to Markdown."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import Final

from desktop_app.documents.text import html_markdown, plain_text

_CHARSET: Final = re.compile(rb"<meta\b[^>]*?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)


def read(data: bytes) -> plain_text.DecodedText | None:
    """Return a web page as Markdown, without its head; None if its encoding is unknown."""
    decoded = _decode(data)
    if decoded is None:
        return None
    return plain_text.DecodedText(to_markdown(decoded.text), decoded.note)


def to_markdown(page: str) -> str:
    """Convert a web page or the body of a mail to Markdown."""
    return html_markdown.convert(page, html_markdown.LEFT_OUT_OF_PAGES).text


def _decode(data: bytes) -> plain_text.DecodedText | None:
    """Decode a page by the encoding that it states, else by the likeliest.

    Valid UTF-8 is UTF-8, also if the page's template states another encoding.
    """
    stated = _CHARSET.search(data[:2048])
    codec = plain_text.text_codec(stated[1].decode()) if stated else ""
    if not codec or data.startswith(codecs.BOM_UTF8):
        return plain_text.decode(data)
    for encoding in (codec,) if data.isascii() else ("utf-8", codec):
        with suppress(UnicodeDecodeError):
            return plain_text.DecodedText(data.decode(encoding))
    return plain_text.decode(data)
