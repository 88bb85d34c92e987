"""A batch job that a command has begun is a table of the window, which collects its answers."""

from __future__ import annotations

from pathlib import Path

from desktop_app.domain.conversations.conversation import ModelChoice, new_id
from desktop_app.providers.jobs.batch_jobs import BatchFile
from desktop_app.tables.services import table_service
from desktop_app.tables.table import Cells, Column, Question, RunStatus
from desktop_app.tables.table_source import rows_of_files
from desktop_app.tables.ui.table_runs import TableRuns
from desktop_app.tables.ui.tables_page import TablesPage
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.batch_server import BatchServer
from tests.integration.cli.command import gateway
from tests.integration.cli.test_table_batches import all_answered


async def test_the_window_collects_a_job_of_a_command_and_shows_it_as_a_table(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.md"
    path.write_text("Words.", "utf-8")
    server = BatchServer(all_answered)
    async with server.http:
        environment = gateway(server.base_url)
        async with AppHarness(has_real_providers=True, environment=environment) as app:
            service = app.backend.of(table_service)
            choice = ModelChoice("env-openai", "gpt-5.2")
            question = Question("Which is {{it}}?", choice, is_literal=True)
            made = await service.create("Notes", [Column(new_id(), "Notes", question)])
            await service.add_rows(made.id, rows_of_files([BatchFile.of("a.md", path)]))
            await service.start_batch(await service.get(made.id), Cells())
        async with AppHarness(has_real_providers=True, environment=environment) as app:
            await app.session.of(TableRuns).resume()
            await until(lambda: "Notes" in app.said)
            (run,) = await app.backend.of(table_service).store.runs(made.id)
            assert (run.status, run.answered) == (RunStatus.DONE, 1)
            app.session.run("tables.show")
            page = app.session.of(TablesPage)
            await until(lambda: [line.summary.table.name for line in page.tables.rows] == ["Notes"])
            page.show_table(made.id)
            model = page.view.model
            await until(lambda: model.index(0, 1).data() == "=Answer 1")
            await app.written()
    assert len(server.batches) == 1
