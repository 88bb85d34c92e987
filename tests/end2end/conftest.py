"""The AT-SPI client that all end-to-end tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end2end.program import AssistiveClient
from tests.helpers.processors import on_one_processor


@pytest.fixture(autouse=True, scope="session")
def one_processor() -> Iterator[None]:
    with on_one_processor(0):
        yield


@pytest.fixture(scope="session")
def client() -> Iterator[AssistiveClient]:
    """Yield the client, which runs outside the program under test."""
    client = AssistiveClient()
    yield client
    client.close()
