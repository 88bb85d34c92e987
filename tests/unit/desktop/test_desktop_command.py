"""`repartee desktop` writes the launcher of this installation, and removes it again."""

from __future__ import annotations

import configparser
import gzip
import re
import sys
from pathlib import Path

import pytest

from desktop_app import child_processes
from desktop_app.cli.registry import commands
from desktop_app.desktop.command.desktop_command import install_files
from desktop_app.main import main
from tests.helpers.linux_only import linux_only

ENTRY = "applications/io.github.repartee.Repartee.desktop"
SERVICE = "dbus-1/services/io.github.repartee.Repartee.service"


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share"


def files_below(folder: Path) -> set[str]:
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return names - {"applications/mimeinfo.cache"}  # of update-desktop-database, if it is installed


@linux_only("launchers of the desktop")
def test_the_launcher_is_written_and_removed(
    share: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("/home/o'neil/my tools/repartee",)
    place = "desktop_app.desktop.command.desktop_command.launcher_command"
    monkeypatch.setattr(place, lambda: command)
    assert main(["desktop", "install"]) == 0
    written = capsys.readouterr().out.splitlines()
    assert {str(Path(line).relative_to(share)) for line in written} == files_below(share)
    entry = configparser.RawConfigParser()
    entry.optionxform = str  # type: ignore[assignment]
    entry.read(share / ENTRY, "utf-8")
    assert entry["Desktop Entry"]["Exec"] == '"/home/o\'neil/my tools/repartee" %U'
    assert "x-scheme-handler/repartee;" in entry["Desktop Entry"]["MimeType"]
    assert entry["Desktop Action quick"]["Exec"].endswith('repartee" quick')
    service = (share / SERVICE).read_text()
    assert """Exec='/home/o'"'"'neil/my tools/repartee' --service""" in service
    assert (share / "icons/hicolor/scalable/apps/io.github.repartee.Repartee.svg").stat().st_size
    own_file = share / "applications/other.desktop"
    own_file.touch()
    assert main(["desktop", "remove"]) == 0
    assert capsys.readouterr().out.splitlines() == written
    assert files_below(share) == {"applications/other.desktop"}
    assert main(["desktop", "remove"]) == 0
    assert capsys.readouterr().out == "Nothing to remove.\n"


@linux_only("launchers of the desktop")
def test_a_folder_that_cannot_be_written_to_is_reported(
    share: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    share.write_text("a file")
    assert main(["desktop", "install"]) == 1
    assert "Repartee couldn’t change the files of your desktop." in capsys.readouterr().err


def test_a_package_starts_what_is_in_the_path(tmp_path: Path) -> None:
    install_files(tmp_path)
    assert "\nExec=repartee %U\n" in (tmp_path / ENTRY).read_text("utf-8")
    assert "\nExec=/usr/bin/repartee --service" in (tmp_path / SERVICE).read_text("utf-8")


def test_the_manual_page_and_the_completions_have_every_command(tmp_path: Path) -> None:
    install_files(tmp_path)
    page = gzip.decompress((tmp_path / "man/man1/repartee.1.gz").read_bytes()).decode()
    for command in commands():
        assert f'.SH "REPARTEE {command.upper()}"' in page
    for words in (r"\-f, \-\-file PATH", "REPARTEE TABLE RESUME", "Exit code 3"):
        assert words in page
    assert not re.search("^[.'](?!TH|SH|TP|PP|br)", page, re.M)  # no text is taken for a macro
    for name in ("bash-completion/completions/repartee", "zsh/site-functions/_repartee"):
        assert "_REPARTEE_COMPLETE" in (tmp_path / name).read_text()


def test_the_launcher_of_pip_stands_beside_its_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    assert child_processes.launcher_command()[0] == str(tmp_path / "python3")  # a checkout
    (tmp_path / "repartee").touch()
    assert child_processes.launcher_command() == (str(tmp_path / "repartee"),)


@pytest.mark.parametrize(("folder", "is_ours"), [("", True), ("other", False)])
def test_what_starts_an_appimage_is_its_file_wherever_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, is_ours: bool
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "usr/lib/repartee/repartee"))
    monkeypatch.setenv("APPIMAGE", "/media/usb/Repartee.AppImage")
    monkeypatch.setenv("APPDIR", str(tmp_path / folder))
    expected = "/media/usb/Repartee.AppImage" if is_ours else sys.executable
    assert child_processes.launcher_command()[0] == expected
    assert child_processes.resident_command()[0] == expected
    assert child_processes.quick_command()[0] == expected
    assert child_processes.child_command("math").argv[0] == sys.executable
