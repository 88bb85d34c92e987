"""`--pages`: which pages of which file are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from desktop_app.cli.page_options import pages_by_file, with_pages
from desktop_app.domain.conversations.message_parts import ChosenPages, DocumentPart, ImagePart
from desktop_app.domain.documents import document_types
from desktop_app.domain.error_reasons import Reason
from desktop_app.domain.errors import IllegalChoiceError

NAMES = ["a/lease.pdf", "b=c.pdf", "x/=1.pdf"]
PDF = DocumentPart("0" * 64, "lease.pdf", document_types.PDF, 9, pages=3)
SHEETS = DocumentPart("0" * 64, "rents.xlsx", document_types.XLSX, 9)
PAGES = "[page 1]\nOne\n\n[page 2]\nTwo\n\n[page 3]\nThree"
TABLES = "## Prices\n\n| a |\n\n## 2024\n\n| b |"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], {}),
        (["3-10,15"], dict.fromkeys(NAMES, "3-10,15")),
        (["lease.pdf=1", "a/lease.pdf=3-4"], {"a/lease.pdf": "1,3-4"}),
        (["b=c.pdf=7"], {"b=c.pdf": "7"}),
        (["=1.pdf=2"], {"x/=1.pdf": "2"}),
        (["lease.pdf=1=2"], {"a/lease.pdf": "1=2"}),
        (["2", "lease.pdf=1"], {"a/lease.pdf": "2,1", "b=c.pdf": "2", "x/=1.pdf": "2"}),
    ],
)
def test_options_name_files_or_mean_all(given: list[str], expected: Mapping[str, str]) -> None:
    assert pages_by_file(given, NAMES) == expected


@pytest.mark.parametrize(
    ("given", "names", "reason", "params"),
    [
        (["1"], [], Reason.PAGES_WITHOUT_FILE, {}),
        (["c=1"], ["a", "b"], Reason.NO_SUCH_FILE_NAMED, {"given": "c=1", "known": "a, b"}),
    ],
)
def test_a_file_that_is_not_given_is_refused(
    given: list[str], names: list[str], reason: Reason, params: dict[str, str]
) -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        pages_by_file(given, names)
    assert (refused.value.reason, refused.value.params) == (reason, params)
    assert pages_by_file([], names) == {}


@pytest.mark.parametrize(
    ("part", "text", "given", "chosen"),
    [
        (PDF, PAGES, "2", ChosenPages("page", ((2, 2),), 3)),
        (PDF, PAGES, "1,3", ChosenPages("page", ((1, 1), (3, 3)), 3)),
        (PDF, PAGES, "1-3", None),
        (SHEETS, TABLES, "2024", ChosenPages("sheet", ((2, 2),), 2)),
    ],
)
async def test_a_document_is_limited_to_its_pages(
    part: DocumentPart, text: str, given: str, chosen: ChosenPages | None
) -> None:
    assert await with_pages(part, text, given) == replace(part, chosen=chosen)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (PDF, "no marks"),
        (replace(PDF, media_type="text/plain"), PAGES),
        (ImagePart("0" * 64, "a.png", document_types.PDF, 1), PAGES),
    ],
)
async def test_a_file_without_pages_has_none_to_choose(
    part: DocumentPart | ImagePart, text: str
) -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        await with_pages(part, text, "1")
    assert refused.value.reason is Reason.NO_PAGES_TO_CHOOSE
    assert refused.value.params == {"name": part.name}
