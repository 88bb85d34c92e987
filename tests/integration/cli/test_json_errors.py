"""With --json, every command prints the error that ends it as an object on standard output."""

from __future__ import annotations

import pytest

from tests.integration.cli.command import Shell

COMMANDS = {
    "ask": ("Which?",),
    "summarize": ("notes.txt",),
    "tools": (),
    "table run": ("notes.txt", "--ask", "Which?"),
    "table status": (),
    "table resume": ("1234",),
    "mcp list": (),
    "mcp test": ("none",),
    "spending": (),
    "models": (),
    "models list": (),
    "models get": ("qwen3-4b",),
    "models remove": ("qwen3-4b",),
    "import": ("export.json",),
    "search": ("word",),
    "doctor": (),
}
"""The commands that have --json, with the arguments that they need."""
OTHERS = ("doctor",)
"""Those that end well with a damaged library."""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in OTHERS])
async def test_the_error_that_ends_a_command_is_an_object(shell: Shell, name: str) -> None:
    store = shell.home / "data" / "repartee.sqlite3"
    store.parent.mkdir(parents=True)
    store.write_bytes(b"not a database" * 1000)
    (shell.outside / "here" / "notes.txt").write_text("Notes.")
    done = await shell.run(*name.split(), *COMMANDS[name], "--json")
    assert done.code in (1, 2)
    error = done.json["error"]
    assert error.keys() == {"kind", "message", "details"}
    assert error["message"] in done.err


@pytest.mark.parametrize("name", COMMANDS)
async def test_an_invalid_command_line_is_an_object(shell: Shell, name: str) -> None:
    done = await shell.run(*name.split(), *COMMANDS[name], "--json", "--zzzzzzzz")
    assert done.code == 2
    message = "unrecognized arguments: --zzzzzzzz"
    error = {"kind": "illegal_choice", "message": message, "details": ""}
    assert done.json == {"error": error}
    assert done.err.endswith(f"error: {message}\n")
