"""Coverage-guided fuzzing of the parsers of foreign input: `python -m tests.fuzz`.

Each target is a module with two functions: `seeds()` returns the initial inputs, and
`one_input(data)` raises if these bytes violate an invariant. The suite runs the seeds and a few
hundred generated inputs (`tests/unit/test_fuzz_targets.py`). The command runs Atheris for hours.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final, Protocol, cast

DATA: Final = Path(__file__).parents[1] / "data"
NAMES: Final = ("sse", "frames", "markdown")


class Target(Protocol):
    """A parser with the invariants that must hold for any input."""

    def seeds(self) -> list[bytes]:
        """Return inputs that reach most of the parser."""

    def one_input(self, data: bytes) -> None:
        """Parse `data` and raise if an invariant does not hold."""


def load(name: str) -> Target:
    """Import a target by its name."""
    return cast("Target", importlib.import_module(f"tests.fuzz.{name}"))


def files(ending: str) -> list[bytes]:
    """Return the contents of the test data's files with this ending."""
    return [path.read_bytes() for path in sorted(DATA.rglob(f"*{ending}"))]
