"""What work on the closed store is: repair, restore, deletion of everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from desktop_app.domain.value import Value

Choices = Sequence[tuple[str, str, str]]
"""The name, the label and a description of each choice; "" for no description."""
Progress = Callable[[int, int], None]
Ask = Callable[[str, str, Choices], str]
"""Shows a title, a text and choices; returns the name of the choice. Called in `work`'s thread."""


class ClosedWork(Value, frozen=True):
    """Work on the closed store.

    Attributes:
        description: names the work; shown while it runs.
        work: runs in a thread, and returns a sentence for the user, or "". Its arguments report
            progress (done, total) and ask the user a question.
    """

    description: str
    work: Callable[[Progress, Ask], str]
