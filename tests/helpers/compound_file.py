"""Writes the simplest compound files ([MS-CFB]), the containers of Outlook's messages."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR, _MINI, _ENTRY = 512, 64, 128
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STREAM_BELOW = 4096


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """Return a file of streams by path ("folder/name"), each shorter than 4096 bytes.

    The siblings of a folder are a chain, in the order of their names.
    """
    paths = sorted({"/".join(steps[:n]) for steps in map(_steps, streams) for n in _upto(steps)})
    numbers = {path: number for number, path in enumerate(paths, start=1)}
    mini, chains, starts = b"", list[int](), dict[str, int]()
    for path, content in streams.items():
        assert len(content) < _STREAM_BELOW
        count = -(-len(content) // _MINI)
        starts[path] = len(chains) if count else _END
        chains += [*range(len(chains) + 1, len(chains) + count), *[_END] * bool(count)]
        mini += content.ljust(count * _MINI, b"\0")
    entries = [_entry("Root Entry", 5, _first(paths, ""), _FREE, 0, len(mini))]
    for path in paths:
        above, _, name = path.rpartition("/")
        following = [other for other in _children(paths, above) if other > path]
        after = numbers[following[0]] if following else _FREE
        if path in streams:
            entries.append(_entry(name, 2, _FREE, after, starts[path], len(streams[path])))
        else:
            entries.append(_entry(name, 1, _first(paths, path), after, 0, 0))
    return _file(b"".join(entries), struct.pack(f"<{len(chains)}L", *chains), mini)


def _file(directory: bytes, mini_chains: bytes, mini: bytes) -> bytes:
    parts = [bytes(_SECTOR)]
    parts += [part.ljust(-(-len(part) // _SECTOR) * _SECTOR, b"\xff") for part in (mini_chains,)]
    parts += [part.ljust(-(-len(part) // _SECTOR) * _SECTOR, b"\0") for part in (mini, directory)]
    sizes = [len(part) // _SECTOR for part in parts]
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    table = [_FAT]
    for start, size in list(zip(starts, sizes, strict=True))[1:]:
        table += [*range(start + 1, start + size), *[_END] * bool(size)]
    assert len(table) <= _SECTOR // 4
    parts[0] = struct.pack(f"<{len(table)}L", *table).ljust(_SECTOR, b"\xff")
    parts[3] = _with_start(parts[3], starts[2] if sizes[2] else _END)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<4L", 0, 1, starts[3], 0)
    header += struct.pack("<5L", _STREAM_BELOW, starts[1], sizes[1], _END, 0)
    return header + struct.pack("<109L", 0, *[_FREE] * 108) + b"".join(parts)


def _with_start(directory: bytes, start: int) -> bytes:
    """Return the directory whose root says where the short streams begin."""
    return directory[:116] + struct.pack("<L", start) + directory[120:]


def _entry(name: str, kind: int, child: int, after: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    return (entry + struct.pack("<3L36xLQ", _FREE, after, child, start, size)).ljust(_ENTRY, b"\0")


def _steps(path: str) -> list[str]:
    return path.split("/")


def _upto(steps: list[str]) -> range:
    return range(1, len(steps) + 1)


def _children(paths: list[str], above: str) -> list[str]:
    return [path for path in paths if path.rpartition("/")[0] == above]


def _first(paths: list[str], above: str) -> int:
    """Return the number of a folder's first entry."""
    found = _children(paths, above)
    return paths.index(found[0]) + 1 if found else _FREE
