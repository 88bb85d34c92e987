"""Results of the domain's rules for random texts, replies, models and addresses."""

from __future__ import annotations

import pytest

from tests.data.make_domain_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_rules_give_the_recorded_results(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
