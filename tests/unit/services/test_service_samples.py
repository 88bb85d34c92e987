"""Results that services calculate for random conversations, documents and models."""

from __future__ import annotations

import pytest

from tests.data.make_service_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_services_give_the_recorded_results(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
