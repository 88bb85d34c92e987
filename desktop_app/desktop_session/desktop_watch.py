"""Watchers of the desktop: its appearance, its tray, and the computer's sleep and reserves."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from desktop_app.desktop_session.portal.portal_requests import portal_object
from desktop_app.desktop_session.session_bus import DAEMON, Body, BusError, BusObject, SessionBus

_SETTINGS: Final = portal_object("org.freedesktop.portal.Settings")
_NAMESPACE: Final = "org.freedesktop.appearance"
_SCHEME: Final = "color-scheme"
_CONTRAST: Final = "contrast"
_MOTION: Final = "reduced-motion"
WATCHER: Final = BusObject(
    "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher", "org.kde.StatusNotifierWatcher"
)
MANAGER: Final = BusObject(
    "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
)

NETWORK: Final = BusObject(
    "org.freedesktop.NetworkManager",
    "/org/freedesktop/NetworkManager",
    "org.freedesktop.NetworkManager",
)
BATTERY: Final = BusObject(
    "org.freedesktop.UPower",
    "/org/freedesktop/UPower/devices/DisplayDevice",
    "org.freedesktop.UPower.Device",
)
# https://networkmanager.dev/docs/api/latest/nm-dbus-types.html#NMMetered: yes, guessed yes
_METERED: Final = (1, 3)
# https://upower.freedesktop.org/docs/Device.html: low, critical, action
_LOW: Final = (3, 4, 5)


async def watch_appearance(
    bus: SessionBus,
    report: Callable[[bool | None, bool | None], object],
    report_motion: Callable[[bool], object],
) -> None:
    """Report what the desktop portal says of the appearance, and report it again if it changes.

    Qt follows the portal on few desktops; on GNOME it ignores the value at the start.
    https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.Settings.html

    Args:
        report: called with two values, True if the desktop is dark and True if its contrast is
            high; either is None if the portal does not say.
        report_motion: called with True if the desktop reduces motion, and with False if not, or if
            the portal does not say. Never called without a session bus.
    """
    values: dict[str, int] = {}

    def set_value(key: str, value: object) -> None:
        match value:
            case ("u", int(number)):
                values[key] = number

    def report_values() -> None:
        contrast = values.get(_CONTRAST)
        is_dark = {1: True, 2: False}.get(values.get(_SCHEME, 0))  # 0 is no preference
        report(is_dark, None if contrast is None else contrast == 1)
        report_motion(values.get(_MOTION) == 1)

    def on_change(body: Body) -> None:
        match body:
            case (str(namespace), str(key), value) if namespace == _NAMESPACE:
                set_value(key, value)
                report_values()

    try:
        await bus.listen(_SETTINGS, "SettingChanged", on_change)
    except BusError:
        report(None, None)
        return
    for key in (_SCHEME, _CONTRAST, _MOTION):
        with suppress(BusError):  # older portals have neither contrast nor motion
            (value,) = await bus.call(_SETTINGS, "Read", "ss", _NAMESPACE, key)
            set_value(key, value[1])  # a variant in a variant
    report_values()


async def watch_tray(
    bus: SessionBus,
    on_change: Callable[[bool], None],
    start: Callable[[Coroutine[Any, Any, None]], object],
) -> None:
    """Report a tray, a host of StatusNotifierItems: it may start after the program, or go.

    https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/

    Args:
        on_change: called with True once there is a tray, and with False when it has gone.
        start: starts a coroutine as a task.

    Raises:
        BusError: the bus cannot be used.
    """
    is_present = False

    def set_presence(is_there: bool) -> None:
        nonlocal is_present
        if is_there != is_present:
            is_present = is_there
            on_change(is_there)

    async def check_host() -> None:
        with suppress(BusError):  # there is no StatusNotifierWatcher yet
            if await bus.read_property(WATCHER, "IsStatusNotifierHostRegistered"):
                set_presence(True)

    def on_owner_change(body: Body) -> None:
        match body:
            case (WATCHER.service, _, owner):
                set_presence(False)
                if owner:  # Xfce's panel has its tray from the start, and sends no signal
                    start(check_host())

    await bus.listen(DAEMON, "NameOwnerChanged", on_owner_change)
    await bus.listen(WATCHER, "StatusNotifierHostRegistered", lambda _body: set_presence(True))
    await check_host()


async def watch_sleep(
    bus: SessionBus, on_sleep: Callable[[], None], on_wake: Callable[[], None]
) -> None:
    """Connect to the system's bus, and call back when the computer falls asleep or has woken.

    systemd-logind or elogind reports both; without a system bus, nothing is reported.
    https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.login1.html
    """

    def on_signal(body: Body) -> None:
        (on_sleep if body == (True,) else on_wake)()

    with suppress(BusError):
        await bus.connect()
        await bus.listen(MANAGER, "PrepareForSleep", on_signal)


async def saves_resources(bus: SessionBus) -> bool:
    """Return True on a metered connection, or while the battery is low, as the system's bus says.

    Without NetworkManager and UPower, nothing is known of either.
    """
    for target, name, values in ((NETWORK, "Metered", _METERED), (BATTERY, "WarningLevel", _LOW)):
        with suppress(BusError):
            if await bus.read_property(target, name) in values:
                return True
    return False
