"""The commands on a real terminal show hostile text as plain text only.

Through a pipe, the answer is the server's text, byte for byte.
"""

from __future__ import annotations

import asyncio
import json
import os
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.command import Shell, against, gateway
from tests.integration.cli.replies import COMPLETED, CREATED, delta, refusal
from tests.unit.providers.loopback import LoopbackServer, Script, streams
from tests.unit.providers.samples import sse

HOSTILE = "a\x1b[2J\x1b]0;t\x07\x9b31m\x7f\u202eb\u2066\u200f\u2028\x08\rc"
SHOWN = r"a\x1b[2J\x1b]0;t\x07\x9b31m\x7f\u202eb\u2066\u200f\u2028\x08\x0dc"
SAID = ": a[2J]0;t31mb c. "
"""Errors quote such a reply without its invisible characters."""
NAME = b"n\x1b[2J\x9b\xe2\x80\xae\xff\rm.md"
"""A file's name that is not UTF-8, with a sequence that clears the screen."""
NAME_SHOWN = r"n\x1b[2J\x9b\u202e\xff\x0dm.md"


class Terminal:
    """Runs each command on a terminal of its own, which passes the output on unchanged."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def shows(self, *arguments: str | bytes, **env: str) -> str:
        """Return the output of a command after checking that it is safe."""
        reading_end, command_end = os.openpty()
        mode = termios.tcgetattr(command_end)
        mode[1] &= ~termios.OPOST
        termios.tcsetattr(command_end, termios.TCSANOW, mode)
        nothing = os.open(os.devnull, os.O_RDONLY)
        assert self._shell.server
        command = await self._shell.server.start(
            arguments,
            (nothing, command_end, command_end),
            folder=self._shell.outside / "here",
            environment={**self._shell.environment, **env},
        )
        os.close(nothing)
        os.close(command_end)
        said, _ = await asyncio.gather(asyncio.to_thread(all_of, reading_end), command.wait())
        shown = said.decode()
        assert not [char for char in shown if is_unsafe(char)], shown
        assert "Traceback" not in shown
        return shown


def is_unsafe(char: str) -> bool:
    code = ord(char)
    is_control = code < 0x20 or 0x7F <= code < 0xA0
    is_direction_mark = (
        0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code in (0x200E, 0x200F, 0x61C)
    )
    return (is_control and char not in "\n\t") or is_direction_mark


def all_of(terminal: int) -> bytes:
    """Return the terminal's output until no process holds it open, and close it."""
    said = b""
    with suppress(OSError):  # what a terminal says when its last process is gone
        while more := os.read(terminal, 65536):
            said += more
    os.close(terminal)
    return said


def asked(shell: Shell, script: Script, *arguments: str | bytes) -> str:
    """Return the output of a command that asks a model."""
    shown: list[str] = []

    async def test(server: LoopbackServer) -> None:
        shown.append(await Terminal(shell).shows(*arguments, **gateway(server.base_url)))

    against(script, test=test)
    return shown[0]


def hostile_answer() -> Script:
    """Return an answer whose sequences are cut between any two characters."""
    return streams(sse(CREATED), *(delta(char) for char in HOSTILE), sse(COMPLETED))


def file_in(shell: Shell, name: bytes, text: str = "Words.") -> Path:
    path = Path(os.fsdecode(os.fsencode(shell.outside / "here") + b"/" + name))
    path.write_text(text, "utf-8")
    return path


@pytest.mark.attack("terminal")
def test_ask_shows_a_hostile_answer_as_text(shell: Shell) -> None:
    assert asked(shell, hostile_answer(), "ask", "Why?") == f"{SHOWN}\n"
    shown = asked(shell, hostile_answer(), "ask", "Why?", "--json")
    assert json.loads(shown)["answer"] == HOSTILE


@pytest.mark.attack("terminal")
def test_ask_shows_hostile_errors_and_names_as_text(shell: Shell) -> None:
    shown = asked(shell, refusal(400, "bad", HOSTILE.replace("\n", " ")), "ask", "Why?")
    assert SAID in shown
    refused = refusal(404, "model_not_found", HOSTILE)
    assert SAID in asked(shell, refused, "ask", "Why?", "--model", "m\x1b[2J")
    assert NAME_SHOWN in asked(shell, hostile_answer(), "ask", "Why?", "--file", NAME)
    assert r"\x1b[2J" in asked(shell, hostile_answer(), "ask", "Why?", "--provider", "p\x1b[2J")
    unknown = asked(shell, hostile_answer(), "ask", "Why?", "--x\x1b[2J\nrepartee: Sent.")
    assert r"--x\x1b[2J\x0arepartee: Sent." in unknown


@pytest.mark.attack("terminal")
async def test_import_and_search_show_titles_as_text(shell: Shell) -> None:
    node: dict[str, Any] = {"id": "1", "parent": None, "children": []}
    message = {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [HOSTILE]}}
    exported = {
        "title": f"{HOSTILE}\nrepartee: Sent.",
        "create_time": 1.0,
        "update_time": 1.0,
        "mapping": {"1": {**node, "message": {"id": "1", **message}}},
        "current_node": "1",
        "conversation_id": "c",
    }
    file_in(shell, NAME, json.dumps([exported]))
    file_in(shell, b"bad-" + NAME, "no export")

    terminal = Terminal(shell)
    shown = await terminal.shows("import", NAME, b"bad-" + NAME, b"gone-" + NAME)
    assert shown.count(NAME_SHOWN) >= 3
    found = await terminal.shows("search", "b")
    assert found.count("\n") == 2, "the conversation and its message"
    assert r"\x1b[2J" in found
    as_json = await terminal.shows("search", "b", "--json")
    assert (
        json.loads(as_json)[0]["title"]
        == json.loads((await shell.run("search", "b", "--json")).out)[0]["title"]
    )
    piped = await shell.run("search", "b")
    assert not [char for char in piped.out if is_unsafe(char)], "names are cleaned in a pipe"


@pytest.mark.attack("terminal")
def test_an_answer_goes_to_a_pipe_unchanged(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        done = await shell.run("ask", "Why?", env=gateway(server.base_url))
        assert (done.out, done.err) == (f"{HOSTILE}\n", "")

    against(hostile_answer(), test=test)


@pytest.mark.attack("terminal")
def test_errors_are_escaped_in_a_pipe_too(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        done = await shell.run("ask", "Why?", env=gateway(server.base_url))
        assert not [char for char in done.err if is_unsafe(char)]
        assert SAID in done.err

    against(refusal(400, "bad", HOSTILE), test=test)
