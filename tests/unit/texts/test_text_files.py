"""The files that texts came from: their line ends, and how they differ."""

from __future__ import annotations

import pytest

from desktop_app.texts.text_files import DELETED, INSERTED, FileState, differences


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


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Größe für Ärzte, naïve Maße", "cp1252"),
        ("Zażółć gęślą jaźń i łódź", "cp1250"),
        ("Привет, как дела сегодня?", "cp1251"),
        ("日本語のテキストを書きます", "cp932"),
    ],
)
def test_a_file_keeps_its_encoding_while_it_has_all_letters(text: str, codec: str) -> None:
    data = f"\r\n{text}\r\n".encode(codec)
    state = FileState(data).read_as(text)
    assert state.text == f"\n{text}\n"
    assert state.keeps_encoding(state.text + "more")
    assert state.encode(state.text) == data
    assert not state.keeps_encoding("\U0001f600")
    assert state.encode("a\n\U0001f600") == "a\r\n\U0001f600".encode()
    assert FileState(data).read_as("something else").text is None


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_is_kept(codec: str) -> None:
    mark = b"" if codec == "utf-16" else "\ufeff".encode(codec)
    data = mark + "a\nb".encode(codec)
    state = FileState(data)
    assert state.text == "a\nb"
    assert state.encode("a\nb\U0001f600") == mark + "a\nb\U0001f600".encode(codec)


def test_a_difference_is_shown_by_words() -> None:
    old = "One.\n\nThe sea rises.\nLast.\n\n\n\nEnd."
    pieces = differences(old, old.replace("rises", "falls").replace("End.", "End.\nMore."))
    assert [(piece.text, piece.change) for piece in pieces] == [
        ("…\n", ""),
        ("\n", ""),
        ("The sea ", ""),
        ("rises", DELETED),
        ("falls", INSERTED),
        (".", ""),
        ("\n", ""),
        ("Last.\n", ""),
        ("…\n", ""),
        ("End.\n", ""),
        ("More.¶\n", INSERTED),
    ]
