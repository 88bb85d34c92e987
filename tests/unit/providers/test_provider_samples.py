"""Results of random requests to providers, and of their random replies."""

from __future__ import annotations

import pytest

from tests.data.make_provider_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_requests_and_replies_equal_the_recorded_ones(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
