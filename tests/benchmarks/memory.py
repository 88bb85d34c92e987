"""The memory of a one-megabyte answer, compared with a bare laid-out QTextDocument.

Each side runs in its own process. The figure is its private dirty pages with the answer, less those
without. The answer is streamed and finished. The bare document is laid out for the same width. When
idle, the program returns free memory to the system, but a bare document leaves it to the C library.
So the bare document is measured twice: as it is, and after free memory is returned. Code is not
highlighted unless `--highlight 1` is given.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_CHILD = (
    "from tests.benchmarks import memory\n"
    "memory.measure({side!r}, {characters}, {kind!r}, {highlight})"
)


def main(characters: int = 1_000_000, kind: str = "mixed", highlight: int = 0) -> dict[str, Any]:
    """Return the megabytes above idle of both sides, and their ratios."""
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
    source = _CHILD.format(side=side, characters=characters, kind=kind, highlight=highlight)
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, check=True, timeout=300
    )
    return list(json.loads(done.stdout))


def measure(side: str, characters: int, kind: str, highlight: int) -> None:
    """Print a side's megabytes above idle, before and after free memory is returned."""
    from desktop_app.app.startup import gc_policy
    from tests.benchmarks import streaming

    application = streaming.make_application()
    text = streaming.source(kind, characters, highlight=bool(highlight))[:characters]
    pieces = streaming.cut(text, len(text))
    shown = streaming.Transcript() if side == "transcript" else _BareDocument()
    shown.widget.resize(1000, 700)
    shown.widget.show()
    application.processEvents()
    gc_policy.collect_and_trim()
    before = _private()
    for number in range(0, len(pieces), 200):
        shown.write("".join(pieces[number : number + 200]))
        shown.finish()
        application.processEvents()
    shown.end(text)
    application.processEvents()
    gc.collect()
    as_it_is = _private() - before
    gc_policy.collect_and_trim()
    print(json.dumps([as_it_is, _private() - before]))


class _BareDocument:
    """A QTextDocument in a text view, laid out to its end.

    The text is inserted at once, because Qt lays out an endless paragraph again with each piece.
    """

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
    """Return this process's private dirty memory in megabytes.

    Shared pages are left out, because their share changes as other processes come and go.
    """
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) / 1024
    return 0.0
