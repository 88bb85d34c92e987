"""Reads rows from the raw pages of an SQLite file, however much of it is damaged.

SQLite finds a row from the root of its table downwards, so that one bad page hides everything below
it. Here each page is read on its own: its first byte tells whether it is the leaf of a table, and
its records describe their content. Invalid records are skipped; their pages are noted.

The format: https://www.sqlite.org/fileformat2.html. The comments cite its sections: 1.3 (the header
of the file), 1.5 (free pages), 1.6 (B-trees) and 2.1 (records). Numbers are stored big-endian.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from desktop_app.storage.recovery.row_checks import Value

MAGIC: Final = b"SQLite format 3\0"
_LEAF, _INTERIOR = 0x0D, 0x05  # the types of the pages of a table
# The header of the file (1.3), and the offsets of its fields.
_FILE_HEADER_BYTES: Final = 100
_PAGE_SIZE_OFFSET: Final = 16  # 2 bytes; the value 1 stands for 65536, which needs 3 bytes (1.3.2)
_RESERVED_OFFSET: Final = 20  # 1 byte
_FREE_LIST_OFFSET: Final = 32  # 4 bytes: the number of the first trunk page, or 0
# Offsets in the header of a B-tree's page (1.6), which begins with the page's type.
_CELL_COUNT_OFFSET: Final = 3  # 2 bytes
_LAST_CHILD_OFFSET: Final = 8  # 4 bytes, only on interior pages
_LEAF_CELLS_OFFSET: Final = 8  # after the header, 2 bytes for the offset of each cell
_INTERIOR_CELLS_OFFSET: Final = 12
_PAGE_SIZES: Final = frozenset(1 << n for n in range(9, 17))
# In bytes, by serial type (2.1): NULL, then the sizes of integers.
_INTEGER_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)
# A record of more bytes has a damaged length: SQLite's own limit is 1,000,000,000 bytes.
_MAX_RECORD_BYTES: Final = 1 << 30
_MAX_OVERFLOW_READS: Final = 4  # per page of the file


class _DamagedError(Exception):
    """The bytes are not a record, or need a page that is missing or may not be read."""


@dataclass(frozen=True)
class Record:
    """A row as stored in a leaf."""

    rowid: int
    values: tuple[Value, ...]


@dataclass
class SqlitePages:
    """The bytes of a database without a write-ahead log.

    Attributes:
        data: the content of the file.
        page_size: bytes per page: as the header states. An argument is only used if the header is
            damaged; 4096 is SQLite's default.
        usable_size: bytes per page without those at its end that are reserved for extensions.
        damaged_pages: the numbers of pages read so far that are damaged, or have a damaged record.
    """

    data: bytes | mmap.mmap
    page_size: int = 4096
    damaged_pages: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        reserved = 0
        if self._has_header:
            (stated_size,) = struct.unpack_from(">H", self.data, _PAGE_SIZE_OFFSET)
            if stated_size == 1:
                stated_size = 65536
            if stated_size in _PAGE_SIZES:
                self.page_size = stated_size
            reserved = self.data[_RESERVED_OFFSET]
        self.usable_size = self.page_size - reserved
        if self.usable_size < 480:  # fewer than SQLite allows (1.3.4): the header is damaged
            self.usable_size = self.page_size
        # Each record has its own overflow pages. In a forged file, thousands of records can share
        # the same pages: a megabyte would be read as terabytes.
        self._overflow_reads_left = _MAX_OVERFLOW_READS * (len(self.data) // self.page_size + 1)

    @property
    def _has_header(self) -> bool:
        return len(self.data) >= _FILE_HEADER_BYTES and self.data[: len(MAGIC)] == MAGIC

    @property
    def count(self) -> int:
        """Return the number of whole pages."""
        return len(self.data) // self.page_size

    def page(self, number: int) -> bytes:
        """Return a page, counted from 1. Raises _DamagedError if there is none."""
        if not 1 <= number <= self.count:
            raise _DamagedError
        return self.data[(number - 1) * self.page_size : number * self.page_size]

    def leaves_below(self, root: int) -> list[int]:
        """Return the numbers of the reachable leaves below a table's root, in order."""
        leaves: list[int] = []
        pending = [root]
        seen = set()
        while pending:
            number = pending.pop()
            if number in seen:
                continue
            seen.add(number)
            try:
                page = self.page(number)
                start = _header_offset(number)
                if page[start] == _LEAF:
                    leaves.append(number)
                elif page[start] == _INTERIOR:
                    pending += reversed(self._children(page, start))
                else:
                    self.damaged_pages.add(number)
            except (_DamagedError, IndexError, struct.error):
                self.damaged_pages.add(number)
        return leaves

    def _children(self, page: bytes, start: int) -> list[int]:
        """Return the numbers of the pages below an interior page, whose header is at `start`."""
        (count,) = struct.unpack_from(">H", page, start + _CELL_COUNT_OFFSET)
        (last_child,) = struct.unpack_from(">I", page, start + _LAST_CHILD_OFFSET)
        children = []
        for index in range(count):
            (offset,) = struct.unpack_from(">H", page, start + _INTERIOR_CELLS_OFFSET + 2 * index)
            # A cell begins with the number of a child.
            (child,) = struct.unpack_from(">I", page, offset)
            children.append(child)
        return [*children, last_child]

    def free_pages(self) -> set[int]:
        """Return the pages in the list of free pages.

        If the list is damaged, return the pages up to the damage. Pages are read without the list,
        so its damage hides no rows and is not noted: at worst, deleted rows of free pages return.
        """
        free_numbers: set[int] = set()
        if not self._has_header:
            return free_numbers
        (trunk,) = struct.unpack_from(">I", self.data, _FREE_LIST_OFFSET)
        while trunk and trunk not in free_numbers and trunk <= self.count:
            free_numbers.add(trunk)
            page = self.page(trunk)
            # The next trunk, a count, and that many numbers of free pages, in 4 bytes each (1.5).
            trunk, count = struct.unpack_from(">II", page)
            if count > self.page_size // 4 - 2:  # more than the page has room for
                break
            free_numbers |= set(struct.unpack_from(f">{count}I", page, 8))
        return free_numbers

    def leaves(self) -> Iterator[int]:
        """Yield the number of every page that looks like the leaf of a table."""
        for number in range(1, self.count + 1):
            page_start = (number - 1) * self.page_size
            if self.data[page_start + _header_offset(number)] == _LEAF:
                yield number

    def records(self, number: int) -> Iterator[Record]:
        """Yield the records of a leaf. Skip damaged ones and add the page to `damaged_pages`."""
        start = _header_offset(number)
        try:
            page = self.page(number)
            (count,) = struct.unpack_from(">H", page, start + _CELL_COUNT_OFFSET)
            cells = struct.unpack_from(f">{count}H", page, start + _LEAF_CELLS_OFFSET)
        except (_DamagedError, struct.error):
            self.damaged_pages.add(number)
            return
        for offset in cells:
            try:
                yield self._record(page, offset)
            except (_DamagedError, IndexError, struct.error, ValueError):
                self.damaged_pages.add(number)

    def _record(self, page: bytes, offset: int) -> Record:
        length, offset = _read_varint(page, offset)
        rowid, offset = _read_varint(page, offset)
        if length > _MAX_RECORD_BYTES:
            raise _DamagedError
        return Record(_as_signed(rowid), _values(self._payload(page, offset, length)))

    def _payload(self, page: bytes, offset: int, length: int) -> bytes:
        """Return the bytes of a record, whose end may be on overflow pages (1.6)."""
        max_local = self.usable_size - 35
        if length <= max_local:
            local_size = length
        else:
            # The overflow pages are filled, if the rest then fits into the leaf.
            min_local = (self.usable_size - 12) * 32 // 255 - 23
            local_size = min_local + (length - min_local) % (self.usable_size - 4)
            if local_size > max_local:
                local_size = min_local
        chunks = [page[offset : offset + local_size]]
        bytes_left = length - local_size
        if bytes_left:
            (next_page,) = struct.unpack_from(">I", page, offset + local_size)
            seen: set[int] = set()
            while bytes_left:
                if next_page in seen:
                    raise _DamagedError
                seen.add(next_page)
                self._overflow_reads_left -= 1
                if self._overflow_reads_left < 0:
                    raise _DamagedError
                overflow = self.page(next_page)
                (next_page,) = struct.unpack_from(">I", overflow)
                chunks.append(overflow[4 : min(self.usable_size, 4 + bytes_left)])
                bytes_left -= len(chunks[-1])
        payload = b"".join(chunks)
        if len(payload) != length:
            raise _DamagedError
        return payload


def _header_offset(number: int) -> int:
    """Return the offset of a page's header. On page 1, the header of the file precedes it."""
    return _FILE_HEADER_BYTES if number == 1 else 0


def _read_varint(data: bytes, offset: int) -> tuple[int, int]:
    """Return the variable-length integer at an offset, and the offset after it."""
    value = 0
    for index in range(8):
        byte = data[offset + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + index + 1
    return value << 8 | data[offset + 8], offset + 9  # the ninth byte has eight bits of the value


def _as_signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _values(payload: bytes) -> tuple[Value, ...]:
    """Return the values of a record: a header of their types precedes them."""
    header_end, offset = _read_varint(payload, 0)
    serial_types = []
    while offset < header_end:
        serial_type, offset = _read_varint(payload, offset)
        serial_types.append(serial_type)
    values: list[Value] = []
    for serial_type in serial_types:
        size = _size_of(serial_type)
        values.append(_value(serial_type, payload[offset : offset + size]))
        offset += size
    if offset != len(payload):
        raise _DamagedError
    return tuple(values)


def _size_of(serial_type: int) -> int:
    if serial_type < len(_INTEGER_SIZES):
        return _INTEGER_SIZES[serial_type]
    if serial_type == 7:  # a float
        return 8
    if serial_type in (8, 9):  # the integers 0 and 1
        return 0
    if serial_type < 12:  # never in files
        raise _DamagedError
    return (serial_type - 12) // 2  # a blob, or a text if odd


def _value(serial_type: int, data: bytes) -> Value:
    if serial_type == 0:
        return None
    if serial_type < 7:
        return int.from_bytes(data, "big", signed=True)
    if serial_type == 7:
        return float(struct.unpack(">d", data)[0])
    if serial_type in (8, 9):
        return serial_type - 8
    if serial_type % 2:
        return data.decode()  # UTF-8, SQLite's default, which the store never changes
    return data
