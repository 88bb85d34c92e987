"""The syntax trees of the product, for tests of how it is written."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

PRODUCT = Path(__file__).parents[2] / "desktop_app"


@pytest.fixture(scope="module")
def product_nodes() -> Iterator[dict[Path, list[ast.AST]]]:
    """Yield all nodes of each of the product's modules, by path, the module itself first.

    Parsed without garbage collection, which would walk through all of them many times.
    """
    gc.disable()
    try:
        yield {
            path: list(ast.walk(ast.parse(path.read_text("utf-8"))))
            for path in sorted(PRODUCT.rglob("*.py"))
        }
    finally:
        gc.enable()
