"""The text of random web pages, rich texts, office documents and encodings, and its chunks."""

from __future__ import annotations

import pytest

from tests.data.make_markup_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_documents_are_read_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
