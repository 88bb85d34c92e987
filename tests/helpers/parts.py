"""For tests in which nothing is too large to be read at once."""

from __future__ import annotations

from typing import NoReturn


class NothingInParts:
    """Satisfies services.ports.PartsSource."""

    def read(self, *_: object) -> NoReturn:
        """Nobody is to come here."""
        raise AssertionError("nothing was to be read in parts")

    async def plan(self, *_: object) -> NoReturn:
        """Nor here."""
        raise AssertionError("nothing was to be read in parts")

    async def texts(self, *_: object) -> NoReturn:
        """Nor here."""
        raise AssertionError("nothing was to be read in parts")
