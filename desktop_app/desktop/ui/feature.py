"""The desktop session: the commands, and what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Action, Feature, call
from desktop_app.i18n.translation import N_
from desktop_app.shortcuts.command import Category, CommandScope

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.desktop.session_bus import SessionBus


def _compose(session: Session) -> None:
    def join(bus: SessionBus) -> None:
        from desktop_app.desktop.ui.desktop_controllers import DesktopControllers

        session.put(DesktopControllers(session, bus))

    session.events.desktop_joined.connect(join)


FEATURE: Final = Feature(
    actions=(
        Action(
            "app.quit",
            N_("Quit"),
            Category.PROGRAM,
            "Ctrl+Q",
            scope=CommandScope.EVERYWHERE,
            run=call("desktop.ui.closing_controller.ClosingController.quit"),
            words=N_("exit close"),
        ),
    ),
    compose=_compose,
)
