"""The child process that reads documents: started when needed and replaced when broken."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.child_processes import ChildCommand
from desktop_app.documents.pdf import pdf_reader
from desktop_app.documents.worker.document_worker import DocumentWorker, Limits, Progress
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from desktop_app.documents.worker.pdf_reading import PartlyReadError
from desktop_app.domain import errors
from tests.data.long_pdf import drawn_pdf, long_pdf
from tests.helpers.child_server import forked_command
from tests.helpers.children import python_child
from tests.helpers.extraction import stop_after
from tests.helpers.process_tree import is_running, processes_below
from tests.helpers.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"


@asynccontextmanager
async def a_worker(
    limits: Limits | None = None,
    *,
    idle_s: float = 30,
    script: str = "",
    command: ChildCommand | None = None,
) -> AsyncIterator[DocumentWorker]:
    """Yield a worker. Its child runs the Python code of `script` instead, if there is any."""
    command = python_child(script) if script else command
    worker = DocumentWorker(limits, idle_s=idle_s, command=command)
    try:
        yield worker
    finally:
        await worker.aclose()


def environment_of(pid: int | None) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def ended(pid: int) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return not is_running(pid)

    return condition


@pytest.fixture
def forked(child_server: str) -> ChildCommand:
    """Return the command of a forked reader, for tests that are not of the process."""
    return forked_command(child_server)("documents")


@pytest.fixture
def long_document(tmp_path: Path) -> Path:
    path = tmp_path / "long.pdf"
    path.write_bytes(long_pdf(100))
    return path


async def test_a_document_is_read_with_its_name_hash_pages_type_and_tokens(
    forked: ChildCommand,
) -> None:
    async with a_worker(command=forked) as worker:
        assert worker.pid is None
        document = await worker.extract(DATA / "report.pdf")
        assert document.name == "report.pdf"
        assert document.text.startswith("[page 1]\nAlder & Finch")
        assert document.sha256 == hashlib.sha256((DATA / "report.pdf").read_bytes()).hexdigest()
        assert (document.pages, document.media_type) == (3, "application/pdf")
        assert document.tokens == await worker.count_tokens(document.text)


async def test_a_refusal_arrives_unchanged_and_the_child_stays(forked: ChildCommand) -> None:
    async with a_worker(command=forked) as worker:
        with pytest.raises(errors.DocumentEncryptedError, match="password") as caught:
            await worker.extract(DATA / "encrypted.pdf")
        assert caught.value.what_to_do
        pid = worker.pid
        await worker.extract(DATA / "utf-8.txt")
        assert worker.pid == pid


async def test_progress_arrives_page_by_page(long_document: Path, forked: ChildCommand) -> None:
    steps: list[Progress] = []

    async with a_worker(command=forked) as worker:
        document = await worker.extract(long_document, steps.append)
        assert document.pages == 100
        assert "\n\n[page 100]\n100.1 " in document.text
    assert steps[-1] == Progress(100, 100, "page")
    assert len(steps) > 2
    assert [step.done for step in steps] == sorted(step.done for step in steps)


async def test_what_was_read_is_kept_if_reading_stands_still(long_document: Path) -> None:
    async with a_worker(Limits(standstill_s=1)) as worker:
        with pytest.raises(PartlyReadError, match="of 100 pages") as caught:
            await worker.extract(long_document, stop_after(worker, 10), asks=True)
        reading = caught.value.reading
        assert 10 <= reading.done < 100
        part = await reading.finish()
        assert part.pages == reading.done
        assert f"{reading.done} of 100" in str(part.note)
        assert f"\n\n[page {reading.done}]\n{reading.done}.1 " in part.text
        assert part.text.endswith(f"[pages {reading.done + 1} to 100 were not read]")
        whole = await reading.read()
        assert whole == await worker.extract(long_document)
        assert (whole.pages, whole.note) == (100, None)


async def test_a_page_that_never_ends_costs_a_folder_only_itself(
    tmp_path: Path, forked: ChildCommand
) -> None:
    # Each drawing of the form takes a second.
    operators = zlib.compress(b"q Q " * (4 << 20)).hex()
    endless = f"/Filter [/ASCIIHexDecode /FlateDecode] stream {operators}"
    page = "BT /F 10 Tf 60 700 Td (page {}) Tj ET"
    pages = [page.format(1), "/X0 Do " * 1_000, page.format(3)]
    (tmp_path / "a.pdf").write_bytes(drawn_pdf(pages, [endless]))
    async with a_worker(Limits(standstill_s=1), command=forked) as worker:
        document = await worker.extract(tmp_path)
    assert (
        "[page 1]\npage 1\n\n[page 2]\n[this page was not read]\n\n[page 3]\npage 3"
        in document.text
    )
    assert "a.pdf (unread pages)" in str(document.note)


async def test_reading_may_take_longer_than_a_standstill(
    long_document: Path, forked: ChildCommand
) -> None:
    steps: list[Progress] = []

    async with a_worker(Limits(seconds=5, standstill_s=0.5), command=forked) as worker:

        def slow_down(progress: Progress) -> None:
            steps.append(progress)
            time.sleep(0.06)

        document = await worker.extract(long_document, slow_down)
    assert document.pages == 100
    assert len(steps) * 0.06 > 0.5


async def test_a_long_pdf_is_read_by_two_processes_in_order(forked: ChildCommand) -> None:
    data = long_pdf(230)
    before = await processes_below(os.getpid())
    async with a_worker(command=forked) as worker:
        document = await worker.extract_bytes("long.pdf", data)
        assert len(await processes_below(os.getpid()) - before) == 2
        assert document.text == pdf_reader.read("x", data, Limits(), lambda _: None).text
        await worker.extract_bytes("short.pdf", long_pdf(3))


async def test_cancelling_ends_the_work_and_the_next_document_is_read(long_document: Path) -> None:
    async with a_worker() as worker:
        begun = asyncio.Event()

        def notice(progress: Progress) -> None:
            if progress.done:  # until then, the child that has opened the file is idle
                begun.set()

        reading = asyncio.create_task(worker.extract(long_document, notice))
        await begun.wait()
        pid = worker.pid
        assert pid
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await until(ended(pid))
        assert (await worker.extract(DATA / "utf-8.txt")).text


@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
async def test_a_crash_is_reported_and_the_next_document_is_read(
    long_document: Path, forked: ChildCommand, how: signal.Signals
) -> None:
    async with a_worker(command=forked) as worker:

        def crash(_: Progress) -> None:
            assert worker.pid
            os.kill(worker.pid, how)

        with pytest.raises(
            errors.DocumentDamagedError, match="is damaged or needs more than"
        ) as caught:
            await worker.extract(long_document, crash)
        assert caught.value.details.endswith(f"ended with code {-how}")
        assert caught.value.what_to_do
        assert (await worker.extract(DATA / "utf-8.txt")).text


async def test_a_word_document_is_read_once_more_when_its_reader_is_killed(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    program = """
import os, signal, sys
from pathlib import Path
from desktop_app.documents.worker.worker_process import main
marks = Path(sys.argv[1])
if len(marks.read_bytes()) < {kills}:
    marks.write_bytes(marks.read_bytes() + b"x")
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(main(*sys.argv[2:]))
"""
    document = next(iter(sorted(DATA.rglob("*.docx"))))
    for kills in (1, 2):
        killed.write_bytes(b"")
        command = python_child(program.format(kills=kills))
        command = command._replace(argv=(*command.argv, str(killed)))
        async with a_worker(command=command) as worker:
            if kills == 1:
                found = await worker.word_text(document.name, document.read_bytes())
                assert found.text
            else:
                with pytest.raises(errors.DocumentDamagedError):
                    await worker.word_text(document.name, document.read_bytes())
        assert killed.read_bytes() == b"x" * kills


async def test_a_child_that_dies_while_idle_is_replaced(forked: ChildCommand) -> None:
    async with a_worker(command=forked) as worker:
        await worker.count_tokens("one")
        first = worker.pid
        assert first
        assert worker._child
        os.kill(first, signal.SIGKILL)
        await worker._child.end()
        assert await worker.count_tokens("two") == 1
        assert worker.pid != first


@pytest.mark.parametrize(
    "script",
    [
        "import sys; sys.exit(3)",
        "import sys; sys.stdout.write('x' * 100)",
        (
            "import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\1{'); sys.stdout.flush(); "
            "sys.stdin.read()"
        ),
    ],
)
async def test_a_malformed_answer_is_reported(script: str) -> None:
    async with a_worker(script=script) as worker:
        for _ in range(2):
            with pytest.raises(errors.DocumentDamagedError, match="is damaged or needs more than"):
                await worker.extract(DATA / "report.pdf")


async def test_a_child_that_hangs_ends_at_the_time_limit() -> None:
    async with a_worker(Limits(seconds=0.3), script="import sys; sys.stdin.read()") as worker:
        reading = asyncio.create_task(worker.extract(DATA / "report.pdf"))
        with pytest.raises(errors.DocumentTooLargeError, match=r"longer than 0\.3 s"):
            await reading
        assert worker.pid is None


async def test_an_idle_child_ends() -> None:
    async with a_worker(idle_s=0.05) as worker:
        await worker.count_tokens("x")
        pid = worker.pid
        assert pid
        await until(ended(pid))
        assert worker.pid is None
        assert await worker.count_tokens("x") == 1


async def test_the_child_has_no_key_and_writes_nothing_to_our_standard_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-the-child")

    async with a_worker() as worker:
        await worker.extract(DATA / "report.docx")
        environment = environment_of(worker.pid)
        assert b"sk-not-for-the-child" not in environment
    assert capfd.readouterr() == ("", "")


PARENT = """
import asyncio
from desktop_app.documents.worker.document_worker import DocumentWorker

async def main():
    worker = DocumentWorker()
    await worker.count_tokens("x")
    print(worker.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_the_child_ends_when_the_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    asyncio.run(until(ended(pid)))


async def test_pages_are_rendered_after_another_document_and_after_the_child_died() -> None:
    report, slides = (
        ViewedDocument(name, name, DATA / name) for name in ("report.pdf", "two-columns.pdf")
    )
    strip = Strip(1, 60, 80, 0, 20)
    worker = PageWorker()
    try:
        assert len(await worker.open_document(report)) == 3
        first = await worker.render_strip(report, strip)
        child = worker.pid
        assert await worker.render_strip(slides, strip) != first
        assert await worker.render_strip(report, strip) == first
        assert worker.pid == child
        assert child
        assert worker._child
        os.kill(child, signal.SIGKILL)
        await worker._child.end()
        assert await worker.render_strip(report, strip) == first
        damaged = ViewedDocument("damaged", "damaged.pdf", b"no PDF")
        with pytest.raises(errors.DocumentDamagedError):
            await worker.open_document(damaged)
        with pytest.raises(errors.DocumentDamagedError):
            await worker.render_strip(damaged, strip)
        assert await worker.render_strip(report, strip) == first
    finally:
        await worker.aclose()


async def test_a_document_is_searched_after_its_idle_child_ended() -> None:
    report = ViewedDocument("report.pdf", "report.pdf", DATA / "report.pdf")
    worker = PageWorker(idle_s=0)
    try:
        await worker.open_document(report)
        child = worker.pid
        if child:
            await until(ended(child))
        assert await worker.find_boxes(report, 1, "Alder & Finch Cold Storage", "")
    finally:
        await worker.aclose()
