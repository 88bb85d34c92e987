"""The commands of earlier versions name those that do the same now."""

from __future__ import annotations

import pytest

from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.cli.former_commands import new_command
from desktop_app.main import main


@pytest.mark.parametrize(
    ("former", "now"),
    [
        (["batch", "start", "a b", "--task", "Say"], "run 'a b' --ask Say --batch"),
        (["batch", "start", "a", "-t", "x", "--wait"], "run a -t x --wait --batch"),
        (["batch", "start", "a"], "run a --batch --template summarize"),
        (["batch", "status", "ab", "--json"], "status ab --json"),
        (["batch", "report", "ab", "-o", "r.csv"], "export ab -o r.csv"),
        (["batch", "again", "ab", "--yes"], "run ab --yes --failed --batch"),
        (["batch", "cancel", "ab"], "stop ab"),
        (["batch"], "--help"),
        (["eval", "c.jsonl", "--min", "0.9", "--json"], "run c.jsonl --min 0.9 --json"),
        (["eval", "c.jsonl", "-o", "out"], "run c.jsonl -o out.html"),
    ],
)
def test_a_former_command_names_the_new_one(
    former: list[str], now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_command(former) == f"repartee table {now}"
    with pytest.raises(SystemExit) as ended:
        main(former)
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert f"repartee table {now}" in told.err
    assert ("repartee table" in told.out) is ("--json" in former)
    if now != "--help":
        parse(program(), ["table", *(word.strip("'") for word in now.split())])


def test_other_words_are_no_former_commands() -> None:
    assert [new_command(words) for words in ([], ["evaluate"], ["notes.txt", "batch"])] == [""] * 3
