"""Temporary copies are removed at exit or the next start, except those in use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desktop_app.domain.errors import StoreFullError
from desktop_app.storage.database.private_files import restrict_access
from desktop_app.storage.database.temporary_files import (
    TemporaryCopies,
    TemporaryFolder,
    remove_abandoned,
    remove_all,
    removed_at_end,
)
from tests.helpers.full_disk import full_disk

ROOT = Path(__file__).parents[3]
PARTIAL = f".repartee-{'0' * 16}"
HOLDS_ONE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from desktop_app.storage.database.temporary_files import TemporaryFolder

folder = TemporaryFolder(Path(sys.argv[2]))
(folder.path / "copy").write_text("secret")
folder.register(Path(sys.argv[3]))
Path(sys.argv[3]).write_text("half")
print("made", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return tmp_path / "temporary"


def test_a_folder_is_removed_with_registered_files(parent: Path, tmp_path: Path) -> None:
    part, scratch = tmp_path / f"{PARTIAL}.part", tmp_path / PARTIAL
    with TemporaryFolder(parent) as folder:
        (folder.path / "copy").write_text("secret")
        (folder.path / "copy").chmod(0o400)
        for path in (part, scratch, tmp_path / PARTIAL.replace("0", "1")):
            folder.register(path)
        part.write_text("half")
        scratch.mkdir()
        (scratch / "copy").write_text("secret")
        assert folder.path.stat().st_mode & 0o777 == 0o700
    assert not folder.path.exists()
    assert not part.exists()
    assert not scratch.exists()


@pytest.mark.attack("file-modes")
def test_files_of_a_killed_process_are_removed(parent: Path, tmp_path: Path) -> None:
    part = tmp_path / f"{PARTIAL}.part"
    command = [sys.executable, "-c", HOLDS_ONE, str(ROOT), str(parent), str(part)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"made\n"
        remove_abandoned(parent)
        assert len(list(parent.iterdir())) == 1  # it lives
        assert part.exists()
        process.send_signal(signal.SIGKILL)
    assert part.exists()
    remove_abandoned(parent)
    assert list(parent.iterdir()) == []
    assert not part.exists()


def test_remove_all_removes_folders_of_running_processes(parent: Path) -> None:
    remove_all(parent)  # nothing there
    remove_abandoned(parent)
    folder = TemporaryFolder(parent)
    remove_all(parent)
    assert not folder.path.exists()
    folder.close()


@pytest.mark.attack("file-modes")
def test_a_file_in_place_of_the_folder_stays(parent: Path) -> None:
    parent.write_text("not ours")
    for folder in (parent, parent / "temporary"):
        remove_abandoned(folder)
        remove_all(folder)
    assert parent.read_text() == "not ours"


def test_no_link_is_followed(parent: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    scratch, part = tmp_path / PARTIAL, tmp_path / f"{PARTIAL}.part"
    scratch.mkdir()
    (scratch / "link").symlink_to(precious)
    part.symlink_to(precious)
    with TemporaryFolder(parent) as folder:
        folder.register(scratch)
        folder.register(part)
    assert not scratch.exists()
    assert not part.is_symlink()
    assert (precious / "file").read_text() == "mine"


@pytest.mark.attack("file-modes")
def test_a_planted_link_removes_nothing_of_the_user(parent: Path, tmp_path: Path) -> None:
    precious = tmp_path / "Documents"
    precious.mkdir()
    (precious / "file").write_text("mine")
    planted = parent / "0123456789abcdef"
    planted.mkdir(parents=True)
    for number, target in enumerate((precious, precious / "file", scratch_within(precious))):
        (planted / str(number)).symlink_to(target)
    remove_abandoned(parent)
    assert not planted.exists()
    assert (precious / "file").read_text() == "mine"


def scratch_within(folder: Path) -> Path:
    """Return a path to `folder` that has the name of a registered folder on its way."""
    scratch = folder / PARTIAL
    scratch.mkdir()
    return scratch / ".."


def test_a_file_is_removed_at_the_end_without_a_registration(tmp_path: Path) -> None:
    part = tmp_path / "out.part"
    with removed_at_end(part, Path("/proc/nowhere")):
        part.write_text("half")
    assert not part.exists()


@pytest.mark.attack("file-modes")
def test_access_left_by_an_older_version_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "attachments").mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours to change")
    elsewhere.chmod(0o644)
    for name, mode in (("store", 0o644), ("executable", 0o755), ("closed", 0o400)):
        (data / name).write_text("")
        (data / name).chmod(mode)
    (data / "link").symlink_to(elsewhere)
    for folder in (data, data / "attachments"):
        folder.chmod(0o755)
    restrict_access(data)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (data, *data.iterdir())}
    assert modes == {
        "data": 0o700,
        "attachments": 0o700,
        "store": 0o600,
        "executable": 0o700,
        "closed": 0o400,
        "link": 0o644,
    }
    restrict_access(tmp_path / "missing")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    data.chmod(0o755)
    restrict_access(data)  # the folder belongs to another user
    assert data.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_the_user_has_linked_is_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").touch()
    for path in (shared, shared / "file"):
        path.chmod(0o755)
    (tmp_path / "logs").symlink_to(shared)
    restrict_access(tmp_path / "logs")
    assert [path.stat().st_mode & 0o777 for path in (shared, shared / "file")] == [0o755, 0o755]


def test_a_file_of_another_user_does_not_leave_others_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).touch(0o644)
    tmp_path.chmod(0o700)
    change, refused = os.chmod, list[str]()

    def chmod(path: os.DirEntry[str], mode: int) -> None:
        if not refused:
            refused.append(path.name)
            raise PermissionError
        change(path, mode)

    monkeypatch.setattr(os, "chmod", chmod)
    restrict_access(tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077} == {*refused}


@pytest.mark.parametrize("from_file", [True, False])
def test_a_copy_is_whole_or_missing(parent: Path, tmp_path: Path, from_file: bool) -> None:
    data = b"x" * 50_000
    (tmp_path / "original").write_bytes(data)
    original = tmp_path / "original" if from_file else data
    copies = TemporaryCopies(parent)
    with full_disk(), pytest.raises(StoreFullError):
        copies.make(original, "a" * 64, "plan.pdf")
    assert [path for path in parent.rglob("*") if path.is_file()] == []
    copy = copies.make(original, "a" * 64, "plan.pdf")
    assert copy.read_bytes() == data
    assert (copy.name, copy.stat().st_mode & 0o777) == ("plan.pdf", 0o400)
    assert copies.make(original, "a" * 64, "plan.pdf") == copy
    copies.close()
    assert not list(parent.iterdir())
