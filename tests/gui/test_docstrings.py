"""The examples in docstrings are correct."""

from __future__ import annotations

import pytest

from tests.helpers.docstrings import check, modules_with_examples


@pytest.mark.parametrize("module", modules_with_examples(with_qt=True))
def test_examples(module: str) -> None:
    check(module)
