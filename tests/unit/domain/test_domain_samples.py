"""Results of the domain's rules for random texts, replies, models and addresses."""

from __future__ import annotations

import pytest

from tests.data.make_domain_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_rules_give_the_same_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
