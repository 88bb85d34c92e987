"""Texts that are copied to the clipboard although building them takes time."""

from __future__ import annotations

import threading
from threading import Event
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from desktop_app.widgets.text.clipboard import (
    HTML,
    MARKDOWN,
    PLAIN,
    ClipboardCopier,
    ClipboardTexts,
    mime_data,
)
from tests.helpers.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def parent() -> Iterator[QObject]:
    yield (owner := QObject())
    QGuiApplication.clipboard().clear()
    owner.deleteLater()


class SlowTexts:
    """Texts of which all but the plain one wait for `gate`. `made` lists the built formats."""

    def __init__(self) -> None:
        self.gate, self.waits, self.made = Event(), Event(), list[str]()
        self.texts = ClipboardTexts(
            {kind: lambda kind=kind: self._pieces(kind) for kind in (PLAIN, HTML, MARKDOWN)},  # type: ignore[misc]
            is_short=False,
        )

    def _pieces(self, kind: str) -> Iterable[str]:
        if kind != PLAIN:
            self.waits.set()
            self.gate.wait(LONGEST_S)
        self.made.append(kind)
        yield from (f"{kind}: ", "ä")


def test_a_paste_right_after_a_copy_gets_the_copied_text(parent: QObject, qtbot: QtBot) -> None:
    clipboard, slow = QGuiApplication.clipboard(), SlowTexts()
    clipboard.setText("the old")
    copying = ClipboardCopier(parent)
    copying.copy(slow.texts)
    assert clipboard.text() == "text/plain: ä"
    assert clipboard.mimeData().formats() == [PLAIN, HTML, MARKDOWN]
    with qtbot.waitSignal(copying.done):
        slow.gate.set()
    assert clipboard.mimeData().html() == "text/html: ä"
    assert bytes(clipboard.mimeData().data(MARKDOWN).data()).decode() == "text/markdown: ä"
    assert slow.made == [PLAIN, HTML, MARKDOWN]  # once each
    assert not copying.is_building


def test_only_the_requested_format_is_built_and_only_once() -> None:
    slow = SlowTexts()
    slow.gate.set()
    data = mime_data(slow.texts)
    assert slow.made == []
    assert data.html() == "text/html: ä"
    assert data.html() == "text/html: ä"
    assert slow.made == [HTML]
    assert data.data("image/png").isEmpty()


@pytest.mark.attack("plain-text")
@pytest.mark.parametrize("is_short", [True, False])
def test_no_copy_has_control_characters(is_short: bool) -> None:
    hostile = "a\x1b[201~\rb\u202ec\u2066\x9b\x7f\td\n\u200fe"
    kinds = (PLAIN, HTML, MARKDOWN)
    texts = ClipboardTexts({kind: lambda: [hostile] for kind in kinds}, is_short=is_short)
    data = mime_data(texts)
    assert data.text() == "a[201~bc\td\n\u200fe"
    assert data.html() == data.text()
    assert bytes(data.data(MARKDOWN).data()).decode() == data.text()


def test_a_newer_copy_is_not_replaced(parent: QObject, qtbot: QtBot) -> None:
    slow, copying = SlowTexts(), ClipboardCopier(parent)
    done: list[bool] = []
    copying.done.connect(done.append)
    copying.copy(slow.texts)
    QGuiApplication.clipboard().setText("newer")
    with qtbot.waitSignal(copying.ended):
        slow.gate.set()
    assert QGuiApplication.clipboard().text() == "newer"
    assert done == []


def test_a_slow_copy_emits_delayed(parent: QObject, qtbot: QtBot) -> None:
    slow, copying = SlowTexts(), ClipboardCopier(parent)
    with qtbot.waitSignal(copying.delayed):
        copying.copy(slow.texts)
    with qtbot.waitSignal(copying.done) as caught:
        slow.gate.set()
    assert caught.args == [True]


def test_a_short_text_is_copied_at_once(parent: QObject) -> None:
    copying = ClipboardCopier(parent)
    copying.copy(ClipboardTexts({PLAIN: lambda: ["a", "b"]}, is_short=True))
    assert QGuiApplication.clipboard().text() == "ab"
    assert not copying.is_building


def test_a_failed_text_ends_the_copy_and_leaves_those_that_are_built(
    parent: QObject, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failures.append(args.exc_value))
    copying = ClipboardCopier(parent)
    gate = Event()

    def fail() -> list[str]:
        gate.wait(LONGEST_S)
        raise ValueError("no HTML")

    done: list[bool] = []
    copying.done.connect(done.append)
    copying.copy(ClipboardTexts({PLAIN: lambda: ["a"], HTML: fail}, is_short=False))
    with qtbot.waitSignal(copying.ended):
        gate.set()
    assert not copying.is_building
    assert done == []
    assert QGuiApplication.clipboard().text() == "a"
    assert not QGuiApplication.clipboard().mimeData().hasHtml()
    qtbot.waitUntil(lambda: len(failures) == 1)
