"""Docstrings tell the truth: their examples, and the signals that they list."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.docstrings import check, modules_with_examples

PRODUCT = Path(__file__).parents[2] / "desktop_app"


@pytest.mark.parametrize("module", modules_with_examples(with_qt=False))
def test_examples_in_docstrings_run_as_written(module: str) -> None:
    check(module)


def _classes_with_signals() -> Iterator[tuple[str, ast.ClassDef, str]]:
    for package in ("app", "ui"):
        for path in sorted((PRODUCT / package).rglob("*.py")):
            source = path.read_text("utf-8")
            for node in ast.walk(ast.parse(source)) if "Signals:" in source else ():
                listed = re.search(
                    r"^Signals:\n((?:    .*\n?|\n)+)",
                    (ast.get_docstring(node) or "") if isinstance(node, ast.ClassDef) else "",
                    re.MULTILINE,
                )
                if listed and isinstance(node, ast.ClassDef):
                    yield f"{path.relative_to(PRODUCT)}:{node.name}", node, listed[1]


def test_listed_signals_exist() -> None:
    """A docstring that lists signals names all public ones, and no other."""
    classes = list(_classes_with_signals())
    assert len(classes) > 50
    wrong = {}
    for name, node, listed in classes:
        signals = {
            target.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.value, ast.Call)
            and getattr(statement.value.func, "id", "") == "Signal"
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        heads = [line.split(":")[0] for line in listed.splitlines()]
        called = {word for head in heads for word in re.findall(r"\b([a-z_]+)\(", head)}
        missing = {s for s in signals if not s.startswith("_")} - set(re.findall(r"\w+", listed))
        if missing or called - signals:
            wrong[name] = missing | (called - signals)
    assert not wrong
