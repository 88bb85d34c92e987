"""Fuzz target: replies of a compromised document reader to the main process.

The first byte chooses the request. The rest is the child's standard output. The main process must
get a result or a DocumentError for any output.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from desktop_app.child_client import ChildStream
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import MAX_REPLY_BYTES, Progress, Refusal, Result
from desktop_app.domain.conversations.message_parts import PageImage, parts_from_json, parts_to_json
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.domain.errors import DocumentError
from desktop_app.frames import LENGTH

if TYPE_CHECKING:
    from asyncio.subprocess import Process


@dataclass
class _Child:
    """A fake child process that writes the given output and ends."""

    said: bytes
    pid: int = -1
    returncode: int | None = None
    stdout: asyncio.StreamReader = field(default_factory=asyncio.StreamReader)
    stderr: None = None

    def __post_init__(self) -> None:
        self.stdin = self
        self.stdout.feed_data(self.said)
        self.stdout.feed_eof()

    def write(self, data: bytes | memoryview) -> None:
        """Ignore a request."""

    async def drain(self) -> None:
        """Return at once."""

    def close(self) -> None:
        """Ignore the end of the requests."""

    def kill(self) -> None:
        self.returncode = -9

    async def wait(self) -> int:
        self.returncode = 0
        return 0

    async def communicate(self) -> tuple[bytes, bytes]:
        return b"", b""


class _Worker(DocumentWorker):
    """A worker that talks to the fake child."""

    def __init__(self, said: bytes) -> None:
        super().__init__()
        self._said = said

    async def _running_child(self, memory_bytes: int) -> Any:
        child = cast("Process", _Child(self._said))
        self._child = ChildStream(child, "fuzz", MAX_REPLY_BYTES)
        return self._child


async def _extract(worker: DocumentWorker) -> None:
    document = await worker.extract_bytes("a.txt", b"a")
    document.text.encode()
    row = json.loads(json.dumps(parts_to_json([document.part])))
    assert parts_from_json(row) == (document.part,)


async def _scale(worker: DocumentWorker) -> None:
    assert isinstance((await worker.scale("a.png", b"a", "image/png", (9, 9))).width, int)


async def _count(worker: DocumentWorker) -> None:
    assert isinstance(await worker.count_tokens("a"), int)


_QUESTIONS: Final[tuple[Callable[[DocumentWorker], Awaitable[object]], ...]] = (
    _extract,
    _scale,
    _count,
    lambda worker: worker.render_pages("a.pdf", b"a", [(1, (9, 9))]),
    lambda worker: worker.markdown_of("<p>a"),
    lambda worker: worker.chunks("a", 5),
    lambda worker: worker.passages("a", "a.txt", "text/plain"),
)


def seeds() -> list[bytes]:
    """Return valid replies to every request, a step, a refusal and a crash."""
    extracted = ExtractedDocument("a.txt", "text/plain", "0" * 64, 1, "words", None, 1)
    image = {"media_type": "image/png", "width": 9, "height": 9, "data": b"x"}
    replies: list[tuple[int, object]] = [
        (0, Result(extracted)),
        (0, Result(replace(extracted, pictured=(PageImage(1, 9, 9),), pages=1))),
        (0, Result(replace(extracted, width=9, height=9))),
        (0, Refusal("DocumentEncryptedError", "“{name}” is locked.", "", {"name": "a.pdf"})),
        (0, Refusal(details="ValueError in a.py:1", ends_child=True)),
        (1, Result(image)),
        (2, Result(5)),
        (3, Result([image])),
        (4, Result("a")),
        (5, Result([[0, 1, 1]])),
        (6, Result([[0, 1, 1, None, "", "a", "words"]])),
    ]
    made = [bytes([asked]) + _frame(reply) for asked, reply in replies]
    step = _frame(Progress(1, None, "page"))
    return [*made, b"\0" + step + made[0][1:], b"\0" + b"\0\0\0\x02[]"]


def _frame(message: object) -> bytes:
    packed = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(packed)) + packed


def one_input(data: bytes) -> None:
    """Check that the window gets an answer or a DocumentError."""
    asyncio.run(_ask(_QUESTIONS[(data[:1] or b"\0")[0] % len(_QUESTIONS)], data[1:]))


async def _ask(question: Callable[[DocumentWorker], Awaitable[object]], said: bytes) -> None:
    worker = _Worker(said)
    try:
        await question(worker)
    except DocumentError as error:
        assert error.what_happened
    finally:
        await worker.aclose()
