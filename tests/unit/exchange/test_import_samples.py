"""Results of reading random exports of other programs, cases, notebooks and images."""

from __future__ import annotations

import pytest

from tests.data.make_import_samples import EXPECTED, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_files_are_imported_as_before(name: str) -> None:
    assert list(SAMPLES[name]()) == (EXPECTED / f"{name}.jsonl").read_text("utf-8").split("\n")[:-1]
