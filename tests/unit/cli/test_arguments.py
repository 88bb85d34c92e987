"""The arguments that the command line accepts, and the exit codes in its help."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.cli.registry import find
from tests.helpers.command_line import of_commands, subcommands

USUAL_CODES = ["0", "1", "2", "130"]
ANSWER_CODES = ["0", "1", "2", "3", "130", "141"]


def commands(parent: click.Command) -> dict[str, click.Command]:
    """Return the parsers of all commands by name, and of the commands below them."""
    found: dict[str, click.Command] = {}
    for name, parser in subcommands(parent).items():
        found |= {name: parser}
        found |= {f"{name} {below}": inner for below, inner in commands(parser).items()}
    return found


def test_the_help_of_a_command_names_its_exit_codes() -> None:
    codes = {}
    for name, command in commands(program()).items():
        context = click.Context(command, info_name=name)
        table = command.get_help(context).partition("Exit codes:")[2]
        codes[name] = re.findall(r"^  (\d+) ", table, re.MULTILINE)
    unusual = {
        "ask": ["0", "1", "2", "3", "4", "5", "130", "141"],
        "summarize": ANSWER_CODES,
        "search": ["0", "1", "2", "130", "141"],
        "repeat run": ["0", "1", "2", "75", "130"],
    }
    assert codes == {name: unusual.get(name, USUAL_CODES) for name in codes}


@pytest.mark.parametrize(
    ("line", "values"),
    of_commands(
        ("ask q", {"prompt": "q"}),
        ("summarize a b", {"file": ["a", "b"], "in_parts": True}),
        ("table run a", {"source": ["a"], "concurrency": 4}),
        ("table export 3", {"table": "3", "to": "-"}),
        ("mcp add n --url u", {"name": "n", "url": "u"}),
        ("spending", {"by": "month"}),
        ("import f", {"files": ["f"]}),
        ("export --all --format json --to x", {"all": True, "format": "json", "to": "x"}),
        ("search t", {"text": "t", "limit": 50}),
        ("models a b", {"words": ["a", "b"]}),
        ("models all list", {"words": ["list"]}),
        *((("models get a", {"name": "a"}),) if find("models get") else ()),
        *((line, {}) for line in ("quick", "doctor", "tools", "table status", "mcp list")),
        *((line, {}) for line in ("models", "repair")),
    ),
)
def test_options_that_are_not_given_are_off(line: str, values: dict[str, Any]) -> None:
    parsed = vars(parse(program(), line.split()))
    empty: tuple[object, ...] = (None, False, [], "")
    of_the_command = ("command", "action", "context")
    given = {k: v for k, v in parsed.items() if k not in of_the_command and v not in empty}
    assert given == values


@pytest.mark.parametrize(
    "line",
    [
        *("", "table", "table export", "mcp", "mcp add", "summarize", "import"),
        *("search", "backup", "restore", "export --all --to x", "export --all --format json"),
        *("export --format json --to x", "export --all --conversation a --format json --to x"),
        *("ask q --stop=", "ask q --model=", "table run a --template="),
        *("ask q --json --jsonl", "spending --json --csv", "ask q --system f --instructions t"),
    ],
)
def test_an_incomplete_or_contradictory_line_is_refused(line: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse(program(), line.split())


@pytest.mark.parametrize(
    ("option", "least", "most"),
    of_commands(
        ("ask q --max-tokens", 1, 10_000_000),
        ("ask q --n", 1, 8),
        ("ask q --seed", 0, 2**53),
        ("ask q --temperature", 0, 2),
        ("ask q --top-p", 0, 1),
        ("ask q --max-rounds", 1, None),
        ("table run a --concurrency", 1, 64),
        ("table run a --min", 0, 1),
        ("search t --limit", 1, None),
        ("backup f --keep", 1, None),
    ),
)
def test_a_number_is_accepted_within_its_range(option: str, least: int, most: int | None) -> None:
    name = option.rpartition("--")[2].replace("-", "_")
    for number in (least, least + 1 if most is None else most):
        assert getattr(parse(program(), [*option.split(), str(number)]), name) == number
    for number in (least - 1, *(() if most is None else (most + 1,))):
        with pytest.raises(SystemExit, match="2"):
            parse(program(), [*option.split(), str(number)])


def test_a_refused_line_says_what_was_meant(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("f1.txt", "f2.txt", "f3.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    for line, hint in (
        (["ask", "-f", "f1.txt", "Why?", "f2.txt", "f3.txt"], "-f before each file"),
        (["ask", "--temprature", "1", "Why?"], "did you mean --temperature?"),
        (["ask", "-5 + 3?"], "write --"),
    ):
        with pytest.raises(SystemExit):
            parse(program(), line)
        assert hint in capsys.readouterr().err
