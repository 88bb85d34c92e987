"""The window's side of reading documents: one child process, started on first use.

A document that crashes, hangs or fills the memory ends the child; the person gets a sentence and
the next document a new child. The child is given no API key (its environment is chosen), reads
nothing but what it is sent, and ends when it has had nothing to do for a while, when its standard
input closes, and so with us however we end.

Works on any asyncio event loop, Qt's included.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from desktop_app.child_processes import ChildCommand, child_command, start_child
from desktop_app.documents import refusals
from desktop_app.documents.protocol import (
    LENGTH,
    PIECE,
    Chunk,
    ExtractedDocument,
    IndexedPassage,
    Limits,
    Progress,
    ScaledPicture,
    error_from_json,
    head,
    limits_to_json,
)
from desktop_app.domain.errors import DocumentError
from desktop_app.domain.parts import PagePicture

__all__ = ["DocumentWorker", "ExtractedDocument", "Limits", "Progress", "ScaledPicture"]

OnProgress = Callable[[Progress], None]


class _ChildGoneError(Exception):
    """The child ended before it had answered; the argument says how."""


class DocumentWorker:
    """Reads documents and counts tokens, one at a time, in a process of its own.

    Attributes:
        limits: what the next document may cost.
        passwords: of the protected documents that were read or unlocked, by their SHA-256. They are
            in this process's memory alone, and go to the child through its pipe.

    Call `aclose()` before the event loop ends. `command` starts the child: another one only for
    tests of what a broken child does.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        idle_s: float = 30,
        command: ChildCommand | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.passwords: dict[str, str] = {}
        self._idle_s = idle_s
        self._command = command
        self._turn = asyncio.Lock()
        self._child: Process | None = None
        self._killed: int | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.pid if self._child else None

    async def extract(
        self, path: Path, on_progress: OnProgress | None = None, *, password: str = ""
    ) -> ExtractedDocument:
        """The text of a file. Cancelling the task ends the work at once.

        Raises:
            DocumentEncryptedError: it asks for a password, or for another one than `password`.
            DocumentError: one of its subclasses.
        """
        payload = os.fsencode(path.absolute())  # noqa: ASYNC240 — looks at no file
        header = {"kind": "extract-file", "name": path.name, "password": password}
        return await self._extracted(header, payload, on_progress)

    async def extract_bytes(
        self,
        name: str,
        data: bytes,
        on_progress: OnProgress | None = None,
        *,
        password: str = "",
    ) -> ExtractedDocument:
        """The text of a document that is no file: pasted or piped. Otherwise as `extract`."""
        header = {"kind": "extract-bytes", "name": name, "password": password}
        return await self._extracted(header, data, on_progress)

    async def scale(
        self, name: str, data: bytes, media_type: str, size: tuple[int, int]
    ) -> ScaledPicture:
        """A picture within `size` pixels, as PNG or JPEG, without metadata. `media_type` is what
        `extract` found. The same bytes give the same result.

        Raises:
            DocumentError: one of its subclasses.
        """
        asked = {"kind": "scale", "name": name, "media_type": media_type}
        answer, scaled = await self._ask({**asked, "width": size[0], "height": size[1]}, data, None)
        assert isinstance(scaled, bytes)
        return ScaledPicture(answer["media_type"], answer["width"], answer["height"], scaled)

    async def render_pages(
        self,
        name: str,
        data: bytes,
        pages: Sequence[tuple[int, tuple[int, int]]],
        *,
        password: str = "",
    ) -> list[ScaledPicture]:
        """Pages of a PDF as pictures: each a number, from 1, and the pixels that it fits into. The
        same bytes give the same result.

        Raises:
            DocumentEncryptedError: it asks for a password, or for another one than `password`.
            DocumentError: one of its subclasses.
        """
        asked = [[number, *size] for number, size in pages]
        header = {"kind": "render", "name": name, "pages": asked, "password": password}
        answer, packed = await self._ask(header, data, None)
        assert isinstance(packed, bytes)
        return list(_unpacked(answer["pictures"], packed))

    async def count_tokens(self, text: str) -> int:
        """The number of tokens by o200k_base, which OpenAI's models use.

        Raises:
            DocumentError: the child could not be started, or failed.
        """
        payload = text.encode(errors="replace")
        header, _ = await self._ask({"kind": "count", "name": "The text"}, payload, None)
        return int(header["tokens"])

    async def markdown_of(self, html: str) -> str:
        """What another program put on the clipboard as HTML: see `rich_text.py`.

        Raises:
            DocumentError: it cannot be read, or the child could not be started.
        """
        payload = html.encode(errors="replace")
        _, markdown = await self._ask({"kind": "convert", "name": "The text"}, payload, None)
        assert isinstance(markdown, str)
        return markdown

    async def chunks(self, text: str, tokens: int) -> list[Chunk]:
        """Parts of a text of at most so many tokens (by o200k_base): see `chunks.py`.

        Raises:
            DocumentError: the child could not be started, or failed.
        """
        text = text.encode(errors="replace").decode()
        request = {"kind": "chunk", "name": "The text", "tokens": tokens}
        _, found = await self._ask(request, text.encode(), None)
        return [Chunk(*row) for row in json.loads(found)]

    async def passages(self, text: str, name: str, media_type: str) -> list[IndexedPassage]:
        """The passages of a document's text: see `passages.py`.

        Raises:
            DocumentError: the child could not be started, or failed.
        """
        text = text.encode(errors="replace").decode()
        request = {"kind": "passages", "name": name, "media_type": media_type}
        _, found = await self._ask(request, text.encode(), None)
        return await asyncio.to_thread(lambda: [IndexedPassage(*row) for row in json.loads(found)])

    async def aclose(self) -> None:
        """End the child and wait for its end. A request still running is cut off."""
        if self._child:
            self._kill(self._child)
        async with self._turn:
            self._discard()
        await asyncio.gather(*self._ending)

    async def _extracted(
        self, header: Mapping[str, Any], payload: bytes, on_progress: OnProgress | None
    ) -> ExtractedDocument:
        answer, text = await self._ask(header, payload, on_progress)
        answer.pop("kind")
        answer.pop("payload")
        assert isinstance(text, str)
        answer["pictured"] = tuple(PagePicture(*page) for page in answer["pictured"])
        document = ExtractedDocument(**answer, text=text)
        if document.is_protected:
            self.passwords[document.sha256] = header["password"]
        return document

    async def _ask(
        self, header: Mapping[str, Any], payload: bytes, on_progress: OnProgress | None
    ) -> tuple[dict[str, Any], str | bytes]:
        """Send a request and wait for its answer, within the time limit."""
        name, limits = header["name"], self.limits
        async with self._turn:
            self._stay()
            try:
                async with asyncio.timeout(limits.seconds):
                    child = await self._running_child()
                    await _send(child, {**header, "limits": limits_to_json(limits)}, payload)
                    answer, text = await _answer(child, on_progress)
            except TimeoutError as error:
                self._discard()
                what = f"takes longer than {limits.seconds:g} s to read"
                raise refusals.too_large(name, what) from error
            except _ChildGoneError as error:
                self._discard()
                raise refusals.reader_stopped(name, str(error), limits) from error
            except BaseException:
                # Cancelled, or the progress callback raised: the child is in the middle of its work.
                self._discard()
                raise
            if answer.get("exhausted"):
                self._discard()
            else:
                self._leave_when_idle()
        if answer["kind"] == "refused":
            raise error_from_json(answer)
        return answer, text

    async def _running_child(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            self._discard()
            try:
                command = self._command or child_command("documents")
                self._child = await start_child(
                    command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=PIECE
                )
            except OSError as error:
                raise DocumentError(
                    "The part of the program that reads documents could not be started.",
                    what_was_kept=refusals.NOTHING_MADE,
                    what_to_do="Start the program anew; if it happens again, install it anew.",
                    details=str(error),
                ) from error
        return self._child

    def _leave_when_idle(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._idle_s, self._discard)

    def _stay(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def _kill(self, child: Process) -> None:
        """Once: a second time might collect the child's end, which asyncio waits for elsewhere."""
        if child.pid != self._killed:
            self._killed = child.pid
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    def _discard(self) -> None:
        """Kill the child, and see to its end in the background. A new one starts on demand."""
        self._stay()
        child, self._child = self._child, None
        if child:
            self._kill(child)
            task = asyncio.get_running_loop().create_task(_reap(child))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


def _unpacked(rows: Sequence[Sequence[Any]], packed: bytes) -> Iterator[ScaledPicture]:
    """Several pictures out of one payload; a row is media type, width, height, bytes."""
    start = 0
    for media_type, width, height, size in rows:
        yield ScaledPicture(media_type, width, height, packed[start : start + size])
        start += size


async def _send(child: Process, header: Mapping[str, Any], payload: bytes) -> None:
    """Write a frame piece by piece.

    Raises:
        _ChildGoneError
    """
    assert child.stdin is not None
    try:
        child.stdin.write(head(header, len(payload)))
        view = memoryview(payload)
        for start in range(0, len(view), PIECE):
            child.stdin.write(view[start : start + PIECE])
            await child.stdin.drain()
    except OSError as error:
        raise await _gone(child) from error


async def _answer(
    child: Process, on_progress: OnProgress | None
) -> tuple[dict[str, Any], str | bytes]:
    """The header and the text or bytes of the answer, after reporting the progress that precedes it.

    Raises:
        _ChildGoneError
    """
    while True:
        header, text = await _receive(child)
        if header["kind"] == "crashed":
            raise _ChildGoneError(header["details"])
        if header["kind"] != "progress":
            return header, text
        if on_progress:
            on_progress(Progress(header["done"], header["total"], header["unit"]))


async def _receive(child: Process) -> tuple[dict[str, Any], str | bytes]:
    assert child.stdout is not None
    try:
        (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
        header: dict[str, Any] = json.loads(await child.stdout.readexactly(length))
        if header.get("is_binary"):  # a picture to be sent: a few megabytes
            return header, await child.stdout.readexactly(header["payload"])
        decoder = codecs.getincrementaldecoder("utf-8")()
        pieces = []
        left = header["payload"]
        while left:
            # Piece by piece: the event loop turns between them, however long the text is.
            piece = await child.stdout.readexactly(min(left, PIECE))
            left -= len(piece)
            pieces.append(decoder.decode(piece, final=not left))
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise await _gone(child) from error
    return header, "".join(pieces)


async def _gone(child: Process) -> _ChildGoneError:
    """What to say of a child that no longer speaks, or no longer makes sense."""
    with contextlib.suppress(TimeoutError):
        # It is ending by itself; only a child that talks nonsense needs to be killed.
        async with asyncio.timeout(1):
            return _ChildGoneError(f"the reader ended with code {await child.wait()}")
    return _ChildGoneError("the reader did not answer as it should")


async def _reap(child: Process) -> None:
    """Wait for a killed child and close its pipes."""
    await child.communicate()
