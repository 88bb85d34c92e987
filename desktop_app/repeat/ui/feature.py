"""Prompts that repeat: the commands, the rows of Activity, and what asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, Menu

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.repeat.ui.repeat_controller import RepeatController

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
            await _controller(session).check()

    session.tasks.start(check())


def _controller(session: Session) -> RepeatController:
    from desktop_app.repeat.ui.repeat_controller import RepeatController

    return session.of(RepeatController)


FEATURE: Final = Feature(
    actions=(
        Action(
            "repeat.new",
            N_("Repeat a prompt…"),
            Category.PROGRAM,
            run=call("repeat.ui.repeat_controller.RepeatController.begin"),
            menu=(Menu.ACTIVITY, 2),
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
    sections={"activity": "repeat.ui.repeat_timer.RepeatTimer"},
    activity=lambda session: _controller(session).activity(),
    later=(_START_MS, _check),
)
