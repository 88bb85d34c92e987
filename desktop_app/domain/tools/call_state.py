"""The states of a tool call."""

from __future__ import annotations

from enum import StrEnum


class ToolCallState(StrEnum):
    """The state of a tool call, stored before the next step begins.

    REQUESTED: the model asks for it. ALLOWED: the user allowed it; it has not started. RUNNING: it
    may have had an effect. DONE, FAILED: it ended with a result or an error. DENIED: the user or
    the settings denied it. INTERRUPTED: the answer ended while the call ran.
    """

    REQUESTED = "requested"
    ALLOWED = "allowed"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    INTERRUPTED = "interrupted"

    @property
    def has_ended(self) -> bool:
        """Return True if the state is final."""
        return self in _FINAL


_FINAL = frozenset(
    {ToolCallState.DONE, ToolCallState.FAILED, ToolCallState.DENIED, ToolCallState.INTERRUPTED}
)
