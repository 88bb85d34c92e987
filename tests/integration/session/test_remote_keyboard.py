"""Pasting by the portal RemoteDesktop on a bus of the test's own."""

from __future__ import annotations

import pytest

from desktop_app.desktop_session.portal.portal_requests import PortalRefusedError
from desktop_app.desktop_session.portal.remote_keyboard import RemoteKeyboard
from desktop_app.desktop_session.session_bus import BusError
from tests.helpers.bus_service import session_bus
from tests.helpers.keyboard_portal import CTRL_V, KeyboardPortal


async def test_the_desktop_asks_once_and_types(address: str) -> None:
    portal = KeyboardPortal(address)
    with portal.service:
        async with session_bus() as bus:
            token = ""
            for _ in range(3):
                keyboard = RemoteKeyboard(bus)
                assert await keyboard.is_offered()
                before, token = token, await keyboard.open(token)
                assert token not in ("", before)
                await keyboard.type_paste()
                await keyboard.close()
            assert portal.asked == 1
            assert portal.typed == CTRL_V * 3
            portal.service.wait_for("Close", 3)
            await RemoteKeyboard(bus).open("one that was revoked")
            assert portal.asked == 2


@pytest.mark.parametrize(("code", "by_user"), [(1, True), (2, False)])
async def test_a_refusal_says_who_refused(address: str, code: int, by_user: bool) -> None:
    portal = KeyboardPortal(address, code=code)
    with portal.service:
        async with session_bus() as bus:
            with pytest.raises(PortalRefusedError) as refused:
                await RemoteKeyboard(bus).open("")
            assert refused.value.is_by_user is by_user


async def test_a_session_without_a_keyboard_is_closed(address: str) -> None:
    portal = KeyboardPortal(address, devices=2)
    with portal.service:
        async with session_bus() as bus:
            with pytest.raises(BusError, match="not granted"):
                await RemoteKeyboard(bus).open("")
            portal.service.wait_for("Close")


@pytest.mark.parametrize(("version", "offered"), [(0, 1), (1, 1), (2, 6)])
async def test_old_portals_and_portals_without_a_keyboard_offer_none(
    address: str, version: int, offered: int
) -> None:
    portal = KeyboardPortal(address, version=version, offered=offered)
    with portal.service:
        async with session_bus() as bus:
            assert not await RemoteKeyboard(bus).is_offered()
