"""A connection to the session's message bus, or to another.

jeepney encodes the messages, without Qt, so that `repartee doctor` can use the bus, too.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from desktop_app.domain.value import Value

if TYPE_CHECKING:
    from jeepney import Message
    from jeepney.io.asyncio import DBusConnection

Body = tuple[Any, ...]
OnCall = Callable[[str, Body], None]
"""Handles a call of one of our methods, given the method's name and the arguments."""
OnSignal = Callable[[Body], None]
_SignalKey = tuple[str, str, str]  # path, interface and name of a signal

TIMEOUT_S: Final = 5.0
JOIN_TIMEOUT_S: Final = 60.0
"""The timeout of `connect` and `request_name` at the start: at login, they can take over 5 s."""
# The reply of RequestName that grants the name, and its flag that refuses to wait for it.
_PRIMARY_OWNER: Final = 1
_DO_NOT_QUEUE: Final = 4
_FAILED_ERROR: Final = "org.freedesktop.DBus.Error.Failed"
_UNKNOWN_METHOD_ERROR: Final = "org.freedesktop.DBus.Error.UnknownMethod"


class BusError(Exception):
    """Raised if the bus or a service on it cannot be used; the argument is the reason."""


class BusObject(Value, frozen=True):
    """An interface of an object of a service."""

    service: str
    path: str
    interface: str


DAEMON: Final = BusObject("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


class SessionBus:
    """A connection to a message bus. Until `connect`, each call fails with BusError.

    Args:
        kind: "SESSION", "SYSTEM", or the address of a bus.

    Attributes:
        is_activatable: True if the portal knows the program by its name on the bus, by which the
            bus can start it.
    """

    def __init__(self, kind: str = "SESSION") -> None:
        self._kind = kind
        self.is_activatable = False
        self._connection: DBusConnection | None = None
        self._read_task: asyncio.Task[None] | None = None
        self._replies: dict[int, asyncio.Future[Message]] = {}
        self._objects: dict[tuple[str, str], OnCall] = {}
        self._listeners: defaultdict[_SignalKey, list[OnSignal]] = defaultdict(list)
        self._send_tasks: set[asyncio.Task[None]] = set()

    async def connect(self, timeout_s: float = TIMEOUT_S) -> None:
        """Connect to the bus.

        Raises:
            BusError: there is no bus, or it refuses the connection.
        """
        if sys.platform == "win32":
            raise BusError("Windows has no session bus")
        from jeepney.auth import AuthenticationError
        from jeepney.io.asyncio import open_dbus_connection

        try:
            async with asyncio.timeout(timeout_s):
                self._connection = await open_dbus_connection(self._kind)
        except (KeyError, RuntimeError) as error:  # no variable, or an address of another kind
            raise BusError(f"no bus: {error}") from error
        except (OSError, EOFError, ValueError, AuthenticationError) as error:
            raise BusError(str(error)) from error
        self._read_task = asyncio.get_running_loop().create_task(self._read(self._connection))

    @property
    def is_connected(self) -> bool:
        """Return True while the bus can be used."""
        return self._read_task is not None and not self._read_task.done()

    @property
    def unique_name(self) -> str:
        """Return the name that the bus gave this connection, "" before `connect`."""
        return str(self._connection.unique_name) if self._connection is not None else ""

    async def call(
        self,
        target: BusObject,
        method: str,
        signature: str = "",
        *body: Any,
        timeout_s: float = TIMEOUT_S,
    ) -> Body:
        """Call a method and return its reply.

        Raises:
            BusError: there is no bus or no such service, or the reply is an error or does not come
                in time.
        """
        from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call

        if self._connection is None or not self.is_connected:
            raise BusError("not connected")
        address = DBusAddress(target.path, target.service, target.interface)
        message = new_method_call(address, method, signature or None, body)
        serial = next(self._connection.outgoing_serial)
        reply_future = self._replies[serial] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                await self._connection.send(message, serial=serial)
                reply = await reply_future
        except OSError as error:  # TimeoutError is one, too
            raise BusError(f"{target.service}: {error}") from error
        finally:
            self._replies.pop(serial, None)
        if reply.header.message_type is MessageType.error:
            name = reply.header.fields.get(HeaderFields.error_name, "error")
            text = reply.body[0] if reply.body else ""
            raise BusError(f"{name}: {text}")
        return tuple(reply.body)

    async def listen(self, target: BusObject, signal: str, on_signal: OnSignal) -> None:
        """Call `on_signal` with the arguments of a signal, each time that the service sends it.

        Raises:
            BusError: as for `call`.
        """
        listeners = self._listeners[target.path, target.interface, signal]
        listeners.append(on_signal)  # before the call, because signals may precede its reply
        try:
            await self.call(DAEMON, "AddMatch", "s", _match_rule(target, signal))
        except (BusError, asyncio.CancelledError):
            listeners.remove(on_signal)
            raise

    async def ignore(self, target: BusObject, signal: str, on_signal: OnSignal) -> None:
        """Remove a listener of `listen`, even if the bus has ended meanwhile."""
        self._listeners[target.path, target.interface, signal].remove(on_signal)
        with suppress(BusError):
            await self.call(DAEMON, "RemoveMatch", "s", _match_rule(target, signal))

    async def read_property(self, target: BusObject, name: str) -> Any:
        """Return the value of a property.

        Raises:
            BusError: as for `call`.
        """
        properties = BusObject(target.service, target.path, "org.freedesktop.DBus.Properties")
        (variant,) = await self.call(properties, "Get", "ss", target.interface, name)
        return variant[1]

    async def request_name(self, name: str, timeout_s: float = TIMEOUT_S) -> bool:
        """Request a name on the bus; return False if it already has an owner.

        Raises:
            BusError: as for `call`.
        """
        (reply,) = await self.call(
            DAEMON, "RequestName", "su", name, _DO_NOT_QUEUE, timeout_s=timeout_s
        )
        return bool(reply == _PRIMARY_OWNER)

    async def has_owner(self, name: str) -> bool:
        """Return True if a process owns this name.

        Raises:
            BusError: as for `call`.
        """
        (is_owned,) = await self.call(DAEMON, "NameHasOwner", "s", name)
        return bool(is_owned)

    def export(self, path: str, interface: str, on_call: OnCall) -> None:
        """Export an interface whose methods return nothing. `on_call` raises BusError to refuse."""
        self._objects[path, interface] = on_call

    def send_signal(
        self, path: str, interface: str, signal: str, signature: str, *body: Any
    ) -> None:
        """Broadcast a signal; do nothing without a bus."""
        if not self.is_connected:
            return
        from jeepney import DBusAddress, new_signal

        address = DBusAddress(path, interface=interface)
        self._send(new_signal(address, signal, signature, body))

    async def aclose(self) -> None:
        """Close the connection; the bus then drops our names and objects."""
        if self._read_task is not None:
            self._read_task.cancel()
            await asyncio.gather(self._read_task, *self._send_tasks, return_exceptions=True)
        if self._connection is not None:
            with suppress(OSError):
                await self._connection.close()

    # ------------------------------------------------------------------ messages

    async def _read(self, connection: DBusConnection) -> None:
        try:
            while True:
                self._dispatch(await connection.receive())
                # A call acts on its reply before a signal that came with the reply is dispatched.
                # Other tasks run even while a program sends thousands of calls.
                await asyncio.sleep(0)
        except (OSError, EOFError):
            for reply_future in self._replies.values():
                if not reply_future.done():
                    reply_future.set_exception(ConnectionResetError("the bus has ended"))

    def _dispatch(self, message: Message) -> None:
        """Set the result of a call of ours, or have the event loop run our callbacks soon.

        Called by the loop, a callback with a defect reports to the loop's exception handler, and
        does not end the task that reads messages.
        """
        from jeepney import HeaderFields, MessageType

        fields = message.header.fields
        kind = message.header.message_type
        if kind in (MessageType.method_return, MessageType.error):
            no_serial = -1  # no call has it
            reply_future = self._replies.get(fields.get(HeaderFields.reply_serial, no_serial))
            if reply_future is not None and not reply_future.done():
                reply_future.set_result(message)
            return
        path = fields.get(HeaderFields.path, "")
        interface = fields.get(HeaderFields.interface, "")
        member = fields.get(HeaderFields.member, "")
        if kind is MessageType.signal:
            for on_signal in tuple(self._listeners[path, interface, member]):
                asyncio.get_running_loop().call_soon(on_signal, tuple(message.body))
        elif kind is MessageType.method_call:
            on_call = self._objects.get((path, interface))
            asyncio.get_running_loop().call_soon(self._answer_call, message, on_call, member)

    def _answer_call(self, message: Message, on_call: OnCall | None, member: str) -> None:
        from jeepney import MessageFlag, new_error, new_method_return

        # Sent if there is no such object, or if `on_call` has a defect.
        reply = new_error(message, _UNKNOWN_METHOD_ERROR if on_call is None else _FAILED_ERROR)
        try:
            if on_call is not None:
                on_call(member, tuple(message.body))
                reply = new_method_return(message)
        except BusError as error:
            reply = new_error(message, _UNKNOWN_METHOD_ERROR, "s", (str(error),))
        finally:
            if not message.header.flags & MessageFlag.no_reply_expected:
                self._send(reply)

    def _send(self, message: Message) -> None:
        if (connection := self._connection) is None or not self.is_connected:
            return

        async def deliver() -> None:
            with suppress(OSError):  # the bus has ended
                await connection.send(message)

        task = asyncio.get_running_loop().create_task(deliver())
        self._send_tasks.add(task)
        task.add_done_callback(self._send_tasks.discard)


def _match_rule(target: BusObject, signal: str) -> str:
    from jeepney.bus_messages import MatchRule

    rule: str = MatchRule(
        type="signal",
        sender=target.service,
        path=target.path,
        interface=target.interface,
        member=signal,
    ).serialise()
    return rule
