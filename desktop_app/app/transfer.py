"""Commands of this program that the user waits for, such as `repartee export`, with their progress.

They read and write files in a child process, so that the window never waits.
"""

from __future__ import annotations

import asyncio
from typing import Final

from desktop_app.app.session import Controller, Session
from desktop_app.app.startup.command_runner import CommandResult, CommandRunner
from desktop_app.domain.errors import UserFacingError
from desktop_app.i18n.translation import N_, tr
from desktop_app.widgets.status_line import ProgressCard

BUSY: Final = N_("Another transfer is running. Wait for it or cancel it.")


class Transfer(Controller):
    """Runner of these commands, one at a time.

    Attributes:
        is_busy: True while a command runs.
        print_jobs: the tasks that print.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._command = CommandRunner()
        self.is_busy = False
        self.print_jobs: set[asyncio.Task[None]] = set()
        self._card = ProgressCard()
        self._card.cancel_requested.connect(self._command.stop)
        self._pane.add_above_prompt(self._card)
        session.unfinished.append(lambda: self._is_running)
        session.end_questions.append(self._end_question)
        session.end_steps.append(self._command.stop)

    @property
    def was_stopped(self) -> bool:
        """Return True if the user or the program's end stopped the last command."""
        return self._command.was_stopped

    async def run(self, description: str, *arguments: str) -> CommandResult | None:
        """Run a command with its progress; return None if another one is running.

        Raises:
            UserFacingError: it could not be started.
        """
        if self.is_busy:
            self._notifications.notify(tr(BUSY))
            return None
        self._card.begin(description)
        self.is_busy = True
        try:
            return await self._command.run(*arguments, progress=self._card.set_progress)
        except OSError as exc:
            raise UserFacingError(
                N_("Repartee couldn’t start a helper process."),
                hint=N_("Close other apps, then try again."),
                details=str(exc),
            ) from exc
        finally:
            self.is_busy = False
            self._card.hide()

    @property
    def _is_running(self) -> bool:
        return self.is_busy or bool(self.print_jobs)

    def _end_question(self) -> tuple[str, str] | None:
        if not self._is_running:
            return None
        return tr("A transfer is still running. Quit anyway?"), tr(
            "Unfinished exports, backups, and print jobs are discarded. Conversations "
            "imported so far are kept."
        )
