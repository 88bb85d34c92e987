"""Random answers: the requests, events, stored rows and costs."""

from __future__ import annotations

import pytest

from tests.data.make_conversation_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_answers_come_to_what_they_came_to(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
