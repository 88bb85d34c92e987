"""Identical passages are sent once. Passages that differ in a word are all sent."""

from __future__ import annotations

import pytest

from desktop_app.services.collections.passage_dedup import KnownPassages

TEXT = (
    "The tenant pays 940 euros a month, in advance and by the third working day. The landlord "
    "keeps the stairs, the roof and the heating in order. Dogs are allowed where the neighbours "
    "agree. Whoever moves out paints the walls white and hands over four keys."
)
AS_PDF = "[page 3]\n" + TEXT.replace("neighbours", "neigh-\nbours").replace("heating ", "heating\n")
AS_TABLE = "| " + TEXT.replace(". ", ". | ") + " |"
JAPANESE = (
    "借主は毎月三日までに家賃を支払う。犬は隣人が同意すれば飼うことができる。退去時に鍵を返す。"
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (TEXT, AS_PDF),
        (TEXT, AS_TABLE),
        (TEXT, TEXT.upper()),
        (TEXT, TEXT + " Signed twice."),
        (JAPANESE, JAPANESE.replace("犬は", "犬\nは")),
        ("Yes.", "yes"),
    ],
)
def test_a_copy_of_a_passage_is_not_added(first: str, second: str) -> None:
    copies = KnownPassages()
    assert copies.add_if_new(first)
    assert not copies.add_if_new(second)


@pytest.mark.parametrize(
    "second",
    [
        TEXT.replace("940", "960"),
        TEXT.replace("are allowed", "are not allowed"),
        TEXT[: len(TEXT) // 2] + " And now for something else that nobody has said before. " * 3,
        TEXT
        + " The deposit is three months' rent, and comes back within half a year of moving out.",
    ],
)
def test_a_passage_that_differs_is_added(second: str) -> None:
    copies = KnownPassages()
    assert copies.add_if_new(TEXT)
    assert copies.add_if_new(second)


def test_japanese_versions_differ_by_a_character() -> None:
    copies = KnownPassages()
    assert copies.add_if_new(JAPANESE)
    assert copies.add_if_new(JAPANESE.replace("三日", "五日"))
