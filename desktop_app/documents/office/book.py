"""Converts books (EPUB) to Markdown, each chapter under a mark such as "[chapter 2]".

The package document states the order (EPUB 3.3, section 5); the table of contents is left out.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from desktop_app.documents import media_type, refusals
from desktop_app.documents.office.package import Package, resolve_part
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.text import web_page
from desktop_app.documents.worker.protocol import Limits, OnProgress, Progress
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.errors import DocumentDamagedError

_CONTAINER: Final = "META-INF/container.xml"
_OPF: Final = "{http://www.idpf.org/2007/opf}"
_ROOT_FILE: Final = "{urn:oasis:names:tc:opendocument:xmlns:container}rootfile"
_PICTURE: Final = re.compile(rb"<(?:\w+:)?(?:svg|img|image|object)\b", re.I)
_RIGHTS: Final = "META-INF/rights.xml"


def read(
    name: str, data: bytes, limits: Limits, on_progress: OnProgress, left_out: LeftOut
) -> tuple[str, int]:
    """Return the book as Markdown, and the number of its chapters that have text."""
    package = Package(name, data, limits)
    if _RIGHTS in package:
        raise refusals.encrypted_error(name)
    file = next(package.xml(_CONTAINER).iter(_ROOT_FILE), None)
    part = "" if file is None else file.get("full-path", "")
    chapters = _chapters(package.xml(part), resolve_part("", part).rpartition("/")[0])
    texts = []
    for number, chapter in enumerate(chapters):
        on_progress(Progress(number, len(chapters), "chapter"))
        if chapter not in package:
            left_out.unread.append((chapter, SkipReason.MISSING))
            continue
        try:
            content = package.content(chapter)
        except DocumentDamagedError:
            left_out.unread.append((chapter, SkipReason.DAMAGED))
            continue
        is_picture = media_type.detect_image(content) is not None
        page = None if is_picture else web_page.read(content, left_out=left_out)
        text = page.text.strip() if page else ""
        if page is None and not is_picture:
            left_out.unread.append((chapter, SkipReason.DAMAGED))
        elif is_picture or (not text and _PICTURE.search(content)):
            left_out.unread.append((chapter, SkipReason.IMAGE))
        if text:
            texts.append(text)
    on_progress(Progress(len(chapters), len(chapters), "chapter"))
    marked_chapters = (
        f"[chapter {number}]\n\n{text}" for number, text in enumerate(texts, start=1)
    )
    return "\n\n".join(marked_chapters), len(texts)


def _chapters(book: Element, folder: str) -> list[str]:
    """Return the names of the chapters' parts in reading order."""
    items = {item.get("id", ""): item for item in book.iter(f"{_OPF}item")}
    parts = []
    for row in book.iter(f"{_OPF}itemref"):
        item = items.get(row.get("idref", ""))
        if item is not None and "nav" not in item.get("properties", "").split():
            parts.append(resolve_part(folder, unquote(item.get("href", ""))))
    return parts
