"""The shell fixture of the command-line tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.fork_server import ForkServer
from tests.integration.cli.command import Shell


@pytest.fixture(scope="session")
def fork_server(child_server: str) -> Iterator[ForkServer]:
    """Yield a process that has imported the command line."""
    with ForkServer(child_server) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, fork_server: ForkServer) -> Shell:
    """Return a shell with empty folders for one user."""
    return Shell(tmp_path, fork_server)
