"""The child process of the voice: its loop, which serves requests in the order of their arrival.

It loads Qt's sound and the transcription when they are first asked for. It ends when its standard
input ends, so also when its parent crashes.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from desktop_app.frames import read_frame, write_frame
from desktop_app.voice.messages import (
    Drop,
    Event,
    Fault,
    FaultKind,
    Finish,
    Hush,
    ListDevices,
    Listen,
    Prepare,
    Request,
    Say,
)

if TYPE_CHECKING:
    from desktop_app.voice.child.recorder import Recorder
    from desktop_app.voice.child.speaker import Speaker

_STDOUT: Final = 1
_STDERR: Final = 2


def main() -> int:
    """Serve until standard input ends."""
    # The messages have a descriptor of their own. Libraries' output goes to standard error.
    messages = os.fdopen(os.dup(_STDOUT), "wb")
    os.dup2(_STDERR, _STDOUT)
    sys.excepthook = _end_with  # Qt would go on after what a slot raises
    threading.excepthook = lambda failed: _end_with(*failed[:3])
    application = QCoreApplication(["repartee-voice"])
    voice = _Voice(messages)
    inbox = _Inbox()
    inbox.received.connect(voice.serve, Qt.ConnectionType.QueuedConnection)
    threading.Thread(target=inbox.read, args=(sys.stdin.buffer,), daemon=True).start()
    return application.exec()


def _end_with(*raised: Any) -> None:
    """End the process with what was raised on standard error, which the window logs."""
    sys.__excepthook__(*raised)
    sys.stderr.flush()
    os._exit(1)


class _Inbox(QObject):
    """Reads requests in a thread: on Windows, Qt cannot watch a pipe.

    Signals:
        received(Request): in the thread of the loop.
    """

    received = Signal(object)

    def read(self, stream: BinaryIO) -> None:
        """Read until the end of the stream, which ends the process."""
        request_type: Any = Request
        while (packed := read_frame(stream)) is not None:
            self.received.emit(msgspec.msgpack.decode(packed, type=request_type))
        os._exit(0)  # a model or an engine that is busy would delay the end


class _Voice(QObject):
    """What listens and what speaks."""

    def __init__(self, messages: BinaryIO) -> None:
        super().__init__()
        self._messages = messages
        self._turn = threading.Lock()
        self._recorder: Recorder | None = None
        self._speaker: Speaker | None = None

    def send(self, event: Event) -> None:
        """Send a message to the window."""
        try:
            with self._turn:  # several threads send, and a pipe mixes writes of more than 4 KB
                write_frame(self._messages, msgspec.msgpack.encode(event))
        except BrokenPipeError:  # the window has ended
            os._exit(0)

    def serve(self, request: Request) -> None:
        """Do what the window asks for; a package that is missing is reported."""
        try:
            if isinstance(request, Listen | Finish | Drop):
                self._serve_recorder(request)
            elif isinstance(request, ListDevices):
                from desktop_app.voice.child.devices import all_devices

                self.send(all_devices())
            else:
                self._serve_speaker(request)
        except (ImportError, OSError) as error:  # also of a shared library
            of_speech = not isinstance(request, Listen)
            self.send(Fault(FaultKind.NO_PACKAGE, of_speech, str(error)))

    def _serve_recorder(self, request: Listen | Finish | Drop) -> None:
        if isinstance(request, Listen):
            if self._recorder is None:
                from desktop_app.voice.child.recorder import Recorder

                self._recorder = Recorder(self.send)
            self._recorder.listen(request)
        elif self._recorder is not None:
            if isinstance(request, Finish):
                self._recorder.finish(request.silence_s)
            else:
                self._recorder.drop()

    def _serve_speaker(self, request: Prepare | Say | Hush) -> None:
        if isinstance(request, Hush):
            if self._speaker is not None:
                self._speaker.hush()
            return
        if self._speaker is None:
            from desktop_app.voice.child.speaker import Speaker

            self._speaker = Speaker(self.send)
        if isinstance(request, Prepare):
            self._speaker.prepare(request.language)
        else:
            self._speaker.say(request)
