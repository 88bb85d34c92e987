"""Random Markdown: shown half-written, streamed, exported and marked."""

from __future__ import annotations

import pytest

from tests.data.make_markdown_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_unchanged(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
