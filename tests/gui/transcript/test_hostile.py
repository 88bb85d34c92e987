"""Hostile answers arrive, are shown, and nothing leaves the process.

The suite takes a sample. All of it, with what each step of the event loop took:

    python -m tests.gui.transcript.test_hostile 10000 [first]
"""

from __future__ import annotations

import os
import random
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from desktop_app.domain.conversation import MessageStatus
from desktop_app.domain.parts import TextPart
from desktop_app.ui.transcript.typesetter import Typesetter
from desktop_app.ui.transcript.view import TranscriptView
from tests.gui.transcript.hostile import COLLECTED, SHORTEST_LONG, generated
from tests.helpers.messages import streaming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE = [
    *range(len(COLLECTED)),
    *(number for number in range(1000, 1100) if len(generated(number)) < SHORTEST_LONG),
]
PIECES = 24
SHARPEST_LIMIT_S = 0.1

# What Python does that reaches out of the process. QProcess is Qt's, and starts what typesets alone.
_REACHES_OUT = ("socket.", "subprocess.", "os.exec", "os.system", "os.posix_spawn", "urllib.", "ftplib.",
                "http.", "webbrowser.", "os.startfile", "os.fork", "shutil.")  # fmt: skip


_HERE = str(Path(__file__).parents[3] / "desktop_app")


class Watch:
    """Records what reaches out of the process, and files that are opened, while it is on.

    Audit hooks are for ever: there is one, which is turned on and off.
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
            if not name.startswith((sys.prefix, sys.base_prefix, _HERE)):  # what is imported late
                self.seen.append(f"open {arguments!r}")

    @contextmanager
    def on(self) -> Iterator[None]:
        """Watch what happens inside."""
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False


_WATCH: list[Watch] = []


def watch() -> Watch:
    """The one that there is."""
    if not _WATCH:
        _WATCH.append(Watch())
    return _WATCH[0]


@dataclass
class Shown:
    """What happened to one input: seconds of each step between two turns of the event loop."""

    number: int
    size: int
    steps: list[float] = field(default_factory=list)
    slowest: str = ""

    def take(self, name: str, step: Callable[[], object]) -> None:
        began = time.perf_counter()
        step()
        took = time.perf_counter() - began
        if took >= max(self.steps, default=0):
            self.slowest = name
        self.steps.append(took)


def show(view: TranscriptView, number: int, turn: Callable[[], None]) -> Shown:
    """Have an input arrive in pieces, which the view takes in slices, end, and be painted."""
    text = generated(number)
    chance = random.Random(-number)
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(chance.randint(0, PIECES)))
    shown = Shown(number, len(text))
    message = streaming()
    shown.take("begin", lambda: view.set_messages([message]))
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[start:end]
        shown.take("piece", partial(view.append_text, message.id, piece))
        shown.take("turn", turn)
    done = replace(message, parts=(TextPart(text),), status=MessageStatus.COMPLETE)
    shown.take("end", lambda: view.update_message(done))
    while True:
        shown.take("turn", turn)
        if not view._arrivals._pieces:
            break
        time.sleep(0.001)
    shown.take("turn", turn)
    shown.take("paint", view.viewport().repaint)
    return shown


@pytest.mark.parametrize("number", SAMPLE)
def test_a_hostile_answer(view: TranscriptView, qapp: Any, number: int) -> None:
    with watch().on():
        seen = len(watch().seen)
        show(view, number, qapp.processEvents)
    assert watch().seen[seen:] == []
    text = generated(number)
    words = [w for w in text.split() if w.isascii() and w.isalnum() and len(w) > 3]
    assert all(word in view.toPlainText() for word in words[:3]), "nothing is lost"


def main(count: int, first: int = 0) -> int:
    """Show `count` inputs and say which steps were too long; 1 where any was."""
    from PySide6.QtCore import QLoggingCategory
    from PySide6.QtWidgets import QApplication

    from desktop_app.paths import child_command, resource_path
    from desktop_app.ui import icons, theme

    QLoggingCategory.setFilterRules("qt.text.font.db=false")
    app = QApplication([sys.argv[0], *theme.APPLICATION_ARGUMENTS])
    icons.use_folder(resource_path("icons/lucide"))
    theme.apply(app, theme.light())
    view = TranscriptView(theme.light())
    typesetter = Typesetter(child_command("maths"))
    view.typeset_with(typesetter)
    view.resize(900, 600)
    view.show()
    show(view, 1, app.processEvents)  # what is imported late is imported
    all_steps: list[float] = []
    slow: list[Shown] = []
    with watch().on():
        for number in range(first, first + count):
            shown = show(view, number, app.processEvents)
            all_steps += shown.steps
            if max(shown.steps) > SHARPEST_LIMIT_S:
                slow.append(shown)
                print(
                    f"{number}: {shown.size:,} characters, {shown.slowest} {max(shown.steps):.2f} s",
                    flush=True,
                )
    typesetter.close()
    all_steps.sort()
    print(f"{count:,} inputs, {len(all_steps):,} steps; longest {all_steps[-1] * 1000:.0f} ms,")
    print(f"99.9th percentile {all_steps[int(len(all_steps) * 0.999)] * 1000:.1f} ms;")
    print(f"{len(slow)} inputs with a step over {SHARPEST_LIMIT_S * 1000:.0f} ms;")
    print(f"{len(watch().seen)} attempts to reach out: {watch().seen[:5]}")
    return 1 if slow or watch().seen else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
