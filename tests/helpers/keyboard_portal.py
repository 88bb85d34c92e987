"""The portal RemoteDesktop, simulated by the test: its tokens work once each."""

from __future__ import annotations

from typing import Any

from desktop_app.desktop_session.portal.portal_requests import PATH, SERVICE
from desktop_app.desktop_session.portal.remote_keyboard import INTERFACE
from tests.helpers.bus_service import BusService, Method, properties

SESSION = f"{PATH}/session/x/keyboard"
CTRL_V = [(0xFFE3, 1), (0x76, 1), (0x76, 0), (0xFFE3, 0)]


class KeyboardPortal:
    """The portal.

    Args:
        code: the response to each request: 0 for yes, 1 if the user refused, 2 for the desktop.
        devices: the kinds of devices that are granted.

    Attributes:
        asked: how often the user was asked.
        typed: keysyms and states, as they came.
    """

    def __init__(
        self, address: str, *, version: int = 2, code: int = 0, offered: int = 7, devices: int = 1
    ) -> None:
        self.code, self._devices = code, devices
        self.asked = 0
        self.typed: list[tuple[int, int]] = []
        self._token, self._restored = "", False
        methods: dict[tuple[str, str], Method] = {
            **properties(version=("u", version), AvailableDeviceTypes=("u", offered)),
            (INTERFACE, "CreateSession"): lambda options: self._respond(
                options, {"session_handle": ("s", SESSION)}
            ),
            (INTERFACE, "SelectDevices"): self._select,
            (INTERFACE, "Start"): self._start,
            (INTERFACE, "NotifyKeyboardKeysym"): self._type,
            ("org.freedesktop.portal.Session", "Close"): lambda: ("", ()),
        }
        self.service = BusService(address, SERVICE, methods)

    def _select(self, session: str, options: Any) -> Any:
        assert session == SESSION
        assert options["types"] == ("u", 1)
        assert options["persist_mode"] == ("u", 2)
        token = options.get("restore_token", ("s", ""))[1]
        self._restored = bool(token) and token == self._token
        return self._respond(options, {}, code=0)

    def _start(self, _session: str, _parent: str, options: Any) -> Any:
        self.asked += not self._restored
        self._token = f"token {len(self.service.calls)}"
        results = {"devices": ("u", self._devices), "restore_token": ("s", self._token)}
        return self._respond(options, results)

    def _type(self, session: str, _options: Any, key: int, state: int) -> Any:
        assert session == SESSION
        self.typed.append((key, state))
        return "", ()

    def _respond(self, options: Any, results: Any, code: int | None = None) -> Any:
        sender = self.service.sender.removeprefix(":").replace(".", "_")
        path = f"{PATH}/request/{sender}/{options['handle_token'][1]}"
        body = (self.code if code is None else code, results)
        self.service.emit(path, "org.freedesktop.portal.Request", "Response", "ua{sv}", *body)
        return "o", (path,)
