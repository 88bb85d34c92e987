"""Texts for the clipboard and for drags, in several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication

from desktop_app.domain.lazy_pattern import lazy_pattern

HTML: Final = "text/html"
MARKDOWN: Final = "text/markdown"
PLAIN: Final = "text/plain"

MAX_CONVERTED_CHARACTERS: Final = 100_000
"""The length up to which texts are converted, to HTML too: 0.3 s. Longer ones are Markdown only."""

ClipboardTexts = Mapping[str, Callable[[], Iterable[str]]]
"""The same content in several formats: functions that return the pieces of its text."""

# Control characters except newline and tab, and controls of the text direction.
_UNSAFE: Final = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def copyable(text: str) -> str:
    """Return a text without characters that could end a paste or hide what a program runs.

    An answer can contain them: a terminal takes ESC for the end of a bracketed paste.
    """
    return _UNSAFE.sub("", text)


def mime_data(texts: ClipboardTexts) -> QMimeData:
    data = QMimeData()
    for kind, pieces in texts.items():
        text = copyable("".join(pieces()))
        if kind == PLAIN:
            data.setText(text)
        elif kind == HTML:
            data.setHtml(text)
        else:
            data.setData(kind, text.encode(errors="replace"))
    return data


def copy_texts(texts: ClipboardTexts) -> None:
    QGuiApplication.clipboard().setMimeData(mime_data(texts))
