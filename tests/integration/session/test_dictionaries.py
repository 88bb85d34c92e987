"""The system's dictionaries, through the real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_app.composer.dictionaries import Dictionaries, choose_dictionaries

ENGLISH = ["en_US"]


@pytest.fixture
def own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENCHANT_CONFIG_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def system(own_words: Path) -> Iterator[Dictionaries]:
    made = Dictionaries()
    yield made
    made.close()


def test_words_of_a_language_are_right(system: Dictionaries) -> None:
    assert "en_US" in system.languages()
    assert system.misspelled(["world", "wrld", "don’t"], ENGLISH) == {"wrld"}
    assert "world" in system.suggestions("wrld", ENGLISH)


def test_an_added_word_is_kept_for_every_program(system: Dictionaries, own_words: Path) -> None:
    system.add("wrld", ENGLISH)
    assert system.misspelled(["wrld"], ENGLISH) == set()
    later = Dictionaries()
    assert later.misspelled(["wrld"], ENGLISH) == set()
    later.close()
    assert "wrld" in (own_words / "en_US.dic").read_text()


def test_a_language_without_a_dictionary_misspells_nothing(system: Dictionaries) -> None:
    assert system.misspelled(["wrld"], ["tlh"]) == set()
    assert system.suggestions("wrld", ["tlh"]) == []
    system.add("wrld", ["tlh"])


def test_words_of_other_scripts_are_not_misspelled(system: Dictionaries) -> None:
    others = ["слово", "كتاب", "λόγος", "日本", "हिन्दी"]
    assert system.misspelled([*others, "wrld"], ENGLISH) == {"wrld"}
    assert system.suggestions("слово", ENGLISH) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["de_AT", "en"], ["de_AT", "en_US"]),
        (["de_CH", "de"], ["de_DE"]),
        (["nl_NL"], ["nl"]),
        (["ja_JP"], ["en_US"]),
    ],
)
def test_each_language_of_the_user_has_a_dictionary(wanted: list[str], found: list[str]) -> None:
    assert choose_dictionaries(["de_AT", "de_DE", "en_GB", "en_US", "nl"], wanted) == found
