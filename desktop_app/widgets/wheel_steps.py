"""Counts the steps of a mouse wheel."""

from __future__ import annotations

from typing import Final

_NOTCH: Final = 120
"""One step of a mouse wheel, in eighths of a degree."""


class WheelSteps:
    """A counter of wheel steps. Touchpads send fractions of a step, which are added up."""

    def __init__(self) -> None:
        self._angle = 0

    def reset(self) -> None:
        """Forget a fraction of a step."""
        self._angle = 0

    def add(self, angle: int) -> int:
        """Add eighths of a degree. Return the steps completed by them: positive for upwards."""
        self._angle += angle
        steps = int(self._angle / _NOTCH)  # rounds towards 0
        self._angle -= steps * _NOTCH
        return steps
