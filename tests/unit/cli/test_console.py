"""Output to a terminal is plain text, whatever its source."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.cli import console
from desktop_app.cli.console import clean, clean_line, escaped_output, to_json
from desktop_app.main import main
from tests.helpers.linux_only import linux_only

HOSTILE = "a\x1b[2J\x07\x9b31m\x00\r\u202eb\u2066\u2028\u200f\udce9\U000e0041\x7f"
UNSAFE_KINDS = {"Cc", "Cs", "Zl", "Zp"}


def is_safe(text: str) -> bool:
    """Return True if a terminal would show each character of `text`."""
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return all(
        char in "\n\t"
        or (
            unicodedata.category(char) not in UNSAFE_KINDS
            and unicodedata.bidirectional(char) not in turning
        )
        for char in text
    )


@pytest.mark.attack("terminal")
def test_unsafe_characters_are_made_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    assert clean(HOSTILE) == (
        r"a\x1b[2J\x07\x9b31m\x00\x0d\u202eb\u2066\u2028\u200f\xe9\U000e0041\x7f"
    )
    assert clean("a\r\nb\tc\n") == "a\nb\tc\n"
    monkeypatch.setattr(console, "language", lambda: "he")  # whose translations have marks
    assert clean("\u200fRepartee: \u200e/tmp\u202e") == r"Repartee: /tmp\u202e"
    assert clean("žluť 漢字 👩‍👩‍👧 עברית नमस्ते") == "žluť 漢字 👩‍👩‍👧 עברית नमस्ते"


@pytest.mark.attack("terminal")
@given(st.text())
def test_any_text_is_cleaned_for_the_terminal(text: str) -> None:
    assert is_safe(clean(text))
    assert is_safe(clean_line(text))
    assert "\n" not in clean_line(text)


@pytest.mark.attack("terminal")
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
@example(["\x1b[2J", "\x9b", "\u202e", "\U000e0041", "\U0010fffe", "\U000f0000", "a\u2028b"])
def test_json_is_safe_and_has_the_same_value(value: object) -> None:
    text = to_json(value, indent=1)
    assert is_safe(text)
    assert json.loads(text) == value


class Terminal(io.TextIOWrapper):
    """A stream whose `isatty` returns True."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode()


@pytest.mark.attack("terminal")
@given(st.text(st.sampled_from("a\r\n\x1b]\u202e\t")), st.lists(st.integers(1, 3)))
def test_pieces_of_a_text_are_shown_as_the_whole(text: str, sizes: list[int]) -> None:
    screen, before, at = Terminal(), sys.stdout, 0
    sys.stdout = screen
    try:
        with escaped_output():
            for size in sizes:
                console.write(text[at : at + size])
                at += size
            console.write(text[at:])
    finally:
        sys.stdout = before
    assert screen.shown == clean(text)


def test_a_full_output_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8", buffering=1) as full:
        monkeypatch.setattr(sys, "stdout", full)
        code = main(["search", "x", "--json"])
    assert code == 1
    assert capsys.readouterr().err == (
        "repartee: Can’t write to standard output: the disk is full\n"
    )


@pytest.mark.attack("terminal")
def test_a_message_cannot_forge_a_second_message(capsys: pytest.CaptureFixture[str]) -> None:
    console.write_diagnostic("No file “a\nrepartee: Sent.\r\x1b[A”.")
    assert capsys.readouterr().err == ("repartee: No file “a\n    repartee: Sent.\\x0d\\x1b[A”.\n")


@contextmanager
def terminal() -> Iterator[int]:
    """Make standard error a terminal; yield the descriptor from which it is read."""
    reader, writer = os.openpty()
    with os.fdopen(writer, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stderr", stream)
        yield reader
    os.close(reader)


@linux_only("pseudoterminals in Python")
def test_progress_is_a_line_that_the_next_output_replaces() -> None:
    with terminal() as reader:
        console.show_progress("a: 1 of 2")
        console.show_progress("b\n")
        console.write_diagnostic("done")
        console.write_diagnostic("again")
        written = b""
        while not written.endswith(b"again\r\n"):  # the terminal may pass it on in pieces
            written += os.read(reader, 1000)
        assert written == (
            b"\r\x1b[Ka: 1 of 2\r\x1b[Kb\\x0a\r\x1b[Krepartee: done\r\nrepartee: again\r\n"
        )


@linux_only("pseudoterminals in Python")
def test_quiet_leaves_out_progress_and_notes() -> None:
    with terminal() as reader:
        console.set_quiet(is_quiet=True)
        console.show_progress("a: 1 of 2")
        console.write_note("a note")
        console.write_diagnostic("an error")
        console.set_quiet(is_quiet=False)
        assert os.read(reader, 1000) == b"repartee: an error\r\n"
