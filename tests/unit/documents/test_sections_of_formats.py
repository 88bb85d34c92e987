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
        ("corpus/partly-scanned.pdf", "page", 4),
        ("slides.pptx", "slide", 2),
        ("corpus/slides.odp", "slide", 2),
        ("book.epub", "chapter", 2),
        ("figures.xlsx", "sheet", 2),
        ("figures.ods", "sheet", 2),
    ],
)
def test_every_section_is_found_and_the_last_can_be_sent_alone(
    name: str, unit: str, count: int
) -> None:
    document = extract_file(DATA / name, Limits(), lambda _: None)
    part = document.part
    assert isinstance(part, DocumentPart)
    assert unit_of(part) == unit
    found = find_sections(document.text, unit)
    assert len(found) == count
    assert {bool(section.name) for section in found} == {unit == "sheet"}
    last = ChosenPages(unit, ((count, count),), count)
    sent = chosen_text(DocumentPart("0", name, part.media_type, 1, chosen=last), document.text)
    assert sent == document.text[found[-1].start :].strip()


@pytest.mark.parametrize(
    "name", ["two-columns.pdf", "report.docx", "corpus/archive.zip", "notes.md"]
)
def test_other_formats_and_a_single_page_have_no_sections(name: str) -> None:
    part = extract_file(DATA / name, Limits(), lambda _: None).part
    assert isinstance(part, DocumentPart)
    assert unit_of(part) == ""
