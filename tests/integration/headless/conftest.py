"""A shell of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.headless.command import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Folders for one person, empty."""
    return Shell(tmp_path)
