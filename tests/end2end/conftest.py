"""One AT-SPI client for all; a home for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end2end.program import AssistiveClient


@pytest.fixture(scope="session")
def client() -> Iterator[AssistiveClient]:
    """The outside program."""
    client = AssistiveClient()
    yield client
    client.close()
