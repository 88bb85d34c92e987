"""Fixtures that collect observed faults and figures for the summary after the tests."""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.integration.providers.asking import Met

_MET = pytest.StashKey[list[Met]]()
_REMARKS = pytest.StashKey[list[str]]()


@pytest.fixture
def met(pytestconfig: pytest.Config) -> list[Met]:
    """Return the list of observed faults, which the final table shows."""
    return pytestconfig.stash.setdefault(_MET, [])


@pytest.fixture
def remarks(pytestconfig: pytest.Config) -> list[str]:
    """Return the list of lines with figures to print at the end."""
    return pytestconfig.stash.setdefault(_REMARKS, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the figures, and for each fault the moment, requests, message and stored state."""
    for line in config.stash.get(_REMARKS, []):
        terminalreporter.write_line(line)
    rows = config.stash.get(_MET, [])
    if not rows:
        return
    terminalreporter.section("fault × moment: what the person sees, what is stored")
    for fault, of_fault in groupby(rows, key=lambda row: row.fault):
        terminalreporter.write_line("")
        terminalreporter.write_line(fault, bold=True)
        for row in of_fault:
            asked = "asked once" if row.requests == 1 else f"asked {row.requests} times"
            terminalreporter.write_line(f"  {row.moment} · {asked}")
            terminalreporter.write_line(f"      sees    {row.sees}")
            terminalreporter.write_line(f"      stored  {row.stored}")
