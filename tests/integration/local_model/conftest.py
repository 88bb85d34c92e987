"""The processor that the on-device model runs on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.helpers.processors import on_one_processor


@pytest.fixture(autouse=True)
def one_processor() -> Iterator[None]:
    with on_one_processor():
        yield
