"""`repartee batch`, in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from desktop_app.batch.command.batch_command import run_batch
from desktop_app.cli.arguments import program
from desktop_app.cli.command_line import parse
from desktop_app.cli.command_setup import open_backend
from desktop_app.domain.conversations.conversation import ModelChoice, now
from desktop_app.tables.services import table_service
from desktop_app.tables.table import Column, NewRow, Question, Row, Table

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def batch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command; it returns the exit code and both outputs."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")

    def run(*words: str) -> tuple[int, str, str]:
        typed = ["batch", *words]
        code = run_batch(parse(program(), typed))
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


async def add_jobs(*job_ids: str, files: int = 0) -> None:
    """Store jobs that were not sent, with files that were not read."""
    moment = now()
    question = Question("Say it.", ModelChoice("openai", "gpt-5.2"), is_literal=True)
    async with open_backend() as backend:
        store = backend.of(table_service).store
        for job_id in job_ids:
            column = Column(f"c-{job_id}", "Job", question)
            await store.save(Table(job_id, "Job", moment, moment, (column,)))
            rows = [NewRow(Row(0, f"{n}", paths=(f"/{n}",))) for n in range(files)]
            await store.add_rows(job_id, rows)


def test_a_job_is_found_by_the_beginning_of_its_id(batch: Run) -> None:
    asyncio.run(add_jobs("abcd-1", "abcd-2", "abc", "xyz12"))
    for typed, found in (("xyz1", "xyz12"), ("abcd-2", "abcd-2"), ("abc", "abc")):
        code, out, _ = batch("status", typed, "--json")
        assert (code, json.loads(out)["id"]) == (0, found)
    assert batch("remove", "xyz1")[0] == 0
    for typed, words in (
        ("abcd", "Several batch jobs match abcd."),
        ("xyz1", "There is no batch job xyz1."),
        ("ab", "There is no batch job ab."),
    ):
        code, _, err = batch("remove", typed)
        assert code == 2, typed
        assert words in err
    _, out, _ = batch("status", "--json")
    assert {job["id"] for job in json.loads(out)} == {"abcd-1", "abcd-2", "abc"}


def test_the_status_of_an_interrupted_job_names_the_command_that_continues_it(batch: Run) -> None:
    asyncio.run(add_jobs("abcd", files=1))
    hint = "Interrupted. To continue, run “repartee batch resume abcd” or open Repartee."
    assert batch("status")[1].splitlines()[1:] == [f"    {hint}"]
    assert batch("status", "abcd")[1].splitlines()[1:2] == [hint]


def test_an_empty_list_of_jobs_is_reported(batch: Run) -> None:
    assert batch("status") == (0, "", "repartee: No batch jobs\n")
    asyncio.run(add_jobs("abcd-1"))
    code, out, err = batch("status")
    assert (code, out[:8], err) == (0, "abcd-1  ", "")
