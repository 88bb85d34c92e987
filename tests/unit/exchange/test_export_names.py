"""Names of exported files are unique; their targets may be links."""

from __future__ import annotations

import unicodedata

from desktop_app.exchange.command.export_command import file_names
from tests.unit.storage.samples import a_conversation


def test_no_two_files_have_the_same_name() -> None:
    titles = ["same (2)", "same", "Same", "same", "same (2)", "same (3)", "STRASSE", "straße"]
    names = list(file_names([a_conversation(title) for title in titles], ".md"))
    assert len({name.casefold() for name in names}) == len(titles)
    assert names[1].endswith("same.md")


def test_names_differ_where_composed_and_decomposed_characters_are_the_same() -> None:
    titles = ["caf\u00e9", "cafe\u0301", "CAFE\u0301", "CAF\u00c9"]
    names = list(file_names([a_conversation(title) for title in titles], ".md"))
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(titles)
    assert names[0].endswith("caf\u00e9.md")
