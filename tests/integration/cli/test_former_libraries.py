"""Commands of today on libraries and backups of every earlier version."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.fork_server import ForkServer
from tests.helpers.former_libraries import FEW, FormerLibrary, missing
from tests.integration.cli.command import Ended, Shell


class Home:
    """A shell in the home of a former library."""

    def __init__(self, name: str, folder: Path, server: ForkServer) -> None:
        self.shell = Shell(folder, server)
        self.library = FormerLibrary(name, folder / "former")
        self.move_in(self.library.home)

    def move_in(self, home: Path) -> None:
        shutil.rmtree(self.shell.home, ignore_errors=True)
        shutil.copytree(home, self.shell.home)

    def run(self, *arguments: str) -> Ended:
        return asyncio.run(self.shell.run(*arguments))

    def check(self) -> None:
        """Assert that all is exported, found and spent as the former version did."""
        expected = self.library.expected
        exported = self.run("export", "--all", "--format", "json", "--to", "-")
        assert exported.code == 0, exported.err
        assert list(missing(expected["export"], json.loads(exported.out))) == []
        for word in ("quince", "stone"):
            found = self.run("search", word, "--json").json_lines
            assert _places(expected["search"][word]) == _places(found)
        spent = self.run("spending", "--json").json
        assert list(missing(expected["spending"], spent)) == []


def _places(hits: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((hit["conversation"], hit["message"] or hit["document"]) for hit in hits)


@pytest.fixture(params=FEW)
def home(request: pytest.FixtureRequest, tmp_path: Path, fork_server: ForkServer) -> Home:
    return Home(request.param, tmp_path, fork_server)


def test_a_former_library_is_exported_searched_and_spent_as_before(home: Home) -> None:
    home.check()


def test_a_backup_of_a_former_version_is_restored(home: Home) -> None:
    home.move_in(home.shell.outside)
    done = home.run("restore", "--accept-settings", str(home.library.backup))
    assert done.code == 0, done.err
    home.check()


def test_a_former_library_is_repaired(home: Home) -> None:
    done = home.run("repair")
    assert done.code == 0, done.err
    home.check()
