"""Bold text is bold in a font of a single weight, as Chinese and Japanese fonts are."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage, QPainter, QTextCharFormat

from tests.helpers.messages import answer, question

if TYPE_CHECKING:
    from desktop_app.transcript.view import TranscriptView


@pytest.fixture
def family(qapp: object) -> Iterator[str]:
    """Return a family with a regular font alone."""
    spec = importlib.util.find_spec("ziamath")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    number = QFontDatabase.addApplicationFont(str(file))
    yield QFontDatabase.applicationFontFamilies(number)[0]
    QFontDatabase.removeApplicationFont(number)


def ink(font: QFont, family: str) -> int:
    """Return how much is drawn of a word in this font with another family."""
    font = QFont(font)
    font.setFamilies([family])
    font.setPixelSize(24)
    image = QImage(200, 50, QImage.Format.Format_Grayscale8)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setFont(font)
    painter.drawText(5, 35, "Word")
    painter.end()
    return sum(255 - value for value in bytes(image.constBits()))


def format_of(view: TranscriptView, word: str) -> QTextCharFormat:
    return view.document().find(word).charFormat()


def test_bold_text_is_bold_in_the_transcript(view: TranscriptView, family: str) -> None:
    table = "| **fifth** | head |\n|---|---|\n| **sixth** | cell |"
    text = f"first **second** `third` **`fourth`**\n\n{table}\n\n## Seventh **eighth**\n"
    view.set_messages([question("Why?"), answer(text)])
    for plain, bold in (("first", "second"), ("third", "fourth"), ("cell", "sixth")):
        regular = ink(format_of(view, plain).font(), family)
        assert ink(format_of(view, bold).font(), family) > 1.2 * regular, bold
    assert ink(format_of(view, "fifth").font(), family) > 1.2 * regular
    assert ink(format_of(view, "eighth").font(), family) > 1.2 * regular
