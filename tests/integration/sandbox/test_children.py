"""Processes that read foreign input are confined before they read any of it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

from desktop_app.child_processes import ChildKind, child_command, open_child
from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from desktop_app.local_model.header_reader import HeaderReader
from tests.helpers.extraction import extract_file
from tests.helpers.gguf_files import write_gguf
from tests.helpers.waiting import until

pytestmark = [
    pytest.mark.attack("sandbox"),
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of Linux"),
]
ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
CORPUS = DATA / "corpus"


def status_of(pid: int | None) -> dict[str, str]:
    """Return what the kernel says of a process."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(row.split(":\t", 1) for row in rows if ":\t" in row)


def is_confined(pid: int | None) -> bool:
    found = status_of(pid)
    return (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")


def confined(pid: int) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return is_confined(pid)

    return condition


def limits_of(pid: int | None) -> dict[str, tuple[str, str]]:
    """Return the soft and the hard limits of a process."""
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    found = (re.split(r"\s{2,}", row) for row in rows)
    return {row[0]: (row[1], row[2]) for row in found}


@pytest.mark.parametrize(("kind", "memory"), [("diagrams", 512), ("lexing", 512), ("math", 512)])
def test_a_child_is_confined_before_it_reads_input(kind: ChildKind, memory: int) -> None:
    with open_child(child_command(kind), stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as child:
        asyncio.run(until(confined(child.pid)))
        found = limits_of(child.pid)
        assert found["Max data size"] == (str(memory << 20), str(memory << 20))
        assert found["Max file size"] == found["Max core file size"] == ("0", "0")
        assert child.stdin is not None
        child.stdin.close()


async def test_the_reader_is_confined_before_anything_is_sent() -> None:
    worker = DocumentWorker()
    child = await worker._running_child(1 << 30)
    try:
        await until(confined(child.pid))
        found = limits_of(child.pid)
        assert found["Max data size"] == (str(1 << 30), str(1 << 30))
        assert found["Max file size"] == found["Max core file size"] == ("0", "0")
    finally:
        await worker.aclose()


def test_headers_of_models_are_read_in_a_confined_process(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    with HeaderReader() as reader:
        assert reader.read(path).window == 4096
        assert is_confined(reader.child.pid)


async def test_pages_are_drawn_in_a_confined_process() -> None:
    worker = PageWorker()
    try:
        report = ViewedDocument("x", "report.pdf", DATA / "report.pdf")
        assert len(await worker.open_document(report)) == 3
        assert len(await worker.render_strip(report, Strip(1, 60, 80, 0, 20))) == 4 * 60 * 20
        assert is_confined(worker.pid)
    finally:
        await worker.aclose()


@pytest.mark.slow
async def test_every_document_of_the_corpus_reads_the_same_as_unconfined() -> None:
    paths = [path for path in sorted(CORPUS.iterdir()) if path.is_file()]

    worker = DocumentWorker()
    try:
        for path in paths:
            unconfined = await asyncio.to_thread(extract_file, path, Limits(), lambda _: None)
            assert await worker.extract(path) == unconfined
        assert is_confined(worker.pid)
    finally:
        await worker.aclose()
    assert len(paths) > 30
