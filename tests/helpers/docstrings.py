"""Doctests in the product's docstrings."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES_WITH_QT = ("ui", "app")


def modules_with_examples(*, with_qt: bool) -> list[str]:
    """Return the modules with doctests, of the packages with Qt or of the others."""
    found = []
    for path in sorted((ROOT / "desktop_app").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if (parts[1] in PACKAGES_WITH_QT) == with_qt and ">>> " in path.read_text():
            found.append(".".join(parts))
    return found


def check(module: str) -> None:
    """Fail if a doctest of the module fails."""
    assert doctest.testmod(importlib.import_module(module)).failed == 0
