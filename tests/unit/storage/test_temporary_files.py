"""Temporary copies are removed at exit or the next start, except those in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from desktop_app.domain.errors import StoreFullError
from desktop_app.storage.temporary_files import TemporaryCopies, TemporaryFolder, remove_abandoned
from tests.helpers.full_disk import full_disk
from tests.helpers.linux_only import linux_only

ROOT = Path(__file__).parents[3]
PARTIAL = f".repartee-{'0' * 16}"
HOLDS_ONE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from desktop_app.storage.temporary_files import TemporaryFolder

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


def folders_in(parent: Path) -> list[Path]:
    return [path for path in parent.iterdir() if path.is_dir()]


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
        if sys.platform != "win32":
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
        assert process.stdout.readline().strip() == b"made"
        remove_abandoned(parent)
        assert len(folders_in(parent)) == 1  # it lives
        assert part.exists()
        process.kill()
    assert part.exists()
    remove_abandoned(parent)
    assert folders_in(parent) == []
    assert not part.exists()


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


@linux_only("limit on files")
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
    assert not folders_in(parent)


def test_only_files_of_the_program_are_removed_as_registered(parent: Path, tmp_path: Path) -> None:
    (tmp_path / "own").write_text("mine")
    with TemporaryFolder(parent) as folder:
        folder.register(tmp_path / "own")
        (folder.path / "odd.registered").write_bytes(b"\0/" + PARTIAL.encode())
        (folder.path / "folder.registered").mkdir()
    assert (tmp_path / "own").exists()
    assert folders_in(parent) == []
