"""A source of document parts that must not be used."""

from __future__ import annotations

from typing import NoReturn


class UnusedPartsSource:
    """An implementation of services.ports.PartsSource that fails on any call."""

    def read(self, *_: object) -> NoReturn:
        """Fail."""
        raise AssertionError("nothing was to be read in parts")

    async def plan(self, *_: object) -> NoReturn:
        """Fail."""
        raise AssertionError("nothing was to be read in parts")

    async def texts(self, *_: object) -> NoReturn:
        """Fail."""
        raise AssertionError("nothing was to be read in parts")
