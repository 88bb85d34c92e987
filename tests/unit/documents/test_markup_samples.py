"""The text of random web pages, rich texts, office documents and encodings, and its chunks."""

from __future__ import annotations

import pytest

from tests.data.make_markup_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_documents_are_read_as_before(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
