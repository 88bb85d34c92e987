"""Documents in one XML file are read like the packages that have the same parts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.worker.protocol import Limits
from desktop_app.domain.documents.document_types import FLAT
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentError, DocumentUnsupportedError
from tests.helpers.extraction import extract_file
from tests.helpers.office_files import docx, flat, opendocument
from tests.unit.documents.test_hidden_parts import FILES

DATA = Path(__file__).parents[2] / "data"
CORPUS = ("house-rules.docx", "styled.docx", "house-rules.odt", "report.odt", "slides.odp")
FLAT_ENDINGS = (".docx", ".pptx", ".odt", ".odp", ".ods")
PICTURE = (
    "<text:p>words<draw:frame><draw:image><office:binary-data>aGVsbG8gd29ybGQ="
    '</office:binary-data></draw:image></draw:frame><draw:frame draw:name="Sales"><draw:object>'
    "<office:document><office:body><text:p>axis</text:p></office:body></office:document>"
    "</draw:object></draw:frame></text:p>"
)


def extracted(name: str, data: bytes) -> ExtractedDocument:
    return extract_bytes(name, data, Limits(), lambda _: None)


def assert_same(flat_file: ExtractedDocument, package: ExtractedDocument) -> None:
    assert flat_file.text == package.text
    assert (flat_file.pages, flat_file.note) == (package.pages, package.note)
    assert flat_file.media_type == FLAT[package.media_type]


@pytest.mark.parametrize(
    "path",
    [
        *(DATA / "corpus" / name for name in CORPUS),
        *(DATA / name for name in ("report.docx", "slides.pptx", "figures.ods")),
    ],
    ids=lambda path: path.name,
)
def test_a_flat_document_is_read_like_its_package(path: Path) -> None:
    package = extract_file(path, Limits(), lambda _: None)
    assert_same(extracted(f"{path.stem}.xml", flat(path.read_bytes())), package)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(FLAT_ENDINGS)])
def test_hidden_parts_of_a_flat_document_are_left_out(name: str) -> None:
    assert_same(extracted("x.xml", flat(FILES[name])), extracted(name, FILES[name]))


def test_pictures_and_charts_in_a_flat_document_are_no_text() -> None:
    document = extracted("x.fodt", flat(opendocument("text", PICTURE)))
    assert document.text == "words"
    assert str(document.note) == "Skipped: Sales (embedded)."


def test_a_flat_drawing_is_refused_and_other_xml_is_text() -> None:
    with pytest.raises(DocumentUnsupportedError):
        extracted("x.fodg", flat(opendocument("graphics", "<text:p>words</text:p>")))
    for text in ("<a>words</a>", '<document xmlns="urn:x"/>', "<office:document>", "<", "< a"):
        assert extracted("x.fodt", text.encode()).text == text


@given(st.data())
def test_any_damaged_flat_document_is_read_or_refused(draw: st.DataObject) -> None:
    data = flat(draw.draw(st.sampled_from([docx("<w:p/>"), opendocument("text", PICTURE)])))
    start, end = sorted(draw.draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    with suppress(DocumentError):
        extracted("x.xml", data[:start] + draw.draw(st.binary(max_size=3)) + data[end:])
