"""The desktop session: what the window must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.app.feature import Feature

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.desktop_session.session_bus import SessionBus


def _compose(session: Session) -> None:
    def join(bus: SessionBus) -> None:
        from desktop_app.desktop.ui.desktop_controllers import DesktopControllers

        session.put(DesktopControllers(session, bus))

    session.events.desktop_joined.connect(join)


FEATURE: Final = Feature(compose=_compose)
