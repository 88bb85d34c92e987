"""The process that reads documents gets only regular files."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from pathlib import Path

import pytest

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import Limits
from desktop_app.documents.worker.source_files import OpenDocument, open_document
from desktop_app.domain import errors
from desktop_app.domain.documents.document_notes import SkipReason

pytestmark = pytest.mark.attack("sandbox")


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_a_file_is_opened_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    with open_document(path, Limits()) as opened:
        assert opened.members is None
        assert opened.size == 5
        assert os.read(opened.descriptor, 10) == b"words"
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(opened.descriptor, b"x")
    assert opened.descriptor == -1


def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    before = open_descriptors()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path in (*(tmp_path / n for n in ("pipe", "link", "socket")), Path("/dev/zero")):
            with pytest.raises(errors.DocumentError, match="isn’t a file"):
                open_document(path, Limits())
    assert open_descriptors() == before


def test_a_pipe_that_replaces_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    looked = Path.stat

    def look_and_replace(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = looked(self, follow_symlinks=follow_symlinks)
        if self == path:
            path.unlink()
            os.mkfifo(path)
        return found

    monkeypatch.setattr(Path, "stat", look_and_replace)
    before = open_descriptors()
    with pytest.raises(errors.DocumentError, match="it is not a file"):
        open_document(path, Limits())
    assert open_descriptors() == before


def test_a_folder_that_cannot_be_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "b").mkdir()
    listed = os.scandir

    def refuse(folder: int) -> object:
        if Path(f"/proc/self/fd/{folder}").readlink() == tmp_path / "b":
            raise PermissionError(13, "refused")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    before = open_descriptors()
    with open_document(tmp_path, Limits()) as opened:
        assert opened.members == [("a.txt", ""), ("b", SkipReason.UNREADABLE)]
    assert open_descriptors() == before


def test_the_outermost_folder_has_a_name() -> None:
    with pytest.raises(errors.DocumentTooLargeError, match="“/”"):
        open_document(Path("/"), Limits(pages=0))


def test_a_folder_lists_its_files_and_those_left_out(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "inner.txt").write_text("inner")
    (tmp_path / "A.txt").write_text("first")
    (tmp_path / ".hidden").touch()
    (tmp_path / "c").symlink_to(tmp_path / "A.txt")
    os.mkfifo(tmp_path / "d")
    with open_document(tmp_path, Limits()) as opened:
        assert opened.members == [
            (".hidden", "hidden"),
            ("A.txt", ""),
            ("b/inner.txt", ""),
            ("c", "a link to elsewhere"),
            ("d", "no file"),
        ]
        descriptor = opened.open_member(2)
        assert os.read(descriptor, 10) == b"inner"
        os.close(descriptor)
        for number in (-1, 0, 3, 4, 5):
            with pytest.raises(IndexError):
                opened.open_member(number)


def test_a_folder_in_a_folder_that_cannot_be_opened_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text("words")
    opens = os.open

    def open_unless_b(path: str | Path, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "b":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opens(path, flags, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_unless_b)
    with open_document(tmp_path, Limits()) as opened:
        assert opened.members == [("a/x.txt", ""), ("b", SkipReason.UNREADABLE), ("c/x.txt", "")]


def test_the_number_of_files_in_a_folder_has_a_limit(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt", ".hidden"):
        (tmp_path / name).touch()
    before = open_descriptors()
    with open_document(tmp_path, Limits(pages=2)) as opened:
        assert opened.size == 0
    with pytest.raises(errors.DocumentError, match="more than 1 file"):
        open_document(tmp_path, Limits(pages=1))
    assert open_descriptors() == before


@pytest.mark.parametrize("depth", [16, 17])
def test_a_folder_nested_too_deeply_is_left_out(tmp_path: Path, depth: int) -> None:
    inner = tmp_path.joinpath(*"a" * depth)
    inner.mkdir(parents=True)
    (inner / "b.txt").touch()
    with open_document(tmp_path, Limits()) as opened:
        (member,) = opened.members or []
    assert bool(member.skip_reason) is (depth == 17)


def replace_by_link(path: Path, target: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(target)


def test_a_link_that_replaces_a_file_is_refused(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret.txt", tmp_path / "folder"
    secret.write_text("secret")
    folder.mkdir()
    (folder / "a.txt").write_text("words")
    before = open_descriptors()
    with open_document(folder, Limits()) as opened:
        replace_by_link(folder / "a.txt", secret)
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            opened.open_member(0)
    assert open_descriptors() == before


def test_a_link_that_replaces_a_folder_is_refused(tmp_path: Path) -> None:
    secret, inner = tmp_path / "secret", tmp_path / "folder" / "inner"
    for folder in (secret, inner):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("words")
    before = open_descriptors()
    with open_document(tmp_path / "folder", Limits()) as opened:
        replace_by_link(inner, secret)
        with pytest.raises(NotADirectoryError):
            opened.open_member(0)
    assert open_descriptors() == before


def test_a_pipe_that_replaces_a_member_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    before = open_descriptors()
    with open_document(tmp_path, Limits()) as opened:
        (tmp_path / "a.txt").unlink()
        os.mkfifo(tmp_path / "a.txt")
        with pytest.raises(OSError, match="it is not a file"):
            opened.open_member(0)
    assert open_descriptors() == before


async def test_a_file_that_becomes_a_link_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("first")
    (tmp_path / "b.txt").write_text("second")
    worker = DocumentWorker()
    try:
        await worker.count_tokens("x")
        (tmp_path / "b.txt").chmod(0)
        (tmp_path / "b.txt").unlink()
        (tmp_path / "b.txt").symlink_to("/etc/hostname")
        text = (await worker.extract(tmp_path)).text
    finally:
        await worker.aclose()
    assert text == "# a.txt\n\nfirst\n\n[not included: b.txt (a link to elsewhere)]"


async def test_a_folder_of_more_files_than_may_be_open_is_read(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"{number:03}.txt").write_text(f"file {number}")

    worker = DocumentWorker()
    try:
        await worker.count_tokens("x")
        before = open_descriptors()
        document = await worker.extract(tmp_path)
        assert "# 399.txt\n\nfile 399" in document.text
        assert str(document.note) == "Files read: 400."
        assert open_descriptors() == before
    finally:
        await worker.aclose()


def test_a_folder_that_is_closed_while_a_file_is_opened_is_closed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("words")
    opened, opens = open_document(tmp_path, Limits()), os.open

    def open_and_close_folder(path: str, flags: int, *, dir_fd: int) -> int:
        descriptor = opens(path, flags, dir_fd=dir_fd)
        opened.close()
        return descriptor

    monkeypatch.setattr(os, "open", open_and_close_folder)
    os.close(opened.open_member(0))


async def test_cancelling_leaves_no_member_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("words")
    opens, is_open, may_return = OpenDocument.open_member, threading.Event(), threading.Event()

    def open_and_wait(opened: OpenDocument, number: int) -> int:
        descriptor = opens(opened, number)
        is_open.set()
        may_return.wait()
        return descriptor

    worker = DocumentWorker()
    try:
        await worker.extract(tmp_path)
        await worker.aclose()
        before = open_descriptors()
        monkeypatch.setattr(OpenDocument, "open_member", open_and_wait)
        reading = asyncio.ensure_future(worker.extract(tmp_path))
        await asyncio.to_thread(is_open.wait)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        may_return.set()
        await worker.aclose()
        await asyncio.get_running_loop().shutdown_default_executor()
        await asyncio.sleep(0)
        assert open_descriptors() == before
    finally:
        may_return.set()
        await worker.aclose()


async def test_cancelling_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")

    worker = DocumentWorker()
    try:
        await worker.extract(tmp_path / "a.txt")
        await worker.aclose()
        before = open_descriptors()
        for turns in range(8):
            reading = asyncio.ensure_future(worker.extract(tmp_path / "a.txt"))
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        await worker.aclose()
        await asyncio.get_running_loop().shutdown_default_executor()
        await asyncio.sleep(0)
        assert open_descriptors() == before
    finally:
        await worker.aclose()
