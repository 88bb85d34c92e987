"""Texts that are copied to the clipboard."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from desktop_app.widgets.text.clipboard import HTML, MARKDOWN, PLAIN, copy_texts, mime_data


def test_a_copy_has_all_formats() -> None:
    copy_texts({kind: lambda kind=kind: [f"{kind}: ", "ä"] for kind in (PLAIN, HTML, MARKDOWN)})  # type: ignore[misc]
    copied = QGuiApplication.clipboard().mimeData()
    assert copied.text() == "text/plain: ä"
    assert copied.html() == "text/html: ä"
    assert bytes(copied.data(MARKDOWN).data()).decode() == "text/markdown: ä"
    QGuiApplication.clipboard().clear()


@pytest.mark.attack("plain-text")
def test_no_copy_has_control_characters() -> None:
    hostile = "a\x1b[201~\rb\u202ec\u2066\x9b\x7f\td\n\u200fe"
    data = mime_data({kind: lambda: [hostile] for kind in (PLAIN, HTML, MARKDOWN)})
    assert data.text() == "a[201~bc\td\n\u200fe"
    assert data.html() == data.text()
    assert bytes(data.data(MARKDOWN).data()).decode() == data.text()
