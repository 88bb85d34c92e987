"""A service on a message bus, simulated by a thread of the test."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from desktop_app.desktop_session.session_bus import SessionBus
from tests.helpers.waiting import LONGEST_S

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <servicedir>{folder}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""The configuration of a bus that starts no service of this computer, such as its portal."""


def _started_bus(folder: Path) -> subprocess.Popen[str]:
    config = folder / "bus.conf"
    config.write_text(BUS.format(folder=folder))
    return subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


@contextmanager
def message_bus_daemon() -> Iterator[str]:
    """Run a message bus; yield its address."""
    with tempfile.TemporaryDirectory(prefix="d") as folder, _started_bus(Path(folder)) as daemon:
        assert daemon.stdout is not None
        try:
            yield daemon.stdout.readline().strip()
        finally:
            daemon.kill()


@asynccontextmanager
async def session_bus() -> AsyncIterator[SessionBus]:
    """Yield a connection to the session's bus, which is closed at the end."""
    async with aclosing(SessionBus()) as bus:
        await bus.connect()
        yield bus


Body = tuple[Any, ...]
Reply = tuple[str, Body]
Method = Callable[..., Reply]


class BusService:
    """Answers calls by its functions, and records them.

    Args:
        methods: (interface, method) -> a function that takes the arguments and returns the
            signature and the values of the reply.
    """

    def __init__(self, address: str, name: str, methods: dict[tuple[str, str], Method]) -> None:
        self._methods = methods
        self._calls: list[tuple[str, str, Body]] = []
        self.sender = ""
        self._connection: DBusConnection = open_dbus_connection(address)
        self._connection.send_and_get_reply(message_bus.RequestName(name))
        self._lock = threading.Lock()
        self._recorded = threading.Condition()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def calls(self) -> list[tuple[str, str, Body]]:
        """Return the method, the path and the arguments of each answered call."""
        with self._recorded:
            return list(self._calls)

    def close(self) -> None:
        """Leave the bus."""
        with suppress(OSError):
            self._connection.sock.shutdown(2)
        self._thread.join(LONGEST_S)
        self._connection.close()

    def emit(self, path: str, interface: str, signal: str, signature: str, *body: Any) -> None:
        """Send a signal."""
        self._send(new_signal(DBusAddress(path, interface=interface), signal, signature, body))

    def wait_for(self, method: str, count: int = 1) -> Body:
        """Return the arguments of the call of this method, once it has come `count` times."""

        def found() -> list[Body]:
            return [body for name, _, body in self._calls if name == method]

        with self._recorded:
            assert self._recorded.wait_for(lambda: len(found()) >= count, LONGEST_S), f"no {method}"
        return found()[count - 1]

    def _serve(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                message = self._connection.receive()
                if message.header.message_type is MessageType.method_call:
                    self._answer(message)

    def _answer(self, message: Message) -> None:
        fields = message.header.fields
        method, path = fields[HeaderFields.member], fields[HeaderFields.path]
        known = self._methods.get((fields.get(HeaderFields.interface, ""), method))
        self.sender = fields[HeaderFields.sender]
        reply = None if known is None else known(*message.body)
        # Together: the caller finds its call recorded, and a signal that follows the record also
        # follows the reply.
        with self._recorded:
            if reply is None:
                self._send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
            else:
                signature, body = reply
                self._send(new_method_return(message, signature or None, body))
            self._calls.append((method, path, tuple(message.body)))
            self._recorded.notify_all()

    def _send(self, message: Message) -> None:
        with self._lock:
            self._connection.send(message)


def properties(**values: tuple[str, Any]) -> dict[tuple[str, str], Method]:
    """Return the method that reads these properties, each with its signature."""
    return {
        ("org.freedesktop.DBus.Properties", "Get"): lambda _interface, name: ("v", (values[name],))
    }
