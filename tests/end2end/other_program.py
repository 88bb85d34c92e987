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
from typing import Any, Self

LEFT, TOP, SIDE = 1400, 1000, 100
REPLY_S = 60


class OtherProgram:
    """The program, with the pointer that drags from it; a context manager that ends it."""

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

    def __exit__(self, *_: object) -> None:
        self._end()
        pointer("mouseup", 1)  # the next program could not press a pressed button

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def copy(self, formats: Mapping[str, str]) -> None:
        """Put these formats on the clipboard."""
        self._ask("copy", formats)

    def begin_drag(self, formats: Mapping[str, str]) -> None:
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
        assert self._reply() == "pressed"  # moved only then, as users do
        pointer("mousemove", "--sync", LEFT + 20, TOP + 20)
        assert self._reply() == "dragging"

    def drag_to(self, position: tuple[int, int]) -> None:
        """Drag the content to a position on the screen."""
        x, y = position
        for share in (0.5, 0.9, 1):
            pointer("mousemove", "--sync", *(_between(LEFT, x, share), _between(TOP, y, share)))
        self._position, self._offset = position, 0

    def accepts_drop(self) -> bool:
        """Move the pointer slightly, and return True if a drop would be accepted there.

        Qt reports a position only after the previous one is answered, and does not repeat it.
        """
        self._offset = 2 - self._offset
        pointer("mousemove", self._position[0] + self._offset, self._position[1])
        return str(self._ask("action", {})) != "IgnoreAction"

    def drop(self) -> str:
        """Release the mouse button; return Qt's name of the action that was taken."""
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
    """Run a command of xdotool, such as mousemove; return its output."""
    command = ["xdotool", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _between(start: int, end: int, share: float) -> int:
    return round(start + (end - start) * share)


def main() -> None:
    """Run the other program."""
    from PySide6.QtCore import QMimeData, QObject, Qt, Signal
    from PySide6.QtGui import QDrag, QGuiApplication, QMouseEvent
    from PySide6.QtWidgets import QApplication, QLabel

    def reply(value: object) -> None:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    class Lines(QObject):
        received = Signal(str)

    class Source(QLabel):
        def __init__(self) -> None:
            super().__init__("Drag me")
            self.setWindowFlags(Qt.WindowType.X11BypassWindowManagerHint)
            self.setGeometry(LEFT, TOP, SIDE, SIDE)
            self.formats: dict[str, str] = {}
            self.action = Qt.DropAction.IgnoreAction

        def set_action(self, action: Qt.DropAction) -> None:
            self.action = action

        def data(self) -> QMimeData:
            data = QMimeData()
            for name, content in self.formats.items():
                data.setData(name, base64.b64decode(content))
            return data

        def mousePressEvent(self, event: QMouseEvent) -> None:
            event.accept()
            reply("pressed")

        def mouseMoveEvent(self, event: QMouseEvent) -> None:
            drag = QDrag(self)
            drag.setMimeData(self.data())
            self.action = Qt.DropAction.IgnoreAction
            drag.actionChanged.connect(self.set_action)
            reply("dragging")
            reply(drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction).name)

    app = QApplication([])
    source, lines = Source(), Lines()
    source.show()

    def serve(line: str) -> None:
        request = json.loads(line)
        if request["do"] == "action":
            reply(source.action.name)
            return
        source.formats = request["formats"]
        if request["do"] == "copy":
            QGuiApplication.clipboard().setMimeData(source.data())
        reply("done")

    def read() -> None:
        for line in sys.stdin:
            lines.received.emit(line)

    lines.received.connect(serve)
    threading.Thread(target=read, daemon=True).start()
    app.processEvents()
    reply("ready")
    app.exec()


if __name__ == "__main__":
    main()
