"""The examples in docstrings are correct."""

from __future__ import annotations

import pytest

from tests.helpers.docstrings import check, modules_with_examples


@pytest.mark.parametrize("module", modules_with_examples(with_qt=True))
def test_examples_in_docstrings_run_as_written(module: str) -> None:
    check(module)
