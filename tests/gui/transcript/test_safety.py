"""Links show their target, only web and mail links open, and nothing is ever loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument

from desktop_app.transcript.segment import Place
from desktop_app.widgets.text.sealed_document import empty_resource
from tests.helpers.messages import answer
from tests.helpers.opened_urls import opened_urls
from tests.helpers.pictures import drawing, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

SCHEMES = (
    "http",
    "https",
    "mailto",
    "file",
    "javascript",
    "data",
    "ftp",
    "vscode",
    "action",
    "smb",
)


@pytest.fixture
def opened() -> Iterator[list[QUrl]]:
    """Yield the URLs that the program opens."""
    with opened_urls(*SCHEMES) as urls:
        yield urls


@pytest.mark.parametrize(
    "target", ["https://a.example/x", "http://a.example", "mailto:me@a.example"]
)
def test_the_web_and_mail_open(view: TranscriptView, opened: list[QUrl], target: str) -> None:
    view.follow_link(Place("", 0), target)
    assert opened == [QUrl(target)]


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "vscode://x", "ftp://a.b/c",
     "/etc/passwd", "etc/passwd", "#x", "smb://a/b", "qrc:/x"],
)  # fmt: skip
def test_other_targets_open_nothing(view: TranscriptView, opened: list[QUrl], target: str) -> None:
    view.follow_link(Place("", 0), target)
    assert opened == []


@pytest.mark.parametrize("target", ["action:retry", "ACTION:retry", "Action:add-key"])
def test_a_link_in_an_answer_asks_for_no_action(view: TranscriptView, target: str) -> None:
    view.set_messages([answer(f"[press here]({target})")])
    cursor = view.document().find("press here")
    assert not cursor.charFormat().isAnchor()


def test_the_tooltip_of_a_link_is_plain_text(qtbot: QtBot, view: TranscriptView) -> None:
    view.set_messages([answer("[bank](https://b\u0430nk.example/<b>x)\n\nWords")])
    for words, tip in (("bank", "https://xn--bnk-6cd.example/%3Cb%3Ex"), ("Words", "")):
        qtbot.mouseMove(view.viewport(), view.cursorRect(view.document().find(words)).center())
        assert view.viewport().toolTip() == tip


@pytest.mark.parametrize("kind", QTextDocument.ResourceType)
def test_nothing_is_loaded(
    view: TranscriptView, kind: QTextDocument.ResourceType, tmp_path: Path
) -> None:
    view.set_messages([answer("Words")])
    file = tmp_path / "secret.png"
    file.write_bytes(packed(drawing(), "PNG"))
    for target in (
        file.as_uri(),
        str(file),
        "https://127.0.0.1:9/x.png",
        "data:text/plain,secret",
        "data:image/svg+xml,<svg/>",
        "x.css",
    ):
        document = view.messages.open(0).segments[0].document
        assert document is not None
        assert document.resource(kind.value, QUrl(target)) == empty_resource(kind.value)
