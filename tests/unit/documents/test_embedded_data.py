"""Pictures and files in Base64 within a text."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.embedded_data import data_note, without_embedded_data

PICTURE = base64.b64encode(bytes(range(256)) * 192).decode()  # 48 KB
ADDRESS = f"data:image/png;base64,{PICTURE}"
NOTE = "[image/png, 48 KB]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"![logo]({ADDRESS}) and", f"![logo]({NOTE}) and"),
        (f'<img src="{ADDRESS}">', f'<img src="{NOTE}">'),
        (f"{ADDRESS} {ADDRESS}", f"{NOTE} {NOTE}"),
        (json.dumps(f"{ADDRESS}\nNext"), f'"{NOTE}\\nNext"'),
        (f"DATA:Image/PNG;base64,{PICTURE}", NOTE),
        (f"data:image/png;name=a.png;charset=utf-8;base64,{PICTURE}", NOTE),
        (f"data:;base64,{PICTURE}", "[text/plain, 48 KB]"),
        (f"data:image/png;base64,{quote(PICTURE, safe='')}", NOTE),
        (json.dumps({"a": ADDRESS}).replace("/", r"\/"), json.dumps({"a": NOTE})),
        (
            "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
            "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
        ),
        ("the words ;base64, and data:", "the words ;base64, and data:"),
    ],
)
def test_data_in_base64_is_named_with_its_type_and_size(text: str, expected: str) -> None:
    assert without_embedded_data(text) == expected


@pytest.mark.parametrize(
    ("size", "note"),
    [(0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KB"), (5 << 20, "5.0 MB")],
)
def test_a_note_has_a_readable_size(size: int, note: str) -> None:
    assert data_note("a/b", size) == f"[a/b, {note}]"
    assert data_note("", size, "n.bin") == f"[data, {note}: n.bin]"


@given(st.text(), st.binary(min_size=200, max_size=400), st.text(alphabet=" \n)\"'<>"))
def test_the_text_around_data_is_unchanged(before: str, data: bytes, after: str) -> None:
    text = f"{before} data:a/b;base64,{base64.b64encode(data).decode()}{after}"
    expected = f"{before} {data_note('a/b', len(data))}{after}"
    assert without_embedded_data(text) == expected
    assert without_embedded_data(expected) == expected
