"""`repartee export`, in this process."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from desktop_app.cli.arguments import create_parser
from desktop_app.cli.exit_code import ExitCode
from desktop_app.cli.library_commands import run_library
from desktop_app.domain.conversations.conversation import Folder, MessageStatus
from tests.helpers.started_backend import started_backend
from tests.unit.storage.samples import NOON, a_conversation, a_question, an_answer

Run = Callable[..., tuple[int, str, str]]
TABLE = "| boat | sails |\n| --- | --- |\n| Selby | 4 |\n"


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that exports; it returns the exit code and both outputs."""

    def run(*words: object) -> tuple[int, str, str]:
        typed = ["export", *map(str, words)]
        code = run_library(create_parser(typed).parse_args(typed))
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
    ("owner_lives", "ending"),
    [(True, "Still being written"), (False, "Interrupted because Repartee closed")],
)
def test_an_unfinished_answer_is_being_written_only_while_its_process_lives(
    export: Run, tmp_path: Path, *, owner_lives: bool, ending: str
) -> None:
    conversation = a_conversation("Boats")
    question = a_question(conversation, "Which boats?")

    async def store() -> None:
        async with started_backend() as backend:
            await backend.conversations.begin_turn(
                conversation, question, an_answer(question, "half")
            )
            if not owner_lives:
                await backend.database.execute("UPDATE messages SET owner_started = 'earlier'")

    asyncio.run(store())
    file = tmp_path / "boats.md"
    words = ("--conversation", conversation.id, "--format", "markdown", "--to", file)
    assert export(*words)[0] == 0
    assert ending in file.read_text()


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


def test_a_conversation_without_tables_is_reported(export: Run, tmp_path: Path) -> None:
    conversation = a_conversation("Words")
    question = a_question(conversation, TABLE)
    answer = an_answer(question, "None.", status=MessageStatus.COMPLETE)

    async def store() -> None:
        async with started_backend() as backend:
            shown = replace(conversation, leaf_id=answer.id)
            await backend.conversations.add_with_messages(shown, [question, answer], [])

    asyncio.run(store())
    file = tmp_path / "words.csv"
    code, out, err = export("--conversation", conversation.id, "--format", "csv", "--to", file)
    assert (code, out, file.exists()) == (1, "", False)
    assert "Conversation “Words” skipped: The responses contain no table." in err


def test_only_folders_that_are_used_are_in_the_file(export: Run, tmp_path: Path) -> None:
    async def store() -> None:
        async with started_backend() as backend:
            await backend.conversation_folders.save(Folder("used", "Used", NOON))
            await backend.conversation_folders.save(Folder("unused", "Unused", NOON))
            conversation = a_conversation("Boats", folder_id="used")
            await backend.conversations.add_with_messages(conversation, [], [])

    asyncio.run(store())
    file = tmp_path / "all.json"
    assert export("--all", "--format", "json", "--to", file)[0] == 0
    told = json.loads(file.read_text())
    assert [folder["id"] for folder in told["folders"]] == ["used"]
    assert [conversation["folder_id"] for conversation in told["conversations"]] == ["used"]


def test_exit_codes_are_those_that_the_help_states() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "FAILED": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "MISMATCH": 4,
        "INTERRUPTED": 130,
        "READER_GONE": 141,
    }
