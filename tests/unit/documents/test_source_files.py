"""Files and folders as they are read for the confined process."""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from desktop_app.documents.worker import source_files
from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import Limits, Progress
from desktop_app.documents.worker.source_files import files_below, read_file
from desktop_app.domain import errors
from desktop_app.domain.documents.document_notes import SkipReason
from tests.helpers.linux_only import linux_only

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.attack("sandbox"), pytest.mark.usefixtures("forked_children")]


@asynccontextmanager
async def a_worker(limits: Limits | None = None) -> AsyncIterator[DocumentWorker]:
    worker = DocumentWorker(limits)
    try:
        yield worker
    finally:
        await worker.aclose()


def listed(folder: Path) -> list[tuple[str, SkipReason | None]]:
    return [(str(path.relative_to(folder)), reason) for path, reason in files_below(folder)]


@linux_only("named pipes in folders")
def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")  # noqa: PTH208
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (*(tmp_path / n for n in ("pipe", "link", "socket")), Path("/dev/zero")):
            with pytest.raises(errors.DocumentError, match="isn’t a file"):
                read_file(path, Limits())
    assert os.listdir("/proc/self/fd") == before  # noqa: PTH208


def test_a_file_has_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    assert read_file(path, Limits(file_bytes=5)) == b"words"
    with pytest.raises(errors.DocumentTooLargeError):
        read_file(path, Limits(file_bytes=4))
    assert read_file(Path("/proc/self/status"), Limits()).startswith(b"Name:")


def test_a_link_is_followed_only_if_it_was_chosen(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    link = tmp_path / "link"
    link.symlink_to("a.txt")
    assert read_file(link, Limits()) == b"words"
    with pytest.raises(errors.DocumentError, match="isn’t a file"):
        read_file(link, Limits(), follows_link=False)


def test_a_folder_that_cannot_be_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "b").mkdir()
    scan = os.scandir

    def refuse(folder: Path) -> object:
        if folder == tmp_path / "b":
            raise PermissionError(13, "refused")
        return scan(folder)

    monkeypatch.setattr(source_files.os, "scandir", refuse)
    assert listed(tmp_path) == [("a.txt", None), ("b", SkipReason.UNREADABLE)]


@linux_only("named pipes in folders")
def test_a_folder_lists_its_files_and_those_left_out(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "inner.txt").write_text("inner")
    (tmp_path / "A.txt").write_text("first")
    (tmp_path / ".hidden").touch()
    (tmp_path / "c").symlink_to(tmp_path / "A.txt")
    os.mkfifo(tmp_path / "d")
    assert listed(tmp_path) == [
        (".hidden", SkipReason.HIDDEN),
        ("A.txt", None),
        ("b/inner.txt", None),
        ("c", SkipReason.LINK),
        ("d", SkipReason.NO_FILE),
    ]


@pytest.mark.parametrize("depth", [16, 17])
def test_a_folder_nested_too_deeply_is_left_out(tmp_path: Path, depth: int) -> None:
    inner = tmp_path.joinpath(*"a" * depth)
    inner.mkdir(parents=True)
    (inner / "b.txt").touch()
    ((_, reason),) = files_below(tmp_path)
    assert reason == (SkipReason.TOO_DEEP if depth == 17 else None)


async def test_files_follow_their_paths_and_the_end_lists_those_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "two.txt").write_text("Second.")
    (folder / "A one.md").write_text("First.")
    (folder / ".secret").write_text("must not be read")
    (folder / "large.txt").write_text("x" * 50)
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "elsewhere.txt").write_text("must not be read")
    (folder / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    (folder / "deep").symlink_to(tmp_path)
    steps: list[Progress] = []
    async with a_worker(Limits(file_bytes=49)) as worker:
        document = await worker.extract(folder, steps.append)
        assert document.tokens == await worker.count_tokens(document.text)
    assert document.text == (
        "# A one.md\n\nFirst.\n\n# b/two.txt\n\nSecond.\n\n"
        "[not included: deep (a link to elsewhere), large.txt (too large), "
        "link.txt (a link to elsewhere), picture.png (a picture)]"
    )
    assert (document.name, document.media_type) == ("papers", "inode/directory")
    assert "(hidden)" in str(document.note)
    assert document.size == len(document.text.encode())
    assert document.sha256 == hashlib.sha256(document.text.encode()).hexdigest()
    assert steps == [Progress(done, 4, "file") for done in range(4)]


async def test_a_folder_without_text_and_one_of_too_much_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    async with a_worker() as worker:
        with pytest.raises(errors.DocumentEmptyError):
            await worker.extract(tmp_path)
        (tmp_path / "b.txt").write_text("words")
        for limits in (Limits(pages=1), Limits(unpacked_bytes=4)):
            worker.limits = limits
            with pytest.raises(errors.DocumentTooLargeError):
                await worker.extract(tmp_path)
        worker.limits = Limits(pages=2, unpacked_bytes=5)
        assert "words" in (await worker.extract(tmp_path)).text
