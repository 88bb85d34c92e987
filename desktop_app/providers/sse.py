"""Server-sent events out of bytes, by the rules of the WHATWG (HTML standard, section 9.2).

The decoder does no I/O and keeps no more than the event that is under way. It works on bytes up
to the end of a line and decodes whole lines only, so a character may be cut anywhere; always as
UTF-8, whatever a header says. Each byte is looked at once, however small the chunks are.
"""

from __future__ import annotations

from typing import Final, NamedTuple

LARGEST_EVENT: Final = 256 * 1024 * 1024
"""Bytes. A whole answer with its pictures is far below; what is above would fill the memory."""

_BOM: Final = "\ufeff".encode()


class EventTooLargeError(Exception):
    """One event passed LARGEST_EVENT."""


class ServerSentEvent(NamedTuple):
    """One dispatched event.

    `event` is "message" where the stream named none; `id` is the last one seen so far; `retry`
    is the newest reconnection time in milliseconds, None where none was given.
    """

    data: str
    event: str = "message"
    id: str = ""
    retry: int | None = None


class SSEDecoder:
    """Feed it bytes; it hands back the events that they complete.

    What is incomplete when the stream ends is never dispatched, as the standard wants it.
    """

    def __init__(self, largest_event: int = LARGEST_EVENT) -> None:
        self._largest_event = largest_event
        self._line = bytearray()
        self._data: list[str] = []
        self._size = 0
        self._event = ""
        self._last_id = ""
        self._retry: int | None = None
        self._is_first_line = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that `chunk` completes, in order.

        Raises:
            EventTooLargeError: the event under way is larger than the decoder was made for.
        """
        events: list[ServerSentEvent] = []
        # A CR at the end of the chunk before ended its line: the LF of that pair ends nothing.
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return events
        self._after_cr = chunk[-1:] == b"\r"
        # Of bytes, splitlines() knows CR, LF and CRLF alone, as the standard does.
        lines = chunk.splitlines()
        rest = b"" if chunk[-1:] in b"\r\n" else lines.pop()
        for line in lines:
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            event = self._end_line(line)
            if event is not None:
                events.append(event)
        self._line += rest
        if self._size + len(self._line) > self._largest_event:
            raise EventTooLargeError
        return events

    def _end_line(self, line: bytes) -> ServerSentEvent | None:
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line[:1] != b":":
            name, _, value = line.decode("utf-8", "replace").partition(":")
            self._take_field(name, value.removeprefix(" "))
        return None

    def _take_field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
            self._size += len(value) + 1  # an empty line takes memory, too
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._last_id = value
        elif name == "retry" and value.isascii() and value.isdigit() and len(value) < 18:
            self._retry = int(value)

    def _dispatch(self) -> ServerSentEvent | None:
        data, event = self._data, self._event
        self._event = ""
        if not data:
            return None
        self._data, self._size = [], 0
        whole = data[0] if len(data) == 1 else "\n".join(data)
        return ServerSentEvent(whole, event or "message", self._last_id, self._retry)
