"""The synchronization of a store: it joins a library, sends changes, applies those of others."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from desktop_app.documents.store.attachment_store import attachment_path
from desktop_app.domain.activity_log import logged
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import (
    AttachmentMissingError,
    CredentialError,
    SyncError,
    SyncRefusedError,
)
from desktop_app.domain.network.origin import Secret
from desktop_app.domain.stored_table import Effect
from desktop_app.storage.deletion_wipe import wipe_deleted
from desktop_app.storage.expiry_clock import expiry_time
from desktop_app.storage.private_files import create_private_folder
from desktop_app.storage.schema import latest_version
from desktop_app.storage.storage_errors import translate_errors
from desktop_app.storage.stored_tables import tables_of
from desktop_app.sync.applier import Applier, apply_waiting, has_waiting, refused
from desktop_app.sync.device_state import (
    Device,
    DeviceState,
    Peer,
    SyncResult,
    forget_struck,
    joined_state,
    needed_segments,
    new_head,
    note_heads,
    note_peer,
    place_of,
    read_peers,
    renew_device,
    require_state,
    set_state,
    state_text,
    stored_state,
    take_ownership,
    told_by,
    torn_segments,
)
from desktop_app.sync.entries import Held, held_of, mark_everything, mark_messages, next_files
from desktop_app.sync.format import (
    DEVICES,
    LIBRARY_FILE,
    Head,
    LibraryKey,
    Segment,
    Span,
    T,
    head_name,
    is_code,
    library_of,
    new_library,
    open_library,
    pack,
    segment_name,
    span_of,
    unpack,
)
from desktop_app.sync.own_segments import (
    drop_segments,
    hold,
    make_segment,
    plan_segments,
    remake_segment,
    replace_segments,
)
from desktop_app.sync.problems import sync_error
from desktop_app.sync.storage import FolderStorage, Storage, open_storage
from desktop_app.sync.target import Target, cleaned
from desktop_app.system import sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from desktop_app.providers.keys.vault import KeyVault
    from desktop_app.storage.database import Database

log = logging.getLogger(__name__)

SECRET_NAME: Final = "sync"
PASSPHRASE_VARIABLE: Final = "REPARTEE_SYNC_PASSPHRASE"
PASSWORD_VARIABLE: Final = "REPARTEE_SYNC_PASSWORD"
_ORIGIN: Final = "repartee:sync"
_APPLIED_AT_ONCE: Final = 500  # entries: a window that saves waits for 50 ms at most
_CONVERSATIONS_AT_ONCE: Final = 200
_KNOWN_EPOCHS: Final = 64
_MANY_SEGMENTS: Final = 16
"""With more, the index merges 16 parts at a time instead of 4: a sixth less of all the time."""
_TOLD_PROBLEMS: Final = 20
_LATE_S: Final = 24 * 3600.0
_UNNAMED_S: Final = 7 * 24 * 3600
"""A computer that was away may name an attachment again that others have deleted."""

Progress = Callable[[int, int], None]
"""Called with the number of segments done, and the number of all."""


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
        self._unlocked: LibraryKey | None = None  # by the passphrase: it takes 0.6 s

    async def state(self) -> DeviceState | None:
        """Return what is known of this computer's part; None if it has joined no library."""
        found = await self._database.read(joined_state)
        return None if found is None else found[1]

    async def devices(self) -> list[Device]:
        """Return the computers as they were at the last synchronization, this one first."""
        found = await self._database.read(joined_state)
        if found is None:
            return []
        own, state = found
        devices = {
            id_: Device(
                id_,
                peer.facts.name,
                peer.facts.at,
                sent=peer.facts.number,
                received=peer.number,
                skipped=tuple(peer.skipped),
                problem=state.problems.get(id_),
            )
            for id_, peer in (await self._database.read(read_peers)).items()
            if id_ not in state.struck
        }
        for id_, note in state.problems.items():
            if id_ not in devices and "/" not in id_:
                devices[id_] = Device(id_, id_, 0, problem=note)
        others = sorted(devices.values(), key=lambda device: device.name)
        this = Device(own, state.name, state.at, True, state.number, state.number)
        return [this, *others]

    async def strike_off(self, name: str) -> None:
        """Forget a computer that is lost. What only it has sent is sent again by this one.

        Its files are removed with the next synchronization.

        Args:
            name: its id, or a name that no other one has. Raises SyncError for any other.
        """
        others = [each for each in await self.devices() if not each.is_own]
        found = [each.id for each in others if name == each.id]
        found = found or [each.id for each in others if name == each.name]
        if len(found) != 1:
            ids = ", ".join(found)
            raise sync_error("same_name" if found else "no_device", name=name, ids=ids)
        (device,) = found

        def strike(connection: sqlite3.Connection) -> None:
            _, state = require_state(connection)
            has_sent = device in read_peers(connection)
            again = {"base": state.number, "is_marked": False} if has_sent else {}
            problems = {key: note for key, note in state.problems.items() if key != device}
            set_state(
                connection,
                struck=tuple({*state.struck, device}),
                removing=tuple({*state.removing, device}),
                problems=problems,
                **again,
            )

        async with self._lock:
            await self._database.write(strike)

    async def unsent(self, pause_s: float = 0) -> int:
        """Return the number of changes that the storage does not have.

        Args:
            pause_s: leaves out texts that were changed within it: they are sent whole.
        """
        sql = """SELECT count(*) FROM sync_changes WHERE number IS NOT NULL
            AND (kind <> 'texts' OR abs(number - ?) >= ?)"""
        row = await self._database.row(sql, time.time_ns() // 1000, int(pause_s * 1e6))
        return 0 if row is None else int(row[0])

    async def waiting(self) -> int:
        """Return the number of received changes that refer to something that is missing."""
        row = await self._database.row("SELECT count(*) FROM sync_waiting WHERE refused_by IS NULL")
        return 0 if row is None else int(row[0])

    async def running_elsewhere(self, conversation: str) -> str:
        """Return the computer on which a conversation's answer still runs, "" for none."""
        sql = """SELECT json_extract(p.facts, '$.name') FROM conversations AS c
            JOIN sync_changes AS s ON s.kind = 'conversations' AND s.id = c.id
                AND s.field = 'leaf_id'
            JOIN sync_peers AS p ON p.device = s.device
            WHERE c.id = ? AND NOT EXISTS (SELECT 1 FROM messages WHERE id = c.leaf_id)"""
        row = await self._database.row(sql, conversation)
        return "" if row is None else str(row[0])

    async def join(
        self,
        target: Target,
        secret: str,
        *,
        begins: bool = True,
        fetches_all: bool = False,
        name: str = "",
    ) -> None:
        """Join the library in a storage, or begin one there.

        Nothing is sent yet. A computer that has or had joined this library continues, wherever its
        storage is now.

        Args:
            secret: the passphrase, or the code that the first computer showed.
            begins: begin a library if there is none; otherwise SyncBeginError is raised.
            name: this computer's name; by default that of the system.
        """
        target = cleaned(target)
        async with self._lock, _opened(target) as storage:
            found = await self._database.read(stored_state)
            former = None if found is None else found[1]
            stored = await storage.read(LIBRARY_FILE)
            is_first = stored is None and not await storage.names(DEVICES)
            if is_first:
                if not begins or is_code(secret):
                    raise sync_error("no_library", place=target.address)
                key, file = await asyncio.to_thread(new_library, secret)
            else:
                file = stored or (former.library_file if former else "").encode()
                if not file:
                    raise sync_error("emptied", place=target.address)
                key = await asyncio.to_thread(open_library, file, secret)
                opened = await self._opens(storage, key) if not stored or is_code(secret) else True
                if opened is False or (opened is None and not stored):
                    raise sync_error("code" if stored else "emptied", place=target.address)
            if not stored:
                await storage.write(LIBRARY_FILE, file)
            await self._keep(target, key)
            chosen = {
                **place_of(target),
                "name": name or (former.name if former else socket.gethostname()),
                "fetches_all": fetches_all,
                "library_file": file.decode(),
            }

            def begin(connection: sqlite3.Connection) -> None:
                if former is not None and former.library == key.library and not is_first:
                    set_state(connection, **chosen, is_left=False, problems={})
                    return
                for table in [name for name in tables_of(Effect.HERE) if name.startswith("sync_")]:
                    if table != "sync_changes":  # the times of changes are those of any library
                        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
                state = DeviceState(key.library, is_first=is_first, is_held=True, **chosen)
                sql = "INSERT INTO sync_device (id, state) VALUES (?, ?)"
                connection.execute(sql, (os.urandom(8).hex(), state_text(state)))

            await self._database.write(begin)

    async def leave(self) -> None:
        """Stop synchronizing. Everything stays here, and in the storage."""
        async with self._lock:
            await self._database.write(partial(set_state, is_left=True))
            await self._vault.remove(SECRET_NAME)

    async def target(self) -> Target:
        return (await self._secrets())[0]

    async def news(self) -> object:
        """Return what changes when another computer writes into a folder; None if unknown."""
        state = await self.state()
        if state is None or "://" in state.target:
            return None
        return await FolderStorage(Path(state.target)).news(await self._device())

    async def key(self) -> LibraryKey:
        return (await self._secrets())[1]

    async def synchronize(self, progress: Progress | None = None) -> SyncResult:
        """Apply the changes of the other computers, and send those of this one."""
        with logged("synchronization") as activity:
            async with self._lock:
                target, key = await self._secrets()
                problems: dict[str, SyncError] = {}  # by file or device
                if not await self._database.write(take_ownership):
                    raise sync_error("busy")
                try:
                    async with _opened(target) as storage:
                        await self._require_library(storage, target, key)
                        torn = await self._require_own_head(storage, key)
                        heads = await self._read_heads(storage, key, problems)
                        await self._learn_held(storage, key)
                        await self._mark_everything()
                        torn |= await self._database.read(partial(torn_segments, heads=heads))
                        received = await self._receive(storage, key, heads, problems, progress)
                        if received:
                            await wipe_deleted(self._database)
                        sent = await self._send(storage, key)
                        await self._replace_segments(storage, key, torn)
                        await self._database.write(partial(note_heads, heads=heads))
                        await self._remove_files(storage, key)
                        if (await self._state()).fetches_all:
                            problems |= await self._fetch_missing(storage, key)
                finally:
                    await self._database.write(partial(set_state, owner_pid=None))
            told = (await self._state()).problems
            notes = {name: note_from_error(error) for name, error in problems.items()}
            if notes != told:
                await self._database.write(partial(set_state, problems=notes))
            new = [error for name, error in problems.items() if name not in told]
            for error in new:
                log.info("%s", error.message.format_map(error.params))
            activity.ending = f"done, {len(problems)} problems"
        return SyncResult(sent, received, tuple(new[:_TOLD_PROBLEMS]))

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
        await self._database.write(partial(set_state, is_marked=True, settled=1 << 62))

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

    async def _own(self) -> tuple[str, DeviceState]:
        return await self._database.read(require_state)

    async def _state(self) -> DeviceState:
        return (await self._own())[1]

    async def _device(self) -> str:
        return (await self._own())[0]

    async def _keep(self, target: Target, key: LibraryKey) -> None:
        fields = {**msgspec.structs.asdict(target), "library": key.library, "key": key.key.hex()}
        await self._vault.set(SECRET_NAME, Secret(json.dumps(fields), _ORIGIN))

    async def _secrets(self) -> tuple[Target, LibraryKey]:
        state = await self._state()
        secret = await self._vault.get(SECRET_NAME, _ORIGIN)
        passphrase = self._environment.get(PASSPHRASE_VARIABLE, "")
        if secret is not None:
            fields = json.loads(secret.value)
            key = LibraryKey(fields.pop("library"), bytes.fromhex(fields.pop("key")))
            given = Target(**fields)
        elif passphrase:
            password = self._environment.get(PASSWORD_VARIABLE, "")
            options: Any = state.options
            given = Target(state.target, state.user, password, state.endpoint, **options)
            key = await self._key_from(passphrase, state, cleaned(given))
        else:
            raise sync_error("keyless", variable=PASSPHRASE_VARIABLE)
        target = cleaned(given)
        if target != given:  # an earlier version kept a password in the address
            if secret is not None:
                await self._keep(target, key)
            await self._database.write(partial(set_state, **place_of(target)))
        return target, key

    async def _key_from(self, passphrase: str, state: DeviceState, target: Target) -> LibraryKey:
        """Return the key where no keyring keeps it."""
        file = state.library_file.encode()
        if not file:  # an earlier version has joined
            async with _opened(target) as storage:
                file = await storage.read(LIBRARY_FILE) or b""
            if not file:
                raise sync_error("emptied", place=target.address)
        # Another process may have joined another library.
        if self._unlocked is None or self._unlocked.library != state.library:
            self._unlocked = await asyncio.to_thread(open_library, file, passphrase)
        return self._unlocked

    async def _require_library(self, storage: Storage, target: Target, key: LibraryKey) -> None:
        """Raise SyncTargetError if the storage was emptied or replaced.

        The library's file is written again if only that is lost.
        """
        state = await self._state()
        file = await storage.read(LIBRARY_FILE)
        if file is None and state.library_file and await self._opens(storage, key) is True:
            file = state.library_file.encode()
            await storage.write(LIBRARY_FILE, file)
            log.info("%s was lost, and is written again", LIBRARY_FILE)
        if file is None or library_of(file) != state.library:
            raise sync_error("emptied", place=target.address)
        if not state.library_file:
            await self._database.write(partial(set_state, library_file=file.decode()))

    async def _opens(self, storage: Storage, key: LibraryKey) -> bool | None:
        """Return True if the key opens a device's head, None if there is no head."""
        opened = None
        for device in await storage.names(DEVICES):
            try:
                if await _read(storage, key, head_name(device), 0, Head) is not None:
                    return True
            except SyncRefusedError:
                opened = False
        return opened

    async def _require_own_head(self, storage: Storage, key: LibraryKey) -> set[int]:
        """Take a new name if a copy of this store has written under it.

        Everything is then sent again under that name, because a segment that was not written yet
        must not replace one of the copy's. What the copy wrote is received as from another one.

        Return the numbers of the segments that the storage no longer has: all, if it has lost this
        computer's folder.
        """
        device, state = await self._own()
        torn = set()
        try:
            head = await _read(storage, key, head_name(device), 0, Head)
            if head is None and state.epoch:
                torn = {span.last for span in state.spans}
        except SyncRefusedError:  # torn: it is written again
            head = None
        if head is not None and head.epoch not in (state.epoch, *state.epochs):
            log.info("a copy of this computer has written; a new name is taken")
            await self._database.write(partial(renew_device, head=head))
            return set()
        if head is None or head.epoch != state.epoch:
            await self._database.write(partial(set_state, told={}))
        await self._write_outbox(storage, device)
        return torn

    async def _learn_held(self, storage: Storage, key: LibraryKey) -> None:
        """Read what the segments hold that an earlier version wrote."""
        device, state = await self._own()
        if state.is_held:
            return
        held: list[tuple[Held, int]] = []
        again: dict[str, Any] = {}
        try:
            for span in state.spans:
                name = segment_name(device, span)
                segment = await _read(storage, key, name, span.last, Segment)
                entries = () if segment is None else segment.entries
                held += [(each, span.last) for each in held_of(entries)]
        except (SyncRefusedError, *BAD_VALUE):
            again = {"base": state.number, "is_marked": False}

        def learn(connection: sqlite3.Connection) -> None:
            for each, number in held:
                hold(connection, [each], number)
            set_state(connection, is_held=True, settled=state.number, **again)

        await self._database.write(learn)

    # -------------------------------------------------------------- to the storage

    async def _send(self, storage: Storage, key: LibraryKey) -> int:
        device = await self._device()
        sent = 0
        stored: dict[str, Collection[str]] = {}  # by folder, the names of files
        while True:
            for sha256 in await self._database.read(next_files):
                await self._send_file(storage, key, sha256, stored)
            count, is_more = await self._database.write(partial(make_segment, key=key))
            await self._write_outbox(storage, device)
            sent += count
            if not is_more:
                break
        state = await self._state()
        if state.settled > state.number:
            await self._database.write(partial(set_state, settled=state.number))
        if state.told != told_by(await self._database.read(new_head)):
            await self._write_head(storage, key, device)
        await self._database.write(partial(set_state, at=time.time_ns() // 1000))
        return sent

    async def _write_outbox(self, storage: Storage, device: str) -> None:
        """Write the committed segments, also those of a run that was killed."""
        for row in await self._database.rows("SELECT number, body FROM sync_outbox"):
            number = int(row["number"])
            name = segment_name(device, Span(number, number))
            await storage.write(name, row["body"])
            log.info("sent %s, %d bytes", name, len(row["body"]))
            await self._database.execute("DELETE FROM sync_outbox WHERE number = ?", number)

    async def _write_head(self, storage: Storage, key: LibraryKey, device: str) -> None:
        epoch = os.urandom(8).hex()
        head = await self._database.read(new_head)
        head = replace(head, epoch=epoch, at=time.time_ns() // 1000)
        epochs = (*(await self._state()).epochs, epoch)[-_KNOWN_EPOCHS:]
        await self._database.write(partial(set_state, epochs=epochs))
        await storage.write(head_name(device), pack(key, head_name(device), 0, head))
        await self._database.write(partial(set_state, epoch=epoch, told=told_by(head)))

    async def _send_file(
        self, storage: Storage, key: LibraryKey, sha256: str, stored: dict[str, Collection[str]]
    ) -> None:
        path = attachment_path(self._attachments, sha256)
        name = key.file_name(sha256)
        folder, _, file = name.rpartition("/")
        is_known = await self._database.row("SELECT 1 FROM sync_files WHERE sha256 = ?", sha256)
        if is_known and folder not in stored:
            stored[folder] = frozenset(await storage.names(folder))
        is_there = is_known and file in stored[folder]
        if not is_there and await asyncio.to_thread(path.is_file):
            content = await asyncio.to_thread(path.read_bytes)
            await storage.write(name, await asyncio.to_thread(key.seal, name, 0, content))
            log.info("sent %s, %d bytes", name, len(content))
        sql = "INSERT OR IGNORE INTO sync_files (sha256) VALUES (?)"
        await self._database.execute(sql, sha256)

    async def _replace_segments(self, storage: Storage, key: LibraryKey, torn: set[int]) -> None:
        """Write segments again that are torn, or hold what was deleted, and join small ones."""
        device, state = await self._own()
        dropped: list[Span] = []
        if state.base and not await self.unsent():
            dropped = [span for span in state.spans if span.last <= state.base]
            await self._database.write(partial(drop_segments, base=state.base))
        plan = await self._database.read(partial(plan_segments, torn=torn))
        if plan.state is not None:
            await self._database.write(partial(set_state, **plan.state))
        for group in plan.groups:
            name = segment_name(device, Span(group[0].first, group[-1].last))
            segment = await self._database.write(partial(remake_segment, spans=group))
            number = group[-1].last
            sealed = await asyncio.to_thread(pack, key, name, number, segment)
            await storage.write(name, sealed)
            log.info("wrote %s again, for %d segments", name, len(group))
            await self._database.write(partial(replace_segments, spans=group))
            dropped += group if len(group) > 1 else []
        if dropped:
            await self._write_head(storage, key, device)
            state = await self._state()
            # Also what a run has left that was killed before it removed a file.
            names = await storage.names(f"{DEVICES}/{device}")
            for span in filter(None, map(span_of, names)):
                if span not in state.spans:
                    await storage.remove(segment_name(device, span))

    async def _remove_files(self, storage: Storage, key: LibraryKey) -> None:
        """Remove the files of computers that were struck off, and attachments nobody names."""
        state = await self._state()
        if state.removing and state.is_marked and not state.base:
            for device in state.removing:
                for name in await storage.names(f"{DEVICES}/{device}"):
                    await storage.remove(f"{DEVICES}/{device}/{name}")
                log.info("removed the files of %s", device)
            await self._database.write(partial(set_state, removing=()))
            await self._database.write(partial(forget_struck, devices=state.struck))
        sql = "SELECT sha256 FROM sync_files WHERE unnamed_at < ?"
        if not await self._database.rows(sql, int(time.time()) - _UNNAMED_S):
            return
        expired = int((await expiry_time(self._database)).timestamp()) - _UNNAMED_S
        for row in await self._database.rows(sql, expired):
            await storage.remove(key.file_name(row["sha256"]))
            sql = "DELETE FROM sync_files WHERE sha256 = ? AND unnamed_at IS NOT NULL"
            await self._database.execute(sql, row["sha256"])

    # -------------------------------------------------------------- from the storage

    async def _read_heads(
        self, storage: Storage, key: LibraryKey, problems: dict[str, SyncError]
    ) -> dict[str, Head]:
        """Return the other devices' heads; add what is wrong with others to `problems`."""
        own, state = await self._own()
        heads: dict[str, Head] = {}
        for device in await storage.names(DEVICES):
            if device == own or device in set(state.struck) - set(state.removing):
                continue
            try:
                head = await _read(storage, key, head_name(device), 0, Head)
            except SyncRefusedError as error:
                if device not in state.removing:
                    problems[device] = error
                continue
            if head is not None:  # else its first segment is being written
                heads[device] = head
        struck = {*state.struck, *(id_ for head in heads.values() for id_ in head.struck)}
        if own in struck:  # others have its place
            log.info("this computer was struck off; a new name is taken")
            await self._database.write(partial(renew_device, head=None))
        if struck != set(state.struck):
            await self._database.write(partial(forget_struck, devices=struck))
        gone = struck - set(state.removing)
        return {id_: head for id_, head in heads.items() if id_ not in gone}

    async def _receive(
        self,
        storage: Storage,
        key: LibraryKey,
        heads: Mapping[str, Head],
        problems: dict[str, SyncError],
        progress: Progress | None,
    ) -> int:
        """Apply what is new; return the number of changes. Adds what is wrong to `problems`."""
        own, state = await self._own()
        peers = await self._database.read(read_peers)
        work = [
            (id_, s) for id_, head in heads.items() for s in needed_segments(peers.get(id_), head)
        ]
        claimed = [{device: peer.number} for device, peer in peers.items()]
        claimed += [head.seen for head in heads.values()]
        received = 0
        if len(work) > _MANY_SEGMENTS:
            sql = "INSERT INTO search_index (search_index, rank) VALUES ('automerge', 16)"
            await self._database.execute(sql)
        for done, (device, span) in enumerate(work):
            if progress is not None:
                progress(done, len(work))
            if device in problems:
                continue
            name = segment_name(device, span)
            note = partial(note_peer, device=device, head=heads[device], span=span)
            try:
                segment = await _read(storage, key, name, span.last, Segment)
            except SyncRefusedError as error:
                problems[name] = error
                log.info("skipped %s: it cannot be read", name)
                await self._database.write(partial(note, skipped_at=0))
                continue
            if segment is None:  # it is still on its way, or was just replaced
                known = peers[device].skipped if device in peers else {}
                since = known.get(span.last, time.time_ns() // 1000)
                if 0 < since / 1e6 < time.time() - _LATE_S:
                    problems[name] = sync_error("late", name=name)
                log.info("skipped %s: it is not there", name)
                await self._database.write(partial(note, skipped_at=since))
                continue
            if segment.schema > latest_version():
                problems[device] = sync_error("newer", name=heads[device].name)
                log.info("skipped %s: it is of a newer version", name)
                continue
            claimed.append(segment.seen)
            for start in range(0, len(segment.entries), _APPLIED_AT_ONCE):
                some = segment.entries[start : start + _APPLIED_AT_ONCE]
                apply = partial(_apply, device=device, entries=some)
                await self._database.write(apply)
            received += len(segment.entries)
            log.info("received %s: %d entries", name, len(segment.entries))
            await self._database.write(note)
        for peer in {id_ for seen in claimed for id_ in seen} - {own, *state.struck}:
            most = max(seen.get(peer, 0) for seen in claimed)
            if most > (heads[peer].number if peer in heads else 0):
                problems.setdefault(peer, sync_error("hidden", name=_name(peer, heads, peers)))
        if await self._database.read(has_waiting):
            skipped = any(peer.skipped for peer in (await self._database.read(read_peers)).values())
            is_complete = not problems and not skipped
            await self._database.write(partial(apply_waiting, is_complete=is_complete))
        for kind, id_ in await self._database.read(refused):  # as long as they are kept
            problems[f"{kind}/{id_}"] = sync_error("unknown", kind=kind, id=id_)
        return received

    async def _fetch_missing(self, storage: Storage, key: LibraryKey) -> dict[str, SyncError]:
        """Fetch the files that are missing here; return what is wrong with those there."""
        problems: dict[str, SyncError] = {}
        for row in await self._database.rows("SELECT sha256 FROM attachments"):
            path = attachment_path(self._attachments, row["sha256"])
            if not await asyncio.to_thread(path.is_file):
                try:
                    await self._fetch(storage, key, row["sha256"])
                except SyncRefusedError as error:
                    problems[key.file_name(row["sha256"])] = error
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


async def _read(
    storage: Storage, key: LibraryKey, name: str, number: int, kind: type[T]
) -> T | None:
    sealed = await storage.read(name)
    if sealed is None:
        return None
    return await asyncio.to_thread(unpack, key, name, number, sealed, kind)


def _apply(connection: sqlite3.Connection, device: str, entries: Sequence[Any]) -> None:
    Applier(connection, device).apply(entries)


def _name(id_: str, heads: Mapping[str, Head], peers: Mapping[str, Peer]) -> str:
    if id_ in heads:
        return heads[id_].name
    return peers[id_].facts.name if id_ in peers else id_
