"""Answers of a reader that a document has taken over do not harm the window."""

from __future__ import annotations

import asyncio
import json
import struct
from pathlib import Path
from typing import Any

import pytest

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES
from desktop_app.domain import errors
from desktop_app.domain.documents.document_notes import SkipReason
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.children import python_child

pytestmark = pytest.mark.attack("sandbox")
STOPPED = "is damaged or needs more than"
GOOD: dict[str, Any] = {
    "kind": "extracted",
    "name": "other.txt",
    "media_type": "text/plain",
    "sha256": "a" * 64,
    "size": 5,
    "pages": None,
    "tokens": 1,
    "note": None,
    "width": 0,
    "height": 0,
    "animated": False,
    "pictured": [],
    "is_protected": False,
}


REFUSED: dict[str, Any] = {
    "kind": "refused",
    "error": "DocumentError",
    "reason": "no_credit",
    "params": {"provider": "x"},
    "details": "",
    "takes_password": False,
}


def frame(header: object, payload: bytes = b"", *, claimed: int | None = None) -> bytes:
    if isinstance(header, dict):
        header = {**header, "payload": len(payload) if claimed is None else claimed}
    return packed(json.dumps(header).encode()) + payload


def packed(header: bytes) -> bytes:
    return struct.pack(">I", len(header)) + header


_READER = """
import json, socket, struct, sys
from pathlib import Path
take = sys.stdin.buffer.read
header = json.loads(take(struct.unpack(">I", take(4))[0]))
take(header["payload"])
files = socket.socket(fileno=int(sys.argv[1]))
if header["kind"] == "extract-file":
    files.recv(1)
sys.stdout.buffer.write(Path({path!r}).read_bytes())
if {stays}:
    sys.stdout.flush()
    sys.stdin.read()
"""


def reader(answer: bytes, folder: Path, *, stays: bool = False) -> ChildCommand:
    """Return the command of a reader that gives this answer, and ends unless `stays`."""
    path = folder / "answer"
    path.write_bytes(answer)
    return python_child(_READER.format(path=str(path), stays=stays))


async def extract(answer: bytes, path: Path, *, stays: bool = False) -> ExtractedDocument:
    worker = DocumentWorker(command=reader(answer, path.parent, stays=stays))
    try:
        return await worker.extract(path)
    finally:
        await worker.aclose()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "asked.txt"
    path.write_text("words")
    return path


async def test_the_name_is_the_one_that_was_asked_for(document: Path) -> None:
    found = await extract(frame(GOOD, b"words"), document)
    assert (found.name, found.text) == ("asked.txt", "words")


async def test_a_document_read_without_a_password_is_not_protected(document: Path) -> None:
    found = await extract(frame({**GOOD, "is_protected": True}, b"words"), document)
    assert not found.is_protected


MALFORMED = {
    "a header of gigabytes": b"\xff\xff\xff\xff",
    "a header that is too long": struct.pack(">I", (1 << 21) + 1) + b"{}",
    "a header that is padded": packed(
        b" " * (1 << 21) + json.dumps({**GOOD, "payload": 5}).encode()
    )
    + b"words",
    "too many pixels": frame({**GOOD, "width": 12_000, "height": 12_000}, b"words"),
    "a payload of gigabytes": frame(GOOD, claimed=1 << 40),
    "a payload beyond the limit": frame(GOOD, b"x" * (MAX_TEXT_BYTES + 1)),
    "a negative payload": frame(GOOD, claimed=-1),
    "a payload that is a text": packed(json.dumps({**GOOD, "payload": "5"}).encode()),
    "text that is no UTF-8": frame(GOOD, b"\xff\xfe"),
    "no object": frame([]),
    "nested too deeply": packed(b"[" * 200_000 + b"]" * 200_000),
    "a number of endless digits": packed(
        json.dumps({**GOOD, "payload": 0}).encode().replace(b"5", b"9" * 5_000)
    ),
    "no kind": frame({"payload": 0}),
    "a kind that is a list": frame({**GOOD, "kind": []}),
    "another answer": frame({"kind": "counted", "tokens": 3}),
    "progress that is infinite": frame(
        {"kind": "progress", "done": 1e400, "total": 1, "unit": "x"}
    ),
    "progress that is a text": frame({"kind": "progress", "done": "1", "total": 1, "unit": "x"}),
    "a file that was not asked for": frame({"kind": "open", "number": "../../secret"}),
    "an error of no known kind": frame({**REFUSED, "error": "SystemExit"}),
    "an error without parameters": frame({**REFUSED, "params": {}}),
    "an error without words": frame({"kind": "refused", "error": "DocumentError"}),
    "crash details that are a list": frame({"kind": "crashed", "details": []}),
    **{
        f"{name} is {value!r:.20}": frame({**GOOD, name: value}, b"words")
        for name, value in (
            ("media_type", "text/../../x"),
            ("media_type", None),
            ("sha256", "../../../secret"),
            ("sha256", "A" * 64),
            ("size", -1),
            ("size", True),
            ("size", 1e300),
            ("pages", "3"),
            ("pages", -3),
            ("tokens", 1 << 60),
            ("note", ["x"]),
            ("note", "x" * 200_000),
            ("width", 1 << 40),
            ("height", -1),
            ("animated", "yes"),
            ("pictured", "all"),
            ("pictured", [[1, 2]]),
            ("pictured", [[0, 2, 3]]),
            ("pictured", [["1", 2, 3]]),
            ("is_protected", 1),
        )
    },
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_answer_is_refused_as_damaged(name: str, document: Path) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await extract(MALFORMED[name], document)


async def test_a_reader_of_a_file_gets_no_members_and_can_continue(document: Path) -> None:
    asked = frame({"kind": "open", "number": 0})
    found = await extract(asked * 50 + frame(GOOD, b"words"), document, stays=True)
    assert found.text == "words"


async def test_a_flood_of_progress_does_not_block_the_event_loop(document: Path) -> None:
    step = frame({"kind": "progress", "done": 1, "total": None, "unit": "page"})
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    await extract(step * 5_000 + frame(GOOD, b"words"), document)
    counting.cancel()
    assert turns > 5_000


async def ask(answer: bytes, what: str, folder: Path) -> Any:
    command = reader(answer, folder)
    worker, pages = DocumentWorker(command=command), PageWorker(command=command)
    looked = ViewedDocument("x", "x.pdf", b"pdf")
    try:
        match what:
            case "scale":
                return await worker.scale("x", b"x", "image/png", (10, 10))
            case "decode":
                return await worker.decode("x", b"x", "image/png", (10, 10))
            case "render":
                return await worker.render_pages("x", b"x", [(1, (10, 10))])
            case "count":
                return await worker.count_tokens("words")
            case "chunks":
                return await worker.chunks("words", 10)
            case "passages":
                return await worker.passages("words", "x", "text/plain")
            case "long passages":
                return await worker.passages("words" * 20_000, "x", "text/plain")
            case "sizes":
                return await pages.open_document(looked)
            case "strip":
                return await pages.render_strip(looked, Strip(1, 10, 10, 0, 10))
            case _:
                return await pages.find_boxes(looked, 1, "words", "")
    finally:
        await worker.aclose()
        await pages.aclose()


PICTURE = {"kind": "scaled", "media_type": "image/png", "width": 10, "height": 10}
# Qt draws the files that an SVG image names.
SVG = b'<svg width="10" height="10"><image href="/usr/share/x.png"/></svg>'
PASSAGE = b'[0, 5, 1, null, "", "", ""]'
OTHERS = [
    ("scale", frame({**PICTURE, "width": 11}, b"x")),
    ("scale", frame({**PICTURE, "width": 0}, b"x")),
    ("scale", frame({**PICTURE, "media_type": "image/svg+xml"}, b"x")),
    ("scale", frame(PICTURE, SVG)),
    ("scale", frame(PICTURE, claimed=1 << 30)),
    ("render", frame({"kind": "rendered", "images": [["image/png", 10, 10, len(SVG)]]}, SVG)),
    ("decode", frame({"kind": "decoded", "width": 10, "height": 10}, b"x")),
    ("decode", frame({"kind": "decoded", "width": 11, "height": 1}, b"x" * 44)),
    ("decode", frame({"kind": "decoded", "width": 0, "height": 10})),
    ("decode", frame({"kind": "decoded", "width": 10, "height": 10}, claimed=401)),
    ("render", frame({"kind": "rendered", "images": []})),
    ("render", frame({"kind": "rendered", "images": [["image/png", 10, 10, 9]]}, b"x")),
    ("render", frame({"kind": "rendered", "images": [["image/png", 10, 10, -1]]}, b"x")),
    ("count", frame({"kind": "counted", "tokens": 6})),
    ("count", frame({"kind": "counted", "tokens": "3"})),
    ("count", frame({"kind": "counted", "tokens": 3}, b"x")),
    ("chunks", frame({"kind": "chunked"}, b"[0, 6, 1]")),
    ("chunks", frame({"kind": "chunked"}, b"[3, 2, 1]")),
    ("chunks", frame({"kind": "chunked"}, b"[0, 1]")),
    ("chunks", frame({"kind": "chunked"}, b"[" * 100_000)),
    ("passages", frame({"kind": "passages"}, b'[0, 5, 1, null, "", "", 3]')),
    ("passages", frame({"kind": "passages"}, b'[0, 9, 1, null, "", "", ""]')),
    ("passages", frame({"kind": "passages"}, claimed=1 << 30)),
    ("long passages", frame({"kind": "passages"}, b"[" + b" " * (1 << 20) + PASSAGE[1:])),
    ("sizes", frame({"kind": "opened"}, b"[[0, 5]]")),
    ("sizes", frame({"kind": "opened"}, b"[[1e9, 5]]")),
    ("sizes", frame({"kind": "opened"}, b"[[NaN, 5]]")),
    ("sizes", frame({"kind": "opened"}, b'{"a": 1}')),
    ("strip", frame({"kind": "strip"}, b"x")),
    ("strip", frame({"kind": "strip"}, claimed=401)),
    ("boxes", frame({"kind": "boxes", "boxes": [[0, 0, 1]]})),
    ("boxes", frame({"kind": "boxes", "boxes": [[0, 0, 1, float("inf")]]})),
    ("boxes", frame({"kind": "boxes"})),
]


@pytest.mark.parametrize(("what", "answer"), OTHERS)
async def test_malformed_answers_to_other_requests_are_refused(
    what: str, answer: bytes, tmp_path: Path
) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await ask(answer, what, tmp_path)


async def test_lone_surrogates_become_question_marks(document: Path) -> None:
    params = {"read": 1, "skipped": 1}
    note = {"reason": "note_skipped", "params": params, "skipped": [["half \ud800", "damaged"]]}
    found = await extract(frame({**GOOD, "note": note}, b"words"), document)
    assert found.note is not None
    assert found.note.skipped == (("half ?", SkipReason.DAMAGED),)
