"""Sends requests to a child process that starts on first use; this is the parent's side.

If a document makes the child crash, hang or fill the memory, the child ends, and the user gets an
error message. The next document gets a new child. The child is confined (worker_process.py), and
its replies are decoded by their types. The child ends after a while without work, or when its
standard input closes, so it never outlives this process.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from typing import Any, Final

import msgspec

from desktop_app.child_processes import ChildCommand, child_command, start_child
from desktop_app.documents import refusals
from desktop_app.documents.worker.protocol import (
    LENGTH,
    MAX_REPLY_BYTES,
    PIECE_BYTES,
    Limits,
    OnProgress,
    PageRead,
    Progress,
    Refusal,
    Result,
    T,
)
from desktop_app.domain import errors, hints
from desktop_app.domain.activity_log import logged
from desktop_app.domain.errors import DocumentError
from desktop_app.i18n.translation import N_

_END_TIMEOUT_S: Final = 1  # for the end of a child that no longer answers
_ERRORS: Final[dict[str, type[DocumentError]]] = {
    cls.__name__: cls
    for cls in (
        errors.DocumentError,
        errors.DocumentUnsupportedError,
        errors.DocumentEncryptedError,
        errors.DocumentDamagedError,
        errors.DocumentEmptyError,
        errors.DocumentTooLargeError,
    )
}


Reply = Result[T] | Progress | PageRead | Refusal


class ChildGoneError(Exception):
    """The child has ended or violated the protocol; the argument tells the details."""


class StandstillError(errors.DocumentTooLargeError):
    """Reading stands still: no page or other step came for a while."""


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
        self._child_memory = 0  # the memory limit of the child in bytes
        self._killed_pid: int | None = None  # the last child that was killed
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending_children: set[asyncio.Task[object]] = set()

    @property
    def pid(self) -> int | None:
        """Return the process id of the running child; None if there is none."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

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
        kind: str,
        name: str,
        reply_type: type[T],
        payload: bytes = b"",
        *,
        on_progress: OnProgress | None = None,
        on_page: Callable[[PageRead], None] | None = None,
        **arguments: object,
    ) -> T:
        """Send a request, and return the value of its reply.

        Args:
            name: the document's name, as shown to the user.
            on_page: receives the pages that the request "pdf-pages" asks for.
            arguments: those of the function in worker_process.py that serves `kind`.
        """
        limits = self.limits
        header = {"kind": kind, "name": name, "limits": limits, "arguments": arguments}
        with logged(f"reading, {kind}, {len(payload)} bytes"):
            async with self._request_lock:
                self._cancel_idle_stop()
                loop = asyncio.get_running_loop()
                limit = limits.standstill_s if on_page else limits.seconds
                last_step: Progress | PageRead | None = None
                try:
                    async with asyncio.timeout(limit) as timeout:
                        child = await self._running_child(limits.memory_bytes)
                        await _send(child, {**header, "size": len(payload)}, payload)
                        while isinstance(
                            reply := await _receive(child, reply_type), Progress | PageRead
                        ):
                            if isinstance(reply, PageRead) and on_page:
                                on_page(reply)
                            elif isinstance(reply, Progress) and on_progress:
                                on_progress(reply)
                            if reply != last_step:
                                is_work = isinstance(reply, PageRead) or reply.is_within_units
                                limit = limits.standstill_s if is_work else limits.seconds
                                timeout.reschedule(loop.time() + limit)
                                last_step = reply
                except TimeoutError as error:
                    self._discard()
                    raise StandstillError(
                        N_("Reading “{name}” takes longer than {limit} s.")
                        if last_step is None and not on_page
                        else N_("Reading “{name}” made no progress for {limit} s."),
                        hints.ATTACH_PART,
                        name=name,
                        limit=f"{limit:g}",
                    ) from error
                except ChildGoneError as error:
                    self._discard()
                    raise refusals.reader_stopped_error(name, str(error), limits) from error
                except BaseException:
                    # Canceled, or the progress callback raised: the child is still working.
                    self._discard()
                    raise
                if isinstance(reply, Refusal) and reply.ends_child:
                    self._discard()
                else:
                    self._idle_timer = loop.call_later(self._idle_s, self._discard)
            if isinstance(reply, Refusal):
                raise _error(reply, name)
            return reply.value

    async def _running_child(self, memory_bytes: int) -> Process:
        """Return the child; start it if it is not running, or has another memory limit."""
        if self.pid is None or self._child_memory != memory_bytes:
            self._discard()
            command = self._command or child_command("documents")
            try:
                self._child = await start_child(
                    command._replace(argv=(*command.argv, str(memory_bytes))),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    limit=PIECE_BYTES,
                )
            except OSError as error:
                raise DocumentError(
                    N_("Couldn’t start the document reader."),
                    hint=N_("Restart Repartee, or reinstall it if that fails."),
                    details=str(error),
                ) from error
            self._child_memory = memory_bytes
        assert self._child is not None
        return self._child

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
        if child:
            self._kill(child)
            # `communicate` waits for the child's end, and closes the pipes.
            task = asyncio.get_running_loop().create_task(child.communicate())
            self._ending_children.add(task)
            task.add_done_callback(self._ending_children.discard)


async def _send(child: Process, header: dict[str, object], payload: bytes) -> None:
    """Write a request piece by piece. Raises ChildGoneError."""
    assert child.stdin is not None
    packed = msgspec.msgpack.encode(header)
    try:
        child.stdin.write(LENGTH.pack(len(packed)) + packed)
        view = memoryview(payload)
        for start in range(0, len(view), PIECE_BYTES):
            child.stdin.write(view[start : start + PIECE_BYTES])
            await child.stdin.drain()
    except OSError as error:
        raise await _child_gone_error(child) from error


async def _receive(child: Process, value_type: type[T]) -> Reply[T]:
    """Return the next message of the child.

    Raises:
        ChildGoneError: the child has ended, or its message is too long or of another form.
    """
    assert child.stdout is not None
    try:
        (length,) = LENGTH.unpack(await child.stdout.readexactly(LENGTH.size))
        if length > MAX_REPLY_BYTES:
            raise await _child_gone_error(child)
        packed = await child.stdout.readexactly(length)
        message_type: Any = Result[value_type] | Progress | PageRead | Refusal  # type: ignore[valid-type]
        message: Reply[T]
        if length > PIECE_BYTES:
            message = await asyncio.to_thread(msgspec.msgpack.decode, packed, type=message_type)
        else:
            message = msgspec.msgpack.decode(packed, type=message_type)
            # Many steps may arrive at once, without a pause for other tasks.
            await asyncio.sleep(0)
    except (asyncio.IncompleteReadError, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise await _child_gone_error(child) from error
    return message


async def _child_gone_error(child: Process) -> ChildGoneError:
    """Return the error for a child that no longer answers, or violates the protocol."""
    with contextlib.suppress(TimeoutError):
        # A child that no longer answers is ending.
        async with asyncio.timeout(_END_TIMEOUT_S):
            return ChildGoneError(f"the reader ended with code {await child.wait()}")
    return ChildGoneError("the reader did not answer as it should")


def _error(refusal: Refusal, name: str) -> DocumentError:
    """Return the error that the child refused a document with."""
    if refusal.error not in _ERRORS:
        return refusals.damaged_error(name, refusal.details or "an unknown refusal")
    error = _ERRORS[refusal.error](
        refusal.message, refusal.hint, params=refusal.params, details=refusal.details
    )
    if isinstance(error, errors.DocumentEncryptedError):
        return error.copy_with(takes_password=refusal.takes_password)
    return error
