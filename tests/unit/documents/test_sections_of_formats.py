"""The sections that can be chosen in documents of each format."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart
from desktop_app.domain.documents.document_sections import chosen_text, find_sections, unit_of
from tests.helpers.extraction import extract_file

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize(
    ("name", "unit", "count"),
    [
        ("report.pdf", "page", 3),
        ("two-columns.pdf", "", 1),
        ("corpus/partly-scanned.pdf", "page", 4),
        ("slides.pptx", "slide", None),
        ("corpus/slides.odp", "slide", 2),
        ("book.epub", "chapter", None),
        ("figures.xlsx", "sheet", None),
        ("figures.ods", "sheet", None),
        ("report.docx", "", None),
        ("corpus/archive.zip", "", None),
        ("notes.md", "", None),
    ],
)
def test_every_mark_is_found_and_the_last_one_can_be_sent_alone(
    name: str, unit: str, count: int | None
) -> None:
    document = extract_file(DATA / name, Limits(), lambda _: None)
    part = document.part
    assert isinstance(part, DocumentPart)
    assert unit_of(part) == unit
    if not unit:
        return
    found = find_sections(document.text, unit)
    assert len(found) == (count or part.pages or len(found))
    assert len(found) > 1
    assert all(section.name for section in found) is (unit == "sheet")
    last = ChosenPages(unit, ((len(found), len(found)),), len(found))
    sent = chosen_text(DocumentPart("0", name, part.media_type, 1, chosen=last), document.text)
    assert sent == document.text[found[-1].start :].strip()
