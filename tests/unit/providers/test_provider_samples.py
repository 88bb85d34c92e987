"""Results of random requests to providers, and of their random replies."""

from __future__ import annotations

import pytest

from tests.data.make_provider_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_requests_and_replies_are_made_and_read_as_before(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
