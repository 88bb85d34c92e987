"""The states of a tool call."""

from __future__ import annotations

from desktop_app.domain.text_enum import TextEnum
from desktop_app.i18n.translation import N_


class ToolCallState(TextEnum):
    """The state of a tool call, stored before the next step begins.

    REQUESTED: the model asks for it. ALLOWED: the user allowed it; it has not started. RUNNING: it
    may have had an effect. DONE, FAILED: it ended with a result or an error. DENIED: the user or
    the settings denied it. INTERRUPTED: the answer ended while the call ran.
    """

    REQUESTED = "requested", N_("Not run")
    ALLOWED = "allowed", N_("Not run")
    RUNNING = "running", N_("Running")
    DONE = "done", N_("Done")
    FAILED = "failed", N_("Failed")
    DENIED = "denied", N_("Denied")
    INTERRUPTED = "interrupted", N_("Interrupted")

    @property
    def has_ended(self) -> bool:
        """Return True if the state is final."""
        return self in _FINAL


_FINAL = frozenset(
    {ToolCallState.DONE, ToolCallState.FAILED, ToolCallState.DENIED, ToolCallState.INTERRUPTED}
)
