"""No foreign image is decoded in the process of the window, which holds keys.

The confined reader decodes images, and returns pixels. Qt recognizes formats by their bytes, and
has decoders for many. Even a PNG that is sent unchanged may be made for a fault of the decoder.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

PRODUCT: Final = Path(__file__).parents[2] / "desktop_app"
DECODERS: Final = {"QImageReader", "QMovie", "fromData", "imageData", "loadFromData"}
ALLOWED: Final = {
    ("composer/dropped_content.py", "imageData"): "only of an image that is decoded already"
}


@pytest.mark.attack("sandbox")
def test_only_confined_processes_decode_images() -> None:
    found = {
        (path.relative_to(PRODUCT).as_posix(), name)
        for path in PRODUCT.rglob("*.py")
        if any(name in (source := path.read_text("utf-8")) for name in DECODERS)
        for node in ast.walk(ast.parse(source))
        if (name := getattr(node, "attr", getattr(node, "id", ""))) in DECODERS
    }
    assert found == ALLOWED.keys()
