"""Batch jobs in the window, with the real worker and a scripted HTTP provider."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from desktop_app.batch.ui.batch_bar import BatchBar
from desktop_app.batch.ui.batch_page import BatchPage
from desktop_app.providers.jobs import batch_jobs
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.batch_server import BatchServer, Outcome, lines, not_executed, refused
from tests.helpers.transcript_views import shown_text
from tests.helpers.widgets import find
from tests.integration.cli.command import gateway
from tests.integration.cli.test_batch_command import all_answered, answered

ANSWER = "Nine bullets, and `code`."


def opened(provider: BatchServer) -> AppHarness:
    return AppHarness(has_real_providers=True, environment=gateway(provider.base_url))


def bar_of(app: AppHarness) -> str:
    """Return the text of the bar above the prompt, or "" if it is hidden."""
    bars = [bar for bar in app.window.findChildren(BatchBar) if bar.isVisible()]
    return bars[0].label.text() if bars else ""


@asynccontextmanager
async def open_app(
    outcome: Callable[[list[dict[str, Any]]], Outcome] = all_answered,
) -> AsyncIterator[tuple[BatchServer, AppHarness]]:
    provider = BatchServer(outcome)
    async with provider.http, opened(provider) as app:
        yield provider, app


def notes(folder: Path, count: int, empty: int = 0) -> list[Path]:
    paths = [folder / f"note-{number}.md" for number in range(1, count + empty + 1)]
    for number, path in enumerate(paths, start=1):
        path.write_text(f"Words of note {number}." if number <= count else "", "utf-8")
    return paths


def dialog_of(app: AppHarness) -> BatchPage:
    return find(app.window, BatchPage, "batch-jobs")


def press(app: AppHarness, name: str) -> None:
    button = find(dialog_of(app), QAbstractButton, name)
    assert button.isVisible(), name
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def shown(app: AppHarness) -> list[list[str]]:
    """Return the files of the job that is shown."""
    model = dialog_of(app).job_page.items
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


async def prepare_job(app: AppHarness, paths: list[Path]) -> BatchPage:
    """Have the files of a new job read, and return the dialog, which then shows the job."""
    app.controllers.of(BatchPage).begin(paths)
    dialog = dialog_of(app)
    dialog.new_page.task.setPlainText("Which is it?")
    press(app, "batch-read")
    await until(lambda: dialog.page == "job" and dialog.job_page.start_button.isVisible())
    return dialog


async def test_a_job_runs_from_files_to_answers_to_a_conversation(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        return Outcome(output=lines(*(answered(r["custom_id"], ANSWER) for r in requests[::-1])))

    async with open_app(outcome) as (provider, app):
        dialog = await prepare_job(app, notes(tmp_path, 3, empty=1))
        assert "3 files with about" in dialog.job_page.estimate.text()
        assert "1 file skipped." in dialog.job_page.estimate.text()
        assert "less than without batch" in dialog.job_page.estimate.text()
        assert provider.seen == []
        dialog.resize(dialog.width(), 520)
        start = dialog.job_page.start_button
        await until(lambda: start.visibleRegion().boundingRect() == start.rect())
        press(app, "batch-start")
        ended = "Completed · 3 of 3 answered · 1 skipped"
        await until(lambda: ended in dialog.job_page.status.text())
        await until(lambda: [row[1] for row in shown(app)] == ["Answered"] * 3 + ["Skipped"])
        assert "contains no text" in shown(app)[3][2]
        assert (app.said, bar_of(app)) == ("", "")  # no card covers the job that it names
        table = dialog.job_page.table
        table.setCurrentIndex(dialog.job_page.items.index(1, 0))
        shown_answer = dialog.job_page.answer
        await until(lambda: ANSWER.replace("`", "") in shown_text(shown_answer))

        report = tmp_path / "report.csv"
        dialog.request(dialog.export_results, dialog.job_page.job_id, "csv", report)
        await until(lambda: "Results exported to" in dialog.status_note.text())
        with report.open(encoding="utf-8-sig", newline="") as file:
            assert [row["name"] for row in csv.DictReader(file)][:2] == ["note-1.md", "note-2.md"]

        press(app, "batch-open")
        await until(lambda: "bullets, and code." in app.transcript)
        assert not dialog.isVisible()
        assert "Which is it?" in app.transcript
        assert app.rows == ["note-2.md: Which is it?"]
        app.controllers.of(BatchPage).show_jobs()
        opened = app.open_id
        app.controllers.of(BatchPage).open_job(dialog.job_page.job_id)
        await until(lambda: dialog.page == "job")
        press(app, "batch-open")  # a second time it is the same conversation
        await until(lambda: not dialog.isVisible())
        assert app.open_id == opened
        assert len(app.rows) == 1


async def test_show_leads_to_the_job_that_ended_and_the_job_names_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_jobs, "_FIRST_POLL_INTERVAL_S", 0.05)
    async with open_app() as (provider, app):
        provider.polls = 2
        dialog = await prepare_job(app, notes(tmp_path, 1))
        assert "Thinking" in dialog.job_page.status.text()
        press(app, "batch-start")
        dialog.show_list()
        await until(lambda: "finished ($0" in app.said)
        await until(lambda: "finished" in bar_of(app))
        (bar,) = (bar for bar in app.window.findChildren(BatchBar) if bar.isVisible())
        job_id = dialog.job_page.job_id
        bar.show_button.click()
        await until(lambda: dialog.page == "job" and dialog.job_page.job_id == job_id)
        await until(lambda: bar_of(app) == "")  # the bar is refreshed 0.3 s later


async def test_failed_files_are_shown_filtered_and_retried(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        ids = [request["custom_id"] for request in requests]
        if len(ids) < 3:
            return all_answered(requests)
        return Outcome(
            "expired",
            lines(answered(ids[0], ANSWER)),
            lines(refused(ids[1], 400, "Too hot."), not_executed(ids[2])),
        )

    async with open_app(outcome) as (_provider, app):
        dialog = await prepare_job(app, notes(tmp_path, 3))
        press(app, "batch-start")
        await until(lambda: "Expired · 1 of 3 answered" in dialog.job_page.status.text())
        await until(lambda: [row[1] for row in shown(app)][1:] == ["Failed", "No response"])
        assert "Too hot" in shown(app)[1][2]
        dialog.job_page.filter.button("problems").click()
        assert [row[0] for row in shown(app)] == ["note-2.md", "note-3.md"]
        first = dialog.job_page.job_id
        press(app, "batch-retry")
        await until(
            lambda: dialog.job_page.job_id != first and dialog.job_page.start_button.isVisible()
        )
        press(app, "batch-start")
        await until(lambda: "Completed · 2 of 2 answered" in dialog.job_page.status.text())
        press(app, "batch-remove")
        (box,) = dialog.findChildren(QMessageBox)
        next(each for each in box.buttons() if each.text() == "Remove").click()
        await until(lambda: dialog.page == "list" and dialog.jobs.rowCount() == 1)


@pytest.mark.slow
async def test_a_job_continues_at_the_next_start_and_can_be_canceled(tmp_path: Path) -> None:
    provider = BatchServer(all_answered)
    provider.polls = 2
    async with provider.http:
        async with opened(provider) as app:
            await prepare_job(app, notes(tmp_path, 2))
            press(app, "batch-start")
            await until(lambda: "In progress" in bar_of(app))
        async with opened(provider) as app:
            await app.controllers.of(BatchPage).resume_jobs()
            await until(lambda: app.stored("SELECT status FROM batch_jobs") == [("completed",)])
            await until(lambda: "finished" in app.said)
            assert len(provider.batches) == 1

            provider.polls = provider.cancel_polls = 50
            dialog = await prepare_job(app, notes(tmp_path, 1))
            press(app, "batch-start")
            await until(lambda: "In progress" in dialog.job_page.status.text())
            for answer in ("Keep running", "Cancel job"):
                assert "Canceling" not in dialog.job_page.status.text()
                press(app, "batch-cancel")
                await until(lambda: dialog.findChildren(QMessageBox))
                (box,) = dialog.findChildren(QMessageBox)
                next(each for each in box.buttons() if each.text() == answer).click()
                await until(lambda: not dialog.findChildren(QMessageBox))
            await until(lambda: "Canceling" in dialog.job_page.status.text())
            assert not dialog.job_page.cancel_button.isEnabled()


@pytest.mark.slow
async def test_many_files_at_once_are_offered_as_a_job(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        paths = notes(tmp_path, 12)
        app.window.files_dropped.emit(paths[:3])
        await until(lambda: len(app.state.current.draft.value.attachments) == 3)
        assert bar_of(app) == ""
        app.window.files_dropped.emit([tmp_path])
        await until(lambda: "Send these files as a batch job" in bar_of(app))
        bar = find(app.window, BatchBar, "batch-bar")
        bar.dismiss_button.click()
        assert not bar.isVisible()
        await until(lambda: len(app.state.current.draft.value.attachments) == 4)
        paths.append(tmp_path / "none.pdf")
        app.window.files_dropped.emit(paths[-1:])
        await until(lambda: "none.pdf" in app.said)
        app.window.files_dropped.emit(paths)
        await until(lambda: "Send 13 files as a batch job" in bar_of(app))
        bar.show_button.click()
        await until(lambda: not app.is_reading)
        assert app.said == ""  # the job says what is wrong with them
        dialog = dialog_of(app)
        assert dialog.isVisible()
        assert "13 files" in dialog.new_page.files.label.text()
        # They do not go into the prompt as well; what stood there stays.
        assert len(app.state.current.draft.value.attachments) == 4
        assert dialog.new_page.prompt.currentText() == "Summarize"
        assert "bullet" in dialog.new_page.task.toPlainText()
