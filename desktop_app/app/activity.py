"""What runs without the user, as features contribute it to the page Activity.

A feature names in its literal what returns its rows (`Feature.activity`), and emits
`session.events.activity_changed` when they change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum

from desktop_app.domain.value import Value

Do = Callable[[], object]


class Phase(IntEnum):
    """How far something is; rows are listed in this order."""

    RUNNING = 0
    NEXT = 1
    OVER = 2


class ActivityRow(Value, frozen=True):
    """Something that runs, will run or has run without the user.

    Attributes:
        id: stays the same while the row is about the same.
        title: what it is about, such as a prompt.
        kind: what it is, such as "Batch job".
        state: how far it is, how it ended, or when it runs next.
        moment: when it began or ended, or will begin.
        open: shows what it is about.
        progress: from 0 to 1; None if unknown.
        has_failed: True if it needs the user.
        actions: what else can be done with it: labels, and what they do.
        history: former runs, and what opens each; None for what cannot be opened.
    """

    id: str
    title: str
    kind: str
    state: str
    phase: Phase
    moment: datetime
    open: Do
    progress: float | None = None
    has_failed: bool = False
    actions: tuple[tuple[str, Do], ...] = ()
    history: tuple[tuple[str, Do | None], ...] = ()

    @property
    def order(self) -> tuple[int, float]:
        """Return the key by which rows are sorted: what is next soonest first, others newest."""
        seconds = self.moment.timestamp()
        return (self.phase, seconds if self.phase is Phase.NEXT else -seconds)
