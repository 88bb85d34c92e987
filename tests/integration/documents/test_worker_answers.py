"""Answers of a reader that a document has taken over do not harm the window."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest

from desktop_app import child_client
from desktop_app.documents.worker import reader_client
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from desktop_app.documents.worker.protocol import Limits, Progress, Refusal, Result
from desktop_app.domain import errors
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.children import python_child

pytestmark = pytest.mark.attack("sandbox")
STOPPED = "is damaged or"
GOOD = ExtractedDocument("other.txt", "text/plain", "a" * 64, 5, "words", None, 1)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 3, 4)

_READER = """
import sys
from pathlib import Path
sys.stdout.buffer.write(Path({path!r}).read_bytes())
sys.stdout.flush()
sys.stdin.read()
"""


def framed(packed: bytes) -> bytes:
    return struct.pack(">I", len(packed)) + packed


def frame(message: object) -> bytes:
    return framed(msgspec.msgpack.encode(message))


@pytest.fixture
def answered_by(tmp_path: Path) -> Callable[..., Awaitable[Any]]:
    """Return a function that asks a worker whose reader gives an answer."""

    async def ask(
        answer: bytes, question: Callable[[Any], Awaitable[Any]], kind: Any = DocumentWorker
    ) -> Any:
        path = tmp_path / "answer"
        path.write_bytes(answer)
        worker = kind(command=python_child(_READER.format(path=str(path))))
        try:
            return await question(worker)
        finally:
            await worker.aclose()

    return ask


def extract(worker: DocumentWorker) -> Awaitable[ExtractedDocument]:
    return worker.extract_bytes("asked.txt", b"words")


async def test_a_document_is_accepted(answered_by: Any) -> None:
    answer = frame(Progress(0, 1, "page")) + frame(Result(GOOD))
    assert await answered_by(answer, extract) == GOOD


MALFORMED = {
    "a message of gigabytes": b"\xff\xff\xff\xff",
    "no message": framed(b"\xc1"),
    "another answer": frame(Result(3)),
    "nested too deeply": framed(b"\x91" * 200_000 + b"\xc0"),
    "an error of no class": frame(Refusal("OSError", "It is empty.", "", {})),
    "a note of another form": frame({"type": "Result", "value": asdict(GOOD) | {"note": ["x"]}}),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_answer_is_refused_as_damaged(
    name: str, answered_by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_client, "_END_S", 0.01)
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await answered_by(MALFORMED[name], extract)


@pytest.mark.parametrize("kind", reader_client._ERRORS.values())
async def test_errors_arrive_as_they_were_sent(kind: Any, answered_by: Any) -> None:
    refusal = Refusal(
        kind.__name__, "“{name}” is locked.", "Unlock it.", {"name": "a.pdf"}, takes_password=True
    )
    with pytest.raises(kind) as caught:
        await answered_by(frame(refusal), extract)
    assert type(caught.value) is kind
    assert str(caught.value) == "“a.pdf” is locked."
    assert caught.value.what_to_do == "Unlock it."
    assert getattr(caught.value, "takes_password", True)


def image(**changed: object) -> dict[str, object]:
    return {"media_type": "image/png", "width": 3, "height": 4, "data": PNG} | changed


def scale(worker: DocumentWorker) -> Awaitable[object]:
    return worker.scale("a.png", b"a", "image/png", (3, 4))


async def test_an_image_of_the_stated_form_is_accepted(answered_by: Any) -> None:
    assert (await answered_by(frame(Result(image())), scale)).data == PNG


@pytest.mark.parametrize(
    "found",
    [
        image(width=2),
        image(media_type="image/jpeg"),
        image(data=PNG[:-1]),
        image(data=b'<svg width="3" height="4"><image href="/etc/x"/></svg>'),
        image(height=5, data=PNG[:-1] + b"\5"),
    ],
    ids=range(5),
)
async def test_an_image_of_another_form_is_refused(found: Any, answered_by: Any) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await answered_by(frame(Result(found)), scale)


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (lambda worker: worker.decode("a", b"a", "image/png", (3, 4)), [3, 5, b"x" * 60]),
        (lambda worker: worker.decode("a", b"a", "image/png", (3, 4)), [3, 4, b"x" * 47]),
        (lambda worker: worker.render_pages("a", b"a", [(1, (3, 4))]), [image(), image()]),
    ],
    ids=range(3),
)
async def test_an_impossible_result_is_refused(
    question: Any, value: object, answered_by: Any
) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await answered_by(frame(Result(value)), question)


VIEWED = ViewedDocument("a" * 64, "a.pdf", b"x")


async def test_a_strip_of_another_size_is_refused(answered_by: Any) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await answered_by(
            frame(Result(b"1234567")),
            lambda worker: worker.render_strip(VIEWED, Strip(1, 2, 2, 0, 1)),
            PageWorker,
        )


def test_limits_are_sent_in_order() -> None:
    packed = msgspec.msgpack.encode(Limits(pages=3))
    assert Limits(*msgspec.msgpack.decode(packed)) == Limits(pages=3)
