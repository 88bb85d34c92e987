"""A batch job in the real window through AT-SPI, resumed after the program was killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end2end.program import AssistiveClient, Program, wait_for
from tests.helpers.batch_server import BatchServer
from tests.integration.cli.command import gateway
from tests.integration.cli.test_batch_command import all_answered

FILES = 12


def notes(folder: Path) -> list[str]:
    names = [folder / f"note-{number:02}.md" for number in range(1, FILES + 1)]
    for path in names:
        path.write_text(f"What is said in {path.name}.", "utf-8")
    return [str(name) for name in names]


def begin(program: Program) -> None:
    """Take what is offered for many files, and say yes to what it costs."""
    wait_for(lambda: program.has("show-batch-jobs", "showing"), "the offer")
    assert f"{FILES} files" in program.do("name", "batch-bar")
    program.do("press", "show-batch-jobs")
    program.do("set_text", "batch-task", text="Which is it?")
    wait_for(lambda: program.has("batch-read", "enabled"), "the files")
    program.do("press", "batch-read")
    wait_for(lambda: program.has("batch-start", "showing"), "the estimate")
    assert f"{FILES} files with about" in program.do("name", "batch-estimate")
    program.do("press", "batch-start")
    wait_for(lambda: "In progress" in program.do("name", "batch-status"), "the batch")


@pytest.mark.slow
async def test_a_job_outlives_the_program(
    client: AssistiveClient, repartee_home: Path, tmp_path: Path
) -> None:
    server = BatchServer(all_answered)
    server.polls = 3
    async with server.http:
        environment = gateway(server.base_url)

        def first() -> None:
            with Program(repartee_home, client, *notes(tmp_path), **environment) as program:
                begin(program)
                program.kill()

        def second() -> None:
            with Program(repartee_home, client, **environment) as program:
                wait_for(
                    lambda: "finished" in program.do("name", "batch-bar"), "the end of the job"
                )
                program.do("press", "show-batch-jobs")
                wait_for(lambda: program.has("batch-items", "showing"), "the files of the job")
                assert program.quit() == 0

        await asyncio.to_thread(first)
        await asyncio.to_thread(second)
    assert len(server.batches) == 1
    assert len(server.requests()) == FILES
