"""Random rows and damaged pages, as a store reads, checks, copies and repairs them."""

from __future__ import annotations

import pytest

from tests.data.make_store_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_stores_equal_the_recorded_ones(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
