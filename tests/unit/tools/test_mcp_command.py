"""`repartee mcp`, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop_app.cli import arguments
from desktop_app.cli.command_line import parse
from desktop_app.tools.command.mcp_command import run_mcp

Run = Callable[..., tuple[int, str, str]]
URL = "https://tools.example/mcp"


@pytest.fixture
def mcp(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a subcommand; it returns the exit code and both outputs."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(tmp_path)

    def run(*words: str, program: tuple[str, ...] = ()) -> tuple[int, str, str]:
        separated = ("--", *program) if program else ()
        code = run_mcp(parse(arguments.program(), ["mcp", *words, *separated]))
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


def test_servers_are_added_listed_and_removed(mcp: Run, tmp_path: Path) -> None:
    assert mcp("list") == (0, "", "")
    assert mcp("add", "far", "--url", URL, "--header", "X-Team : ${env:TEAM}") == (0, "", "")
    assert mcp("add", "local", "--env", "A=${env:B}", program=("serve", "x")) == (0, "", "")
    assert mcp("list") == (0, f"far    {URL}  X-Team\nlocal  serve  A\n", "")
    code, out, err = mcp("list", "--json")
    shared = {"signed_in": False, "tools": 0, "client_id": None, "timeout_s": None}
    far = {"name": "far", "transport": "http", "program": "tools.example", "folder": "", "url": URL}
    local = {"name": "local", "transport": "stdio", "program": "serve", "folder": str(tmp_path)}
    assert (code, json.loads(out), err) == (
        0,
        [
            {**far, "env": [], "headers": ["X-Team"], **shared},
            {**local, "url": "", "env": ["A"], "headers": [], **shared},
        ],
        "",
    )
    assert mcp("logout", "far") == (0, "", "")
    assert mcp("remove", "far") == (0, "", "")
    assert mcp("list") == (0, "local  serve  A\n", "")


def test_an_address_may_follow_the_name(mcp: Run) -> None:
    assert mcp("add", "far", URL, "--timeout", "300") == (0, "", "")
    (far,) = json.loads(mcp("list", "--json")[1])
    assert (far["transport"], far["url"], far["timeout_s"]) == ("http", URL, 300)
    assert mcp("add", "app", URL, "--client-id", "Iv1.a") == (0, "", "")
    assert json.loads(mcp("list", "--json")[1])[0]["client_id"] == "Iv1.a"


def test_values_that_are_no_secrets_need_no_keyring(mcp: Run) -> None:
    assert mcp("add", "a", "--env", "MEMORY_FILE_PATH=/x", program=("serve",)) == (0, "", "")
    code, _, refusal = mcp("add", "b", "--env", "WORD=abc", program=("serve",))
    assert (code, "--plain" in refusal) == (1, True)
    assert mcp("add", "b", "--plain", "--env", "WORD=abc", program=("serve",)) == (0, "", "")


@pytest.mark.parametrize("action", ["remove", "test", "login", "logout"])
def test_a_server_that_is_not_there_is_a_mistake_in_the_command(mcp: Run, action: str) -> None:
    assert mcp(action, "gone") == (2, "", "repartee: There is no tool server named “gone”.\n")


@pytest.mark.parametrize(
    ("words", "program", "said"),
    [
        (("add", "a"), (), "either --url or a command"),
        (("add", "a", "--url", URL), ("serve",), "either --url or a command"),
        (("add", "a", "--url", URL, "--env", "A=b"), (), "--env needs a command"),
        (("add", "a", URL, "more"), (), "either --url or a command"),
        (("add", "a", "--client-id", "b"), ("serve",), "--client-id needs --url"),
        (("add", "a", URL, "--client-secret"), (), "--client-secret needs --client-id"),
        (("add", "a", "--header", "A:b"), ("serve",), "--header needs --url"),
        (("add", "a", "--env", "A"), ("serve",), "--env takes NAME=VALUE"),
        (("add", "a", "--url", URL, "--header", "A=b"), (), "--header takes NAME:VALUE"),
    ],
)
def test_an_incomplete_server_is_refused(
    mcp: Run,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    program: tuple[str, ...],
    said: str,
) -> None:
    with pytest.raises(SystemExit) as ended:
        mcp(*words, program=program)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
    assert mcp("list") == (0, "", "")
