"""Prompts that repeat: the command, the list below the batch jobs, and what asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category

if TYPE_CHECKING:
    from desktop_app.app.session import Session

_CHECK_MS: Final = 600_000
_START_MS: Final = 5000  # after the start's own work, and after the list shows conversations


def _compose(session: Session) -> None:
    # A command may add the first prompt, a clock may be set, a disk may have been full.
    clock = QTimer(session.window, interval=_CHECK_MS)
    clock.setObjectName("repeat-clock")
    clock.start()
    for signal in (session.events.store_changed, session.events.woke, clock.timeout):
        signal.connect(lambda: _check(session))


def _check(session: Session) -> None:
    async def check() -> None:
        # The imports take some milliseconds, and few repeat a prompt.
        if await session.backend.database.row("SELECT 1 FROM repeats"):
            from desktop_app.repeat.ui.repeat_controller import RepeatController

            await session.of(RepeatController).check()

    session.tasks.start(check())


FEATURE: Final = Feature(
    actions=(
        Action(
            "repeat.new",
            N_("Repeat a prompt…"),
            Category.PROGRAM,
            run=call("repeat.ui.repeat_controller.RepeatController.begin"),
            words=N_("schedule daily weekly every timer"),
        ),
        Action(
            "repeat.show",
            N_("Show repeated prompts"),
            Category.PROGRAM,
            run=call("repeat.ui.repeat_controller.RepeatController.show"),
            menu_label=N_("Repeated prompts"),
            words=N_("schedule pause edit runs history timer"),
        ),
    ),
    compose=_compose,
    sections={"batch": "repeat.ui.repeat_list.RepeatList"},
    later=(_START_MS, _check),
)
