"""The look of the desktop and its tray, on a simulated session bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from desktop_app.desktop_session.desktop_watch import WATCHER, watch_appearance
from desktop_app.desktop_session.session_bus import DAEMON, BusError, BusObject

NAMESPACE = "org.freedesktop.appearance"
Body = tuple[Any, ...]


class Bus:
    """A session bus with some settings of the portal, and perhaps a tray."""

    def __init__(self, settings: Mapping[str, int] | None = None, tray: object = None) -> None:
        self.settings, self.tray = settings, tray
        self.listeners: dict[str, Callable[[Body], None]] = {}

    async def listen(
        self, target: BusObject, signal: str, on_signal: Callable[[Body], None]
    ) -> None:
        if self.settings is None and target not in (DAEMON, WATCHER):
            raise BusError("no portal")
        self.listeners[signal] = on_signal

    async def call(self, _target: BusObject, method: str, signature: str, *body: str) -> Body:
        assert (method, signature, body[0]) == ("Read", "ss", NAMESPACE)
        if self.settings is None or body[1] not in self.settings:
            raise BusError("unknown")
        return (("v", ("u", self.settings[body[1]])),)

    async def read_property(self, target: BusObject, name: str) -> object:
        assert (target, name) == (WATCHER, "IsStatusNotifierHostRegistered")
        if self.tray is None:
            raise BusError("nobody")
        return self.tray


async def watched(bus: Bus) -> list[object]:
    told: list[object] = []
    await watch_appearance(
        bus,  # type: ignore[arg-type]
        lambda dark, contrast: told.append((dark, contrast)),
        told.append,
    )
    return told


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (None, [(None, None)]),
        ({}, [(None, None), False]),
        ({"color-scheme": 0, "contrast": 0, "reduced-motion": 0}, [(None, False), False]),
        ({"color-scheme": 1, "contrast": 1, "reduced-motion": 1}, [(True, True), True]),
        ({"color-scheme": 2, "contrast": 2, "reduced-motion": 2}, [(False, False), False]),
        ({"color-scheme": 3}, [(None, None), False]),
    ],
)
async def test_settings_of_the_portal_are_reported(
    settings: dict[str, int] | None, told: list[object]
) -> None:
    assert await watched(Bus(settings)) == told


async def test_changes_of_the_appearance_are_reported() -> None:
    bus = Bus({"color-scheme": 2})
    told = await watched(bus)
    changed = bus.listeners["SettingChanged"]
    changed((NAMESPACE, "color-scheme", ("u", 1)))
    changed((NAMESPACE, "reduced-motion", ("u", 1)))
    changed((NAMESPACE, "contrast", ("s", "high")))
    changed(("org.gnome", "color-scheme", ("u", 2)))
    changed((NAMESPACE,))
    dark: list[object] = [(True, None)]
    assert told == [(False, None), False, *dark, False, *dark, True, *dark, True]
