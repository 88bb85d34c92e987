"""The shell fixture of the command-line tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.headless.command import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell with empty folders for one user."""
    return Shell(tmp_path)
