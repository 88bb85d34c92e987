"""Results of the queries of random ledgers, batches, collections and searches."""

from __future__ import annotations

import pytest

from tests.data.make_query_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_queries_return_the_same_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
