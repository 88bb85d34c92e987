"""`repartee export`, in this process."""

from __future__ import annotations

import asyncio
import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.exchange.command.export_command import run_export
from tests.helpers.started_backend import started_backend
from tests.unit.storage.samples import a_conversation, a_question, an_answer

Run = Callable[..., tuple[int, str, str]]
TABLE = "| boat | sails |\n| --- | --- |\n| Selby | 4 |\n"


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that exports; it returns the exit code and both outputs."""

    def run(*words: object) -> tuple[int, str, str]:
        typed = ["export", *map(str, words)]
        code = run_export(parse(program(), typed))
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


@pytest.fixture
def conversation_id() -> str:
    """Store a conversation of two questions; return its id."""
    conversation = a_conversation("Boats")
    first = a_question(conversation, "Which boats?")
    reply = an_answer(first, "The first reply.", status=MessageStatus.COMPLETE)
    second = a_question(conversation, "As a table.", reply, minutes=1)
    table = an_answer(second, TABLE, 1, MessageStatus.COMPLETE)

    async def store() -> None:
        async with started_backend() as backend:
            shown = replace(conversation, leaf_id=table.id)
            messages = [first, reply, second, table]
            await backend.conversations.add_with_messages(shown, messages, [])

    asyncio.run(store())
    return conversation.id


def test_the_last_response_is_exported_alone(
    export: Run, conversation_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "boats.md"
    words = ("--conversation", conversation_id, "--format", "markdown", "--to", file)
    assert export(*words)[0] == 0
    whole = file.read_text()
    for text in ("Which boats?", "The first reply.", "As a table.", "Selby"):
        assert text in whole
    assert export(*words, "--last-response")[0] == 0
    last = file.read_text()
    assert "Selby" in last
    for text in ("Which boats?", "The first reply.", "As a table."):
        assert text not in last


@pytest.mark.parametrize(
    ("suffix", "part"),
    [
        ("docx", "word/document.xml"),
        ("odt", "content.xml"),
        ("pptx", "ppt/presentation.xml"),
        ("xlsx", "xl/workbook.xml"),
    ],
)
def test_files_of_office_programs_are_written(
    export: Run, conversation_id: str, tmp_path: Path, suffix: str, part: str
) -> None:
    file = tmp_path / f"boats.{suffix}"
    assert export("--conversation", conversation_id, "--format", suffix, "--to", file)[0] == 0
    with zipfile.ZipFile(file) as archive:
        assert part in archive.namelist()


def test_tables_are_written_as_csv(export: Run, conversation_id: str, tmp_path: Path) -> None:
    file = tmp_path / "boats.csv"
    assert export("--conversation", conversation_id, "--format", "csv", "--to", file)[0] == 0
    assert file.read_text("utf-8-sig").split() == ["boat,sails", "Selby,4"]


@pytest.mark.parametrize(
    ("suffix", "subtitle"),
    [
        ("srt", "2\n00:00:07,000 --> 00:00:11,000\nSpeaker 2: Two.\n\n"),
        ("vtt", "2\n00:00:07.000 --> 00:00:11.000\nSpeaker 2: Two.\n\n"),
    ],
)
def test_the_transcript_of_a_recording_is_written_as_subtitles(
    export: Run, conversation_id: str, tmp_path: Path, suffix: str, subtitle: str
) -> None:
    file = tmp_path / f"talk.{suffix}"
    options = ("--format", suffix, "--to", file)
    assert export("--conversation", conversation_id, *options)[0] == 1, "it has no recording"
    text = "[00:00:00] Speaker 1: One.\n[00:00:07] Speaker 2: Two."
    conversation = a_conversation("Talk")

    async def store() -> None:
        async with started_backend() as backend:
            recording = tmp_path / "talk.mp3"
            recording.write_bytes(b"ID3")
            document = ExtractedDocument(
                "talk.mp3", "audio/mpeg", hashlib.sha256(b"ID3").hexdigest(), 3, text, None, 9
            )
            part = await backend.attachments.add_document(recording, document, conversation.id)
            question = replace(
                a_question(conversation, "What is it?"), parts=(TextPart("What is it?"), part)
            )
            shown = replace(conversation, leaf_id=question.id)
            await backend.conversations.add_with_messages(shown, [question], [])

    asyncio.run(store())
    assert export("--conversation", conversation.id, *options)[0] == 0
    assert file.read_text("utf-8").endswith(subtitle)


def test_the_beginning_of_an_id_is_enough(
    export: Run, conversation_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "boats.md"
    words = ("--format", "markdown", "--to", file)
    whole_and_beginning = ("--conversation", conversation_id, "--conversation", conversation_id[:8])
    assert export(*whole_and_beginning, *words)[0] == 0
    assert file.is_file()
    code, _, err = export("--conversation", "", *words)
    assert (code, "There is no conversation" in err) == (2, True)
