"""Which screen readers know announcements, by what they listen to."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from desktop_app.desktop_session.screen_readers import lack_announcements
from desktop_app.desktop_session.session_bus import SessionBus
from tests.helpers.bus_service import BusService, message_bus_daemon

ANNOUNCED, SHOWN = "Object:Announcement:", "Object:StateChanged:Showing"
OLD, NEW = [(":1.1", SHOWN), (":1.1", "Focus::")], [(":1.2", SHOWN), (":1.2", ANNOUNCED)]


@pytest.mark.parametrize(
    ("events", "lacks"),
    [([], False), (OLD, True), (NEW, False), (OLD + NEW, True), ([(":1.3", ANNOUNCED)], False)],
)
async def test_a_reader_of_notifications_alone_knows_no_announcements(
    events: list[tuple[str, str]], lacks: bool
) -> None:
    with message_bus_daemon() as address:
        async with aclosing(SessionBus(address)) as bus:
            await bus.connect()
            assert not await lack_announcements(bus), "no accessibility is there"
            launcher = {("org.a11y.Bus", "GetAddress"): lambda: ("s", (address,))}
            registry = {
                ("org.a11y.atspi.Registry", "GetRegisteredEvents"): lambda: ("a(ss)", (events,))
            }
            with (
                BusService(address, "org.a11y.Bus", launcher),
                BusService(address, "org.a11y.atspi.Registry", registry),
            ):
                assert await lack_announcements(bus) is lacks
