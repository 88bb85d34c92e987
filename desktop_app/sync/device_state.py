"""What a store remembers of its own files in a library, and of the other devices.

The functions run in a transaction of the caller's.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec

from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.errors import SyncError
from desktop_app.domain.value import Value
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.sync.format import Head, Span
from desktop_app.sync.problems import sync_error
from desktop_app.sync.target import Target


class DeviceState(Value, frozen=True):
    """What this store remembers of its own files.

    Attributes:
        library: the id of the library that it has joined.
        target, user, endpoint, options: where its storage is, without the password.
        name: this computer's name.
        number: the last segment's number.
        epoch: of the last head that was written; "" before the first.
        epochs: those of the last heads, of which a cache or a restored storage may show one, and of
            the one that was about to be written.
        told: what that head says about the others; its number is under "".
        fetches_all: attachments are fetched at once, not when they are opened.
        is_first: it began the library, so that its settings win.
        is_marked: everything that it had was marked to be sent.
        owner_pid, owner_started: the process that synchronizes, or did last.
        at: the time of the last synchronization, in microseconds; 0 before the first.
        is_left: this computer does not synchronize, but still notes the times of changes.
        library_file: the content of the library's file.
        struck: the devices that were struck off, here or elsewhere.
        removing: those of them whose files this computer removes.
        base: the last segment that is replaced once everything has been sent again.
        settled: the last segment of a first push, or of everything that was sent again.
        rewriting: the segments that were about to be written again.
        is_held: what its segments hold is known.
        entries, joined, tail: after segments were joined last: entries, segments; bytes since.
        problems: what is wrong in the storage and was told, by file or device.
    """

    library: str
    target: str
    name: str
    user: str = ""
    endpoint: str = ""
    options: Mapping[str, str | bool] = {}
    number: int = 0
    spans: tuple[Span, ...] = ()
    epoch: str = ""
    epochs: tuple[str, ...] = ()
    told: Mapping[str, int] = {}
    fetches_all: bool = False
    at: int = 0
    is_first: bool = False
    is_marked: bool = False
    owner_pid: int | None = None
    owner_started: str = ""
    is_left: bool = False
    library_file: str = ""
    struck: tuple[str, ...] = ()
    removing: tuple[str, ...] = ()
    base: int = 0
    settled: int = 0
    rewriting: tuple[Span, ...] = ()
    is_held: bool = False
    entries: int = 0
    joined: int = 0
    tail: int = 0
    problems: Mapping[str, ErrorNote] = {}


class PeerFacts(Value, frozen=True):
    """What is known of another device.

    Attributes:
        skipped: the numbers of its segments that could not be read, and when that was seen first,
            in microseconds; 0 for those that are torn. An earlier version has the numbers only.
        healed: the epoch of its head whose wishes were fulfilled.
    """

    name: str
    at: int
    number: int
    skipped: Mapping[int, int] | list[int] = msgspec.field(default_factory=dict)
    healed: str = ""


class Peer(NamedTuple):
    number: int
    facts: PeerFacts

    @property
    def skipped(self) -> dict[int, int]:
        found = self.facts.skipped
        return dict(found) if isinstance(found, Mapping) else dict.fromkeys(found, 0)


_UNKNOWN: Final = Peer(0, PeerFacts("", 0, 0))


def place_of(target: Target) -> dict[str, Any]:
    """Return where a storage is, as fields of `DeviceState`."""
    options = msgspec.structs.asdict(target)
    del options["password"]
    names = {"target": "address", "user": "user", "endpoint": "endpoint"}
    return {**{field: options.pop(name) for field, name in names.items()}, "options": options}


def state_text(state: DeviceState) -> str:
    return msgspec.json.encode(state).decode()


def stored_state(connection: sqlite3.Connection) -> tuple[str, DeviceState] | None:
    row = connection.execute("SELECT id, state FROM sync_device").fetchone()
    return None if row is None else (row["id"], msgspec.json.decode(row["state"], type=DeviceState))


def joined_state(connection: sqlite3.Connection) -> tuple[str, DeviceState] | None:
    found = stored_state(connection)
    return None if found is None or found[1].is_left else found


def require_state(connection: sqlite3.Connection) -> tuple[str, DeviceState]:
    found = joined_state(connection)
    if found is None:
        raise sync_error("alone")
    return found


def set_state(connection: sqlite3.Connection, **fields: Any) -> None:
    found = stored_state(connection)
    if found is not None:
        sql = "UPDATE sync_device SET state = ?"
        connection.execute(sql, (state_text(replace(found[1], **fields)),))


def take_ownership(connection: sqlite3.Connection) -> bool:
    """Own the synchronization of this store; False while another process does it."""
    found = stored_state(connection)
    if found is None:
        return True
    owner = found[1].owner_pid, found[1].owner_started
    if owner != this_process() and is_alive(*owner):
        return False
    pid, started = this_process()
    set_state(connection, owner_pid=pid, owner_started=started)
    return True


def renew_device(connection: sqlite3.Connection, head: Head | None) -> None:
    """Take a new name; what the head of the former one lists is then another computer's."""
    former, state = require_state(connection)
    connection.execute("UPDATE sync_device SET id = ?", (os.urandom(8).hex(),))
    for table in ("sync_outbox", "sync_held"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
    if head is not None:
        # After the last head that this store wrote, the numbers may be the copy's.
        span = Span(0, min(state.told.get("", 0), head.number))
        note_peer(connection, device=former, head=head, span=span)
    names = (
        *("number", "spans", "epoch", "epochs", "told", "at", "is_first"),
        *("is_marked", "base", "settled", "rewriting", "entries", "joined", "tail"),
    )
    blank = DeviceState("", "", "")
    set_state(connection, **{name: getattr(blank, name) for name in names}, is_held=True)


def forget_struck(connection: sqlite3.Connection, devices: Collection[str]) -> None:
    """Forget the devices that were struck off, except for those whose files are still needed."""
    _, state = require_state(connection)
    gone = [(id_,) for id_ in devices if id_ not in state.removing]
    connection.executemany("DELETE FROM sync_peers WHERE device = ?", gone)
    set_state(connection, struck=tuple(sorted(devices)))


def read_peers(connection: sqlite3.Connection) -> dict[str, Peer]:
    rows = connection.execute("SELECT device, number, facts FROM sync_peers")
    return {
        row["device"]: Peer(row["number"], msgspec.json.decode(row["facts"], type=PeerFacts))
        for row in rows
    }


def read_seen(connection: sqlite3.Connection) -> dict[str, int]:
    return {device: peer.number for device, peer in read_peers(connection).items()}


def new_head(connection: sqlite3.Connection) -> Head:
    """Return the head that the storage should have, without its epoch and time.

    A segment of another device that was missing for the first time is on its way.
    """
    _, state = require_state(connection)
    skipped = {
        device: [number for number, since in peer.skipped.items() if since < state.at]
        for device, peer in read_peers(connection).items()
    }
    skipped = {device: numbers for device, numbers in skipped.items() if numbers}
    seen = read_seen(connection)
    return Head("", state.name, state.number, state.spans, seen, 0, skipped, state.struck)


def told_by(head: Head) -> dict[str, int]:
    """Return what a head says, as `DeviceState.told` has it."""
    skipped = {f"{id_}/{n}": 1 for id_, numbers in head.skipped.items() for n in numbers}
    struck = {f"{id_}/": 1 for id_ in head.struck}
    return {"": head.number, **head.seen, **skipped, **struck}


def note_peer(
    connection: sqlite3.Connection,
    device: str,
    head: Head,
    span: Span | None = None,
    *,
    skipped_at: int | None = None,
    healed: str | None = None,
) -> None:
    """Note what a peer says, and what was done about it.

    Args:
        span: the segment that was applied.
        skipped_at: when it was missing first, if it could not be applied.
        healed: the head's epoch, if its wishes were fulfilled.
    """
    peer = read_peers(connection).get(device, _UNKNOWN)
    skipped, number = peer.skipped, peer.number
    if span is not None:
        skipped = {n: at for n, at in skipped.items() if not span.first <= n <= span.last}
        if skipped_at is not None:
            skipped[span.last] = skipped_at
        number = max(number, span.last)
    # What it has sent again under other numbers is no longer missing.
    skipped = {
        n: at for n, at in skipped.items() if any(s.first <= n <= s.last for s in head.spans)
    }
    healed = peer.facts.healed if healed is None else healed
    facts = PeerFacts(head.name, head.at, head.number, skipped, healed)
    sql = "INSERT OR REPLACE INTO sync_peers VALUES (?, ?, ?)"
    connection.execute(sql, (device, number, msgspec.json.encode(facts).decode()))


def _new_heads(connection: sqlite3.Connection, heads: Mapping[str, Head]) -> dict[str, Head]:
    """Return the heads that are others than those that were noted last."""
    peers = read_peers(connection)
    return {
        device: head
        for device, head in heads.items()
        if peers.get(device, _UNKNOWN).facts.healed != head.epoch
    }


def torn_segments(connection: sqlite3.Connection, heads: Mapping[str, Head]) -> set[int]:
    """Return the numbers of own segments that others could not read, and have said so since."""
    own, _ = require_state(connection)
    new = _new_heads(connection, heads)
    return {number for head in new.values() for number in head.skipped.get(own, ())}


def note_heads(connection: sqlite3.Connection, heads: Mapping[str, Head]) -> None:
    """Note what the peers say, once their wishes were fulfilled."""
    for device, head in _new_heads(connection, heads).items():
        note_peer(connection, device, head, healed=head.epoch)


def needed_segments(peer: Peer | None, head: Head) -> list[Span]:
    """Return the segments that were not applied."""
    number, skipped = (peer or _UNKNOWN).number, (peer or _UNKNOWN).skipped
    return [
        span
        for span in head.spans
        if span.last > number or any(span.first <= each <= span.last for each in skipped)
    ]


class Device(NamedTuple):
    """A computer with the library.

    Attributes:
        at: when it last wrote, in microseconds since 1970, by its own clock; 0 if it is unknown.
        sent, received: the last segment that it has written, and the last that was read here.
        skipped: the segments before that could not be read.
        problem: why it cannot be read, None if it can.
    """

    id: str
    name: str
    at: int
    is_own: bool = False
    sent: int = 0
    received: int = 0
    skipped: tuple[int, ...] = ()
    problem: ErrorNote | None = None

    @property
    def is_behind(self) -> bool:
        """Return True if it has segments that this computer lacks."""
        return self.sent > self.received or bool(self.skipped)


class SyncResult(NamedTuple):
    """The result of a synchronization.

    Attributes:
        sent, received: the number of changes.
        problems: what was left out, if it was not told before; of more than twenty, the first.
    """

    sent: int
    received: int
    problems: tuple[SyncError, ...] = ()
