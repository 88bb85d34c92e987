"""`--pages`: which pages of which file are sent."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from desktop_app.cli.page_options import pages_by_file, with_pages
from desktop_app.domain.conversations.message_parts import DocumentPart
from desktop_app.domain.documents import document_types
from desktop_app.domain.errors import IllegalChoiceError
from tests.helpers.fragment import Fragment

NAMES = ["a/lease.pdf", "b=c.pdf", "x/=1.pdf"]
PDF = DocumentPart("0" * 64, "lease.pdf", document_types.PDF, 9, pages=3)


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
        (["1"], [], "--pages needs a file", {}),
        (["c=1"], ["a", "b"], "There is no file", {"given": "c=1", "known": "a, b"}),
    ],
)
def test_a_file_that_is_not_given_is_refused(
    given: list[str], names: list[str], reason: str, params: dict[str, str]
) -> None:
    with pytest.raises(IllegalChoiceError) as refused:
        pages_by_file(given, names)
    assert (refused.value.message, refused.value.params) == (Fragment(reason), params)
    assert pages_by_file([], names) == {}


@pytest.mark.parametrize(
    ("text", "pages", "chosen"),
    [("[page 1]\na", "1", None), ("[page 1]\na\n\n[page 2]\nb", "2", ((2, 2),))],
)
async def test_pages_of_a_document_are_chosen(
    text: str, pages: str, chosen: tuple[tuple[int, int], ...] | None
) -> None:
    part = await with_pages(PDF, text, pages)
    assert isinstance(part, DocumentPart)
    assert (part.chosen and part.chosen.spans) == chosen


async def test_a_document_without_pages_has_none_to_choose() -> None:
    with pytest.raises(IllegalChoiceError, match="no pages"):
        await with_pages(PDF, "a", "1")
