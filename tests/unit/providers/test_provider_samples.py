"""Results of random requests to providers, and of their random replies."""

from __future__ import annotations

import pytest

from tests.data.make_provider_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_requests_and_replies_are_made_and_read_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
