"""Random answers: the requests, events, stored rows and costs."""

from __future__ import annotations

import pytest

from tests.data.make_conversation_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_stored_answers_equal_the_recorded_ones(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
