"""The window's ear: requests of later starts, one line of JSON each, over a local socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

MOST_BYTES = 64 * 1024 * 1024  # text may be brought along; no more than this


class CallServer(QObject):
    """Listens for requests.

    Signals:
        called(dict): a request of a later start, such as {"command": "open", "files": […]}.
    """

    called = Signal(dict)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._accept)
        # The lock says that nobody else listens; what lies here is left of a killed process.
        path.unlink(missing_ok=True)
        self._server.listen(str(path))

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _accept(self) -> None:
        while (connection := self._server.nextPendingConnection()) is not None:
            buffer = bytearray()
            connection.readyRead.connect(lambda c=connection, b=buffer: self._read(c, b))
            connection.disconnected.connect(connection.deleteLater)
            self._read(connection, buffer)

    def _read(self, connection: QLocalSocket, buffer: bytearray) -> None:
        buffer += bytes(connection.readAll().data())
        if len(buffer) > MOST_BYTES:
            connection.abort()
        elif buffer.endswith(b"\n"):
            request = _parsed(bytes(buffer))
            buffer.clear()
            connection.write(b"ok\n" if request is not None else b"?\n")
            connection.flush()
            if request is not None:
                self.called.emit(request)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        request = json.loads(line)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None
