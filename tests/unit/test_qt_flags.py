"""No flags of Qt are inverted: ~ raises ValueError in the frozen program.

There, on Debian's Python 3.11.2, nothing could be typed, and no table be opened, because of it.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

PRODUCT: Final = Path(__file__).parents[2] / "desktop_app"


def test_no_module_of_qt_inverts_flags() -> None:
    found = [
        f"{path.relative_to(PRODUCT)}:{node.lineno}"
        for path in PRODUCT.rglob("*.py")
        if "PySide6" in (source := path.read_text("utf-8")) and "~" in source
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert)
    ]
    assert not found
