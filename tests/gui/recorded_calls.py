"""Stands for a session or a controller, and records what a view asks of it."""

from __future__ import annotations

from typing import Any


class RecordedCalls:
    """The calls of methods, also of attributes: each with its dotted name and arguments.

    Attributes:
        calls: all calls so far.
    """

    def __init__(self, name: str = "", calls: list[tuple[Any, ...]] | None = None) -> None:
        self._name = name
        self.calls = [] if calls is None else calls

    def __getattr__(self, name: str) -> RecordedCalls:
        if name.startswith(("_", "im_")):  # Python and PySide look for such
            raise AttributeError(name)
        return RecordedCalls(f"{self._name}.{name}".lstrip("."), self.calls)

    def __call__(self, *arguments: Any, **keywords: Any) -> None:
        self.calls.append((self._name, *arguments, *keywords.values()))
