"""A stand-in for the reader of documents in parts, for tests that must not use it."""

from __future__ import annotations

from typing import NoReturn


def unused_parts() -> NoReturn:
    """Fail, because the test must not read documents in parts."""
    raise AssertionError("nothing was to be read in parts")
