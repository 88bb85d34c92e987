"""Hostile answers are streamed, then opened as stored, and nothing leaves the process."""

from __future__ import annotations

import os
import random
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from tests.gui.transcript.hostile import COLLECTED, SHORTEST_LONG, generated
from tests.helpers.messages import streaming
from tests.helpers.transcript_views import is_writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from desktop_app.transcript.view import TranscriptView

GENERATED = [n for n in range(1000, 1100) if len(generated(n)) < SHORTEST_LONG]
_HERE: Final = Path(__file__).parents[3]
# Files that may be opened: what is imported late.
_OWN: Final = (sys.prefix, sys.base_prefix, str(_HERE / "desktop_app"), str(_HERE / "resources"))
# Python's audit events that reach out of the process.
_REACHES_OUT: Final = (
    "socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "urllib.", "ftplib.",
    "http.", "webbrowser.", "os.startfile", "os.fork", "shutil.",
)  # fmt: skip


class Watch:
    """A record of attempts to leave the process and of opened files, while the watch is on.

    An audit hook cannot be removed, so a process has one watch that is turned on and off.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._note)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event.startswith(_REACHES_OUT):
            self.seen.append(f"{event} {arguments!r}")
        elif event == "open":
            name = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else ""
            if not name.startswith(_OWN):
                self.seen.append(f"open {arguments!r}")

    @contextmanager
    def on(self) -> Iterator[list[str]]:
        """Yield what is seen while the watch is on."""
        self.seen.clear()
        self.is_on = True
        try:
            yield self.seen
        finally:
            self.is_on = False


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


def show(view: TranscriptView, qtbot: QtBot, number: int) -> str:
    """Stream an input in pieces and finish it, then open it as a stored message."""
    text, chance = generated(number), random.Random(-number)
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randint(0, 24)))
    message = streaming()
    view.set_messages([message])
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        view.stream.append_text(message.id, text[start:end])
    done = replace(message, parts=(TextPart(text),), status=MessageStatus.COMPLETE)
    view.stream.update_message(done)
    qtbot.waitUntil(lambda: not is_writing(view), timeout=60_000)
    view.viewport().repaint()
    view.set_messages([done])
    qtbot.waitUntil(lambda: not is_writing(view), timeout=60_000)
    view.viewport().repaint()
    return text


def check(view: TranscriptView, qtbot: QtBot, watch: Watch, number: int) -> None:
    with watch.on() as seen:
        text = show(view, qtbot, number)
    assert seen == []
    words = [w for w in text.split() if w.isascii() and w.isalnum() and len(w) > 3]
    assert all(word in view.toPlainText() for word in words[:3]), "nothing is lost"


@pytest.mark.parametrize("number", [*range(0, len(COLLECTED), 2), *GENERATED[:20]])
def test_a_hostile_answer_is_shown_without_an_error_and_reaches_nothing(
    view: TranscriptView, qtbot: QtBot, watch: Watch, number: int
) -> None:
    check(view, qtbot, watch, number)


@pytest.mark.slow
def test_many_hostile_answers_are_shown_without_an_error_and_reach_nothing(
    view: TranscriptView, qtbot: QtBot, watch: Watch
) -> None:
    for number in [*range(1, len(COLLECTED), 2), *GENERATED[20:]]:
        check(view, qtbot, watch, number)
