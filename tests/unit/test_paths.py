"""The program's folders, with and without REPARTEE_HOME."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop_app import paths
from desktop_app.quick_call import MAX_RUNTIME_PATH_BYTES
from tests.helpers.linux_only import linux_only


def test_repartee_home_contains_all_folders(repartee_home: Path) -> None:
    found = paths.folders()
    assert {found.data, found.config, found.cache, found.logs} == {
        repartee_home / name for name in ("data", "config", "cache", "logs")
    }
    assert found.database.parent == found.attachments.parent == found.data
    assert not repartee_home.exists()  # not created


def test_two_homes_share_no_socket_and_no_keyring_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    seen = set()
    for home in (None, tmp_path / "a", tmp_path / "b"):
        if home is None:
            monkeypatch.delenv("REPARTEE_HOME")
        else:
            monkeypatch.setenv("REPARTEE_HOME", str(home))
        found = paths.folders()
        seen.add((found.socket, found.keyring_service))
    assert len({socket for socket, _ in seen}) == len({name for _, name in seen}) == 3


def test_spellings_of_one_home_have_the_same_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scopes = set()
    for home in (tmp_path / "a", tmp_path / "b" / ".." / "a", f"{tmp_path}/a/"):
        monkeypatch.setenv("REPARTEE_HOME", str(home))
        scopes.add(paths.folders().scope)
    assert len(scopes) == 1


@linux_only("folders of XDG")
def test_the_usual_folders_are_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REPARTEE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    found = paths.folders()
    assert found.data == tmp_path / "share" / "repartee"
    assert found.keyring_service == "repartee"


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Yield a folder whose path is short enough for a socket, unlike those of a worker's tests."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        yield Path(folder)


@linux_only("folders of XDG")
def test_the_folder_of_the_socket_is_private(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert paths.folders().socket.parent == runtime
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / "missing"))
    folder = paths.folders().socket.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folder.stat().st_uid == os.getuid()


def test_a_runtime_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, _mode: str(path) != str(tmp_path))  # as after su
    assert paths.folders().socket.parent != tmp_path


@linux_only("folders of XDG")
@pytest.mark.attack("local-calls")
@pytest.mark.parametrize(("mode", "is_used"), [(0o755, True), (0o775, False), (0o1777, False)])
def test_a_runtime_folder_in_which_others_create_sockets_is_not_used(
    runtime: Path, monkeypatch: pytest.MonkeyPatch, mode: int, is_used: bool
) -> None:
    runtime.chmod(mode)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert (paths.folders().socket.parent == runtime) is is_used


@pytest.mark.attack("local-calls")
@pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0,
    reason="only root can write to another user's folder",
)
def test_root_uses_no_runtime_folder_of_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(tmp_path, 1000, 1000)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert paths.folders().socket.parent != tmp_path


@linux_only("folders of XDG")
def test_the_path_of_the_socket_is_short_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for length in (1, 40, 79, 80, 81, 120):
        runtime = Path("/tmp/" + "r" * (length - 5)) if length > 5 else Path("/")  # noqa: S108
        runtime.mkdir(exist_ok=True)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        try:
            found = paths.folders().socket
            assert len(os.fsencode(found)) <= 107
            assert (found.parent == runtime) == (length <= MAX_RUNTIME_PATH_BYTES)
        finally:
            if length > 5:
                runtime.rmdir()


def test_shipped_files_are_found() -> None:
    assert paths.resource_path("models.toml").is_file()
