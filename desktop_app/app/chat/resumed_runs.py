"""The runs in the background that an earlier start left: gone on with as soon as the window is there."""

from __future__ import annotations

from desktop_app.app.chat.running_answers import RunningAnswers
from desktop_app.app.state.providers import Providers
from desktop_app.backend.backend import Backend
from desktop_app.services.chat.run_resumption import Resumer


async def resume_runs(running: RunningAnswers, *, providers: Providers, backend: Backend) -> None:
    """Go on with all that was left. Raises StorageError."""
    resumer = Resumer(backend.conversations, backend.chat)
    for answering in await resumer.take_up(providers.all):
        running.start(answering)
