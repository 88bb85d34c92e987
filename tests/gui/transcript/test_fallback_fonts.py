"""Fonts of rare letters are loaded a few at a time, before text that needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QFont

from desktop_app.transcript.immediate_length import IMMEDIATE_CHARACTERS
from desktop_app.transcript.media import fallback_fonts
from desktop_app.transcript.media.fallback_fonts import FallbackFonts, few_scripts_length
from tests.helpers.messages import answer, streaming
from tests.helpers.transcript_views import is_writing, shown_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

_PAGES = (
    0x370,
    0x5D0,
    0x620,
    0x710,
    0x910,
    0x990,
    0xA10,
    0xA90,
    0xB10,
    0xB90,
    0xE10,
    0x1210,
    0x13A0,
)
MANY = " ".join("".join(map(chr, range(first, first + 12))) for first in _PAGES)
FEW = "Tiếng Việt – ελληνικά, русский, 汉字 仮名 한글 \U0001f600→\U0001f680 …"


class Loaded:
    """A record of the texts and fonts that were laid out ahead."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, QFont]] = []

    def lay_out(self, letters: str, font: QFont) -> None:
        self.seen += [(letter, font) for letter in letters]

    def missing(self, text: str, fonts: list[QFont]) -> set[str]:
        """Return the rare letters of a text that any of these fonts lacks."""
        return {
            letter
            for letter in fallback_fonts._rare_letters(text)
            if not all((letter, font) in self.seen for font in fonts)
        }


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """Record font requests instead of loading the fonts."""
    made = Loaded()
    monkeypatch.setattr(fallback_fonts, "_lay_out", made.lay_out)
    return made


def fonts_of(view: TranscriptView) -> list[QFont]:
    """Return the fonts of running text."""
    return view.writer.styles.running_fonts()


def test_rare_letters_are_loaded_once_per_font_a_few_at_a_time(loaded: Loaded) -> None:
    thin, thick = QFont(), QFont()
    thick.setBold(True)
    fallbacks = FallbackFonts([thin, thick])
    steps = 0
    while not fallbacks.load(MANY):
        steps += 1
    assert steps == 2 * len(_PAGES)  # one for each font and code page
    assert not loaded.missing(MANY, [thin, thick])
    assert len(loaded.seen) == 2 * len(fallback_fonts._rare_letters(MANY))
    assert fallbacks.load(MANY[::-1])


def test_few_scripts_length_ends_before_too_many_scripts() -> None:
    cut = few_scripts_length(MANY)
    assert 0 < cut < len(MANY)
    assert few_scripts_length(MANY[:cut]) == cut
    assert few_scripts_length("plain " * 99) == 6 * 99
    assert few_scripts_length(FEW) == len(FEW)


def test_text_is_written_only_after_its_fonts_are_loaded(
    view: TranscriptView, loaded: Loaded
) -> None:
    view.set_messages([message := streaming()])
    met: list[set[str]] = []
    view.text_shown.connect(lambda: met.append(loaded.missing(shown_text(view), fonts_of(view))))
    view.stream.append_text(message.id, f"Scripts: **{MANY}** and `more`.\n\n")
    view.stream.flush()
    assert MANY in view.toPlainText()
    assert met
    assert not any(met)


def test_a_stored_answer_of_many_scripts_is_opened_in_slices(
    view: TranscriptView, loaded: Loaded, qtbot: QtBot
) -> None:
    assert len(MANY) < IMMEDIATE_CHARACTERS
    view.set_messages([answer(MANY)])
    assert MANY not in view.toPlainText()
    assert MANY[:12] in view.toPlainText()
    qtbot.waitUntil(lambda: not is_writing(view))
    assert MANY in view.toPlainText()
    assert not loaded.missing(MANY[few_scripts_length(MANY) :], fonts_of(view))
