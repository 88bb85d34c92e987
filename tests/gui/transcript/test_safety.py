"""Links show their target, only web and mail links open, and nothing is ever loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, QSize, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QImage, QTextDocument

from tests.helpers.messages import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.ui.transcript.view import TranscriptView

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


class System(QObject):
    """A stand-in for the system's opener of files and links."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def system() -> Iterator[System]:
    made = System()
    for scheme in SCHEMES:
        QDesktopServices.setUrlHandler(scheme, made, "open")  # type: ignore[arg-type]
    yield made
    for scheme in SCHEMES:
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.mark.parametrize(
    "target", ["https://a.example/x", "http://a.example", "mailto:me@a.example"]
)
def test_the_web_and_mail_open(view: TranscriptView, system: System, target: str) -> None:
    view.anchorClicked.emit(QUrl(target))
    assert system.opened == [target]


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "vscode://x", "ftp://a.b/c",
     "/etc/passwd", "etc/passwd", "#x", "smb://a/b", "qrc:/x"],
)  # fmt: skip
def test_other_targets_open_nothing(view: TranscriptView, system: System, target: str) -> None:
    view.anchorClicked.emit(QUrl(target))
    assert system.opened == []


@pytest.mark.parametrize("target", ["action:retry", "ACTION:retry", "Action:add-key"])
def test_a_link_in_an_answer_asks_for_no_action(view: TranscriptView, target: str) -> None:
    view.set_messages([answer(f"[press here]({target})")])
    cursor = view.document().find("press here")
    assert not cursor.charFormat().isAnchor()


def test_the_tooltip_of_a_link_is_plain_text(view: TranscriptView) -> None:
    view.highlighted.emit(QUrl("https://b\u0430nk.example/<b>x"))
    assert view.viewport().toolTip() == "https://xn--bnk-6cd.example/%3Cb%3Ex"
    view.highlighted.emit(QUrl())
    assert view.viewport().toolTip() == ""


@pytest.mark.parametrize(
    "name",
    ["file:///etc/hostname", "https://a.example/x.png", "data:image/svg+xml,<svg/>", "x.css"],
)
@pytest.mark.parametrize("kind", QTextDocument.ResourceType)
def test_nothing_is_loaded(
    view: TranscriptView, name: str, kind: QTextDocument.ResourceType
) -> None:
    found = view.document().resource(kind.value, QUrl(name))
    assert found.size() == QSize(1, 1) if isinstance(found, QImage) else not found
