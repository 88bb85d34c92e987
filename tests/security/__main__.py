"""Runs every test marked `attack` and prints the results by target.

    packaging/desktop-session.sh --screen .venv/bin/python -m tests.security [pytest arguments]

`--hypothesis-profile=campaign` multiplies the generated examples.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Final

import pytest

from tests.security import TARGETS

_FOLDERS: Final = ("tests/unit", "tests/gui", "tests/integration", "tests/end2end")


class Scores:
    """Counts outcomes by the target of the attack."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.tried: Counter[str] = Counter()
        self.held: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note which test attacks which target."""
        for item in items:
            marker = item.get_closest_marker("attack")
            if marker is not None:
                self.targets[item.nodeid] = marker.args[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: when its call ends, or when its setup fails or skips it."""
        target = self.targets.get(report.nodeid)
        if target is None or (report.when != "call" and report.passed):
            return
        if report.skipped:
            self.skipped[target] += 1
            return
        self.tried[target] += 1
        self.held[target] += report.passed

    def table(self) -> str:
        """Return one Markdown row for each target."""
        rows = ["| target | tried | held | skipped |", "|---|--:|--:|--:|"]
        rows += [
            f"| {title} | {self.tried[name]} | {self.held[name]} | {self.skipped[name]} |"
            for name, title in TARGETS.items()
        ]
        return "\n".join(rows)


def main() -> int:
    """Run the campaign and return pytest's exit code, or 1 if a target was never attacked."""
    scores = Scores()
    code = pytest.main(["-q", "-m", "attack", *_FOLDERS, *sys.argv[1:]], plugins=[scores])
    print(scores.table())
    untried = [name for name in TARGETS if not scores.tried[name]]
    if untried and len(sys.argv) == 1:
        print(f"Never attacked: {', '.join(untried)}")
        return int(code) or 1
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
