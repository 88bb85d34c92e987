"""The examples in the product's docstrings, which are tests where somebody runs them."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS_WITH_QT = ("ui", "app")


def modules_with_examples(*, with_qt: bool) -> list[str]:
    """The modules whose docstrings hold examples, of the rooms with Qt or of the others."""
    found = []
    for path in sorted((ROOT / "desktop_app").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if (parts[1] in ROOMS_WITH_QT) == with_qt and ">>> " in path.read_text():
            found.append(".".join(parts))
    return found


def check(module: str) -> None:
    """Fail where an example says what is not so."""
    assert doctest.testmod(importlib.import_module(module)).failed == 0
