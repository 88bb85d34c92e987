"""Random Markdown: shown half-written, streamed, exported and marked."""

from __future__ import annotations

import pytest

from tests.data.make_markdown_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_markdown_becomes_what_it_became_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
