"""Translations, the pseudo-language and the formats of a locale."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.errors import SettingError
from desktop_app.i18n import formatting, translation
from desktop_app.i18n.translation import (
    in_english,
    language,
    offered_languages,
    paragraph,
    tr,
    tr_context,
    tr_plural,
    use_language,
    wanted_language,
)
from tests.helpers.pseudo import pseudo_text

if TYPE_CHECKING:
    from collections.abc import Iterator

GERMAN = """
msgid ""
msgstr ""
"Language: de\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgid "Delete “{title}”?"
msgstr "„{title}“ löschen?"

msgid "{count} file"
msgid_plural "{count} files"
msgstr[0] "{count} Datei"
msgstr[1] "{count} Dateien"

msgctxt "state"
msgid "Open"
msgstr "Geöffnet"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "de" / "LC_MESSAGES"
    target.mkdir(parents=True)
    with (target / "repartee.mo").open("wb") as file:
        write_mo(file, read_po(GERMAN.splitlines(keepends=True)))
    return tmp_path


@pytest.fixture(autouse=True)
def _english_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        translation, "LANGUAGES", dict.fromkeys(("en", "de", "nl", "pt_BR", "zh_CN"), "")
    )
    for name in ("REPARTEE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LC_TIME", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    yield
    use_language("en", Path())


@pytest.mark.parametrize(
    ("sentences", "text"),
    [
        (("Saved.", "", "Close it."), "Saved. Close it."),
        (("保存しました。", "閉じてください。"), "保存しました。閉じてください。"),
        (("保存吗？", "OK"), "保存吗？OK"),
        (("", ""), ""),
    ],
)
def test_no_space_stands_after_full_width_punctuation(
    sentences: tuple[str, ...], text: str
) -> None:
    assert paragraph(*sentences) == text


def test_english_needs_no_catalog() -> None:
    assert tr("Delete “{title}”?", title="{x} & y") == "Delete “{x} & y”?"
    assert tr("100% {of it}") == "100% {of it}"
    assert tr_plural("{count} file", "{count} files", 1) == "1 file"
    assert tr_plural("{count} file", "{count} files", 1200) == "1,200 files"
    assert tr_context("state", "Open") == "Open"
    assert (translation.yes_no(True), translation.yes_no(False)) == ("yes", "no")
    assert translation.tr_filled("{name}: {count}", {"name": "{count}", "count": 2}) == "{count}: 2"
    assert translation.tr_filled("", {}) == ""


def test_a_catalog_translates_messages_plurals_and_contexts(folder: Path) -> None:
    use_language("de", folder)
    assert language() == "de"
    assert tr("Delete “{title}”?", title="Verträge") == "„Verträge“ löschen?"
    assert tr_plural("{count} file", "{count} files", 1) == "1 Datei"
    assert tr_plural("{count} file", "{count} files", 1200) == "1.200 Dateien"
    assert tr_context("state", "Open") == "Geöffnet"
    assert tr("Not translated") == "Not translated"


def test_a_missing_catalog_means_english(tmp_path: Path) -> None:
    use_language("nl", tmp_path)
    assert language() == "en"
    assert formatting.number(1200) == "1,200"


@pytest.mark.parametrize("size", [0, 3, 10, 30, 60, 100, -1])
def test_a_damaged_catalog_means_english(folder: Path, size: int) -> None:
    path = folder / "de" / "LC_MESSAGES" / "repartee.mo"
    path.write_bytes(path.read_bytes()[:size])
    use_language("de", folder)
    assert language() == "en"
    assert tr("Rename {name}", name="x") == "Rename x"


def test_languages_with_a_catalog_are_offered(folder: Path) -> None:
    use_language("en", folder)
    assert list(offered_languages()) == ["en", "de"]
    use_language("fr", folder / "de")
    assert list(offered_languages()) == ["en"]


def test_pseudo_text_keeps_placeholders_links_and_tags() -> None:
    shown = pseudo_text("See [Settings](setting:provider), <b>{name}</b>")
    assert "](setting:provider)" in shown
    assert "{name}" in shown
    assert "<b>" in shown
    assert shown[0] + shown[-1] == "⟦⟧"
    assert "Settings" not in shown
    assert len(shown) >= len("See [Settings](setting:provider), <b>{name}</b>") * 4 // 3


def test_output_for_programs_is_in_english(folder: Path) -> None:
    use_language("de", folder)
    with in_english():
        assert tr_plural("{count} file", "{count} files", 1200) == "1,200 files"
        assert language() == "en"
    assert tr_plural("{count} file", "{count} files", 1200) == "1.200 Dateien"
    assert language() == "de"


@pytest.mark.parametrize(
    ("variable", "setting", "system", "expected"),
    [
        ("", "", (), "en"),
        ("", "", ("de-AT", "en-US"), "de"),
        ("", "nl", ("de-AT",), "nl"),
        ("de", "nl", ("en-US",), "de"),
        ("klingon", "", (), "en"),
        ("", "", ("fr-FR", "NL"), "nl"),
        ("", "pt_BR", (), "pt_BR"),
        ("", "", ("pt-PT",), "pt_BR"),
        ("", "", ("zh-Hans-SG",), "zh_CN"),
        ("", "", ("zh-TW", "zh-Hant-HK", "de"), "de"),
    ],
)
def test_the_variable_the_setting_and_the_system_choose_the_language(
    variable: str,
    setting: str,
    system: tuple[str, ...],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REPARTEE_LANGUAGE", variable)
    assert wanted_language(setting, system) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "de"),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "fr:nl"}, "nl"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "nl"}, "en"),
    ],
)
def test_posix_variables_choose_the_language_of_a_terminal(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wanted_language() == expected


@pytest.mark.parametrize(
    ("code", "text", "amount"),
    [
        ("de", "1,50", "1.50"),
        ("de", "1.50", "1.50"),
        ("de", "1.000", "1000"),
        ("de", "1.234,5 $", "1234.5"),
        ("nl", "US$ 0,0005", "0.0005"),
        ("en", "1,000", "1000"),
        ("en", "1.000", "1.000"),
        ("en", ".5", "0.5"),
        ("de", ",5", "0.5"),
    ],
)
def test_an_amount_is_read_as_the_locale_writes_it(code: str, text: str, amount: str) -> None:
    formatting.use_formats_of(code)
    assert formatting.parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["much", "-1", "1.2.3", "1,2,3", "1e5", "1_0", "NaN", "Infinity"])
def test_other_texts_than_amounts_are_refused(text: str) -> None:
    for code in ("en", "de"):
        formatting.use_formats_of(code)
        with pytest.raises(ValueError, match=text):
            formatting.parse_amount(text)


@given(st.decimals(0, 10**9, places=6), st.sampled_from(["en", "de", "nl"]))
def test_an_amount_that_a_field_shows_is_read_again(amount: Decimal, code: str) -> None:
    formatting.use_formats_of(code)
    assert formatting.parse_amount(formatting.editable_amount(amount)) == amount


@pytest.mark.usefixtures("pseudo_language")
def test_a_pseudo_language_changes_every_kind_of_text() -> None:
    shown = [tr_plural("{count} file", "{count} many", n) for n in (1, 2)]
    assert shown == ["⟦1 ƒîļé~~~~⟧", "⟦2 ɱåñý~~~~⟧"]
    assert tr_context("state", "Open") == "⟦Öþéñ~⟧"
    assert pseudo_text("") == ""


@pytest.mark.usefixtures("pseudo_language")
def test_errors_are_english_in_logs() -> None:
    error = SettingError("Couldn’t read {file}.", hint="Correct {file} or remove it.", file="x")
    assert not str(error).startswith("⟦")
    assert error.what_happened.startswith("⟦")
