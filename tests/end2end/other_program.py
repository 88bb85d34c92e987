"""Another program on the screen, from which content is dragged or copied.

It is a separate process, because XDND and the clipboard work between processes. Run as a script, it
reads a JSON request per line and writes a JSON reply per line:

    {"do": "offer" | "copy" | "action", "formats": {media type: base64}}

The offered formats are dragged from its window. "action" returns the drop action at the pointer.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

LEFT, TOP, SIDE = 1400, 1000, 100
REPLY_S = 60


class OtherProgram:
    """The program, and the hands that drag from it; a context manager that ends it."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._reply()
        self._has_dragged = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        pointer("mouseup", 1)  # the next one could not press what is pressed already

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def copy(self, formats: Mapping[str, str]) -> None:
        """Put this on the clipboard."""
        self._ask("copy", formats)

    def take(self, formats: Mapping[str, str]) -> None:
        """Start to drag these formats.

        Each drag uses a new process, because Qt reports an action only if it differs from the last
        reported action, even of an earlier drag.
        """
        if self._has_dragged:
            self._end()
            self._start()
        self._has_dragged = True
        self._ask("offer", formats)
        pointer("mousemove", "--sync", LEFT + SIDE // 2, TOP + SIDE // 2)
        pointer("mousedown", 1)
        assert self._reply() == "pressed"  # and moved only then, as by a hand
        pointer("mousemove", "--sync", LEFT + 20, TOP + 20)
        assert self._reply() == "dragging"

    def hold_over(self, place: tuple[int, int]) -> None:
        """Drag it there."""
        x, y = place
        for share in (0.5, 0.9, 1):
            pointer("mousemove", "--sync", *(_between(LEFT, x, share), _between(TOP, y, share)))
        self._place, self._aside = place, 0

    def tremble(self) -> None:
        """Move the pointer slightly, like a hand that holds still.

        Qt reports a position only after the previous one is answered, and does not repeat it.
        """
        self._aside = 2 - self._aside
        pointer("mousemove", self._place[0] + self._aside, self._place[1])

    def is_welcome(self) -> bool:
        """Return True if a drop would be accepted here."""
        self.tremble()
        return str(self._ask("action", {})) != "IgnoreAction"

    def let_go(self) -> str:
        """Let go of it; returns what was done with it, by Qt's name of the action."""
        pointer("mouseup", 1)
        return str(self._reply())

    def _ask(self, what: str, formats: Mapping[str, str]) -> Any:
        packed = {name: base64.b64encode(text.encode()).decode() for name, text in formats.items()}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, "formats": packed}) + "\n")
        self._process.stdin.flush()
        return self._reply()

    def _reply(self) -> Any:
        assert self._process.stdout is not None
        limit = threading.Timer(REPLY_S, self._process.kill)
        limit.start()
        line = self._process.stdout.readline()
        limit.cancel()
        assert line, f"The other program said nothing for {REPLY_S} s."
        return json.loads(line)


def pointer(*arguments: object) -> str:
    """Move, press, focus or search, as xdotool calls it; returns what it says."""
    command = ["xdotool", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _between(start: int, end: int, share: float) -> int:
    return round(start + (end - start) * share)


def main() -> None:
    """Run the other program."""
    from PySide6.QtCore import QMimeData, QObject, Qt, Signal
    from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent
    from PySide6.QtWidgets import QApplication, QLabel

    def say(what: object) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    class Lines(QObject):
        came = Signal(str)

    class Source(QLabel):
        def __init__(self) -> None:
            super().__init__("Drag me")
            self.setWindowFlags(Qt.WindowType.X11BypassWindowManagerHint)
            self.setGeometry(LEFT, TOP, SIDE, SIDE)
            self.formats: dict[str, str] = {}
            self.action = Qt.DropAction.IgnoreAction

        def hear(self, action: Qt.DropAction) -> None:
            self.action = action

        def data(self) -> QMimeData:
            made = QMimeData()
            for name, content in self.formats.items():
                made.setData(name, base64.b64decode(content))
            return made

        def mousePressEvent(self, event: QMouseEvent) -> None:
            event.accept()
            say("pressed")

        def mouseMoveEvent(self, event: QMouseEvent) -> None:
            drag = QDrag(self)
            drag.setMimeData(self.data())
            self.action = Qt.DropAction.IgnoreAction
            drag.actionChanged.connect(self.hear)
            say("dragging")
            say(drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction).name)

    app = QApplication([])
    source, lines = Source(), Lines()
    source.show()

    def serve(line: str) -> None:
        request = json.loads(line)
        if request["do"] == "action":
            say(source.action.name)
            return
        source.formats = request["formats"]
        if request["do"] == "copy":
            QGuiApplication.clipboard().setMimeData(source.data())
        say("done")

    def read() -> None:
        for line in sys.stdin:
            lines.came.emit(line)

    lines.came.connect(serve)
    threading.Thread(target=read, daemon=True).start()
    app.processEvents()
    say("ready")
    app.exec()


if __name__ == "__main__":
    main()
