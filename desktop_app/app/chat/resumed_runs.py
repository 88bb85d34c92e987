"""The runs in the background that an earlier start left: gone on with as soon as the window is there."""

from __future__ import annotations

from desktop_app.app.chat.running_answers import RunningAnswers
from desktop_app.app.workspace import Workspace
from desktop_app.services.chat.run_resumption import Resumer


async def resume_runs(workspace: Workspace, running: RunningAnswers) -> None:
    """Go on with all that was left. Raises StorageError."""
    backend = workspace.backend
    resumer = Resumer(backend.conversations, backend.chat)
    for answering in await resumer.take_up(workspace.profiles):
        running.start(answering)
