"""Sends requests to a child process that starts on first use; this is the parent's side.

If a document makes the child crash, hang or fill the memory, the child ends, and the user gets an
error message. The next document gets a new child. The child is confined (worker_process.py), and
its replies are decoded by their types. The child ends after a while without work, or when its
standard input closes, so it never outlives this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from desktop_app.child_client import PIECE_BYTES, ChildError, ChildStream
from desktop_app.child_processes import ChildCommand, child_command
from desktop_app.documents import refusals
from desktop_app.documents.worker.protocol import (
    MAX_REPLY_BYTES,
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
        self._child: ChildStream | None = None
        self._child_memory = 0  # the memory limit of the child in bytes
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending_children: set[asyncio.Task[object]] = set()

    @property
    def pid(self) -> int | None:
        """Return the process id of the running child; None if there is none."""
        return None if self._child is None else self._child.pid

    async def aclose(self) -> None:
        """End the child and wait for its end.

        A running request is cut off; requests that are waiting are served first.
        """
        if self._child:
            self._child.kill()
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
        message = msgspec.msgpack.encode({**header, "size": len(payload)})
        with logged(f"reading, {kind}, {len(payload)} bytes"):
            async with self._request_lock:
                self._cancel_idle_stop()
                loop = asyncio.get_running_loop()
                limit = limits.standstill_s if on_page else limits.seconds
                last_step: Progress | PageRead | None = None
                try:
                    async with asyncio.timeout(limit) as timeout:
                        child = await self._running_child(limits.memory_bytes)
                        await child.send(message, payload)
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
                except ChildError as error:
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

    async def _running_child(self, memory_bytes: int) -> ChildStream:
        """Return the child; start it if it is not running, or has another memory limit."""
        if self.pid is None or self._child_memory != memory_bytes:
            self._discard()
            command = self._command or child_command("documents")
            try:
                self._child = await ChildStream.start(
                    command._replace(argv=(*command.argv, str(memory_bytes))),
                    most_bytes=MAX_REPLY_BYTES,
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

    def _discard(self) -> None:
        """Kill the child, and reap it in the background. A new child starts on demand."""
        self._cancel_idle_stop()
        child = self._child
        self._child = None
        if child:
            child.kill()
            task = asyncio.get_running_loop().create_task(child.end())
            self._ending_children.add(task)
            task.add_done_callback(self._ending_children.discard)


async def _receive(child: ChildStream, value_type: type[T]) -> Reply[T]:
    """Return the next message of the child. Raises ChildError, also for one of another form."""
    packed = await child.receive()
    message_type: Any = Result[value_type] | Progress | PageRead | Refusal  # type: ignore[valid-type]
    message: Reply[T]
    try:
        if len(packed) > PIECE_BYTES:
            message = await asyncio.to_thread(msgspec.msgpack.decode, packed, type=message_type)
        else:
            message = msgspec.msgpack.decode(packed, type=message_type)
            # Many steps may arrive at once, without a pause for other tasks.
            await asyncio.sleep(0)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ChildError("the reader did not answer as it should") from error
    return message


def _error(refusal: Refusal, name: str) -> DocumentError:
    if refusal.error not in _ERRORS:
        return refusals.damaged_error(name, refusal.details or "an unknown refusal")
    error = _ERRORS[refusal.error](
        refusal.message, refusal.hint, params=refusal.params, details=refusal.details
    )
    if isinstance(error, errors.DocumentEncryptedError):
        return error.copy_with(takes_password=refusal.takes_password)
    return error
