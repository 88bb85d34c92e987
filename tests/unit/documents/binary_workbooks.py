"""Writes the simplest binary workbooks: .xls ([MS-XLS]) and .xlsb ([MS-XLSB])."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from tests.helpers.compound_file import compound_file

EXCEL_95, EXCEL_97 = 0x0500, 0x0600
SHEET, CHART = 0x10, 0x20
EOF = struct.pack("<HH", 0x0A, 0)


def record(kind: int, layout: str = "", *values: float, text: bytes = b"") -> bytes:
    """Return a record of an .xls file; `text` follows the values."""
    content = struct.pack(f"<{layout}", *values) + text
    return struct.pack("<HH", kind, len(content)) + content


def begin(kind: int, version: int = EXCEL_97) -> bytes:
    """Return the record that begins a substream: `SHEET` or `CHART`."""
    return record(0x809, "4H8x", version, kind, 0, 0)


def wide(text: str, length: str = "H") -> bytes:
    """Return a text in UTF-16 after its length and the flag for UTF-16."""
    return struct.pack(f"<{length}B", len(text), 1) + text.encode("utf-16-le")


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return record(0x203, "3Hd", row, column, style, value)


def label(row: int, column: int, text: str) -> bytes:
    return record(0x204, "3H", row, column, 0, text=wide(text))


def formula(
    row: int, column: int, result: bytes | float, style: int = 0, parsed: bytes = b"\x1e\1\0"
) -> bytes:
    """Return a formula with its result; `parsed` is the formula itself."""
    value = result if isinstance(result, bytes) else struct.pack("<d", result)
    end = struct.pack("<HIH", 0, 0, len(parsed)) + parsed
    return record(0x06, "3H", row, column, style, text=value + end)


def xls(
    sheets: Mapping[str, bytes],
    formats: Mapping[int, bytes] | None = None,
    styles: Iterable[int] = (0,),
    *,
    version: int = EXCEL_97,
    head: bytes = b"",
    states: Sequence[int] = (),
    kinds: Sequence[int] = (),
) -> bytes:
    """Return an .xls file.

    Args:
        sheets: the records of each sheet by its name.
        formats: the codes of number formats by id, each with its length.
        styles: the number formats of the styles.
        head: more records before the list of sheets.
        states: 1 for each hidden sheet, 0 for the others.
        kinds: 2 for each sheet that is a chart, 0 for the others.
    """
    is_old = version == EXCEL_95
    names = [
        struct.pack("B", len(name)) + name.encode() if is_old else wide(name, "B")
        for name in sheets
    ]
    start = begin(0x05, version) + head
    start += b"".join(record(0x41E, "H", key, text=code) for key, code in (formats or {}).items())
    start += b"".join(record(0xE0, "3H14x", 0, key, 0) for key in styles)
    position = len(start) + sum(10 + len(name) for name in names) + len(EOF)
    streams = [begin(SHEET, version) + records + EOF for records in sheets.values()]
    for at, (name, stream) in enumerate(zip(names, streams, strict=True)):
        state, kind = (states[at] if states else 0), (kinds[at] if kinds else 0)
        start += record(0x85, "IBB", position, state, kind, text=name)
        position += len(stream)
    stream_name = "Book" if is_old else "Workbook"
    return compound_file({stream_name: start + EOF + b"".join(streams)})


def package_record(kind: int, content: bytes = b"") -> bytes:
    """Return a record of an .xlsb file."""
    head = bytes((kind,)) if kind < 128 else bytes((kind & 127 | 128, kind >> 7))
    size = len(content)
    return head + bytes((size & 127 | 128, size >> 7)) + content


def package_text(text: str) -> bytes:
    return struct.pack("<L", len(text)) + text.encode("utf-16-le")


def cell(kind: int, column: int | None, style: int, content: bytes) -> bytes:
    """Return a cell; one without a column is a short cell."""
    place = b"" if column is None else struct.pack("<L", column)
    return package_record(kind, place + struct.pack("<L", style) + content)


def xlsb(
    rows: Iterable[bytes],
    formats: Mapping[int, str] | None = None,
    styles: Iterable[int] = (0,),
    *,
    names: bytes = b"",
) -> bytes:
    """Return an .xlsb file with one sheet, "S".

    Args:
        rows: the cells of each row.
        formats: the codes of number formats by id.
        styles: the number formats of the styles.
        names: the records of the main part after the list of sheets.
    """
    given, used = formats or {}, list(styles)
    cells = b"".join(
        package_record(0, struct.pack("<L13x", row)) + content for row, content in enumerate(rows)
    )
    sheet = package_record(0x81) + package_record(0x94, bytes(16)) + package_record(0x91)
    sheet += cells + package_record(0x92) + package_record(0x82)
    bundle = struct.pack("<LL", 0, 1) + package_text("r1") + package_text("S")
    codes = b"".join(
        package_record(44, struct.pack("<H", key) + package_text(code))
        for key, code in given.items()
    )
    used_formats = b"".join(package_record(47, struct.pack("<HH12x", 0, key)) for key in used)
    parts = {
        "xl/workbook.bin": package_record(0x9C, bundle)
        + package_record(0x90)
        + names
        + package_record(0x84),
        "xl/_rels/workbook.bin.rels": b'<Relationships><Relationship Id="r1" '
        b'Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/worksheets/sheet1.bin": sheet,
        "xl/worksheets/binaryIndex1.bin": b"\xff",
        "xl/styles.bin": package_record(615, struct.pack("<L", len(given)))
        + codes
        + package_record(626)
        + package_record(47, struct.pack("<HH12x", 0xFFFF, 9))
        + package_record(627)
        + package_record(617, struct.pack("<L", len(used)))
        + used_formats
        + package_record(618),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target.getvalue()
