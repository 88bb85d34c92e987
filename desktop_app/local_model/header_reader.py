"""Reads the headers of model files in a confined process, which may be anyone's files.

The child receives the beginnings of files, so that it opens none. If one of them makes it crash,
hang or fill the memory, that file is damaged, and the next file gets a new child.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from desktop_app import sandbox
from desktop_app.child_client import ChildClient, ChildError
from desktop_app.child_processes import child_command
from desktop_app.domain import hints
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import LocalModelError
from desktop_app.foreign_file import RefusedFileError, open_file
from desktop_app.frames import read_frame, write_frame
from desktop_app.i18n.translation import N_
from desktop_app.local_model.gguf import MAGIC, Header, parse_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

# Vocabularies of 250,000 words take some 10 MB; the rest of a file is its weights.
_HEADER_BYTES: Final = (16 << 20, 256 << 20)
_SIZE: Final = struct.Struct("<Q")  # the bytes of the whole file, before those of its beginning
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
        self.child = ChildClient(
            child_command("headers"), most_bytes=_MAX_REPLY_BYTES, timeout_s=_LONGEST_S
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.close()

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
        try:
            return msgspec.json.decode(self.child.ask(_SIZE.pack(size), data), type=_Reply)
        except (ChildError, msgspec.DecodeError, *BAD_VALUE) as exc:
            self.child.close()
            return _Reply(details=f"the reader ended: {exc!r}")


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
        message, hint=hints.CHOOSE_OTHER_MODEL, details=f"{path}\n{details}".strip(), file=path.name
    )


def main() -> int:
    """Read headers until the standard input closes; the child's side."""
    sandbox.confine(sandbox.Policy(memory_bytes=_MEMORY_BYTES))
    while (request := read_frame(sys.stdin.buffer)) is not None:
        (size,) = _SIZE.unpack_from(request)
        reply = _reply(request[_SIZE.size :], size)
        write_frame(sys.stdout.buffer, msgspec.json.encode(reply))
    return 0


def _reply(data: bytes, size: int) -> _Reply:
    try:
        return _Reply(parse_header(data, size))
    except struct.error as exc:
        return _Reply(is_cut=True, details=str(exc))
    except (MemoryError, *BAD_VALUE) as exc:
        return _Reply(details=repr(exc)[:500])
