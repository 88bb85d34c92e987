"""Forks in place of the child processes of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.child_server import STARTERS, forked_command


@pytest.fixture(scope="module")
def forked_children(child_server: str) -> Iterator[None]:
    """Fork these processes, which are not the subject, instead of starting new ones."""
    with pytest.MonkeyPatch.context() as patch:
        for module in STARTERS:
            patch.setattr(module, "child_command", forked_command(child_server))
        yield
