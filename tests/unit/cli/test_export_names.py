"""Names of exported files are unique; their targets may be links."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from desktop_app.cli.command_setup import expand_path
from desktop_app.cli.export_command import file_names, partial_file
from tests.unit.storage.samples import a_conversation


def test_no_two_files_have_the_same_name() -> None:
    titles = ["same (2)", "same", "Same", "same", "same (2)", "same (3)", "STRASSE", "straße"]
    names = list(file_names([a_conversation(title) for title in titles], ".md"))
    assert len({name.casefold() for name in names}) == len(titles)
    assert names[1].endswith("same.md")


def test_names_differ_where_composed_and_decomposed_characters_are_the_same() -> None:
    titles = ["caf\u00e9", "cafe\u0301", "CAFE\u0301", "CAF\u00c9"]
    names = list(file_names([a_conversation(title) for title in titles], ".md"))
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(titles)
    assert names[0].endswith("caf\u00e9.md")


def test_thousands_of_equal_titles_are_named_quickly() -> None:
    names = list(file_names([a_conversation("same") for _ in range(5000)], ".md"))
    assert len(set(names)) == 5000
    assert names[-1].endswith("same (5000).md")


@pytest.mark.attack("file-modes")
@pytest.mark.usefixtures("repartee_home")
def test_a_link_to_itself_becomes_the_file(tmp_path: Path) -> None:
    target = tmp_path / "loop.json"
    target.symlink_to(target)
    with partial_file(target) as file:
        file.write_text("whole")
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("whole", 0o600)


@pytest.mark.attack("file-modes")
@pytest.mark.usefixtures("repartee_home")
@pytest.mark.parametrize("is_own", [True, False])
def test_a_link_of_another_user_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_own: bool
) -> None:
    private, link = tmp_path / "private", tmp_path / "report.md"
    private.write_text("mine")
    link.symlink_to(private)
    if not is_own and os.geteuid() == 0:  # links of root are followed
        os.chown(link, 1000, 1000, follow_symlinks=False)
    elif not is_own:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with partial_file(link) as file:
        file.write_text("export")
    assert link.read_text() == "export"
    assert (link.is_symlink(), private.read_text() == "export") == (is_own, is_own)


@pytest.mark.usefixtures("repartee_home")
def test_a_pipe_behind_a_missing_folder_is_written_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with partial_file(tmp_path / "missing" / ".." / "pipe") as file:
        assert file == tmp_path / "pipe"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.usefixtures("repartee_home")
def test_overlapping_writes_of_a_file_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    target, foreign = tmp_path / "x.pdf", tmp_path / "x.pdf.part"
    foreign.write_text("foreign")
    with partial_file(target) as first:
        first.write_text("first")
        with partial_file(target) as second:
            second.write_text("second")
        assert target.read_text() == "second"
    assert {path.name: path.read_text() for path in tmp_path.glob("x.*")} == {
        "x.pdf": "first",
        "x.pdf.part": "foreign",
    }
    assert not list(tmp_path.glob(".*"))


def test_the_home_of_an_unknown_user_is_an_ordinary_name() -> None:
    assert expand_path("~/a.json") == Path.home() / "a.json"
    assert expand_path("~no-such-user/a.json") == Path("~no-such-user/a.json")
