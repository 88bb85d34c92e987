"""The files that texts came from: their line ends, and how they differ."""

from __future__ import annotations

import pytest

from desktop_app.texts.text_files import FileState, differences


@pytest.mark.parametrize(
    ("data", "old", "new", "saved"),
    [
        (b"a\r\nb\nc\rd", "", "", b"a\r\nb\nc\rd"),
        (b"a\r\nb\nc\n", "b", "B", b"a\r\nB\nc\n"),
        (b"a\r\nb\nc\r\n", "b", "b\nx", b"a\r\nb\nx\r\nc\r\n"),
        (b"a\r\nb\n\nc\n", "a\n", "", b"b\n\nc\n"),
        (b"a\r\nb\r\n", "b", "x\ny", b"a\r\nx\r\ny\r\n"),
        (b"\xef\xbb\xbfa\rb\xe2\x80\xa9c", "b", "x", b"\xef\xbb\xbfa\rx\rc"),
        (b"a\tb\r\n", "b", "e\u0301 \U0001f600", b"a\te\xcc\x81 \xf0\x9f\x98\x80\r\n"),
        (b"", "", "x\n", b"x\n"),
    ],
)
def test_unchanged_lines_keep_their_ends(data: bytes, old: str, new: str, saved: bytes) -> None:
    state = FileState(data)
    assert state.text is not None
    assert state.encode(state.text.replace(old, new, 1)) == saved


@pytest.mark.parametrize(("old", "new"), [("a", "a\n"), ("a\x0cb", "a\nb"), ("a\n\n", "a\n")])
def test_a_difference_of_line_ends_is_shown(old: str, new: str) -> None:
    assert differences(old, new)
    assert not differences(new, new)
