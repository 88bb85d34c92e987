"""A place in the help, to which windows and errors point."""

from __future__ import annotations

from typing import NamedTuple


class HelpPlace(NamedTuple):
    """A place in the help: a chapter, and a section of it or "" for its start."""

    chapter: str
    section: str = ""

    @classmethod
    def parse(cls, text: str) -> HelpPlace:
        """Return the place written as "chapter#section"."""
        chapter, _, section = text.partition("#")
        return cls(chapter, section)
