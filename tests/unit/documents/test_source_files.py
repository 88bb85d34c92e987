"""The process that reads documents gets only regular files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from desktop_app.documents.worker.document_worker import DocumentWorker
from desktop_app.documents.worker.protocol import Limits
from desktop_app.documents.worker.source_files import open_document
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
