"""Results of tools for random arguments, and the output of a command for random answers."""

from __future__ import annotations

import pytest

from tests.data.make_tool_samples import EXPECTED, SAMPLES
from tests.data.samples import check_samples


@pytest.mark.parametrize("name", SAMPLES)
def test_results_of_tools_and_commands_are_unchanged(name: str) -> None:
    check_samples(EXPECTED, SAMPLES, name)
