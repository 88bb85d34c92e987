"""Files and folders that are deleted or locked while the files of a collection are listed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.documents.index import collection_reader

if TYPE_CHECKING:
    import pytest


def test_a_file_deleted_while_its_folder_is_listed_is_skipped(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("words")
    files = collection_reader._files_in([tmp_path], skip_missing=False)
    assert next(files).path.name == "a"
    (tmp_path / "b").unlink()
    assert [file.path.name for file in files] == ["c"]


def test_a_folder_deleted_while_its_parent_is_listed_is_skipped(tmp_path: Path) -> None:
    for name in "ac":
        (tmp_path / name).write_text("words")
    (tmp_path / "b").mkdir()
    files = collection_reader._files_in([tmp_path], skip_missing=False)
    assert next(files).path.name == "a"
    (tmp_path / "b").rmdir()
    assert [file.path.name for file in files] == ["c"]


def test_a_folder_that_cannot_be_listed_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ac":
        (tmp_path / name).write_text("words")
    (tmp_path / "b").mkdir()
    listed = os.scandir

    def refuse(folder: Any) -> Any:
        if str(folder).endswith(f"{os.sep}b"):
            raise PermissionError(13, "refused")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    files = collection_reader._files_in([tmp_path], skip_missing=False)
    assert [file.path.name for file in files] == ["a", "b", "c"]
