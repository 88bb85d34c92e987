"""Results of reading random exports of other programs, cases, notebooks and images."""

from __future__ import annotations

import pytest

from tests.data.make_import_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_files_are_imported_as_before(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
