"""Random rows and damaged pages, as a store reads, checks, copies and repairs them."""

from __future__ import annotations

import pytest

from tests.data.make_store_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_stores_have_the_same_content_as_before(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
