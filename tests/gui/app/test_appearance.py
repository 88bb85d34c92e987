"""The color scheme, the contrast and the motion of a desktop portal on its own message bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from desktop_app.desktop_session.portal.portal_requests import PATH
from desktop_app.desktop_session.portal.portal_requests import SERVICE as PORTAL
from desktop_app.widgets.look.theme_watcher import LookSettings, PortalAppearance, ThemeWatcher
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.bus_service import BusService, Method, session_bus

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

INTERFACE = "org.freedesktop.portal.Settings"
NAMESPACE = "org.freedesktop.appearance"


def methods_of(values: dict[str, int]) -> dict[tuple[str, str], Method]:
    """Return the methods of a portal with these values, which may change."""

    def read(_namespace: str, key: str) -> tuple[str, tuple[object, ...]]:
        return "v", (("v", ("u", values[key])),)

    return {(INTERFACE, "Read"): read}


async def test_the_theme_is_that_of_the_portal(address: str) -> None:
    values = {"color-scheme": 1, "contrast": 0, "reduced-motion": 0}
    methods = methods_of(values)
    with BusService(address, PORTAL, methods) as portal:
        async with session_bus() as bus, AppHarness(bus=bus) as app:

            def change(key: str, value: int) -> None:
                values[key] = value  # for a later Read
                portal.emit(PATH, INTERFACE, "SettingChanged", "ssv", NAMESPACE, key, ("u", value))

            assert not app.theme.current.is_dark  # the user chose the light theme
            app.theme.set_look(app.theme.look._replace(mode="system"))
            await until(lambda: app.theme.current.is_dark)
            await until(lambda: len(portal.calls) >= len(values))  # a late reply has older values
            before = app.theme.current
            change("contrast", 1)
            await until(lambda: app.theme.current != before)
            strong = app.theme.current
            assert strong.is_dark
            change("color-scheme", 2)
            await until(lambda: not app.theme.current.is_dark)
            change("contrast", 0)
            change("color-scheme", 0)
            await until(lambda: app.theme.current.text != strong.text)
            assert not app.theme.current.is_dark
            app.theme.set_look(app.theme.look._replace(mode="dark"))
            assert app.theme.current == before


async def test_the_appearance_of_the_portal_is_known_at_the_next_start(address: str) -> None:
    values = {"color-scheme": 1, "contrast": 0, "reduced-motion": 0}
    methods = methods_of(values)
    with BusService(address, PORTAL, methods):
        async with session_bus() as bus, AppHarness(bus=bus) as app:
            await until(lambda: app.theme.portal == (True, False))
            await app.close()
            assert app.setting("window.state")["is_dark"] is True


def test_the_first_theme_is_that_of_the_previous_run(qapp: QApplication) -> None:
    stored = ThemeWatcher(qapp, LookSettings(), PortalAppearance(True, False))
    assert stored.current.is_dark
    stored.set_portal_appearance(None, None)
    assert stored.current.is_dark == (
        QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    )
    stored.set_look(stored.look._replace(mode="light"))
