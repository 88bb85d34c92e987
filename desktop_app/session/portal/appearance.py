"""The color scheme, the contrast and the motion that the desktop portal reports.

Qt follows the portal on few desktops; on GNOME it ignores the value at the start.
https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from desktop_app.session.portal.portal_requests import portal_object
from desktop_app.session.session_bus import BusError

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.session.session_bus import Body, SessionBus

_SETTINGS: Final = portal_object("org.freedesktop.portal.Settings")
_NAMESPACE: Final = "org.freedesktop.appearance"
_SCHEME: Final = "color-scheme"
_CONTRAST: Final = "contrast"
_MOTION: Final = "reduced-motion"


class AppearanceWatch:
    """Watcher of the desktop's appearance.

    Args:
        report: called with two values, True if the desktop is dark and True if its contrast is
            high; either is None if the portal does not say.
        report_motion: called with True if the desktop reduces motion, and with False if not, or if
            the portal does not say. Never called without a session bus.
    """

    def __init__(
        self,
        bus: SessionBus,
        report: Callable[[bool | None, bool | None], object],
        report_motion: Callable[[bool], object],
    ) -> None:
        self._bus = bus
        self._report = report
        self._report_motion = report_motion
        self._values: dict[str, int] = {}

    async def watch(self) -> None:
        """Report the appearance, and report it again whenever it changes."""
        try:
            await self._bus.listen(_SETTINGS, "SettingChanged", self._on_change)
        except BusError:
            self._report(None, None)
            return
        for key in (_SCHEME, _CONTRAST, _MOTION):
            try:
                (value,) = await self._bus.call(_SETTINGS, "Read", "ss", _NAMESPACE, key)
            except BusError:  # older portals have neither contrast nor motion
                continue
            self._set_value(key, value[1])  # a variant in a variant
        self._report_values()

    def _on_change(self, body: Body) -> None:
        match body:
            case (str(namespace), str(key), value) if namespace == _NAMESPACE:
                self._set_value(key, value)
                self._report_values()

    def _set_value(self, key: str, value: object) -> None:
        match value:
            case ("u", int(number)):
                self._values[key] = number

    def _report_values(self) -> None:
        scheme = self._values.get(_SCHEME)
        contrast = self._values.get(_CONTRAST)
        is_dark = {1: True, 2: False}.get(scheme or 0)  # 0 is no preference
        self._report(is_dark, None if contrast is None else contrast == 1)
        self._report_motion(self._values.get(_MOTION) == 1)
