"""`repartee import`, `search`, `backup`, `restore`, `repair`, in this process."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from desktop_app.child_processes import REPORTS_TO_WINDOW, open_child
from desktop_app.cli import console
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.cli.registry import commands
from desktop_app.domain.error_note import error_from_json
from desktop_app.domain.errors import StoreFullError
from desktop_app.exchange.command import import_command
from desktop_app.exchange.import_store import ImportStore
from desktop_app.features import imported
from desktop_app.library import search_query
from desktop_app.system import END_SIGNALS
from tests.helpers.children import python_child

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


def chat(title: str = "Kyoto trip", number: int = 1, *texts: str) -> dict[str, Any]:
    """Return a conversation as ChatGPT exports it."""
    texts = texts or ("Where is 京都?", "In **Kansai**.")
    mapping = {
        f"{number}.{place}": {
            "id": f"{number}.{place}",
            "parent": f"{number}.{place - 1}" if place else None,
            "message": {
                "author": {"role": ("user", "assistant")[place % 2]},
                "content": {"content_type": "text", "parts": [text]},
                "create_time": AT.timestamp() + place,
            },
        }
        for place, text in enumerate(texts)
    }
    return {
        "title": title,
        "create_time": AT.timestamp(),
        "conversation_id": f"c-{number}",
        "current_node": f"{number}.{len(texts) - 1}",
        "mapping": mapping,
    }


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command; it returns the exit code and both outputs."""

    def run(*words: object) -> tuple[int, str, str]:
        typed = [str(word) for word in words]
        code = imported(commands()[typed[0]].run)(parse(program(), typed))
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


@pytest.fixture
def interrupted(command: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command as `command` does; Ctrl+C may end it."""

    def run(*words: object) -> tuple[int, str, str]:
        try:
            return command(*words)
        except KeyboardInterrupt:
            written = capsys.readouterr()
            return 130, written.out, written.err

    return run


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an export of ChatGPT's."""

    def write(*chats: dict[str, Any]) -> Path:
        file = tmp_path / "conversations.json"
        file.write_text(json.dumps(chats))
        return file

    return write


def test_an_import_counts_new_conversations_and_messages(
    command: Run, export: Callable[..., Path]
) -> None:
    name = "repartee: conversations.json (ChatGPT)"
    assert command("import", export(chat())) == (0, "", f"{name}: 1 conversation added.\n")
    there = "1 conversation was already in your library."
    words = f"{name}: 0 conversations added. {there}\n"
    assert command("import", export(chat())) == (0, "", words)
    longer = chat("Kyoto trip", 1, "Where is 京都?", "In **Kansai**.", "And Nara?")
    words = f"{name}: 1 message added. {there}\n"
    assert command("import", export(longer)) == (0, "", words)
    words = f"{name}: 1 conversation added. {there}\n"
    assert command("import", export(longer, chat(number=2))) == (0, "", words)
    code, out, err = command("import", export(longer, chat(number=3)), "--json", "--progress")
    assert (code, err) == (0, "0 2\n1 2\n")
    (found,) = json.loads(out)["files"]
    assert (found.pop("file"), found.pop("kind")) == ("conversations.json", "ChatGPT")
    counts = {name: value for name, value in found.items() if value}
    assert counts == {"conversations": 2, "added": 1, "messages": 2}


def test_a_message_in_which_nothing_was_found_is_counted_and_its_conversation_named(
    command: Run, export: Callable[..., Path]
) -> None:
    messages = [{"role": "user", "content": "Hello"}, {"role": "assistant", "say": "words"}]
    code, _, err = command("import", export({"title": "Kyoto trip", "messages": messages}))
    assert (code, "1 message" in err, "Kyoto trip" in err) == (0, True, True)


def test_the_window_gets_errors_as_codes(
    command: Run, export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REPORTS_TO_WINDOW, "1")
    code, out, err = command("backup", "/proc/none")
    note = error_from_json(json.loads(err))
    assert (code, out, note.code) == (1, "", "storage")
    assert note.hint
    code, out, err = command("import", tmp_path / "missing.json", "--json")
    (refused,) = json.loads(out)["files"][0]["refused"]
    assert (code, err, error_from_json(refused).params["file"]) == (1, "", "missing.json")
    command("import", export(chat()))
    file = tmp_path / "all.json"
    code, out, err = command("export", "--all", "--format", "json", "--to", file)
    assert (code, out, err) == (0, f"1 conversation exported to {file}.\n", "")


def test_a_page_to_give_away_says_what_it_holds(
    command: Run, export: Callable[..., Path], tmp_path: Path
) -> None:
    command("import", export(chat(), chat("Other", 2)))
    shown = json.loads(command("search", "Kyoto", "--json")[1])
    file = tmp_path / "page.html"
    words = ("export", "--format", "page", "--conversation", shown[0]["conversation"], "--to", file)
    code, _, err = command(*words)
    assert code == 0
    assert "Kyoto trip" in err.splitlines()[0]
    assert "Left out" in err
    text = file.read_text()
    assert "Where is 京都?" in text
    assert "<script" not in text
    assert len(command(*words, "--yes")[2].splitlines()) == 1
    with pytest.raises(SystemExit):
        command("export", "--format", "page", "--all", "--to", file)


def test_search_results_have_two_lines(command: Run, export: Callable[..., Path]) -> None:
    command("import", export(chat()))
    code, out, err = command("search", "京都")
    first, second = out.splitlines()
    day = AT.astimezone().isoformat(" ", "minutes")
    assert re.fullmatch(rf"{re.escape(day)}  Kyoto trip  \[[0-9a-f]{{32}}\]", first)
    assert (code, second, err) == (0, "    Where is 京都?", "")
    code, out, _ = command("search", "京都", "--json")
    (hit,) = json.loads(out)
    assert (code, hit["title"], hit["snippet"]) == (0, "Kyoto trip", "Where is 京都?")
    assert hit["date"] == AT.isoformat()
    assert {len(hit["conversation"]), len(hit["message"])} == {32}
    assert command("search", "nowhere") == (1, "", "")
    assert command("search", "nowhere", "--json") == (1, "[]\n", "")


def test_the_hits_of_a_conversation_follow_its_title_page_by_page(
    command: Run, export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_query, "_PAGE", 2)
    asked = ("Which boat?", "The boat Selby.", "Another boat?", "The boat Ada.")
    chats = [chat("Which boat?", 1, *asked), chat("A boat by name alone", 2, "Hi", "Hello")]
    command("import", export(*chats))
    code, out, _ = command("search", "boat")
    by_heading = re.split(r"^\S.*  (.*)  \[.{32}\]\n", out, flags=re.MULTILINE)[1:]
    titles, texts = (
        by_heading[::2],
        [line.strip() for line in "".join(by_heading[1::2]).split("\n")],
    )
    assert (code, sorted(set(titles))) == (0, ["A boat by name alone", "Which boat?"])
    assert sorted(filter(None, texts)) == sorted((*asked, "A boat by name alone"))
    hits = json.loads(command("search", "boat", "--json", "--limit", "100")[1])
    assert [hit["conversation_id"] for hit in hits] == [hit["conversation"] for hit in hits]
    assert len(hits) == 5
    assert len(json.loads(command("search", "boat", "--json", "--limit", "3")[1])) == 3


def test_quiet_commands_report_only_errors(
    command: Run, export: Callable[..., Path], tmp_path: Path
) -> None:
    console.set_quiet(is_quiet=True)
    try:
        assert command("import", export(chat())) == (0, "", "")
        to = ("--format", "json", "--to")
        assert command("export", "--all", *to, tmp_path / "all.json") == (0, "", "")
        code, _, err = command("export", "--all", *to, tmp_path / "none" / "all.json")
        assert (code, "Couldn’t save" in err, (tmp_path / "none").exists()) == (1, True, False)
    finally:
        console.set_quiet(is_quiet=False)


SIGNALS = (signal.SIGINT, *END_SIGNALS)


@pytest.fixture(autouse=True)
def usual_signals() -> Iterator[None]:
    """Restore the handlers of signals after each test."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS[:1])
def test_an_interrupted_import_says_how_to_continue(
    command: Run,
    interrupted: Run,
    export: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    add = ImportStore.add_all
    added: list[Any] = []

    async def add_and_interrupt(*arguments: Any) -> Any:
        if added:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        added.extend(outcomes := await add(*arguments))
        return outcomes

    file = export(chat(number=1), chat(number=2))
    with monkeypatch.context() as patches:
        patches.setattr(import_command, "SHARED_BATCH_SIZE", 0)  # one by one
        patches.setattr(ImportStore, "add_all", add_and_interrupt)
        code, _, err = interrupted("import", file)
    assert code == 130
    assert err.count("Interrupted. Continue with the same command.") == 1
    assert "conversations.json (ChatGPT): 1 conversation added." in err
    code, _, err = command("import", file)
    assert code == 0
    assert "1 conversation was already in your library." in err


WAITS = f"""
import asyncio, sys
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from desktop_app.cli.command_setup import interrupt_at_input

async def main():
    interrupt_at_input()
    print("waits", flush=True)
    while True:
        await asyncio.sleep(0.01)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_byte_interrupts_a_command_that_gets_no_signal() -> None:
    with open_child(python_child(WAITS), stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().split() == [b"waits"]
        assert process.communicate(b"\x03")[0].split() == [b"interrupted"]


def test_an_import_that_fails_midway_reports_what_it_has_imported(
    command: Run, export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = ImportStore.add_all
    added: list[Any] = []

    async def add_two(*arguments: Any) -> Any:
        if len(added) == 2:
            raise StoreFullError("The disk is full.")
        added.extend(outcomes := await add(*arguments))
        return outcomes

    monkeypatch.setattr(import_command, "SHARED_BATCH_SIZE", 0)  # one by one
    monkeypatch.setattr(ImportStore, "add_all", add_two)
    first = export(chat(number=1))
    first = first.rename(first.with_name("first.json"))
    files = (first, export(chat(number=2), chat(number=3)), tmp_path / "unread.json")
    code, out, err = command("import", *files, "--json")
    found = json.loads(out)["files"]
    assert [(each["file"], each["added"], len(each["refused"])) for each in found] == [
        ("first.json", 1, 0), ("conversations.json", 1, 1),
    ]  # fmt: skip
    assert (code, err.count("repartee: ")) == (1, 1)
    added.pop()  # one more conversation can be added
    code, out, err = command("import", export(chat(number=4), chat(number=5)))
    assert (code, out) == (1, "")
    told = err.splitlines()
    assert (len(told), told[0]) == (
        2, "repartee: conversations.json (ChatGPT): 1 conversation added.",
    )  # fmt: skip


def test_a_store_is_repaired_if_there_is_one(command: Run, export: Callable[..., Path]) -> None:
    code, out, err = command("repair")
    assert (code, out) == (1, "")
    assert err == "repartee: There is no library yet. Start Repartee to create one.\n"
    command("import", export(chat()))
    code, out, err = command("repair")
    assert (code, out) == (0, "")
    assert err.startswith("repartee: Recovered conversations: 1, messages: 2. ")
    assert command("search", "京都")[0] == 0
