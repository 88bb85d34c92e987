"""Answers of a reader that a document has taken over do not harm the window."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import MAX_TEXT_BYTES
from desktop_app.domain import errors
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


MALFORMED = {
    "a header of gigabytes": b"\xff\xff\xff\xff",
    "a payload of gigabytes": frame(GOOD, claimed=1 << 40),
    "a payload beyond the limit": frame(GOOD, b"x" * (MAX_TEXT_BYTES + 1)),
    "text that is no UTF-8": frame(GOOD, b"\xff\xfe"),
    "no object": frame([]),
    "nested too deeply": packed(b"[" * 200_000 + b"]" * 200_000),
    "another answer": frame({"kind": "counted", "tokens": 3}),
    "a file that was not asked for": frame({"kind": "open", "number": "../../secret"}),
    "an error without words": frame({"kind": "refused", "error": "DocumentError"}),
    "a hash that is a path": frame({**GOOD, "sha256": "../../../secret"}, b"words"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_answer_is_refused_as_damaged(name: str, document: Path) -> None:
    with pytest.raises(errors.DocumentDamagedError, match=STOPPED):
        await extract(MALFORMED[name], document)


async def test_a_reader_of_a_file_gets_no_members_and_can_continue(document: Path) -> None:
    asked = frame({"kind": "open", "number": 0})
    found = await extract(asked * 50 + frame(GOOD, b"words"), document, stays=True)
    assert found.text == "words"
