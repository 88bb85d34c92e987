"""Malicious import files, each with the expected result.

If a file holds several conversations, one is valid and has the title GOOD. It must be imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

GOOD: Final = "Sound and wanted"
NOON: Final = "2026-03-14T12:00:00.000000+00:00"
CHOICE: Final = {"provider_id": "", "model": "m", "variant": None, "effort": None}


@dataclass(frozen=True)
class Hostile:
    """A file, and the number of conversations that are imported from it."""

    path: Path
    imported: int = 0


def conversation(number: int = 1, title: str = "Bad", **changes: Any) -> dict[str, Any]:
    """Return a conversation in our own JSON, with a single question."""
    id_ = f"{number:032x}"
    return {
        "id": id_,
        "title": title,
        "created_at": NOON,
        "updated_at": NOON,
        "pinned": False,
        "archived": False,
        "folder_id": None,
        "leaf_id": f"{number:016x}{1:016x}",
        "choice": CHOICE,
        "overrides": {},
        "draft": {"text": "", "attachments": []},
        "preset": None,
        "messages": [message(number)],
        "compactions": [],
        **changes,
    }


def message(number: int = 1, at: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a question in our own JSON."""
    return {
        "id": f"{number:016x}{at:016x}",
        "parent_id": None,
        "role": "user",
        "status": "complete",
        "created_at": NOON,
        "choice": None,
        "usage": None,
        "cost": None,
        "duration_s": None,
        "error": None,
        "notices": [],
        "parts": [{"kind": "text", "text": "Hello"}],
        **changes,
    }


def own(*conversations: Any, **sections: Any) -> dict[str, Any]:
    """Return an export in our own JSON."""
    return {"format": "repartee", "version": 1, "conversations": list(conversations), **sections}


def chatgpt(number: int = 1, title: str = "Bad", text: str = "Hello", **changes: Any) -> Any:
    """Return a conversation as ChatGPT exports it."""
    asked = {
        "author": {"role": "user"},
        "content": {"content_type": "text", "parts": [text]},
        "create_time": 1.7e9,
    }
    return {
        "title": title,
        "create_time": 1.7e9,
        "conversation_id": f"c-{number}",
        "current_node": "u",
        "mapping": {"u": {"id": "u", "parent": None, "message": {**asked, **changes}}},
    }


GOOD_OWN: Final = conversation(999, GOOD)
GOOD_CHATGPT: Final = chatgpt(999, GOOD)


def bad_conversations() -> dict[str, Any]:
    """Return invalid conversations in our own JSON, by defect. They must be skipped."""
    bad_id, bad_hash = "../../../../etc/passwd", "../" * 20 + "etc/passwd"
    document = {"kind": "document", "name": "a", "media_type": "text/plain", "size": 1}
    usage = {"input_tokens": 1, "cached_tokens": 0, "output_tokens": 0, "reasoning_tokens": 0}
    passage = {
        "number": 1, "collection_id": "c", "sha256": bad_hash, "name": "a", "page": None,
        "place": "", "start": 0, "end": 1, "text": "x",
    }  # fmt: skip
    found = {"kind": "passages", "collection_id": "c", "name": "c", "passages": [passage]}

    def said(**changes: Any) -> dict[str, Any]:
        return conversation(messages=[message(**changes)])

    def attached(**changes: Any) -> dict[str, Any]:
        return said(parts=[{**document, "sha256": "0" * 64, **changes}])

    def compacted(body: str) -> dict[str, Any]:
        made = {
            "id": "b" * 32, "message_id": message()["id"], "kind": "provider", "provider_id": "p",
            "model": "m", "body": body, "created_at": NOON, "tokens_before": 1,
            "tokens_after": 1, "undone_at": None,
        }  # fmt: skip
        return conversation(compactions=[made])

    nested: Any = 1
    for _ in range(300):
        nested = [nested]
    return {
        "id-path": conversation(id=bad_id),
        "id-megabyte": conversation(id="a" * (1 << 20)),
        "id-nul": conversation(id="a\0b"),
        "id-number": conversation(id=5),
        "title-megabytes": conversation(title="x" * (4 << 20)),
        "message-id-path": said(id=bad_id),
        "message-is-its-parent": said(parent_id=message()["id"]),
        "parents-in-a-ring": conversation(
            messages=[message(at=1, parent_id=message(at=2)["id"]), message(at=2)]
        ),
        "duplicate-ids": conversation(messages=[message(), message()]),
        "leaf-elsewhere": conversation(leaf_id="f" * 32),
        "leaf-is-a-list": conversation(leaf_id=[]),
        "folder-unknown": conversation(folder_id="f" * 32),
        "year-0": conversation(created_at="0001-01-01T00:00:00+00:00"),
        "year-9999": conversation(updated_at="9999-12-31T23:59:59-12:00"),
        "year-9999999": conversation(created_at="9999999-01-01T00:00:00+00:00"),
        "tokens-negative": said(usage={**usage, "input_tokens": -1}),
        "tokens-2-to-62": said(usage={**usage, "output_tokens": 2**62}),
        "tokens-2-to-70": said(usage={**usage, "output_tokens": 2**70}),
        "cost-million-digits": said(cost="1E+999999"),
        "cost-nan": said(cost="NaN"),
        "cost-infinite": said(cost="-Infinity"),
        "cost-negative": said(cost="-5"),
        "cost-list": said(cost=[0, [1], "x"]),
        "duration-year": said(duration_s=1e300),
        "hash-is-a-path": attached(sha256=bad_hash),
        "hash-upper-case": attached(sha256="A" * 64),
        "passage-hash-is-a-path": said(parts=[found]),
        "size-negative": attached(size=-1),
        "pictured-nested": attached(pictured=[{"number": nested, "width": 1, "height": 1}]),
        "part-unknown": said(parts=[{"kind": "program", "text": "x"}]),
        "a-million-answers": conversation(overrides={"candidates": 10**6}),
        "stop-of-lists": conversation(overrides={"stop": [[1]]}),
        "preset-nested": conversation(preset={"name": "p", "settings": {"stop": nested}}),
        "state-nested": compacted("[" * 100_000 + "]" * 100_000),
        "state-is-none": compacted('{"a": 1}'),
        "not-an-object": "a conversation",
        "null": None,
        "error-is-a-number": said(error={"what_happened": 5}),
    }


def bad_texts() -> dict[str, str]:
    """Return conversations as JSON text with numbers that Python would not write."""
    text = json.dumps(conversation(messages=[message(duration_s=12345)]))
    return {
        "nan": text.replace("12345", "NaN"),
        "infinity": text.replace("12345", "-Infinity"),
        "1e400": text.replace("12345", "1e400"),
    }


def foreign_files() -> dict[str, tuple[Any, int]]:
    """Return exports of other programs with the numbers of imported conversations."""
    marks = "\ue200" * 200_000
    chain = {
        f"n{n}": {
            "parent": f"n{n - 1}",
            "message": {
                "author": {"role": "assistant"},
                "content": {"content_type": "thoughts", "thoughts": [{"content": "x"}]},
            },
        }
        for n in range(3000)
    }
    alt = {"matched_text": "\ue200a\ue201", "alt": "x" * 500_000}
    expanding = chatgpt(text="\ue200a\ue201" * 20_000, metadata={"content_references": [alt] * 10})
    ring = {
        "title": "Ring", "conversation_id": "ring", "current_node": "a",
        "mapping": {
            "a": {**GOOD_CHATGPT["mapping"]["u"], "parent": "b"},
            "b": {**GOOD_CHATGPT["mapping"]["u"], "parent": "a"},
        },
    }  # fmt: skip
    reasoning = '<details type="reasoning">' * 200_000
    webui = {
        "title": GOOD,
        "chat": {"messages": [{"id": "a", "role": "assistant", "content": reasoning}]},
    }
    picture = {"type": "image", "url": "data:image/png;base64," + "A" * (90 << 20)}
    with_picture = {
        "title": GOOD,
        "chat": {"messages": [{"id": "a", "role": "user", "content": "x", "files": [picture]}]},
    }
    libre = {"conversationId": "l", "title": GOOD}
    canvas = {
        "author": {"role": "assistant"},
        "recipient": "canmore.create_textdoc",
        "content": {"content_type": "code", "text": json.dumps(
            {"name": "n", "type": "code/python", "content": "`" * 500_000}
        )},
    }  # fmt: skip
    return {
        "chatgpt-marks-without-end": ([chatgpt(text=marks, metadata={}), GOOD_CHATGPT], 2),
        "chatgpt-marks-that-expand": ([expanding, GOOD_CHATGPT], 2),
        "chatgpt-ring": ([ring, GOOD_CHATGPT], 2),
        "chatgpt-time-huge": ([chatgpt(create_time=10**400), GOOD_CHATGPT], 2),
        "chatgpt-time-9999": ([chatgpt(create_time=2.5e11), GOOD_CHATGPT], 2),
        "chatgpt-time-negative": ([chatgpt(create_time=-9e15), GOOD_CHATGPT], 2),
        "chatgpt-reasons-for-ever": ([{**chatgpt(), "mapping": chain}, GOOD_CHATGPT], 2),
        "chatgpt-ticks": ([{**chatgpt(), "mapping": {"u": {"message": canvas}}}], 1),
        "chatgpt-mapping-of-junk": (
            [{**chatgpt(), "mapping": {"u": 1, "v": {"message": []}}}, GOOD_CHATGPT],
            2,
        ),
        "claude-junk": (
            {"uuid": "c", "name": GOOD, "chat_messages": [1, {"content": [{"input": 1}, None]}]},
            1,
        ),
        "open-webui-reasoning": ([webui], 1),
        "open-webui-picture": ([with_picture], 1),
        "librechat-times": (
            {**libre, "messages": [{"messageId": "a", "text": "x", "createdAt": 1e300}]},
            1,
        ),
        "librechat-tree": ({**libre, "messagesTree": [{"children": {"a": 1}, "text": "x"}]}, 1),
    }


def names() -> list[str]:
    """Return the names of the files that `hostile_files` writes."""
    own_names = [f"own-{name}" for name in (*bad_conversations(), *bad_texts())]
    return [*own_names, *foreign_files(), *_OTHERS, *_ARCHIVES]


_OTHERS: Final = (
    "own-folder", "own-other-bytes", "conversations-is-an-object", "nested", "nested-objects",
    "empty", "utf-16", "not-utf-8",
)  # fmt: skip
_ARCHIVES: Final = (
    "zip-bomb", "zip-lzma", "zip-encrypted", "zip-nested-path", "zip-name-with-nul",
    "zip-of-nothing", "zip-without-json", "zip-states-4-gb", "zip-overlapping", "zip-directory",
    "zip-cut",
)  # fmt: skip


def hostile_files(folder: Path) -> dict[str, Hostile]:
    """Write all malicious regular files. For other file types, see `special_files`."""
    folder.mkdir(parents=True)
    made: dict[str, Hostile] = {}

    def add(name: str, data: bytes, imported: int = 0) -> None:
        path = folder / f"{name}.json"
        path.write_bytes(data)
        made[name] = Hostile(path, imported)

    for name, bad in bad_conversations().items():
        add(f"own-{name}", json.dumps(own(bad, GOOD_OWN)).encode(), 1)
    good = json.dumps(GOOD_OWN)
    for name, text in bad_texts().items():
        whole = f'{{"format": "repartee", "version": 1, "conversations": [{text}, {good}]}}'
        add(f"own-{name}", whole.encode(), 1)
    for name, (value, imported) in foreign_files().items():
        add(name, json.dumps(value).encode(), imported)
    bad_folder = {"id": "f" * 32, "name": 5}
    in_it = conversation(folder_id="f" * 32)
    add("own-folder", json.dumps(own(in_it, GOOD_OWN, folders=[bad_folder, 7])).encode(), 1)
    sha256 = hashlib.sha256(b"bytes").hexdigest()
    file = {"sha256": sha256, "data": "b3RoZXI=", "name": "n", "media_type": "m", "text": ""}
    part = {"kind": "document", "sha256": sha256, "name": "n", "media_type": "m", "size": 5}
    with_file = conversation(messages=[message(parts=[part])])
    other_bytes = own(with_file, GOOD_OWN, attachments=[file, {"sha256": "../x"}, 1])
    add("own-other-bytes", json.dumps(other_bytes).encode(), 1)
    add("conversations-is-an-object", b'{"format": "repartee", "version": 1, "conversations": {}}')
    add("nested", b"[" * 1_000_000)
    add("nested-objects", b'{"format":"repartee","conversations":' * 100_000)
    add("empty", b"")
    add("utf-16", json.dumps(own(GOOD_OWN)).encode("utf-16"), 1)
    add("not-utf-8", b'{"format": "\xff\xfe"}')
    made |= hostile_archives(folder)
    return made


def hostile_archives(folder: Path) -> dict[str, Hostile]:
    """Write archives that hold exports, or claim to."""
    good = json.dumps([GOOD_CHATGPT]).encode()
    made: dict[str, Hostile] = {}

    def archive(
        name: str, imported: int = 0, method: int = zipfile.ZIP_DEFLATED
    ) -> zipfile.ZipFile:
        path = folder / f"{name}.zip"
        made[name] = Hostile(path, imported)
        return zipfile.ZipFile(path, "w", method, compresslevel=1)

    with archive("zip-bomb") as pack, pack.open("conversations.json", "w", force_zip64=True) as out:
        for _ in range(300):
            out.write(b" " * (1 << 20))
    with archive("zip-lzma", method=zipfile.ZIP_LZMA) as pack:
        pack.writestr("conversations.json", good)
    with archive("zip-encrypted") as pack:
        pack.writestr("conversations.json", good)
    set_flag(made["zip-encrypted"].path, flag=1)
    with archive("zip-nested-path", 1) as pack:
        pack.writestr("../../../conversations.json", good)
        pack.writestr("/etc/passwd", "x")
    with archive("zip-name-with-nul") as pack:
        pack.writestr("conversations.jsonX", good)
    rename(made["zip-name-with-nul"].path, b"conversations.jsonX", b"conversations.json\0")
    with archive("zip-of-nothing"):
        pass
    with archive("zip-without-json") as pack:
        pack.writestr("readme.txt", "x")
    with archive("zip-states-4-gb") as pack:
        pack.writestr("conversations.json", good)
    set_stated_size(made["zip-states-4-gb"].path, 0xFFFF_FFF0)
    overlapping = folder / "zip-overlapping.zip"
    write_overlapping(overlapping, "conversations-{}.json", good, 500)
    made["zip-overlapping"] = Hostile(overlapping)
    directory = folder / "zip-directory.zip"
    write_directory(directory, 80 << 20)
    made["zip-directory"] = Hostile(directory)
    cut = folder / "zip-cut.zip"
    with zipfile.ZipFile(cut, "w") as pack:
        pack.writestr("conversations.json", good * 100)
    data = cut.read_bytes()
    cut.write_bytes(data[:500] + data[900:])
    made["zip-cut"] = Hostile(cut)
    return made


@contextmanager
def special_files(folder: Path) -> Iterator[dict[str, Path]]:
    """Yield paths that are not finite regular files."""
    folder.mkdir(parents=True, exist_ok=True)
    fifo, link = folder / "fifo.json", folder / "link.json"
    os.mkfifo(fifo)
    link.symlink_to("/dev/zero")
    to_fifo = folder / "to-fifo.json"
    to_fifo.symlink_to(fifo)
    address = folder / "socket.json"
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # a socket's address is limited to 108 bytes
        try:
            listening.bind(address.name)
        finally:
            os.chdir(here)
        yield {
            "fifo": fifo,
            "device": Path("/dev/zero"),
            "link-to-a-device": link,
            "link-to-a-fifo": to_fifo,
            "socket": address,
            "folder": folder,
            "endless-file": Path("/proc/kallsyms"),
            "own-memory": Path("/proc/self/mem"),
        }


# -------------------------------------------------------------- archives, byte by byte


def set_flag(path: Path, *, flag: int) -> None:
    """Set a flag of every member, in its local header and in the directory."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= flag
            at = data.find(signature, at + 4)
    path.write_bytes(data)


def rename(path: Path, old: bytes, new: bytes) -> None:
    """Give a member another name of the same length."""
    path.write_bytes(path.read_bytes().replace(old, new))


def set_stated_size(path: Path, size: int) -> None:
    """Change the uncompressed size of the first member in the directory."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.find(b"PK\x01\x02") + 24, size)
    path.write_bytes(data)


def write_overlapping(path: Path, name: str, content: bytes, count: int) -> None:
    """Write an archive whose members all share the same bytes."""
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr(name.format("000"), content)
    whole = path.read_bytes()
    begins = whole.find(b"PK\x01\x02")
    entry = whole[begins : whole.find(b"PK\x05\x06")]
    first = name.format("000").encode()
    entries = [entry.replace(first, name.format(f"{n:03}").encode()) for n in range(count)]
    size = sum(map(len, entries))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size, begins, 0)
    path.write_bytes(b"".join((whole[:begins], *entries, end)))


def write_directory(path: Path, size: int) -> None:
    """Write an archive that consists only of its directory."""
    entry = b"PK\x01\x02" + bytes(42)
    count = size // len(entry)
    with path.open("wb") as file:
        for _ in range(0, count, 1000):
            file.write(entry * 1000)
        length = file.tell()
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, length, 0, 0))
