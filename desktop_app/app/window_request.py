"""Requests of a later start to the running window, over the local socket.

A request is a single frame: a magic word, the sizes of head and text, then the head and the text.
The head contains the command and absolute paths, separated by NUL, which no path contains. The text
is in UTF-8. Nothing is nested, so no frame takes long to parse. The reply is a single line, a
`Reply`.

This module imports light modules only, and no dataclasses, which take 10 ms: a second start takes
milliseconds.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, NamedTuple

from desktop_app.i18n.formatting import size
from desktop_app.i18n.translation import N_, tr
from desktop_app.quick_call import MAGIC, MAX_TEXT_BYTES, frame
from desktop_app.system import path_of_address

PREFIX: Final = struct.Struct(">4sII")
MAX_HEAD_BYTES: Final = 1 << 20
"""The limit of a request without its text: the command and its paths."""

MAX_FILES: Final = 5_000
_MAX_PATH_BYTES: Final = 4_096  # Linux's PATH_MAX

Reply = Literal[b"ok", b"refused", b"busy"]


class RequestError(ValueError):
    """Raised for a request that is invalid or too large.

    The text says why, in the user's language if the user can cause the error.

    Args:
        reason: a sentence marked for translation, or words that only a broken client causes.
        values: the values of its placeholders.
    """

    def __init__(self, reason: str, **values: str | int) -> None:
        super().__init__(reason)
        self._reason = reason
        self._values = values

    def __str__(self) -> str:
        return tr(self._reason, **self._values)


class OpenRequest(NamedTuple):
    """Request to raise the window, and to put files and text into its prompt.

    Attributes:
        files: absolute paths.
        text: for the prompt.
    """

    files: tuple[str, ...] = ()
    text: str = ""


class QuickRequest(NamedTuple):
    """Request to show the quick prompt, with a text for the question to refer to."""

    text: str = ""


class LinkRequest(NamedTuple):
    """Request to show the target of a link (message_link.py), or a page of the window.

    Attributes:
        text: the link, or the id of the command that shows the page.
    """

    text: str


class HiddenRequest(NamedTuple):
    """Request to start without a window; a running program ignores it.

    Attributes:
        stays: keep running while nothing is visible. If False, the session bus has started the
            program, and is about to call it.
    """

    stays: bool


WindowRequest = OpenRequest | QuickRequest | HiddenRequest | LinkRequest
_COMMANDS: Final = {OpenRequest: b"open", QuickRequest: b"quick", LinkRequest: b"link"}


def request_for(names: Sequence[str]) -> OpenRequest | LinkRequest:
    """Return the request for files, given as paths or file: addresses, or for a repartee: link.

    Web addresses go into the prompt, because nothing is fetched.
    """
    link = next((name for name in names if name.lower().startswith("repartee:")), None)
    if link is not None:
        return LinkRequest(link)
    files, links = [], []
    for name in names:
        if name.lower().startswith("file:/"):
            with suppress(ValueError, OSError):  # "file://[x"
                name = path_of_address(name)
            files.append(str(Path(name).absolute()))
        elif name.lower().startswith(("http://", "https://")):
            links.append(name)
        else:
            files.append(str(Path(name).absolute()))
    return OpenRequest(tuple(files), "\n".join(links))


def encode(request: WindowRequest) -> bytes:
    """Return the frame of a request.

    Raises:
        RequestError: it is too large, or a file name contains a NUL character.
    """
    files: tuple[str, ...] = ()
    text = b""
    if isinstance(request, HiddenRequest):
        command = b"resident" if request.stays else b"service"
    else:
        command = _COMMANDS[type(request)]
        files = request.files if isinstance(request, OpenRequest) else ()
        text = request.text.encode("utf-8", "surrogateescape")  # an argument may hold any byte
    head = b"\0".join((command, *map(os.fsencode, files)))
    if any("\0" in name for name in files):  # "file:///%00" is an address
        raise RequestError(N_("File names can’t contain a NUL character."))
    if len(files) > MAX_FILES or len(head) > MAX_HEAD_BYTES:
        raise too_many_files()
    if len(text) > MAX_TEXT_BYTES:
        raise RequestError(
            N_("The text is larger than {size}. Open it as a file."), size=size(MAX_TEXT_BYTES)
        )
    return frame(head, text)


def too_many_files() -> RequestError:
    return RequestError(N_("At most {count} files can be opened at once."), count=MAX_FILES)


def parse_sizes(prefix: bytes) -> tuple[int, int]:
    """Return the sizes of head and text in bytes.

    Raises:
        RequestError: this is not a request, or it is too large.
    """
    magic, head_bytes, text_bytes = PREFIX.unpack(prefix)
    if magic != MAGIC or head_bytes > MAX_HEAD_BYTES or text_bytes > MAX_TEXT_BYTES:
        raise RequestError("not a request")
    return head_bytes, text_bytes


def decode(head: bytes, text: str) -> WindowRequest:
    """Return the request with this head and this text.

    Raises:
        RequestError: the command is unknown, or files are too many or have no valid absolute path.
    """
    command, *names = head.split(b"\0", MAX_FILES + 1)
    if command == b"quick" and not names:
        return QuickRequest(text)
    if command == b"link" and not names:
        return LinkRequest(text)
    if command in (b"resident", b"service") and not names and not text:
        return HiddenRequest(command == b"resident")
    if command != b"open":
        raise RequestError("unknown command")
    if len(names) > MAX_FILES:
        raise RequestError("too many files")
    if any(not name.startswith(b"/") or len(name) > _MAX_PATH_BYTES for name in names):
        raise RequestError("not an absolute path")
    return OpenRequest(tuple(map(os.fsdecode, names)), text)
