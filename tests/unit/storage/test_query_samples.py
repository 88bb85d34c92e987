"""Results of the queries of random ledgers, batches, collections and searches."""

from __future__ import annotations

import pytest

from tests.data.make_query_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_queries_return_the_recorded_results(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
