"""What an answer of a megabyte takes in memory, beside a bare laid-out QTextDocument with its text.

Each side is measured in a process of its own: what it has written into memory of its own (private dirty
pages) with the answer, less that without. The answer arrives in pieces and is finished; the bare
document is laid out for the same width. At rest the program gives the system what is free; a bare
document leaves it to the C library, so it is measured twice: as it is, and with as much given back.
Nothing is highlighted: colours are told apart with `--highlight 1`.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_CHILD = (
    "from tests.benchmarks import memory; memory.measure({side!r}, {characters}, {kind!r}, "
    "{highlight})"
)


def main(characters: int = 1_000_000, kind: str = "mixed", highlight: int = 0) -> dict[str, Any]:
    """Megabytes above idle of both sides, and their ratios."""
    bare, bare_at_rest = _run("bare", characters, kind, highlight)
    _, ours = _run("transcript", characters, kind, highlight)
    return {
        "benchmark": "memory",
        "kind": kind,
        "characters": characters,
        "ratio": round(ours / bare, 2),
        "ratio_at_rest": round(ours / bare_at_rest, 2),
        "mb": [round(bare, 1), round(bare_at_rest, 1), round(ours, 1)],
    }


def _run(side: str, characters: int, kind: str, highlight: int) -> list[float]:
    words = _CHILD.format(side=side, characters=characters, kind=kind, highlight=highlight)
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, check=True, timeout=300
    )
    return list(json.loads(done.stdout))


def measure(side: str, characters: int, kind: str, highlight: int) -> None:
    """Print the megabytes that one side takes above idle, as it is and at rest."""
    from desktop_app.app.startup import gc_policy
    from tests.benchmarks import streaming

    application = streaming._application()
    text = streaming.source(kind, characters, highlight=bool(highlight))[:characters]
    pieces = streaming.cut(text, len(text))
    shown = streaming.Transcript() if side == "transcript" else _BareDocument()
    shown.widget.resize(1000, 700)
    shown.widget.show()
    application.processEvents()
    gc_policy.tidy_up()
    before = _private()
    for number in range(0, len(pieces), 200):
        shown.write("".join(pieces[number : number + 200]))
        shown.finish()
        application.processEvents()
    shown.end(text)
    application.processEvents()
    gc.collect()
    as_it_is = _private() - before
    gc_policy.tidy_up()
    print(json.dumps([as_it_is, _private() - before]))


class _BareDocument:
    """A text document in a text view, laid out to its end; the text comes at once, because Qt lays
    an endless paragraph out again with each piece of it."""

    def __init__(self) -> None:
        from PySide6.QtGui import QTextCursor
        from PySide6.QtWidgets import QTextBrowser

        self.widget = QTextBrowser()
        self.widget.setUndoRedoEnabled(False)
        self._cursor = QTextCursor(self.widget.document())

    def write(self, _text: str) -> None:
        pass

    def finish(self) -> None:
        pass

    def end(self, text: str) -> None:
        self._cursor.insertText(text)
        self.widget.document().documentLayout().documentSize()
        bar = self.widget.verticalScrollBar()
        bar.setValue(bar.maximum())


def _private() -> float:
    """This process's memory in megabytes, without what others share: that changes as they come and go."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    return 0.0
