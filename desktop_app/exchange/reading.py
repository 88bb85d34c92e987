"""From a file to the conversations in it: what kind of export it is, is told from its content.

JSON of our own, of ChatGPT, Open WebUI or LibreChat; or an archive (ZIP) with such JSON in it, as
OpenAI sends it. Whatever is in the file, reading it opens nothing else.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from desktop_app.domain.errors import ImportRefusedError
from desktop_app.exchange import chatgpt, librechat, open_webui, own_json
from desktop_app.exchange.imported import ImportedConversation, refused

# A person's whole history is some hundred megabytes; a bomb is refused before it is unpacked.
LARGEST_JSON: Final = 4 * 1024**3
LARGEST_PICTURE: Final = 64 * 1024**2

# What zipfile raises for damage, and for what it does not know or has no password for.
UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

Found = ImportedConversation | ImportRefusedError


@dataclass(frozen=True)
class Export:
    """What a file holds.

    Attributes:
        kind: the program it comes from, in words.
        total: how many conversations there are.
        conversations: to be read once; in the place of a damaged one stands what is wrong with it.
    """

    kind: str
    total: int
    conversations: Iterator[Found]


def read_export(path: Path) -> Export:
    """The conversations in a file.

    Raises:
        ImportRefusedError: it cannot be read, or is no export.
    """
    try:
        if zipfile.is_zipfile(path):
            return _read_archive(path)
        return _read_json(path.read_bytes(), lambda _: None)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        todo = "Check its name and whether you may read it."
        raise refused(f"{path.name} cannot be read: {reason}.", str(path), todo) from exc
    except UNREADABLE as exc:
        raise refused(f"The archive {path.name} is damaged.", str(exc)) from exc


def _read_archive(path: Path) -> Export:
    with closing(zipfile.ZipFile(path)) as archive:
        members = [
            info
            for info in archive.infolist()
            if PurePosixPath(info.filename).name.startswith("conversations")
            and info.filename.endswith(".json")
        ] or [info for info in archive.infolist() if info.filename.endswith(".json")][:1]
        if not members:
            raise refused(f"There are no conversations in {path.name}.")
        find = partial(_find_picture, path)
        exports = [_read_json(_unpacked(archive, info), find) for info in members]
    return Export(
        exports[0].kind,
        sum(export.total for export in exports),
        (found for export in exports for found in export.conversations),
    )


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > LARGEST_JSON:
        raise refused(f"{info.filename} is too large.", f"{info.file_size} bytes")
    if info.flag_bits & 1:
        raise refused("The archive asks for a password.")
    return archive.read(info)


def _find_picture(path: Path, file_id: str) -> tuple[str, bytes] | None:
    """The member whose name begins with the id of a file."""
    with closing(zipfile.ZipFile(path)) as archive:
        for info in archive.infolist():
            name = PurePosixPath(info.filename).name
            if file_id and name.startswith(file_id) and info.file_size <= LARGEST_PICTURE:
                with suppress(*UNREADABLE):  # one picture less
                    return name, archive.read(info)
    return None


def _read_json(data: bytes, find_file: chatgpt.FindFile) -> Export:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise refused("The file is no JSON, or damaged.", str(exc)) from exc
    if own_json.is_own(value):
        total = len(value["conversations"]) if isinstance(value.get("conversations"), list) else 0
        return Export("Repartee", total, own_json.read(value))
    items = value if isinstance(value, list) else [value]
    if chatgpt.is_chatgpt(value):
        readers: Callable[[Any], ImportedConversation] = partial(
            chatgpt.read_conversation, find_file=find_file
        )
        return Export("ChatGPT", len(items), _each(items, readers))
    if librechat.is_librechat(value):
        return Export("LibreChat", len(items), _each(items, librechat.read_conversation))
    if open_webui.is_open_webui(value):
        return Export("Open WebUI", len(items), _each(items, open_webui.read_conversation))
    raise refused("The file holds no conversations of Repartee, ChatGPT, Open WebUI or LibreChat.")


def _each(items: list[Any], read: Callable[[Any], ImportedConversation]) -> Iterator[Found]:
    for item in items:
        try:
            yield read(item)
        except ImportRefusedError as error:
            yield error
