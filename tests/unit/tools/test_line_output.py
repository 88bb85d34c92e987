"""The lines that the process of a server writes to its parent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop_app.tools.host.content import MAX_RESOURCE_CHARS
from desktop_app.tools.host.line_output import MAX_LOG_CHARS, LineOutput
from desktop_app.tools.servers.server_connection import MAX_LINE_BYTES

Written = Callable[[], list[Any]]


@pytest.fixture
def output(tmp_path: Path) -> Iterator[tuple[LineOutput, Written]]:
    """Yield an output, and a function that returns the lines since its last call."""
    path = tmp_path / "output"
    # Not a pipe: on Windows, it takes only a few kilobytes before somebody reads them.
    with path.open("wb", buffering=0) as writing, path.open("rb") as reading:
        yield (
            LineOutput(writing.fileno()),
            lambda: [json.loads(line) for line in reading.read().splitlines()],
        )


def test_the_longest_resource_fits_into_a_line_of_the_parent(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("wb") as file:
        LineOutput(file.fileno()).send(id=7, result={"data": "語" * MAX_RESOURCE_CHARS})
    assert (tmp_path / "lines").stat().st_size < MAX_LINE_BYTES


def test_a_line_has_any_text_and_a_log_short_text(output: tuple[LineOutput, Written]) -> None:
    lines, written = output
    lines.send(id=7, text="žluť\n\u2028 half a pair \ud83d")
    lines.log("info", "x" * (MAX_LOG_CHARS + 1))
    lines.progress(7, 1.5, None, "y" * (MAX_LOG_CHARS + 1))
    assert written() == [
        {"id": 7, "text": "žluť\n\u2028 half a pair \ud83d"},
        {"event": "log", "level": "info", "text": "x" * MAX_LOG_CHARS},
        {"event": "progress", "id": 7, "done": 1.5, "total": None, "text": "y" * MAX_LOG_CHARS},
    ]


def test_lines_beyond_fifty_a_second_are_counted(
    output: tuple[LineOutput, Written], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, written = output
    seconds = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    for number in range(53):
        lines.progress(number, 0, 1, "") if number % 2 else lines.log("info", str(number))
    assert len(written()) == 50
    lines.send(id=1)
    assert written() == [{"id": 1}]
    seconds = 100.5
    lines.log("info", "dropped, too")
    seconds = 101.0
    lines.log("info", "next")
    assert written() == [
        {"event": "log", "level": "warning", "text": "[4 lines left out]"},
        {"event": "log", "level": "info", "text": "next"},
    ]
    seconds = 102.0
    for _ in range(50):
        lines.log("info", "again")
    assert [line["text"] for line in written()] == ["again"] * 50
