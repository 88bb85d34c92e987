"""Files that exports write."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from desktop_app.cli.output_file import partial_file


def test_an_existing_target_keeps_its_links(tmp_path: Path) -> None:
    target, hard, link = tmp_path / "a", tmp_path / "hard", tmp_path / "link"
    target.write_text("an older and longer text")
    hard.hardlink_to(target)
    link.symlink_to(target)
    with partial_file(link) as file:
        file.write_text("new")
        assert target.read_text() == "an older and longer text"
    assert link.is_symlink()
    assert hard.read_text() == target.read_text() == "new"


def test_a_new_target_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "a"
    with pytest.raises(FileNotFoundError), partial_file(target):
        pass
    assert not target.parent.exists(), "a mistyped folder"
    target.parent.mkdir()
    with partial_file(target) as file:
        file.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"


def test_standard_output_needs_no_room_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = (tmp_path / "output").open("wb")
    os.set_inheritable(output.fileno(), True)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with output, partial_file(Path(f"/dev/fd/{output.fileno()}")) as file:
        file.write_text("new")
    assert Path(output.name).read_text() == "new"
