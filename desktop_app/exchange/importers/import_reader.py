"""Reads the conversations in an export, whose kind is detected by its content.

An export is JSON or JSONL of Repartee or of one of `_PROGRAMS`, or a ZIP archive with such files.
Of an archive, the members named conversations….json are read, as in OpenAI's exports, and those in
a folder `design_chats`, as in Anthropic's; or all JSON members if there are none of these. Reading
an export never opens another file.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import chain
from os import fstat
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any, Final, NamedTuple
from zipfile import ZipInfo, is_zipfile

from desktop_app.domain import hints
from desktop_app.domain.bounds import BAD_VALUE
from desktop_app.domain.errors import ImportRefusedError
from desktop_app.domain.remembered_note import RememberedNote
from desktop_app.exchange import own_json
from desktop_app.exchange.importers import (
    chatbox,
    chatgpt,
    cherry_studio,
    claude,
    claude_library,
    deepseek,
    gemini,
    le_chat,
    librechat,
    lm_studio,
    message_forms,
    message_list,
    open_webui,
    openrouter,
)
from desktop_app.exchange.importers.imported_conversation import (
    EPOCH,
    FindFile,
    ImportedConversation,
    ImportedFolder,
    damaged_conversation_error,
    parse_json,
    short_title,
    text_at,
    time_from_seconds,
)
from desktop_app.exchange.importers.json_values import MAX_VALUE_CHARS, read_values
from desktop_app.foreign_file import (
    CHUNK_BYTES,
    ForeignArchive,
    RefusedFileError,
    open_file,
    read_chunks,
    reading_errors,
)
from desktop_app.i18n.translation import N_

# In bytes. A user's history takes some hundred megabytes.
MAX_JSON_BYTES: Final = 4 * 1024**3
MAX_IMAGE_BYTES: Final = 64 * 1024**2
# Text compresses to a fifth. Above this size, a file that is compressed to less than a hundredth is
# not an export, and would only fill the memory.
_ALWAYS_PLAUSIBLE_BYTES: Final = 64 * 1024**2
_MAX_COMPRESSION_RATIO: Final = 100
_MAX_DETAILS_CHARS: Final = 200  # of the JSON parser's message, in a sentence
OWN_KIND: Final = "Repartee"
"""The kind of this program's own exports."""
_ASSET_NAMES: Final = "conversation_asset_file_names.json"
"""A member of ChatGPT's archives since 2026: original names of files by their names there.

Some include a folder: `{"file-1.dat": "dalle-generations/1.webp", …}`.
"""
_LIBRARY_NAMES: Final = ("projects", "memories")
"""What the names of Claude's projects and memories begin with, or their folders have."""
_SAME_AS_JSON: Final = ("chat.html",)
"""Members of ChatGPT's archives with the same conversations."""
_MAX_NAMED: Final = 3
_MAX_SHOWN_NAMES: Final = 12
_BACKUP_FORMAT: Final = "repartee-backup"  # in the manifest of backup/backup.py

Imported = ImportedConversation | ImportRefusedError
"""A conversation, or the error of one that is damaged."""


@dataclass(frozen=True)
class ParsedExport:
    """The content of an export.

    Attributes:
        kind: the name of the program that wrote it.
        total: the number of conversations, including damaged ones.
        conversations: can be iterated once; has an error in place of each damaged conversation.
        folders: projects without conversations.
        notes: memories.
        left_out: returns the names of files of the archive that were not read, and their number;
            complete after the conversations.
    """

    kind: str
    total: int
    conversations: Iterator[Imported]
    folders: tuple[ImportedFolder, ...] = ()
    notes: tuple[RememberedNote, ...] = ()
    left_out: Callable[[], tuple[list[str], int]] = lambda: ([], 0)


class UnknownExportError(ImportRefusedError):
    """The file is of no known kind, or of a form of it in which no message was found."""

    def __init__(self) -> None:
        super().__init__(
            N_("The file isn’t recognized: no messages of a known program were found in it."),
            hint=N_("These are read: {programs}."),
            programs=", ".join((OWN_KIND, *(program.name for program in _PROGRAMS))),
        )


class _NotJsonError(ImportRefusedError):
    """The file is not JSON; `details` are the words of the parser."""

    def __init__(self, details: str) -> None:
        super().__init__(
            N_("The file is damaged or isn’t JSON."), hint=hints.EXPORT_AGAIN, details=details
        )


class _Program(NamedTuple):
    """Another program that exports conversations."""

    name: str
    is_conversation: Callable[[Any], bool]
    read: Callable[[Mapping[str, Any], FindFile], ImportedConversation]
    conversations_in: Callable[[Any], list[Any]] = lambda _value: []
    """Returns what `read` takes from a file's value, or from the list of its values."""


def _never(_value: Any) -> bool:
    """Return False: no value alone is a conversation."""
    return False


# If a value may be of several programs, the first of those that find messages in it is taken.
_PROGRAMS: Final = (
    _Program("DeepSeek", deepseek.is_conversation, deepseek.read_conversation),
    _Program("ChatGPT", chatgpt.is_conversation, chatgpt.read_conversation),
    _Program("Claude", claude.is_conversation, claude.read_conversation),
    _Program("Gemini (Google Takeout)", _never, gemini.read_conversation, gemini.conversations_in),
    _Program("Grok", _never, message_list.read_as("grok"), message_forms.grok),
    _Program("Le Chat", _never, le_chat.read_conversation, le_chat.conversations_in),
    _Program("OpenRouter", openrouter.is_conversation, openrouter.read_conversation),
    _Program("LibreChat", librechat.is_conversation, librechat.read_conversation),
    _Program("LM Studio", lm_studio.is_conversation, lm_studio.read_conversation),
    _Program(
        "Chatbox", chatbox.is_conversation, chatbox.read_conversation, chatbox.conversations_in
    ),
    _Program(
        "Cherry Studio", _never, cherry_studio.read_conversation, cherry_studio.conversations_in
    ),
    _Program("Jan", _never, message_list.read_as("jan"), message_forms.jan),
    _Program("TypingMind", _never, message_list.read_as("typingmind"), message_forms.typing_mind),
    _Program("AI Studio", _never, message_list.read_as("ai-studio"), message_forms.ai_studio),
    _Program(
        "AnythingLLM", _never, message_list.read_as("anythingllm"), message_forms.anything_llm
    ),
    _Program("Codex", _never, message_list.read_as("codex"), message_forms.codex),
    _Program("Zed", _never, message_list.read_as("zed"), message_forms.zed),
    _Program("PyGPT", _never, message_list.read_as("pygpt"), message_forms.pygpt),
    _Program("llama.cpp", _never, message_list.read_as("llama.cpp"), message_forms.llama_cpp),
    _Program("T3 Chat", _never, message_list.read_as("t3"), message_forms.t3_chat),
    _Program("HuggingChat", message_forms.is_hugging_chat, message_list.read_as("huggingchat")),
    _Program("ShareGPT", _never, message_list.read_as("sharegpt"), message_forms.share_gpt),
    _Program("Open WebUI", open_webui.is_conversation, open_webui.read_conversation),
    _Program(
        "OpenAI messages",
        message_list.is_conversation,
        message_list.read_as("messages"),
        message_list.conversations_in,
    ),
)

_ChunksOf = Callable[..., Generator[bytes]]
"""Returns the bytes of a file from its beginning, or from the place that is given."""


def read_export(path: Path) -> ParsedExport:
    """Return the conversations in a file.

    Raises:
        ImportRefusedError: it cannot be read, or is not an export.
    """
    with reading_errors(path, hints.EXPORT_AGAIN), open_file(path) as file:
        file_time = time_from_seconds(fstat(file.fileno()).st_mtime) or EPOCH
        if is_zipfile(file):
            archive = _Archive(path)
            try:
                export = _read_archive(archive)
            finally:
                archive.close()  # reading the conversations opens it again
        else:
            export = _read_json(partial(_chunks_of_file, path), lambda _file_id: None)
    return replace(export, conversations=_with_errors(export.conversations, path, file_time))


def _chunks_of_file(path: Path, start: int = 0) -> Generator[bytes]:
    with open_file(path) as file:
        yield from read_chunks(file, MAX_JSON_BYTES, start)


def _with_errors(
    conversations: Iterator[Imported], path: Path, file_time: datetime
) -> Iterator[Imported]:
    """Yield the conversations. Raises ImportRefusedError if the file has changed meanwhile."""
    with reading_errors(path, hints.EXPORT_AGAIN):
        try:
            for each in conversations:
                yield _with_time(each, file_time)
        except json.JSONDecodeError as exc:
            raise _NotJsonError(str(exc)) from exc


def _with_time(imported: Imported, file_time: datetime) -> Imported:
    """Return the conversation. One without any time gets the file's time instead of 1970."""
    if isinstance(imported, ImportRefusedError) or imported.conversation.created_at != EPOCH:
        return imported
    delay: timedelta = file_time - EPOCH
    conversation = replace(
        imported.conversation,
        created_at=imported.conversation.created_at + delay,
        updated_at=imported.conversation.updated_at + delay,
    )
    messages = tuple(replace(m, created_at=m.created_at + delay) for m in imported.messages)
    return replace(imported, conversation=conversation, messages=messages)


# ---------------------------------------------------------------------- archives


def _read_archive(archive: _Archive) -> ParsedExport:
    """Return the conversations of all files of an archive; a damaged file counts as one."""
    # macOS adds hidden files to archives.
    infos = {
        PurePosixPath(info.filename): info
        for info in archive.members
        if not PurePosixPath(info.filename).name.startswith(".")
    }
    members = [
        (path, info)
        for path, info in infos.items()
        if path.suffix in (".json", ".jsonl")
        # A thread of Jan's is read with its messages.
        and not (
            path.name == message_forms.JAN_THREAD
            and path.with_name(message_forms.JAN_MESSAGES) in infos
        )
    ]
    named_members = [
        (path, info)
        for path, info in members
        if path.name.startswith(("conversations", *_LIBRARY_NAMES))
        or path.parent.name in ("design_chats", *_LIBRARY_NAMES)
    ]
    members = named_members or members
    if not members:
        # OpenAI's privacy portal packs archives into an archive.
        if any(path.suffix == ".zip" for path in infos):
            raise ImportRefusedError(
                N_("The file contains only other ZIP archives."),
                hint=N_("Unpack it, then import the archives in it."),
            )
        raise RefusedFileError(N_("{file} contains no conversations."))
    _require_plausible([info for _, info in members])
    exports: list[ParsedExport] = []
    refusals: list[ImportRefusedError] = []
    for path, info in members:
        parts = [info]
        thread = infos.get(path.with_name(message_forms.JAN_THREAD))
        if path.name == message_forms.JAN_MESSAGES and thread:
            parts = [thread, info]
        try:
            exports.append(_read_json(partial(archive.chunks_of, parts), archive.find))
            archive.read_names |= {part.filename for part in parts}
        except (ImportRefusedError, RefusedFileError) as exc:
            if len(members) == 1:  # its error is the error of the export
                raise
            # If no name tells which files are conversations, other JSON files are expected.
            if named_members or not isinstance(exc, UnknownExportError):
                refusals.append(_member_error(info, exc))
    if not exports:
        raise refusals[0] if refusals else UnknownExportError()
    kinds = [export.kind for export in exports if export.total] or [exports[0].kind]
    names = [str(path) for path, info in infos.items() if not info.is_dir()]
    return ParsedExport(
        kinds[0],
        sum(export.total for export in exports) + len(refusals),
        archive.close_after(chain(*(export.conversations for export in exports), refusals)),
        tuple(folder for export in exports for folder in export.folders),
        tuple(note for export in exports for note in export.notes),
        lambda: _summary([name for name in names if name not in archive.read_names]),
    )


def _summary(names: Sequence[str]) -> tuple[list[str], int]:
    """Return names of files, with a number in place of many of one type, and their number."""
    by_suffix: dict[str, list[str]] = {}
    for name in names:
        if PurePosixPath(name).name not in (_ASSET_NAMES, *_SAME_AS_JSON):
            by_suffix.setdefault(PurePosixPath(name).suffix, []).append(short_title(name))
    rows = (
        found if len(found) <= _MAX_NAMED or not suffix else [f"{len(found)} × {suffix}"]
        for suffix, found in by_suffix.items()
    )
    shown = [*chain(*rows)]
    if len(shown) > _MAX_SHOWN_NAMES:
        shown = [*shown[:_MAX_SHOWN_NAMES], "…"]
    return shown, sum(map(len, by_suffix.values()))


def _member_error(info: ZipInfo, exc: ImportRefusedError | RefusedFileError) -> ImportRefusedError:
    """Return the error of one of several members, with the member's name."""
    name = short_title(info.filename)
    if isinstance(exc, RefusedFileError):  # its sentence has a place for the name
        return ImportRefusedError(
            exc.message, params=exc.params, hint=hints.EXPORT_AGAIN, file=name
        )
    if not isinstance(exc, _NotJsonError):
        return exc
    return ImportRefusedError(
        N_("{file} is damaged ({words})."),
        hint=hints.EXPORT_AGAIN,
        file=name,
        words=exc.details[:_MAX_DETAILS_CHARS],
    )


def _require_plausible(members: list[ZipInfo]) -> None:
    """Raise RefusedFileError if the members unpack to too many bytes."""
    unpacked = sum(info.file_size for info in members)
    packed = sum(info.compress_size for info in members)
    if unpacked > MAX_JSON_BYTES:
        raise RefusedFileError(
            N_("{file} is larger than {limit} MB when unpacked."), limit=MAX_JSON_BYTES >> 20
        )
    if unpacked > _ALWAYS_PLAUSIBLE_BYTES and unpacked > _MAX_COMPRESSION_RATIO * packed:
        raise RefusedFileError(N_("{file} unpacks to more than 100 times its size."))


class _Archive:
    """The files of an archive, which is opened when one is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.read_names: set[str] = set()
        self._unpacked: dict[str, IO[bytes]] = {}

    @cached_property
    def _archive(self) -> ForeignArchive:
        return ForeignArchive(open_file(self._path))

    @property
    def members(self) -> list[ZipInfo]:
        return self._archive.members

    @cached_property
    def _names(self) -> tuple[dict[str, ZipInfo], list[str], Any]:
        """Return the members by name, their sorted names, and the original ones."""
        members = {PurePosixPath(info.filename).name: info for info in self.members}
        names_info = members.get(_ASSET_NAMES)
        data = b"" if names_info is None else self._archive.read(names_info, MAX_IMAGE_BYTES)
        return members, sorted(members), parse_json(data)

    def chunks_of(self, infos: list[ZipInfo], start: int = 0) -> Generator[bytes]:
        """Yield the bytes of members, one after another, from a place on."""
        if not start:
            yield from chain.from_iterable(map(self._archive.chunks, infos))
            return
        name = infos[0].filename
        if name not in self._unpacked:  # only a file can be read from anywhere
            self._unpacked[name] = TemporaryFile()  # noqa: SIM115 - closed with the archive
            self._unpacked[name].writelines(self.chunks_of(infos))
        file = self._unpacked[name]
        file.seek(start)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk

    def find(self, file_id: str) -> tuple[str, bytes] | None:
        """Return the name and bytes of the first member whose name begins with a file id.

        The name is the original one if the archive has it. Return None if there is no such member,
        or if it cannot be read: the import continues without it.
        """
        with suppress(OSError, RefusedFileError):
            members, names, original_names = self._names
            index = bisect_left(names, file_id)
            name = "".join(names[index : index + 1])
            if file_id and name.startswith(file_id):
                data = self._archive.read(members[name], MAX_IMAGE_BYTES)
                self.read_names.add(members[name].filename)
                return PurePosixPath(text_at(original_names, name)).name or name, data
        return None

    def close(self) -> None:
        """Close the archive if it is open."""
        if archive := vars(self).pop("_archive", None):
            archive.close()
        while self._unpacked:
            self._unpacked.popitem()[1].close()

    def close_after(self, conversations: Iterator[Imported]) -> Iterator[Imported]:
        """Yield the conversations, then close the archive."""
        try:
            yield from conversations
        finally:
            self.close()


# ---------------------------------------------------------------------- JSON


def _read_json(chunks_of: _ChunksOf, find_file: FindFile) -> ParsedExport:
    """Return the conversations in JSON. The first of a known kind decides the kind of all.

    The JSON is read twice: first to learn whether it is whole, and how much is in it.
    """
    total = 0
    first: Any = None
    found: _Program | None = None
    try:
        if own := own_json.find_lines(chunks_of):
            return ParsedExport(OWN_KIND, own.total, own_json.read_lines(own, chunks_of))
        for value in read_values(chunks_of()):
            total += 1
            if total == 1:
                first = value
            found = found or _program_of(value, find_file)
    except json.JSONDecodeError as exc:
        raise _NotJsonError(str(exc)) from exc
    if total == 1 and isinstance(first, ImportRefusedError):
        raise first
    if found is None and (library := _library_of([first] if total == 1 else chunks_of)):
        return library
    if total == 1 and own_json.is_own(first):
        rows = first.get("conversations")
        count = len(rows) if isinstance(rows, list) else 0
        return ParsedExport(OWN_KIND, count, own_json.read_conversations(first))
    if total == 1 and text_at(first, "format") == _BACKUP_FORMAT:
        raise ImportRefusedError(
            N_("The file is a backup, not an export."), hint=hints.RESTORE_BACKUP
        )
    if total == 1 or found is None:
        # The values are no conversations, but contain them or are their messages.
        values = [first] if total == 1 else _all_values(chunks_of)
        damaged = [each for each in values if isinstance(each, ImportRefusedError)]
        values = [each for each in values if not isinstance(each, ImportRefusedError)]
        # Messages of an unknown program are taken only from a file that no other wrote.
        for program in _PROGRAMS[:-1] if found else _PROGRAMS:
            items = program.conversations_in(values)
            if total == 1:
                items = items or program.conversations_in(first)
            if items:
                conversations = _read_each(
                    chain(items, damaged), program, find_file, is_known=_is_object
                )
                return ParsedExport(program.name, len(items) + len(damaged), conversations)
    if found is None:
        raise UnknownExportError

    def read() -> Iterator[Imported]:  # the file is opened when the first is taken
        yield from _read_each(
            read_values(chunks_of()), found, find_file, is_known=found.is_conversation
        )

    return ParsedExport(found.name, total, read())


def _all_values(chunks_of: _ChunksOf) -> list[Any]:
    """Return the values of a file of messages, of which all must be in memory.

    Raises RefusedFileError if they would fill it.
    """

    def chunks() -> Iterator[bytes]:
        size = 0
        for chunk in chunks_of():
            size += len(chunk)
            if size > MAX_VALUE_CHARS:
                raise RefusedFileError(
                    N_("{file} is larger than {limit} MB."), limit=MAX_VALUE_CHARS >> 20
                )
            yield chunk

    return [*read_values(chunks())]


def _library_of(source: list[Any] | _ChunksOf) -> ParsedExport | None:
    """Return the projects and memories that values are; None if they are something else."""
    values = source if isinstance(source, list) else read_values(source())
    folders: list[ImportedFolder] = []
    notes: list[RememberedNote] = []
    for value in values:
        if claude_library.is_project(value):
            folders.append(claude_library.read_project(value))
            notes += folders[-1].notes
        elif claude_library.is_memory(value):
            notes += claude_library.read_memory(value)
        else:
            return None
    if not folders and not notes:
        return None
    return ParsedExport("Claude", 0, iter(()), tuple(folders), tuple(notes))


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _program_of(value: Any, find_file: FindFile) -> _Program | None:
    """Return the program of a conversation, by its form and by the messages that it yields."""
    programs = [program for program in _PROGRAMS if program.is_conversation(value)]
    for program in programs[:-1]:
        with suppress(*BAD_VALUE):
            if program.read(value, find_file).messages:
                return program
    return programs[-1] if programs else None


def _read_each(
    items: Iterator[Any], program: _Program, find_file: FindFile, *, is_known: Callable[[Any], bool]
) -> Iterator[Imported]:
    for item in items:
        try:
            if isinstance(item, ImportRefusedError):
                yield item
            elif is_known(item):
                yield program.read(item, find_file)
            else:
                yield ImportRefusedError(
                    N_("The file contains a conversation that isn’t from {program}."),
                    hints.EXPORT_AGAIN,
                    program=program.name,
                )
        except BAD_VALUE as exc:
            yield damaged_conversation_error(item, exc)
