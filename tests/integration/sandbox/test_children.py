"""Processes that read foreign input are confined before they read any of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import pytest

from desktop_app.child_processes import ChildKind, child_command, library_command, open_child
from desktop_app.documents.worker.document_worker import DocumentWorker, Limits
from desktop_app.documents.worker.page_worker import PageWorker, Strip, ViewedDocument
from tests.helpers.extraction import extract_file
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


@pytest.mark.parametrize(("kind", "memory"), [("lexing", 512), ("math", 512), ("pdf", 4 << 10)])
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


# Calls that would show that the confined process reaches out, and succeeds.
_REACHES_OUT = re.compile(r"(socket|connect|execve|unlink|rename|kill)\w*\(.*= (?!-1|\?)")
_WRITES = re.compile(r'openat\(AT_FDCWD, "([^"]+)", [A-Z_|]*O_(?:WRONLY|RDWR).*= \d+')


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace sees what a process does")
def test_a_conversation_is_printed_by_a_confined_process(tmp_path: Path) -> None:
    conversation = _imported(tmp_path)
    target, log = tmp_path / "printed.pdf", tmp_path / "strace.log"
    choice = _choice(target)
    request = {"conversation": conversation, "printer": choice, "scratch": str(tmp_path)}
    calls = "trace=seccomp,socket,connect,execve,unlink,rename,kill,openat"
    command = child_command("print")
    argv = ("strace", "-qq", "-o", str(log), "-e", calls, *command.argv)
    argv = (shutil.which("strace") or "", *argv[1:])
    with open_child(command._replace(argv=argv), stdin=PIPE, stdout=PIPE, stderr=PIPE) as child:
        _, said = child.communicate(json.dumps(request).encode())
    assert (child.returncode, said) == (0, b"")
    assert target.read_bytes().startswith(b"%PDF")
    lines = log.read_text().splitlines()
    (start,) = (
        number for number, line in enumerate(lines) if line.startswith("seccomp(SECCOMP_SET_MODE")
    )
    confined_lines = lines[start:]
    assert not [line for line in confined_lines if _REACHES_OUT.match(line)]
    assert {m[1] for line in confined_lines if (m := _WRITES.match(line))} == {str(target)}
    # Nothing of the conversation is laid out before: no font is open.
    assert not _opens_fonts(lines[:start])


def _choice(target: Path) -> dict[str, Any]:
    return {
        "name": "",
        "file": str(target),
        "paper_mm": [210, 297],
        "is_landscape": False,
        "copies": 1,
        "collate": True,
        "is_color": True,
        "duplex": 0,
        "is_reversed": False,
        "pages": [0, 0],
    }


@pytest.mark.slow
def test_an_exported_conversation_is_laid_out_by_a_confined_process(tmp_path: Path) -> None:
    """The command itself opens no font: it parses nothing of the conversation."""
    conversation, log = _imported(tmp_path), tmp_path / "strace.log"
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace sees what a process does")
    calls = "trace=seccomp,socket,connect,execve,unlink,rename,kill,openat"
    target = tmp_path / "exported.pdf"
    export = library_command(
        "export", "--conversation", conversation, "--format", "pdf", "--to", str(target)
    )
    argv = (strace, "-ff", "-qq", "-o", str(log), "-e", calls, *export.argv)
    with open_child(export._replace(argv=argv), stderr=PIPE) as child:
        _, said = child.communicate()
    assert (child.returncode, target.read_bytes()[:5]) == (0, b"%PDF-"), said
    (laid_out,) = (lines for lines in _processes(log) if _opens_fonts(lines))
    start = next(i for i, line in enumerate(laid_out) if line.startswith("seccomp(SECCOMP_SET_MO"))
    assert not _opens_fonts(laid_out[:start])
    assert not [line for line in laid_out[start:] if _REACHES_OUT.match(line)]
    assert not [line for line in laid_out[start:] if _WRITES.match(line)]


def _processes(log: Path) -> list[list[str]]:
    return [file.read_text().splitlines() for file in log.parent.glob(f"{log.name}.*")]


def _opens_fonts(lines: list[str]) -> bool:
    return any("/fonts/" in line and "ENOENT" not in line for line in lines)


def _imported(folder: Path) -> str:
    """Import a conversation; return its id."""
    text = "In **Kansai**: $$\\frac{a}{b}$$\n\n```python\nprint(1)\n```"
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [text]}}
    given = {
        "title": "Kyoto",
        "create_time": 1_700_000_000,
        "conversation_id": "c-1",
        "current_node": "u",
        "mapping": {"u": {"id": "u", "parent": None, "message": message}},
    }
    file = folder / "conversations.json"
    file.write_text(json.dumps([given]))
    _run("import", str(file))
    (hit,) = json.loads(_run("search", "Kansai", "--json"))
    return str(hit["conversation"])


def _run(*arguments: str) -> bytes:
    command = [sys.executable, "-m", "desktop_app", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, check=True)
    return done.stdout
