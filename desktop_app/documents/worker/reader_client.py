"""Sends requests to a child process that starts on first use; this is the parent's side.

If a document makes the child crash, hang or fill the memory, the child ends, and the user gets an
error message. The next document gets a new child. The child is confined (worker_process.py): files
are opened here and sent to it, and its answers are checked. The child ends after a while without
work, or when its standard input closes, so it never outlives this process.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from desktop_app.child_processes import ChildCommand, child_command, start_child
from desktop_app.documents import refusals
from desktop_app.documents.worker import worker_answers
from desktop_app.documents.worker.protocol import (
    LENGTH,
    MAX_TEXT_BYTES,
    PIECE_BYTES,
    Limits,
    OnProgress,
    frame_head,
)
from desktop_app.domain import hints
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_

if TYPE_CHECKING:
    from desktop_app.documents.worker.source_files import OpenDocument

_T = TypeVar("_T")

_END_TIMEOUT_S = 1  # for the end of a child that no longer answers


class _ChildGoneError(Exception):
    """The child has ended or violated the protocol; the argument tells the details."""


class Request(NamedTuple):
    """A request to the child.

    Attributes:
        header: the fields of the request, including `kind` and `name`.
        payload: a document's bytes, or a text.
        path: a file or folder to open for the child; None if the payload is the document.
        max_answer_bytes: maximum size of the answer's payload.
        is_text: the answer's payload is UTF-8.
    """

    header: Mapping[str, Any]
    payload: bytes = b""
    path: Path | None = None
    max_answer_bytes: int = MAX_TEXT_BYTES
    is_text: bool = True

    @property
    def name(self) -> str:
        """Return the document's name, as shown to the user."""
        return str(self.header["name"])


class ReaderClient:
    """Client of a child process for documents, with one request at a time.

    Call `aclose()` before the event loop ends. All requests raise DocumentError if the document
    cannot be read, or the child cannot be started or fails.

    Args:
        idle_s: the seconds after which a child without work is ended.
        command: starts the child; only tests of broken children pass it.

    Attributes:
        limits: the limits of the next document.
    """

    def __init__(self, limits: Limits, idle_s: float, command: ChildCommand | None) -> None:
        self.limits = limits
        self._idle_s = idle_s
        self._command = command
        self._request_lock = asyncio.Lock()
        self._child: Process | None = None
        self._file_socket: socket.socket | None = None
        self._child_memory = 0  # the memory limit of the child in bytes
        self._killed_pid: int | None = None  # the last child that was killed
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending_children: set[asyncio.Task[object]] = set()

    @property
    def pid(self) -> int | None:
        """Return the child's process id, None if there is no child."""
        return self._child.pid if self._child else None

    def set_limits(self, limits: Limits) -> None:
        """Set the limits of the next document."""
        self.limits = limits

    async def aclose(self) -> None:
        """End the child and wait for its end.

        A running request is cut off; requests that are waiting are served first.
        """
        if self._child:
            self._kill(self._child)
        async with self._request_lock:
            self._discard()
        await asyncio.gather(*self._ending_children)

    async def _ask(
        self,
        request: Request,
        parse_answer: Callable[[dict[str, Any], Any], _T],
        on_progress: OnProgress | None = None,
    ) -> _T:
        """Send a request, and return what `parse_answer` makes of the answer.

        Args:
            parse_answer: takes the answer's header and payload; runs in a thread if the payload is
                long.
        """
        limits = self.limits
        async with self._request_lock:
            self._cancel_idle_stop()
            try:
                async with asyncio.timeout(limits.seconds):
                    answer, result = await self._exchange(
                        request, limits, parse_answer, on_progress
                    )
            except TimeoutError as error:
                self._discard()
                limit = f"{limits.seconds:g}"
                raise refusals.too_large_error(
                    request.name,
                    N_("Reading “{name}” takes longer than {limit} s."),
                    hints.ATTACH_PART_OR_RAISE,
                    limit=limit,
                ) from error
            except _ChildGoneError as error:
                self._discard()
                raise refusals.reader_stopped_error(request.name, str(error), limits) from error
            except DocumentError:  # the request was not sent
                self._schedule_idle_stop()
                raise
            except BaseException:
                # Canceled, or the progress callback raised: the child is still working.
                self._discard()
                raise
            # If the memory of the child ran out, it is not freed reliably.
            if answer.get("exhausted"):
                self._discard()
            else:
                self._schedule_idle_stop()
        if isinstance(result, DocumentError):
            raise result
        return result

    async def _exchange(
        self,
        request: Request,
        limits: Limits,
        parse_answer: Callable[[dict[str, Any], Any], _T],
        on_progress: OnProgress | None,
    ) -> tuple[dict[str, Any], _T | DocumentError]:
        """Return the answer's header, and the result of `parse_answer` or the child's refusal.

        A refusal is returned, not raised, because a DocumentError that is raised means that the
        request was not sent.

        Raises:
            _ChildGoneError: the child has ended, or violated the protocol.
            DocumentError: the file could not be opened or the child not started; the request was
                not sent.
        """
        opened = None if request.path is None else await _open_document(request.path, limits)
        with opened or nullcontext():
            child = await self._running_child(limits)
            header = {**request.header, "limits": limits._asdict()}
            if opened is None:
                await _send(child, header, request.payload)
            elif opened.members is None:
                await _send(child, header, request.payload)
                await self._send_file(child, opened.descriptor)
            else:  # the child asks for the files of a folder one by one
                await _send(child, {**header, "kind": "extract-folder"}, opened.listing)
            answer, answer_payload = await self._receive_answer(child, opened, on_progress, request)
        try:
            if answer["kind"] == "crashed":
                raise _ChildGoneError(worker_answers.parse_details(answer))
            if answer["kind"] == "refused":
                return answer, worker_answers.parse_error(answer)
            if len(answer_payload) > PIECE_BYTES:
                return answer, await asyncio.to_thread(parse_answer, answer, answer_payload)
            return answer, parse_answer(answer, answer_payload)
        except worker_answers.MalformedAnswerError as error:
            raise await _child_gone_error(child) from error

    async def _receive_answer(
        self,
        child: Process,
        opened: OpenDocument | None,
        on_progress: OnProgress | None,
        request: Request,
    ) -> tuple[dict[str, Any], str | bytes]:
        """Return the answer's header and payload. Meanwhile, open files that the child asks for."""
        while True:
            header, payload = await _receive(
                child, request.max_answer_bytes, is_text=request.is_text
            )
            try:
                if header["kind"] == "open":
                    number = worker_answers.parse_file_request(header)
                    await self._send_member(child, opened, number)
                elif header["kind"] == "progress":
                    progress = worker_answers.parse_progress(header)
                    if on_progress:
                        on_progress(progress)
                else:
                    return header, payload
            except worker_answers.MalformedAnswerError as error:
                raise await _child_gone_error(child) from error
            # Many progress messages may arrive at once, without a pause for other tasks.
            await asyncio.sleep(0)

    async def _send_member(self, child: Process, opened: OpenDocument | None, number: int) -> None:
        """Open a file of the folder for the child; a hostile child may ask without a folder."""
        if opened is None:
            await self._send_file(child, None)
            return
        try:
            descriptor = await _open_in_thread(lambda: opened.open_member(number), os.close)
        except (IndexError, OSError):
            await self._send_file(child, None)
            return
        try:
            await self._send_file(child, descriptor)
        finally:
            os.close(descriptor)

    async def _send_file(self, child: Process, descriptor: int | None) -> None:
        """Send an open file to the child, or tell it that there is none."""
        assert self._file_socket is not None
        # A message has at least one byte. The child reads only the descriptors.
        descriptors = [] if descriptor is None else [descriptor]
        try:
            socket.send_fds(self._file_socket, [b"f" if descriptors else b"-"], descriptors)
        except OSError as error:  # including BlockingIOError: the child reads no files
            raise await _child_gone_error(child) from error

    async def _running_child(self, limits: Limits) -> Process:
        """Return the child; start it if it is not running, or has another memory limit."""
        is_running = self._child is not None and self._child.returncode is None
        if not is_running or self._child_memory != limits.memory_bytes:
            self._discard()
            self._child, self._file_socket = await self._start(limits.memory_bytes)
            self._child_memory = limits.memory_bytes
        assert self._child is not None
        return self._child

    async def _start(self, memory_bytes: int) -> tuple[Process, socket.socket]:
        """Start a child; return it with the socket for sending it open files."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = self._command or child_command("documents")
            argv = (*command.argv, str(theirs.fileno()), str(memory_bytes))
            try:
                child = await start_child(
                    command._replace(argv=argv),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    limit=PIECE_BYTES,
                    pass_fds=(theirs.fileno(),),
                )
            except BaseException as error:
                ours.close()
                if isinstance(error, OSError):
                    raise DocumentError(
                        N_("Couldn’t start the document reader."),
                        hint=N_("Restart Repartee, or reinstall it if that fails."),
                        details=str(error),
                    ) from error
                raise
        ours.setblocking(False)
        return child, ours

    def _schedule_idle_stop(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle_timer = loop.call_later(self._idle_s, self._discard)

    def _cancel_idle_stop(self) -> None:
        if self._idle_timer:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _kill(self, child: Process) -> None:
        """Kill the child only once: a second kill could reap it before asyncio does."""
        if child.pid != self._killed_pid:
            self._killed_pid = child.pid
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    def _discard(self) -> None:
        """Kill the child, and reap it in the background. A new child starts on demand."""
        self._cancel_idle_stop()
        child = self._child
        self._child = None
        if self._file_socket:
            self._file_socket.close()
            self._file_socket = None
        if child:
            self._kill(child)
            # `communicate` waits for the child's end, and closes the pipes.
            task = asyncio.get_running_loop().create_task(child.communicate())
            self._ending_children.add(task)
            task.add_done_callback(self._ending_children.discard)


async def _open_document(path: Path, limits: Limits) -> OpenDocument:
    """Open a file or a folder in a thread. Raises DocumentError."""
    # Imported late, to keep the start of the program fast.
    from desktop_app.documents.worker.source_files import open_document

    return await _open_in_thread(
        lambda: open_document(path, limits), lambda document: document.close()
    )


async def _open_in_thread(open_: Callable[[], _T], close: Callable[[_T], None]) -> _T:
    """Open something in a thread; close it again if this task is canceled meanwhile."""
    opening = asyncio.ensure_future(asyncio.to_thread(open_))

    def close_opened(_: object) -> None:
        if not opening.cancelled() and opening.exception() is None:
            close(opening.result())

    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(close_opened)
        raise


async def _send(child: Process, header: Mapping[str, Any], payload: bytes) -> None:
    """Write a frame piece by piece. Raises _ChildGoneError."""
    assert child.stdin is not None
    try:
        child.stdin.write(frame_head(header, len(payload)))
        view = memoryview(payload)
        for start in range(0, len(view), PIECE_BYTES):
            child.stdin.write(view[start : start + PIECE_BYTES])
            await child.stdin.drain()
    except OSError as error:
        raise await _child_gone_error(child) from error


async def _receive(
    child: Process, max_bytes: int, *, is_text: bool
) -> tuple[dict[str, Any], str | bytes]:
    """Return the header and the payload of the next frame.

    Raises:
        _ChildGoneError: the child has ended, the frame is malformed, or its payload is longer than
            `max_bytes`.
    """
    assert child.stdout is not None
    try:
        (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
        if length > worker_answers.MAX_HEADER_BYTES:
            raise worker_answers.MalformedAnswerError("too long a header")
        header = worker_answers.parse_header(await child.stdout.readexactly(length))
        bytes_left = header["payload"]
        if bytes_left > max_bytes:
            raise worker_answers.MalformedAnswerError("too long a payload")
        if not is_text:  # images, of a few megabytes, need no decoding piece by piece
            return header, await child.stdout.readexactly(bytes_left)
        decoder = codecs.getincrementaldecoder("utf-8")()
        pieces = []
        while bytes_left:
            # In pieces, so that the event loop runs in between, however long the text is.
            piece = await child.stdout.readexactly(min(bytes_left, PIECE_BYTES))
            bytes_left -= len(piece)
            pieces.append(decoder.decode(piece, final=not bytes_left))
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise await _child_gone_error(child) from error
    return header, "".join(pieces)


async def _child_gone_error(child: Process) -> _ChildGoneError:
    """Return the error for a child that no longer answers, or violates the protocol."""
    with contextlib.suppress(TimeoutError):
        # A child that no longer answers is ending.
        async with asyncio.timeout(_END_TIMEOUT_S):
            return _ChildGoneError(f"the reader ended with code {await child.wait()}")
    return _ChildGoneError("the reader did not answer as it should")
