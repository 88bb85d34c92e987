"""Reads the headers of model files in a confined process, which may be anyone's files.

The child receives the beginnings of files, so that it opens none. If one of them makes it crash,
hang or fill the memory, that file is damaged, and the next file gets a new child.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from desktop_app import sandbox
from desktop_app.child_processes import child_command, open_child
from desktop_app.domain.activity_log import log_end
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import LocalModelError
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.i18n.translation import N_
from desktop_app.local_model.gguf import MAGIC, Header, parse_header

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from typing import Self

CHOOSE_OTHER_MODEL: Final = N_("Choose another file in {provider_page}, or use the built-in model.")
# Vocabularies of 250,000 words take some 10 MB; the rest of a file is its weights.
_HEADER_BYTES: Final = (16 << 20, 256 << 20)
_REQUEST: Final = struct.Struct("<QQ")  # the bytes that follow, and those of the whole file
_MEMORY_BYTES: Final = 1 << 30
_LONGEST_S: Final = 10.0  # a vocabulary of 250,000 words takes 0.05 s
_MAX_REPLY_BYTES: Final = 1 << 20


class _Reply(msgspec.Struct, frozen=True):
    """The child's reply: a header, or None if the data end within it or are damaged."""

    header: Header | None = None
    is_cut: bool = False
    details: str = ""


class HeaderReader:
    """Reads headers. The child starts with the first, and ends with the context."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._start_time = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, path: Path) -> Header:
        """Read the header of a model's file. Blocking.

        Raises:
            LocalModelError: the file cannot be read, is no GGUF file, or its end is missing.
        """
        with open_model(path) as file:
            return self.read_open(file, path)

    def read_open(self, file: BinaryIO, path: Path) -> Header:
        """Read the header of an open file, whose path is for errors. Raises as `read`, OSError."""
        size = os.fstat(file.fileno()).st_size
        reply = _Reply()
        for limit in _HEADER_BYTES:
            require_model(file, path)
            data = file.read(limit)
            reply = self._ask(data, size)
            if reply.header is not None:
                return reply.header
            if not reply.is_cut:
                break
            if len(data) < limit or limit == _HEADER_BYTES[-1]:  # this was the whole file
                raise _error(N_("{file} isn’t complete."), path, reply.details)
        raise _error(N_("The model file {file} is damaged."), path, reply.details)

    def _ask(self, data: bytes, size: int) -> _Reply:
        child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        watchdog = threading.Timer(_LONGEST_S, child.kill)
        watchdog.start()
        try:
            child.stdin.write(_REQUEST.pack(len(data), size))
            child.stdin.write(data)
            child.stdin.flush()
            return msgspec.json.decode(child.stdout.readline(_MAX_REPLY_BYTES), type=_Reply)
        except (OSError, msgspec.DecodeError, *BAD_VALUE) as exc:
            self._end()
            return _Reply(details=f"the reader ended: {exc!r}")
        finally:
            watchdog.cancel()

    def _start(self) -> subprocess.Popen[bytes]:
        command = child_command("headers")
        self._start_time = time.monotonic()
        self._child = open_child(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()
            log_end("child headers", f"code {child.returncode}", self._start_time)


@contextmanager
def open_model(path: Path) -> Iterator[BinaryIO]:
    """Open a model's file. Raises LocalModelError if it cannot be read, also within the block."""
    try:
        with open_file(path) as file:
            yield file
    except RefusedFileError as exc:
        raise LocalModelError(exc.message, params=exc.params, file=path.name) from exc
    except OSError as exc:
        raise _error(N_("Couldn’t read the model file {file}."), path, str(exc)) from exc


def require_model(file: BinaryIO, path: Path) -> None:
    """Raise LocalModelError unless an open file is a GGUF file; go to its beginning."""
    file.seek(0)
    if file.read(len(MAGIC)) != MAGIC:
        raise _error(N_("{file} isn’t a GGUF model file."), path)
    file.seek(0)


def read_header(path: Path) -> Header:
    """Read the header of one model's file, as `HeaderReader.read` does."""
    with HeaderReader() as reader:
        return reader.read(path)


def _error(message: str, path: Path, details: str = "") -> LocalModelError:
    return LocalModelError(
        message, hint=CHOOSE_OTHER_MODEL, details=f"{path}\n{details}".strip(), file=path.name
    )


def main() -> int:
    """Read headers until the standard input closes; the child's side."""
    sandbox.confine(sandbox.Policy(memory_bytes=_MEMORY_BYTES))
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while request := requests.read(_REQUEST.size):
        length, size = _REQUEST.unpack(request)
        replies.write(msgspec.json.encode(_reply(requests.read(length), size)) + b"\n")
        replies.flush()
    return 0


def _reply(data: bytes, size: int) -> _Reply:
    try:
        return _Reply(parse_header(data, size))
    except struct.error as exc:
        return _Reply(is_cut=True, details=str(exc))
    except (MemoryError, *BAD_VALUE) as exc:
        return _Reply(details=repr(exc)[:500])
