"""`repartee import`, `export`, `search`, `backup`, `restore` and `repair`: the library without a window.

All but `restore` and `repair` work beside an open window, in short transactions. Progress goes to standard error:
on a terminal in one line that changes, with --progress a line for each step.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.domain.conversation import Conversation, ModelChoice, now
from desktop_app.domain.errors import StorageError, UserFacingError
from desktop_app.exchange import markdown
from desktop_app.exchange.imported import ImportedConversation
from desktop_app.exchange.own_json import JsonWriter
from desktop_app.exchange.reading import read_export
from desktop_app.headless.backend import Backend, build_backend
from desktop_app.headless.terminal import say
from desktop_app.paths import folders
from desktop_app.storage.backup import keep_newest, make_backup, restore_backup
from desktop_app.storage.importing import Added, ImportStore
from desktop_app.storage.repair import repair_store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

EXIT_FAILED, EXIT_INTERRUPTED = 1, 130
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')


def run_library(options: argparse.Namespace) -> int:
    """Do what the command line says; returns the exit code."""
    run = {"import": _import, "export": _export, "search": _search, "backup": _backup}
    try:
        if options.command == "restore":
            return _restore(options)
        if options.command == "repair":
            return _repair()
        return asyncio.run(run[options.command](options))
    except UserFacingError as error:
        say(error.sentences)
        return EXIT_FAILED
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED


class Steps:
    """Says how far the work has come."""

    def __init__(self, what: str, *, in_lines: bool) -> None:
        self._what = what
        self._in_lines = in_lines
        stream = sys.stderr
        self._on_terminal = stream is not None and stream.isatty() and not in_lines

    def show(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        if self._in_lines:
            print(f"{done} {total}", file=sys.stderr, flush=True)
        elif self._on_terminal:
            print(f"\r{self._what}: {done:,} of {total:,}\033[K", end="", file=sys.stderr)

    def clear(self) -> None:
        """The work has ended: the line is free again."""
        if self._on_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _path(name: str) -> Path:
    return Path(name).expanduser()


def _is_folder(path: Path) -> bool:
    return path.is_dir()


@asynccontextmanager
async def _opened() -> AsyncIterator[Backend]:
    backend = build_backend()
    try:
        await backend.database.open()
        yield backend
    finally:
        await backend.aclose()


# -------------------------------------------------------------- import


@dataclass
class _Taken:
    """What came out of one file."""

    file: str
    kind: str = ""
    conversations: int = 0
    added: int = 0
    messages: int = 0
    refused: list[str] = field(default_factory=list)

    def count(self, added: Added) -> None:
        self.conversations += 1
        self.added += added.is_new
        self.messages += added.messages

    @property
    def sentence(self) -> str:
        if not self.kind:
            return f"{self.file}: {self.refused[0]}"
        more = self.messages and not self.added
        came = _count(self.messages, "message") if more else _count(self.added, "conversation")
        known = self.conversations - self.added
        there = f"; {_count(known, 'conversation')} known already" if known else ""
        return f"{self.file} ({self.kind}): {came} added{there}."


async def _import(options: argparse.Namespace) -> int:
    async with _opened() as backend:
        values = await backend.values()
        profile = await backend.default_profile(await backend.profiles(), values)
        choice = backend.default_choice(profile, values)
        taken = []
        for name in options.files:
            taken.append(await _import_file(backend, Path(name), choice, options))
            if not options.json:
                _say_taken(taken[-1])
    if options.json:
        print(json.dumps({"files": [vars(one) for one in taken]}, ensure_ascii=False))
    return EXIT_FAILED if any(one.refused for one in taken) else 0


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say_taken(taken: _Taken) -> None:
    say(taken.sentence)
    for why in taken.refused if taken.kind else ():
        say(why)


async def _import_file(
    backend: Backend, path: Path, choice: ModelChoice, options: argparse.Namespace
) -> _Taken:
    """Everything that can be read; a conversation that cannot be does not stop the others."""
    taken, store = _Taken(path.name), ImportStore(backend.database)
    steps = Steps(f"Importing {path.name}", in_lines=options.progress)
    try:
        export = read_export(path)
        taken.kind = export.kind
        for number, found in enumerate(export.conversations):
            steps.show(number, export.total)
            if isinstance(found, ImportedConversation):
                taken.count(await _take_in(backend, store, found, choice))
            else:
                taken.refused.append(found.sentences)
    except StorageError:
        steps.clear()
        raise
    except UserFacingError as error:
        taken.refused.append(error.sentences)
    steps.clear()
    return taken


async def _take_in(
    backend: Backend, store: ImportStore, found: ImportedConversation, choice: ModelChoice
) -> Added:
    for file in found.files:
        await backend.attachments.add(
            file.data,
            sha256=file.sha256,
            name=file.name,
            media_type=file.media_type,
            text=file.text,
            pages=file.pages,
            tokens=file.tokens,
        )
    conversation = found.conversation
    if not conversation.choice.provider_id:  # of another program, whose providers we do not know
        conversation = replace(conversation, choice=choice)
    return await store.add(conversation, found.messages, found.folder, found.compactions)


# -------------------------------------------------------------- export


async def _export(options: argparse.Namespace) -> int:
    async with _opened() as backend:
        wanted = await _wanted(backend, options)
        steps = Steps("Exporting", in_lines=options.progress)
        target = _path(options.to)
        try:
            if options.format == "json":
                await _export_json(backend, wanted, target, steps)
            else:
                await _export_each(backend, wanted, target, steps, is_one=not options.all)
        except OSError as exc:
            raise _unwritable(target, exc) from exc
        finally:
            steps.clear()
    say(f"{_count(len(wanted), 'conversation')} exported to {target}.")
    return 0


async def _wanted(backend: Backend, options: argparse.Namespace) -> list[Conversation]:
    everything = await backend.conversations.all()
    if options.all:
        return sorted(everything, key=lambda conversation: conversation.created_at)
    known = {conversation.id: conversation for conversation in everything}
    if missing := [one for one in options.conversation if one not in known]:
        raise StorageError(
            f"There is no conversation {missing[0]}.",
            what_was_kept="Nothing was exported.",
            what_to_do="“repartee search TEXT --json” tells the ids.",
        )
    return [known[one] for one in dict.fromkeys(options.conversation)]


async def _export_json(
    backend: Backend, wanted: list[Conversation], target: Path, steps: Steps
) -> None:
    """One file, written under another name until it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            await _write_json(backend, wanted, JsonWriter(stream), steps)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


async def _write_json(
    backend: Backend, wanted: list[Conversation], writer: JsonWriter, steps: Steps
) -> None:
    used = {conversation.folder_id for conversation in wanted}
    for folder in await backend.conversation_folders.all():
        if folder.id in used:
            writer.folder(folder)
    hashes: set[str] = set()
    for number, conversation in enumerate(wanted):
        steps.show(number, len(wanted))
        messages = await backend.conversations.messages(conversation.id)
        made = await backend.compactions.of(conversation.id)
        writer.conversation(conversation, messages, made)
        parts = [part for message in messages for part in message.attachments]
        hashes |= {part.sha256 for part in (*parts, *conversation.draft.attachments)}
    for sha256 in sorted(hashes):
        file = await backend.attachments.file(sha256)
        if file is not None:
            writer.file(file)
    writer.end()


async def _export_each(
    backend: Backend,
    wanted: list[Conversation],
    target: Path,
    steps: Steps,
    *,
    is_one: bool,
) -> None:
    is_folder = not is_one or len(wanted) > 1 or _is_folder(target)
    names = _names(wanted, ".md")
    for number, conversation in enumerate(wanted):
        steps.show(number, len(wanted))
        path = await backend.conversations.path(conversation.id)
        text = markdown.written(conversation, path, lambda m: backend.catalog.info(m).name)
        file = target / next(names) if is_folder else target
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", errors="replace")


def _names(wanted: list[Conversation], suffix: str) -> Iterator[str]:
    """A name for each file, out of its date and title; never one twice."""
    given: dict[str, int] = {}
    for conversation in wanted:
        day = conversation.created_at.astimezone().date().isoformat()
        title = _NOT_IN_A_NAME.sub(" ", conversation.title).strip(" .")[:80].rstrip()
        stem = f"{day} {title or 'Conversation'}"
        given[stem] = given.get(stem, 0) + 1
        again = f" ({given[stem]})" if given[stem] > 1 else ""
        yield f"{stem}{again}{suffix}"


def _unwritable(target: Path, exc: OSError) -> StorageError:
    return StorageError(
        f"{target} could not be written: {exc.strerror or type(exc).__name__}.",
        what_was_kept="The library is as it was.",
        what_to_do="Choose another place.",
    )


# -------------------------------------------------------------- search


async def _search(options: argparse.Namespace) -> int:
    async with _opened() as backend:
        hits = await backend.search.find(options.text, options.limit)
    if options.json:
        found: list[dict[str, Any]] = [
            {
                "conversation": hit.conversation_id,
                "title": hit.title,
                "message": hit.message_id,
                "snippet": hit.snippet.replace("\x02", "").replace("\x03", ""),
                "date": hit.date.isoformat(),
            }
            for hit in hits
        ]
        print(json.dumps(found, ensure_ascii=False, indent=1))
    for hit in hits if not options.json else ():
        bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        snippet = " ".join(hit.snippet.split())
        snippet = snippet.replace("\x02", bold[0]).replace("\x03", bold[1])
        print(f"{hit.date.astimezone():%Y-%m-%d %H:%M}  {hit.title}  [{hit.conversation_id}]")
        print(f"    {snippet}")
    return 0 if hits else EXIT_FAILED


# -------------------------------------------------------------- backup


async def _backup(options: argparse.Namespace) -> int:
    where, steps = folders(), Steps("Packing", in_lines=options.progress)
    async with _opened():  # a store of an older version is brought up to date first
        folder = _path(options.folder)
        made = make_backup(where.database, where.attachments, folder, now(), steps.show)
        if options.keep is not None:
            keep_newest(folder, max(1, options.keep))
    steps.clear()
    print(made)
    return 0


def _restore(options: argparse.Namespace) -> int:
    where, steps = folders(), Steps("Unpacking", in_lines=False)
    archive = _path(options.path)
    before = restore_backup(archive, where.database, where.attachments, now(), steps.show)
    steps.clear()
    say(f"The library is as it was when {archive.name} was made.")
    if before is not None:
        say(f"What was there before is kept in {before}.")
    return 0


def _repair() -> int:
    where, steps = folders(), Steps("Reading", in_lines=False)
    if not where.database.exists():
        raise StorageError("There is no store yet.", what_to_do="Start Repartee: it makes one.")
    found = repair_store(where.database, now(), steps.show)
    steps.clear()
    say(found.sentence)
    return 0
