"""Random rows and damaged pages, as a store reads, checks, copies and repairs them."""

from __future__ import annotations

import pytest

from tests.data.make_store_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_stores_hold_the_same_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
