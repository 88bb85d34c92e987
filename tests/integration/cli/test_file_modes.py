"""Files written by the commands are private to their owner under any umask."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.waiting import until
from tests.integration.cli.command import Shell
from tests.integration.cli.test_library_commands import CHATGPT


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Set a umask that removes no mode bits."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(*roots: Path) -> list[str]:
    """Return the paths that other users can read, write or enter, with their modes."""
    found = []
    for root in roots:
        assert root.exists()
        for path in (root, *root.rglob("*")):
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                found.append(f"{stat.filemode(mode)} {path}")
    return found


@pytest.mark.attack("file-modes")
async def test_exports_and_backups_are_private(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "conversations.json"
    source.write_text(json.dumps(CHATGPT))
    out = tmp_path / "new"
    out.mkdir(mode=0o700)

    for arguments in (
        ("import", str(source)),
        ("export", "--all", "--format", "json", "--to", str(out / "all.json")),
        ("export", "--all", "--format", "markdown", "--to", str(out / "markdown")),
        ("export", "--all", "--format", "html", "--to", str(out / "html")),
        ("export", "--all", "--format", "pdf", "--to", str(out / "pdf")),
        ("backup", str(out / "backups")),
        ("search", "京都"),
        ("repair",),
    ):
        done = await shell.run(*arguments, env={"QT_QPA_PLATFORM": "offscreen"})
        assert done.code == 0, done.err
    (backup,) = (out / "backups").iterdir()
    assert (await shell.run("restore", str(backup))).code == 0
    assert len(list(out.rglob("*.*"))) == 5
    assert open_to_others(shell.home, tmp_path / "new") == []
    assert shell.files_outside() == []


@pytest.mark.attack("file-modes")
def test_an_export_makes_a_public_file_private(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "all.json"
    target.write_text("old")
    target.chmod(0o666)
    arguments = ("export", "--all", "--format", "json", "--to", str(target))
    assert asyncio.run(shell.run(*arguments)).code == 0
    assert target.stat().st_mode & 0o777 == 0o600


def copies(shell: Shell) -> list[Path]:
    return list((shell.home / "cache" / "temporary").rglob("*"))


@pytest.mark.attack("file-modes")
async def test_copies_of_a_killed_command_are_removed_at_the_next_start(shell: Shell) -> None:
    process = await shell.start("ask", "--file", "-", "Hi", stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"secret " * 100_000)

    async def is_copied() -> bool:
        return any(path.is_file() and path.stat().st_size for path in copies(shell))

    await until(is_copied)
    await shell.run("models")
    assert any(path.is_file() for path in copies(shell))  # its process lives
    process.kill()
    process.stdin.close()
    await process.wait()
    assert copies(shell)
    await shell.run("models")
    assert copies(shell) == []


@pytest.mark.attack("file-modes")
@pytest.mark.parametrize("command", ["models", "search x", "spending", "desktop remove"])
def test_an_unfinished_restore_is_removed_at_the_start(shell: Shell, command: str) -> None:
    asyncio.run(shell.run("models"))
    for name in (".restore-killed", ".repair-killed"):
        (shell.home / "data" / name).mkdir()
        (shell.home / "data" / name / "copy").write_text("secret")
    asyncio.run(shell.run(*command.split()))
    assert not list((shell.home / "data").glob(".re*"))
