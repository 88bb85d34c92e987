"""Reads Evernote's export (ENEX): notes in XML, each a web page in its `content`.

The files of a note are Base64 in its `resource` elements, and are named at its end. Source:
Evernote's description of the format (evernote-export4.dtd), November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from xml.etree import ElementTree

from desktop_app.documents import refusals
from desktop_app.documents.embedded_data import data_note
from desktop_app.documents.reader_result import LeftOut
from desktop_app.documents.text import web_page
from desktop_app.domain.documents.document_notes import SkipReason

_BOX: Final = re.compile(r"<en-todo\b([^>]*?)/?>(?:</en-todo>)?")
_CHECKED: Final = re.compile(r"""checked\s*=\s*["']true["']""")


def read(name: str, data: bytes, left_out: LeftOut) -> str:
    """Return the notes as Markdown; `left_out` gets their files. Raises DocumentDamagedError."""
    try:
        notes = [
            _markdown_of(element, left_out)
            for _, element in ElementTree.iterparse(BytesIO(data))
            if element.tag == "note"
        ]
    except ElementTree.ParseError as error:
        raise refusals.damaged_error(name, str(error)) from error
    return "\n\n".join(notes)


def _markdown_of(note: ElementTree.Element, left_out: LeftOut) -> str:
    page = _BOX.sub(
        lambda box: "☒ " if _CHECKED.search(box[1]) else "☐ ", note.findtext("content") or ""
    )
    tags = [tag.text.strip() for tag in note.iter("tag") if tag.text]
    parts = [
        f"# {(note.findtext('title') or '').strip()}",
        f"Tags: {', '.join(tags)}" if tags else "",
        web_page.to_markdown(page, left_out),
        *_files_of(note, left_out),
    ]
    note.clear()  # its files are most of an export
    return "\n\n".join(part for part in parts if part.strip())


def _files_of(note: ElementTree.Element, left_out: LeftOut) -> Iterator[str]:
    for resource in note.iter("resource"):
        size = len("".join((resource.findtext("data") or "").split()).rstrip("=")) * 3 // 4
        file_name = (resource.findtext("resource-attributes/file-name") or "").strip()
        text = data_note(resource.findtext("mime") or "", size, file_name)
        left_out.unread.append((text.strip("[]"), SkipReason.EMBEDDED))
        yield text
