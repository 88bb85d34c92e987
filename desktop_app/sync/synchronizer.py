"""The synchronization of one store: it joins a library, sends changes, and applies those of others.

A segment is committed to the store before it is written to the storage, and written again after a
kill, always with the same bytes. So each number of a device names one content only.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from desktop_app.documents.store.attachment_store import attachment_path
from desktop_app.domain.errors import (
    AttachmentMissingError,
    CredentialError,
    SyncBusyError,
    SyncError,
    SyncRefusedError,
    SyncTargetError,
)
from desktop_app.domain.network.origin import Secret
from desktop_app.domain.value import Value
from desktop_app.i18n.translation import N_
from desktop_app.storage.private_files import create_private_folder
from desktop_app.storage.process_identity import is_alive, this_process
from desktop_app.storage.schema import SYNC_TABLES, latest_version
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.sync.entries import (
    Applier,
    Refused,
    apply_waiting,
    mark_everything,
    mark_messages,
    take_changes,
)
from desktop_app.sync.format import (
    DEVICES,
    LIBRARY_FILE,
    Head,
    LibraryKey,
    Segment,
    Span,
    head_name,
    library_of,
    new_library,
    open_library,
    pack,
    segment_name,
    unpack,
)
from desktop_app.sync.storage import Storage, open_storage
from desktop_app.sync.target import Target, cleaned
from desktop_app.system import sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from desktop_app.providers.keys.vault import KeyVault
    from desktop_app.storage.database import Database

SECRET_NAME: Final = "sync"
PASSPHRASE_VARIABLE: Final = "REPARTEE_SYNC_PASSPHRASE"
PASSWORD_VARIABLE: Final = "REPARTEE_SYNC_PASSWORD"
_JOIN_AGAIN: Final = N_(
    "Stop synchronizing in {data_page}, or with “repartee sync leave”. Then join again to send "
    "everything."
)
_ORIGIN: Final = "repartee:sync"
_APPLIED_AT_ONCE: Final = 500  # entries: a window that saves waits for 50 ms at most
_CONVERSATIONS_AT_ONCE: Final = 200
_JOINED_SEGMENTS: Final = 64
_TOLD_PROBLEMS: Final = 20
_SMALL_BYTES: Final = 1 << 20
_LARGE_BYTES: Final = 1 << 17  # as those of a first push, which are not written a second time
_ABSENCE_S: Final = 180 * 24 * 3600

_SELECT_PEERS: Final = "SELECT device, number, facts FROM sync_peers"

Progress = Callable[[int, int], None]
"""Called with the number of segments done, and the number of all."""


class DeviceState(Value, frozen=True):
    """What this store remembers of its own files.

    Attributes:
        library: the id of the library that it has joined.
        target, user, endpoint: where its storage is, without the password.
        name: this computer's name.
        number: the last segment's number.
        epoch: of the last head that was written; "" before the first.
        next_epoch: of the head that was about to be written.
        unjoinable: the last segment that is too large or too damaged to be joined with others.
        told: what that head says about the others; its number is under "".
        fetches_all: attachments are fetched at once, not when they are opened.
        is_first: it began the library, so that its settings win.
        is_marked: everything that it had was marked to be sent.
        owner_pid, owner_started: the process that synchronizes, or did last.
        at: the time of the last synchronization, in microseconds; 0 before the first.
    """

    library: str
    target: str
    name: str
    user: str = ""
    endpoint: str = ""
    number: int = 0
    spans: tuple[Span, ...] = ()
    epoch: str = ""
    next_epoch: str = ""
    unjoinable: int = 0
    told: Mapping[str, int] = {}
    fetches_all: bool = False
    at: int = 0
    is_first: bool = False
    is_marked: bool = False
    owner_pid: int | None = None
    owner_started: str = ""


class Peer(NamedTuple):
    """Another computer with the same library.

    Attributes:
        at: when it last wrote, in microseconds since 1970, by its own clock.
        is_behind: it has segments that this computer lacks.
    """

    device: str
    name: str
    at: int
    is_behind: bool


class SyncResult(NamedTuple):
    """The result of a synchronization.

    Attributes:
        sent, received: the number of changes.
        problems: what was left out; of more than twenty, the first.
    """

    sent: int
    received: int
    problems: tuple[SyncError, ...] = ()


class Synchronizer:
    """The synchronization of a store. All methods raise SyncError, StorageError, CredentialError.

    Args:
        attachments: the folder of the attachments' files.
        environment: has the passphrase and the password where no keyring keeps them.
    """

    def __init__(
        self,
        database: Database,
        attachments: Path,
        vault: KeyVault,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._environment = environment or {}
        self._database = database
        self._attachments = attachments
        self._vault = vault
        self._lock = asyncio.Lock()
        self._unlocked: tuple[Target, LibraryKey] | None = (
            None  # with the passphrase: it takes 0.6 s
        )

    async def state(self) -> DeviceState | None:
        """Return what is known of this computer's part; None if it has joined no library."""
        row = await self._database.row("SELECT state FROM sync_device")
        return None if row is None else msgspec.json.decode(row["state"], type=DeviceState)

    async def peers(self) -> list[Peer]:
        """Return the other computers, as they were at the last synchronization.

        Those that wrote nothing for half a year are left out.
        """
        rows = await self._database.rows("SELECT device, number, facts FROM sync_peers")
        peers = []
        for row in rows:
            facts = json.loads(row["facts"])
            if _is_absent(facts["at"]):
                continue
            is_behind = facts["number"] > row["number"] or bool(facts["skipped"])
            peers.append(Peer(row["device"], facts["name"], facts["at"], is_behind))
        return sorted(peers, key=lambda peer: peer.name)

    async def unsent(self, pause_s: float = 0) -> int:
        """Return the number of changes that the storage does not have.

        Args:
            pause_s: leaves out texts that were changed within it: they are sent whole.
        """
        sql = """SELECT count(*) FROM sync_changes WHERE number IS NOT NULL
            AND (kind <> 'texts' OR abs(number - ?) >= ?)"""
        row = await self._database.row(sql, time.time_ns() // 1000, int(pause_s * 1e6))
        return 0 if row is None else int(row[0])

    async def join(
        self, target: Target, secret: str, *, fetches_all: bool = False, name: str = ""
    ) -> bool:
        """Begin a library in the storage (True), or join the one that is there (False).

        Nothing is sent yet.

        Args:
            secret: the passphrase, or the code that the first computer showed.
            name: this computer's name; by default that of the system.
        """
        target = cleaned(target)
        async with self._lock, _opened(target) as storage:
            file = await storage.read(LIBRARY_FILE)
            is_first = file is None
            if file is None:
                if await storage.names(DEVICES):
                    raise _target_error(target)
                key, content = await asyncio.to_thread(new_library, secret)
                await storage.write(LIBRARY_FILE, content)
            else:
                key = await asyncio.to_thread(open_library, file, secret)
            await self._keep(target, key)
            state = DeviceState(
                key.library,
                target.address,
                name or socket.gethostname(),
                target.user,
                target.endpoint,
                fetches_all=fetches_all,
                is_first=is_first,
            )

            def begin(connection: sqlite3.Connection) -> None:
                _leave(connection)
                sql = "INSERT INTO sync_device (id, state) VALUES (?, ?)"
                connection.execute(sql, (os.urandom(8).hex(), _text(state)))

            await self._database.write(begin)
            return is_first

    async def leave(self) -> None:
        """Stop synchronizing. Everything stays here, and in the storage."""
        async with self._lock:
            await self._database.write(_leave)
            await self._vault.remove(SECRET_NAME)

    async def key(self) -> LibraryKey:
        return (await self._secrets())[1]

    async def synchronize(self, progress: Progress | None = None) -> SyncResult:
        """Apply the changes of the other computers, and send those of this one."""
        async with self._lock:
            target, key = await self._secrets()
            if not await self._database.write(_take):
                raise SyncBusyError(
                    N_("Another Repartee window or command is synchronizing this library."),
                    hint=N_("It sends the changes of this one, too."),
                )
            try:
                async with _opened(target) as storage:
                    await self._require_library(storage, target)
                    await self._require_own_head(storage, key)
                    await self._mark_everything()
                    received, problems = await self._receive(storage, key, progress)
                    sent = await self._send(storage, key)
                    if sent:
                        await self._join_segments(storage, key)
                    if (await self._state()).fetches_all:
                        problems += await self._fetch_missing(storage, key)
            finally:
                await self._database.write(partial(_set_state, owner_pid=None))
        return SyncResult(sent, received, tuple(problems[:_TOLD_PROBLEMS]))

    async def _mark_everything(self) -> None:
        """Mark what this computer has, unless that was done; a kill in between repeats it."""
        state = await self._state()
        if state.is_marked:
            return

        def begin(connection: sqlite3.Connection) -> list[str]:
            mark_everything(connection, is_first=state.is_first)
            sql = "SELECT id FROM conversations ORDER BY updated_at DESC"
            return [row["id"] for row in connection.execute(sql)]

        ids = await self._database.write(begin)
        number = 100
        for start in range(0, len(ids), _CONVERSATIONS_AT_ONCE):
            some = ids[start : start + _CONVERSATIONS_AT_ONCE]
            mark = partial(mark_messages, conversation_ids=some, number=number)
            number = await self._database.write(mark)
        await self._database.write(partial(_set_state, is_marked=True))

    async def fetch(self, sha256: str) -> bool:
        """Fetch the file of an attachment. Return False if the storage does not have it.

        Raises:
            AttachmentMissingError: the storage cannot be reached, or its file is damaged.
            StorageError: the file cannot be written here.
        """
        if await self.state() is None:
            return False
        try:
            target, key = await self._secrets()
            async with _opened(target) as storage:
                return await self._fetch(storage, key, sha256)
        except (SyncError, CredentialError) as error:
            raise AttachmentMissingError(
                error.message, error.hint, details=error.details, params=error.params
            ) from error

    # -------------------------------------------------------------- what is where

    async def _state(self) -> DeviceState:
        state = await self.state()
        if state is None:
            raise SyncError(
                N_("This computer does not synchronize."), hint=N_("Use “repartee sync join”.")
            )
        return state

    async def _device(self) -> str:
        row = await self._database.row("SELECT id FROM sync_device")
        return "" if row is None else str(row["id"])

    async def _keep(self, target: Target, key: LibraryKey) -> None:
        fields = {
            "address": target.address,
            "user": target.user,
            "password": target.password,
            "endpoint": target.endpoint,
            "library": key.library,
            "key": key.key.hex(),
        }
        await self._vault.set(SECRET_NAME, Secret(json.dumps(fields), _ORIGIN))

    async def _secrets(self) -> tuple[Target, LibraryKey]:
        state = await self._state()
        secret = await self._vault.get(SECRET_NAME, _ORIGIN)
        passphrase = self._environment.get(PASSPHRASE_VARIABLE, "")
        if secret is None and passphrase:
            password = self._environment.get(PASSWORD_VARIABLE, "")
            target = Target(state.target, state.user, password, state.endpoint)
            if self._unlocked is not None:
                unlocked_target, key = self._unlocked
                # Another process may have joined another library, or the same one elsewhere.
                if (unlocked_target, key.library) == (target, state.library):
                    return self._unlocked
            async with _opened(target) as storage:
                file = await storage.read(LIBRARY_FILE)
            if file is None:
                raise _target_error(target)
            self._unlocked = target, await asyncio.to_thread(open_library, file, passphrase)
            return self._unlocked
        if secret is None:
            raise SyncError(
                N_("The keyring does not have the key of the library."),
                hint=N_("Join it again, or set {variable}."),
                variable=PASSPHRASE_VARIABLE,
            )
        fields = json.loads(secret.value)
        target = Target(fields["address"], fields["user"], fields["password"], fields["endpoint"])
        return target, LibraryKey(fields["library"], bytes.fromhex(fields["key"]))

    async def _require_library(self, storage: Storage, target: Target) -> None:
        """Raise SyncTargetError if the storage was emptied or replaced."""
        file = await storage.read(LIBRARY_FILE)
        if file is None or library_of(file) != (await self._state()).library:
            raise _target_error(target)

    async def _require_own_head(self, storage: Storage, key: LibraryKey) -> None:
        """Take a new name if a copy of this store has written under it, or after a long absence.

        Everything is then sent again under that name, because a segment that was not written yet
        must not replace one of the copy's. What the copy wrote is received as from another one.
        """
        device, state = await self._device(), await self._state()
        sealed = await storage.read(head_name(device))
        if sealed is None:
            if not state.epoch:
                await self._write_outbox(storage, device)
                return
            raise SyncTargetError(
                N_("The storage no longer has what this computer wrote there."), hint=_JOIN_AGAIN
            )
        try:
            head = self._head(key, device, sealed)
        except SyncRefusedError:  # torn: it is written again
            await self._database.write(partial(_set_state, told={}))
            await self._write_outbox(storage, device)
            return
        is_own = head.epoch in (state.epoch, state.next_epoch)
        if is_own and not (state.at and _is_absent(state.at)):
            await self._write_outbox(storage, device)
            return

        def renew(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE sync_device SET id = ?", (os.urandom(8).hex(),))
            connection.execute("DELETE FROM sync_outbox")
            # After the last head that this store wrote, the numbers may be the copy's.
            span = Span(0, min(state.told.get("", 0), head.number))
            _note_peer(connection, device=device, head=head, span=span)
            _set_state(
                connection,
                number=0,
                spans=(),
                epoch="",
                next_epoch="",
                unjoinable=0,
                told={},
                at=0,
                is_first=False,
                is_marked=False,
            )

        await self._database.write(renew)

    def _head(self, key: LibraryKey, device: str, sealed: bytes) -> Head:
        return unpack(key, head_name(device), 0, sealed, Head)

    # -------------------------------------------------------------- to the storage

    async def _send(self, storage: Storage, key: LibraryKey) -> int:
        device = await self._device()
        sent = 0
        while True:
            files = await self._database.read(_unsent_files)
            for sha256 in files:
                await self._send_file(storage, key, sha256)
            count = await self._database.write(partial(_make_segment, key=key))
            if not count:
                break
            sent += count
            await self._write_outbox(storage, device)
        state, seen = await self._state(), await self._database.read(_seen)
        if state.told != {**seen, "": state.number}:
            await self._write_head(storage, key, device)
        await self._database.write(partial(_set_state, at=time.time_ns() // 1000))
        return sent

    async def _write_outbox(self, storage: Storage, device: str) -> None:
        """Write the committed segments, also those of a run that was killed."""
        for row in await self._database.rows("SELECT number, body FROM sync_outbox"):
            number = int(row["number"])
            await storage.write(segment_name(device, Span(number, number)), row["body"])
            await self._database.execute("DELETE FROM sync_outbox WHERE number = ?", number)

    async def _write_head(self, storage: Storage, key: LibraryKey, device: str) -> None:
        state = await self._state()
        seen = await self._database.read(_seen)
        epoch = os.urandom(8).hex()
        at = time.time_ns() // 1000
        head = Head(epoch, state.name, state.number, state.spans, seen, at)
        await self._database.write(partial(_set_state, next_epoch=epoch))
        await storage.write(head_name(device), pack(key, head_name(device), 0, head))
        told = {**seen, "": state.number}
        await self._database.write(partial(_set_state, epoch=epoch, told=told))

    async def _send_file(self, storage: Storage, key: LibraryKey, sha256: str) -> None:
        path = attachment_path(self._attachments, sha256)
        if await asyncio.to_thread(path.is_file):
            name = key.file_name(sha256)
            content = await asyncio.to_thread(path.read_bytes)
            await storage.write(name, await asyncio.to_thread(key.seal, name, 0, content))
        await self._database.execute("INSERT OR IGNORE INTO sync_files VALUES (?)", sha256)

    async def _join_segments(self, storage: Storage, key: LibraryKey) -> None:
        """Join the newest segments to one of a megabyte at most: a new computer reads few files.

        Each file is read twice at most, so a change costs the same in any library.
        """
        state, device = await self._state(), await self._device()
        group = [
            span
            for span in state.spans[-_JOINED_SEGMENTS:]
            if span.first == span.last > state.unjoinable
        ]
        if len(group) < _JOINED_SEGMENTS:
            return
        entries: list[Any] = []
        joined: list[Span] = []
        size = 0
        for span in group:
            name = segment_name(device, span)
            sealed = await storage.read(name)
            size += len(sealed or b"")
            if sealed is None or size > _SMALL_BYTES:
                break
            try:
                segment = await asyncio.to_thread(unpack, key, name, span.last, sealed, Segment)
            except SyncRefusedError:  # the others are told of it
                break
            entries += segment.entries
            joined.append(span)
        if len(joined) < 2:
            unjoinable = group[len(joined)].last
            await self._database.write(partial(_set_state, unjoinable=unjoinable))
            return
        whole = Span(joined[0].first, joined[-1].last)
        name = segment_name(device, whole)
        content = Segment(latest_version(), {}, entries)
        await storage.write(name, await asyncio.to_thread(pack, key, name, whole.last, content))
        spans = tuple(sorted({*state.spans, whole}.difference(joined)))
        await self._database.write(partial(_set_state, spans=spans))
        await self._write_head(storage, key, device)
        for span in joined:
            await storage.remove(segment_name(device, span))

    # -------------------------------------------------------------- from the storage

    async def _receive(
        self, storage: Storage, key: LibraryKey, progress: Progress | None
    ) -> tuple[int, list[SyncError]]:
        own = await self._device()
        problems: list[SyncError] = []
        heads: dict[str, Head] = {}
        for device in await storage.names(DEVICES):
            sealed = None if device == own else await storage.read(head_name(device))
            if sealed is None:  # its first segment is being written
                continue
            try:
                heads[device] = await asyncio.to_thread(self._head, key, device, sealed)
            except SyncRefusedError as error:
                problems.append(error)
        known = {row["device"]: row for row in await self._database.rows(_SELECT_PEERS)}
        work = [
            (device, span)
            for device, head in heads.items()
            for span in head.spans
            if _is_needed(known.get(device), span)
        ]
        claimed = [head.seen for head in heads.values()]
        received = 0
        newer: set[str] = set()
        for done, (device, span) in enumerate(work):
            if progress is not None:
                progress(done, len(work))
            if device in newer:
                continue
            note = partial(_note_peer, device=device, head=heads[device], span=span)
            try:
                segment = await self._read_segment(storage, key, device, span)
            except SyncRefusedError as error:
                problems.append(error)
                await self._database.write(partial(note, is_skipped=True))
                continue
            if segment.schema > latest_version():
                problems.append(_newer_error(heads[device].name))
                newer.add(device)
                continue
            claimed.append(segment.seen)
            for start in range(0, len(segment.entries), _APPLIED_AT_ONCE):
                some = segment.entries[start : start + _APPLIED_AT_ONCE]
                refused = await self._database.write(partial(_apply, device=device, entries=some))
                problems += map(_entry_error, refused)
            received += len(segment.entries)
            await self._database.write(note)
        for device, head in heads.items():
            await self._database.write(partial(_note_peer, device=device, head=head))
        if received:
            problems += map(_entry_error, await self._database.write(apply_waiting))
        for peer in {peer for seen in claimed for peer in seen} - {own}:
            most = max(seen.get(peer, 0) for seen in claimed)
            if most > (heads[peer].number if peer in heads else 0):
                problems.append(_hidden_error(heads[peer].name if peer in heads else peer))
        return received, problems

    async def _read_segment(
        self, storage: Storage, key: LibraryKey, device: str, span: Span
    ) -> Segment:
        name = segment_name(device, span)
        sealed = await storage.read(name)
        if sealed is None:  # it is still on its way, or was joined with others: the next time
            raise _missing_error(name)
        return await asyncio.to_thread(unpack, key, name, span.last, sealed, Segment)

    async def _fetch_missing(self, storage: Storage, key: LibraryKey) -> list[SyncError]:
        """Fetch the files that are missing here; return what is wrong with those there."""
        problems: list[SyncError] = []
        for row in await self._database.rows("SELECT sha256 FROM attachments"):
            path = attachment_path(self._attachments, row["sha256"])
            if not await asyncio.to_thread(path.is_file):
                try:
                    await self._fetch(storage, key, row["sha256"])
                except SyncRefusedError as error:
                    problems.append(error)
        return problems

    async def _fetch(self, storage: Storage, key: LibraryKey, sha256: str) -> bool:
        name = key.file_name(sha256)
        sealed = await storage.read(name)
        if sealed is None:
            return False
        content = await asyncio.to_thread(key.unseal, name, 0, sealed)
        path = attachment_path(self._attachments, sha256)

        def store() -> None:
            with translate_errors(str(path.parents[1])):
                create_private_folder(path.parent)
                part = path.with_name(f".{path.name}.part")
                part.write_bytes(content)
                sync(part)
                part.replace(path)

        await asyncio.to_thread(store)
        return True


@asynccontextmanager
async def _opened(target: Target) -> AsyncIterator[Storage]:
    storage = open_storage(target)
    try:
        yield storage
    finally:
        await storage.close()


def _is_absent(at: int) -> bool:
    """Return True if a computer that last wrote at a time is struck off."""
    return time.time() - at / 1e6 > _ABSENCE_S


def _text(state: DeviceState) -> str:
    return msgspec.json.encode(state).decode()


def _set_state(connection: sqlite3.Connection, **fields: Any) -> None:
    row = connection.execute("SELECT state FROM sync_device").fetchone()
    if row is not None:
        state = msgspec.json.decode(row["state"], type=DeviceState)
        connection.execute("UPDATE sync_device SET state = ?", (_text(replace(state, **fields)),))


def _take(connection: sqlite3.Connection) -> bool:
    """Own the synchronization of this store; False while another process does it."""
    row = connection.execute("SELECT state FROM sync_device").fetchone()
    if row is None:
        return True
    state = msgspec.json.decode(row["state"], type=DeviceState)
    owner = state.owner_pid, state.owner_started
    if owner != this_process() and is_alive(*owner):
        return False
    pid, started = this_process()
    _set_state(connection, owner_pid=pid, owner_started=started)
    return True


def _leave(connection: sqlite3.Connection) -> None:
    for table in SYNC_TABLES:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own


def _make_segment(connection: sqlite3.Connection, key: LibraryKey) -> int:
    """Commit the oldest changes as a sealed segment; return their number."""
    row = connection.execute("SELECT id, state FROM sync_device").fetchone()
    entries = take_changes(connection)
    if row is None or not entries:
        return 0
    state = msgspec.json.decode(row["state"], type=DeviceState)
    number = state.number + 1
    span = Span(number, number)
    segment = Segment(latest_version(), _seen(connection), entries)
    body = pack(key, segment_name(row["id"], span), number, segment)
    connection.execute("INSERT INTO sync_outbox VALUES (?, ?)", (number, body))
    unjoinable = number if len(body) > _LARGE_BYTES else state.unjoinable
    spans = (*state.spans, span)
    _set_state(connection, number=number, spans=spans, unjoinable=unjoinable)
    return len(entries)


def _unsent_files(connection: sqlite3.Connection) -> list[str]:
    sql = """SELECT id FROM sync_changes WHERE kind = 'attachments' AND number IS NOT NULL
        AND id NOT IN (SELECT sha256 FROM sync_files)"""
    return [row[0] for row in connection.execute(sql)]


def _seen(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute("SELECT device, number FROM sync_peers")
    return {row["device"]: row["number"] for row in rows}


def _is_needed(peer: sqlite3.Row | None, span: Span) -> bool:
    if peer is None or span.last > peer["number"]:
        return True
    return any(span.first <= number <= span.last for number in json.loads(peer["facts"])["skipped"])


def _note_peer(
    connection: sqlite3.Connection,
    device: str,
    head: Head,
    span: Span | None = None,
    *,
    is_skipped: bool = False,
) -> None:
    """Note what a peer says, and the segment that was applied or, if it could not be, skipped."""
    row = connection.execute(f"{_SELECT_PEERS} WHERE device = ?", (device,)).fetchone()
    skipped = set() if row is None else set(json.loads(row["facts"])["skipped"])
    number = 0 if row is None else int(row["number"])
    if span is not None:
        skipped -= set(range(span.first, span.last + 1))
        skipped |= {span.last} if is_skipped else set()
        number = max(number, span.last)
    facts = {"name": head.name, "at": head.at, "number": head.number, "skipped": sorted(skipped)}
    sql = "INSERT OR REPLACE INTO sync_peers VALUES (?, ?, ?)"
    connection.execute(sql, (device, number, json.dumps(facts)))


def _apply(connection: sqlite3.Connection, device: str, entries: Sequence[Any]) -> list[Refused]:
    applier = Applier(connection, device)
    applier.apply(entries)
    return applier.refused


def _entry_error(refused: Refused) -> SyncRefusedError:
    return SyncRefusedError(
        N_("A change of another computer is damaged, and was left out: {kind} {id}."),
        kind=refused.kind,
        id=refused.id,
    )


def _missing_error(name: str) -> SyncRefusedError:
    return SyncRefusedError(
        N_("“{name}” has not arrived in the storage yet."),
        hint=N_("The rest was synchronized. The next synchronization tries again."),
        name=name,
    )


def _newer_error(name: str) -> SyncRefusedError:
    return SyncRefusedError(
        N_("“{name}” has a newer version of Repartee."),
        hint=N_("Install that version here, too. Its changes wait until then."),
        name=name,
    )


def _hidden_error(name: str) -> SyncRefusedError:
    return SyncRefusedError(
        N_("The storage lacks changes of “{name}” that another computer has seen."),
        hint=N_("If they do not come within a day, ask who runs the storage."),
        name=name,
    )


def _target_error(target: Target) -> SyncTargetError:
    return SyncTargetError(
        N_("The storage {place} was emptied or replaced. Nothing was changed here."),
        hint=_JOIN_AGAIN,
        place=target.address,
    )
