"""Files and folders that are deleted while the files of a collection are listed."""

from __future__ import annotations

from pathlib import Path

from desktop_app.documents.index import collection_reader


def test_a_file_deleted_while_its_folder_is_listed_is_skipped(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("words")
    files = collection_reader._files_below(tmp_path, 0)
    assert next(files).path.name == "a"
    (tmp_path / "b").unlink()
    assert [file.path.name for file in files] == ["c"]


def test_a_folder_deleted_while_its_parent_is_listed_is_skipped(tmp_path: Path) -> None:
    for name in "ac":
        (tmp_path / name).write_text("words")
    (tmp_path / "b").mkdir()
    files = collection_reader._files_below(tmp_path, 0)
    assert next(files).path.name == "a"
    (tmp_path / "b").rmdir()
    assert [file.path.name for file in files] == ["c"]
