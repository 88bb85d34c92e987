"""PDF export: a failing process affects only its own conversation."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from desktop_app.child_processes import ChildCommand
from desktop_app.cli import export_command
from desktop_app.cli.command_setup import open_backend
from desktop_app.cli.export_command import PdfExporter
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice
from desktop_app.domain.errors import StorageError
from tests.helpers.blocking import blocking

if TYPE_CHECKING:
    from collections.abc import Callable

NOW: Final = datetime(2026, 3, 18, tzinfo=UTC)

# It answers as pdf_process.py does, but for conversations whose titles say otherwise.
LAYS_OUT: Final = """
import struct, sys
while head := sys.stdin.buffer.read(8):
    request = sys.stdin.buffer.read(*struct.unpack(">Q", head))
    if b"crash" in request:
        sys.exit(1)
    if b"halfway" in request:
        sys.stdout.buffer.write(struct.pack(">Q", 9) + b"%PDF")
        sys.exit(1)
    made = b"%PDF-1.4"
    size = 1 << 60 if b"endless" in request else len(made)
    sys.stdout.buffer.write(struct.pack(">Q", size) + made)
    sys.stdout.buffer.flush()
"""


def conversation(title: str) -> Conversation:
    return Conversation(title, title, NOW, NOW, ModelChoice("openai", "gpt-5.2"))


@blocking
async def written(file: Path, *titles: str) -> list[bytes | str]:
    """Export conversations; return for each the file, or what is said instead."""
    found: list[bytes | str] = []
    async with open_backend() as backend:
        exporter = PdfExporter(backend)
        try:
            for title in titles:
                try:
                    await exporter.write(file, conversation(title), [])
                    found.append(await asyncio.to_thread(file.read_bytes))
                except StorageError as error:
                    found.append(str(error))
        finally:
            await exporter.close()
    return found


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], ChildCommand]:
    command = ChildCommand((sys.executable, "-c", LAYS_OUT), {})
    monkeypatch.setattr(export_command, "child_command", lambda kind: command)
    return lambda kind: command


@pytest.mark.attack("sandbox")
@pytest.mark.parametrize("bad", ["crash", "endless"])
def test_a_conversation_that_crashes_the_process_is_skipped(
    fake: object, repartee_home: Path, tmp_path: Path, bad: str
) -> None:
    made = written(tmp_path / "a.pdf", "one", bad, "two")
    assert made == [b"%PDF-1.4", "Couldn’t lay out the pages.", b"%PDF-1.4"]
