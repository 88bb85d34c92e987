"""Results that services calculate for random conversations, documents and models."""

from __future__ import annotations

import pytest

from tests.data.make_service_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_services_calculate_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
