"""A mark for tests of what Windows does not have."""

from __future__ import annotations

import sys

import pytest


def linux_only(what: str) -> pytest.MarkDecorator:
    """Skip a test of `what` on Windows."""
    return pytest.mark.skipif(sys.platform == "win32", reason=f"Windows has no {what}")
