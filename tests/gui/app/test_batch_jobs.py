"""Batch jobs in the window, with the real worker and a scripted HTTP provider."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QMessageBox

from desktop_app.backend import batch_wiring
from desktop_app.backend.answer_settings import INSTRUCTIONS
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.batch.batch_jobs import (
    BatchFile,
    BatchItem,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import ModelChoice, new_id, now
from desktop_app.domain.error_note import ErrorNote
from desktop_app.services.batch.batch_service import BatchService
from desktop_app.ui.batch.batch_bar import BatchBar
from desktop_app.ui.batch.batch_dialog import BatchDialog
from desktop_app.ui.batch.batch_new_page import NewBatchJob
from desktop_app.ui.widgets.forms.form_widgets import Combo, Switch
from tests.end2end.batch_states import fill_batches
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.batch_server import BatchServer, Outcome, lines, not_executed, refused
from tests.helpers.widgets import find
from tests.integration.cli.command import gateway
from tests.integration.cli.test_batch_command import all_answered, answered

if TYPE_CHECKING:
    import pytest

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


def dialog_of(app: AppHarness) -> BatchDialog:
    return find(app.window, BatchDialog, "batch-jobs")


def press(app: AppHarness, name: str) -> None:
    button = find(dialog_of(app), QAbstractButton, name)
    assert button.isVisible(), name
    assert button.isEnabled(), name
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def press_twice(app: AppHarness, name: str) -> None:
    press(app, name)
    press(app, name)


def shown(app: AppHarness) -> list[list[str]]:
    """Return the files of the job that is shown."""
    model = dialog_of(app).job_page.items
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


async def prepare_job(app: AppHarness, paths: list[Path]) -> BatchDialog:
    """Have the files of a new job read, and return the dialog, which then shows the job."""
    app.controllers.dialogs.batches.begin(paths)
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
        await until(lambda: "finished ($0.005)" in app.said)
        await until(lambda: "finished" in bar_of(app))
        table = dialog.job_page.table
        table.setCurrentIndex(dialog.job_page.items.index(1, 0))
        await until(lambda: dialog.job_page.answer.toPlainText() == ANSWER)

        dialog.report_requested.emit(dialog.job_page.job_id, "csv", tmp_path / "report.csv")
        await until(lambda: "Results exported to" in dialog.status_note.text())
        with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [row["name"] for row in csv.DictReader(file)][:2] == ["note-1.md", "note-2.md"]

        press(app, "batch-open")
        await until(lambda: "bullets, and code." in app.transcript)
        assert not dialog.isVisible()
        assert "Which is it?" in app.transcript
        assert app.rows == ["note-2.md: Which is it?"]
        app.controllers.dialogs.batches.show()
        opened = app.open_id
        dialog.job_requested.emit(dialog.job_page.job_id)
        await until(lambda: dialog.page == "job")
        press(app, "batch-open")  # a second time it is the same conversation
        await until(lambda: not dialog.isVisible())
        assert app.open_id == opened
        assert len(app.rows) == 1


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


async def test_a_double_click_acts_once(tmp_path: Path) -> None:
    def outcome(requests: list[dict[str, Any]]) -> Outcome:
        first, *others = [request["custom_id"] for request in requests]
        return Outcome("expired", lines(answered(first, ANSWER)), lines(*map(not_executed, others)))

    async with open_app(outcome) as (_provider, app):
        app.controllers.dialogs.batches.begin(notes(tmp_path, 2))
        dialog = dialog_of(app)
        press_twice(app, "batch-read")
        await until(lambda: dialog.page == "job" and dialog.job_page.start_button.isVisible())
        await app.written()
        assert len(app.stored("SELECT id FROM batch_jobs")) == 1
        first = dialog.job_page.job_id
        press(app, "batch-start")
        await until(dialog.job_page.retry_button.isVisible)
        press_twice(app, "batch-retry")
        await until(lambda: dialog.job_page.job_id != first)
        await app.written()
        assert len(app.stored("SELECT id FROM batch_jobs")) == 2
        dialog.job_requested.emit(first)
        await until(
            lambda: dialog.job_page.job_id == first and dialog.job_page.items.rowCount() == 2
        )
        dialog.job_page.table.setCurrentIndex(dialog.job_page.items.index(0, 0))
        await until(dialog.job_page.open_button.isEnabled)
        press_twice(app, "batch-open")
        await until(lambda: not dialog.isVisible())
        await app.written()
        assert len(app.rows) == 1


async def test_a_job_continues_at_the_next_start_and_can_be_canceled(tmp_path: Path) -> None:
    provider = BatchServer(all_answered)
    provider.polls = 2
    async with provider.http:
        async with opened(provider) as app:
            await prepare_job(app, notes(tmp_path, 2))
            press(app, "batch-start")
            await until(lambda: "In progress" in bar_of(app))
        async with opened(provider) as app:
            job_id = app.stored("SELECT id FROM batch_jobs")[0][0]
            app.controllers.dialogs.batches.runs.resume(job_id)
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


async def test_many_files_at_once_are_offered_as_a_job(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        paths = notes(tmp_path, 12)
        app.window.files_dropped.emit(paths[:3])
        assert not app.window.findChildren(BatchBar)
        await until(lambda: len(app.state.current.draft.value.attachments) == 3)
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


async def test_an_offer_counts_no_folder_as_a_file(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        folders = [tmp_path / str(number) for number in range(10)]
        for folder in folders:
            folder.mkdir()
        await app.written()
        app.window.files_dropped.emit(folders)
        await app.written()
        assert bar_of(app) == ""
        app.window.files_dropped.emit([*folders[:2], *notes(tmp_path, 10)])
        await until(lambda: "Send these files as a batch job" in bar_of(app))


async def test_an_offer_hides_the_end_of_a_job_only_until_it_is_dismissed(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        paths = notes(tmp_path, 12)
        await prepare_job(app, paths[:1])
        app.window.files_dropped.emit(paths)
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        press(app, "batch-start")
        await until(lambda: "finished" in app.said)
        assert "Send 12 files as a batch job" in bar_of(app)
        dismiss = find(app.window, BatchBar, "batch-bar").dismiss_button
        dismiss.click()
        assert "finished" in bar_of(app)
        QTest.keyClick(dismiss, Qt.Key.Key_Escape)
        await until(lambda: bar_of(app) == "")  # the list of running jobs is read in a task


async def test_a_job_that_has_ended_is_not_shown_as_running() -> None:
    job = BatchJob(
        new_id(), ModelChoice("openai", "gpt-5.2"), "Notes", "?", now(), BatchStatus.IN_PROGRESS
    )
    async with AppHarness() as app:
        bar = app.controllers.dialogs.batch_bar
        bar.show_running([job])
        assert "Notes" in bar_of(app)
        bar.show_end(job)
        find(app.window, BatchBar, "batch-bar").dismiss_button.click()
        assert bar_of(app) == ""
        bar.show_running([job])  # a list that was read before the end
        assert bar_of(app) == ""
        bar.show_running([job, replace(job, id=new_id(), title="Mails")])
        assert "Mails" in bar_of(app)


async def test_changes_while_a_job_is_created_are_kept_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_create = asyncio.Event()
    create = BatchService.create

    async def create_later(service: BatchService, *given: Any, **options: Any) -> BatchJob:
        await may_create.wait()
        return await create(service, *given, **options)

    monkeypatch.setattr(BatchService, "create", create_later)
    *sent, cleared, added = notes(tmp_path, 4)
    async with open_app() as (_provider, app):
        app.controllers.dialogs.batches.begin(sent)
        page = dialog_of(app).new_page
        page.task.setPlainText("Which is it?")
        press(app, "batch-read")
        app.controllers.dialogs.batches.begin([cleared])
        press(app, "batch-clear-files")
        app.controllers.dialogs.batches.begin([added])
        page.task.setPlainText("And whose?")
        may_create.set()
        await until(lambda: dialog_of(app).page == "job")
        assert page.draft()["files"] == f"{added}\0"
        assert page.task.toPlainText() == "And whose?"
        app.controllers.dialogs.batches.begin()
        press(app, "batch-undo-clear")  # without the files of the job
        assert page.draft()["files"] == f"{cleared}\0{added}\0"


async def test_a_job_has_the_settings_that_applied_when_it_was_requested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app() as (_provider, app):
        expand = batch_wiring.expand_paths
        await app.state.values.set(INSTRUCTIONS, "Be brief.")

        async def expand_slowly(paths: Iterable[Path]) -> list[BatchFile]:
            await app.state.values.set(INSTRUCTIONS, "Be long.")
            return await expand(paths)

        monkeypatch.setattr(batch_wiring, "expand_paths", expand_slowly)
        dialog = await prepare_job(app, notes(tmp_path, 1))
        job = await app.backend.batch_store.get(dialog.job_page.job_id)
        assert job is not None
        assert job.instructions == "Be brief."


async def test_a_queued_question_is_not_sent_without_the_files_of_a_job(tmp_path: Path) -> None:
    async with AppHarness() as app:
        turn = await app.ask("Why?")
        app.window.files_dropped.emit(notes(tmp_path, 12))
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        await until(lambda: len(app.state.current.draft.value.attachments) == 12)
        app.type("Summarize them.")
        app.enter()
        assert "Queued" in app.hint
        find(app.window, BatchBar, "batch-bar").show_button.click()
        assert "Queued" not in app.hint
        turn.end("So.")
        await app.settled()
        assert len(app.providers.turns) == 1
        assert app.text.toPlainText() == "Summarize them."


async def test_an_offer_dismissed_by_keyboard_passes_the_focus_to_the_prompt(
    tmp_path: Path,
) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit(notes(tmp_path, 12))
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        await until(lambda: len(app.state.current.draft.value.attachments) == 12)
        dismiss = find(app.window, BatchBar, "batch-bar").dismiss_button
        dismiss.setFocus()
        app.press(Qt.Key.Key_Space)
        assert bar_of(app) == ""
        assert app.text.hasFocus()  # a second press of the key must not remove a file


async def test_an_offer_ends_when_its_files_are_sent(tmp_path: Path) -> None:
    async with AppHarness() as app:
        app.window.files_dropped.emit(notes(tmp_path, 12))
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        await until(lambda: len(app.state.current.draft.value.attachments) == 12)
        turn = await app.ask("Summarize them.")
        assert bar_of(app) == ""
        turn.end("Words.")
        await app.settled()


async def test_files_attached_after_the_offer_stay_in_the_prompt(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        *offered, read, unread = notes(tmp_path, 14)
        app.window.files_dropped.emit(offered)
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        await until(lambda: len(app.state.current.draft.value.attachments) == 12)
        app.window.files_dropped.emit([read])
        await until(lambda: len(app.state.current.draft.value.attachments) == 13)
        app.window.files_dropped.emit([unread])
        find(app.window, BatchBar, "batch-bar").show_button.click()
        await until(lambda: not app.is_reading)
        attached = [part.name for part in app.state.current.draft.value.attachments]
        assert attached == [read.name, unread.name]
        assert "12 files" in dialog_of(app).new_page.files.label.text()


async def test_a_file_that_is_too_large_can_be_read_in_parts(tmp_path: Path) -> None:
    async with open_app() as (provider, app):
        paths = notes(tmp_path, 2)
        paths[0].write_text("word " * 300_000, "utf-8")
        dialog = await prepare_job(app, paths)
        assert "1 file skipped." in dialog.job_page.estimate.text()
        await until(lambda: "272,000" in shown(app)[0][2])
        dialog.job_page.table.setCurrentIndex(dialog.job_page.items.index(0, 0))
        await until(dialog.job_page.chunked_reading_button.isVisible)
        app.type("A draft")
        press(app, "batch-parts")
        await until(lambda: app.text.toPlainText() == "Which is it?\n\nA draft")
        app.controllers.dialogs.batches.show()
        dialog.job_requested.emit(dialog.job_page.job_id)
        await until(lambda: dialog.page == "job")
        app.text.moveCursor(QTextCursor.MoveOperation.Start)
        app.text.insertPlainText("Say: ")
        press(app, "batch-parts")  # a second time nothing is doubled
        await until(lambda: not dialog.isVisible())
        await app.written()
        assert app.text.toPlainText() == "Say: Which is it?\n\nA draft"
        (part,) = app.state.current.draft.value.attachments
        assert part.name == "note-1.md"
        assert "POST" not in [method for method, _ in provider.seen]


async def test_batches_of_a_custom_server_can_be_switched_on() -> None:
    async with AppHarness() as app:
        home = ProviderProfile(
            "home", "Home", ProviderKind.COMPATIBLE, "http://127.0.0.1:1/v1", needs_key=False
        )
        await app.backend.settings.save_profile(home)
        await app.state.providers.reload()
        panel = app.window.settings
        app.click("open-settings")
        combo = find(panel, Combo, "provider")
        await until(lambda: combo.isVisible() and combo.findData("home") >= 0)
        at = combo.findData("home")
        combo.setCurrentIndex(at)
        combo.activated.emit(at)
        switch = find(panel, Switch, "offers-batches")
        await until(switch.isVisible)
        assert not switch.isChecked()
        app.controllers.dialogs.batches.begin()
        page = dialog_of(app).new_page
        page.provider.setCurrentIndex(page.provider.findData("home"))
        assert "turn on “Supports Batch API” in" in page.refusal.text()
        switch.click()
        await until(lambda: any(p.id == "home" and p.has_batches for p in app.state.providers.all))
        app.controllers.dialogs.batches.begin()
        page.provider.setCurrentIndex(page.provider.findData("home"))
        assert "lists no models for batches. Add model IDs in" in page.refusal.text()
        find(panel, Switch, "takes-files").click()
        await until(
            lambda: any(
                p.id == "home" and p.takes_files and p.has_batches for p in app.state.providers.all
            )
        )


async def test_a_provider_without_batches_shows_the_reason(tmp_path: Path) -> None:
    async with AppHarness() as app:
        app.controllers.dialogs.batches.begin(notes(tmp_path, 1))
        page = dialog_of(app).new_page
        for provider, name in (("on-device", "The local model"), ("cometapi", "CometAPI")):
            page.provider.setCurrentIndex(page.provider.findData(provider))
            assert page.provider.currentData() == provider
            assert page.refusal.text().startswith(f"{name} doesn’t support batches.")
            assert not page.read_button.isEnabled()
        page.provider.setCurrentIndex(page.provider.findData("openai"))
        assert page.refusal.text() == ""
        names = [page.model.itemText(at) for at in range(page.model.count())]
        assert "GPT-5.2 Pro" in names
        page.model.setCurrentIndex(names.index("GPT-5.2 Pro"))
        efforts = [page.effort.itemText(at) for at in range(page.effort.count())]
        assert efforts == ["Medium", "High", "Extra high"]


async def test_fifty_thousand_files_do_not_block_the_window() -> None:
    async with AppHarness() as app:
        job = BatchJob(
            new_id(), ModelChoice("openai", "gpt-5.2"), "Large", "?", now(), BatchStatus.COMPLETED
        )
        items = [
            BatchItem(job.id, number, f"file-{number}.pdf", status=ItemStatus.ANSWERED)
            for number in range(1, 50_001)
        ]
        store = app.backend.batch_store
        await store.create(job, items)
        app.controllers.dialogs.batches.show()
        dialog = dialog_of(app)
        dialog.job_requested.emit(job.id)
        await until(lambda: dialog.job_page.items.rowCount() == 50_000)
        table = dialog.job_page.table
        table.scrollToBottom()
        table.viewport().repaint()
        assert table.rowAt(table.viewport().height() - 5) == 49_999
        resets: list[object] = []
        changes: list[tuple[int, int]] = []
        model = dialog.job_page.items
        model.modelReset.connect(lambda: resets.append(None))
        model.dataChanged.connect(lambda a, b: changes.append((a.row(), b.row())))
        failed = BatchItem(
            job.id, 7, "file-7.pdf", status=ItemStatus.FAILED, error=ErrorNote("No.")
        )
        await store.save_item(failed)
        dialog.job_requested.emit(job.id)
        await until(lambda: bool(changes))
        assert changes == [(6, 6)]
        assert not resets
        assert table.rowAt(table.viewport().height() - 5) == 49_999  # nobody is scrolled away


async def test_jobs_can_be_used_by_keyboard(tmp_path: Path) -> None:
    async with open_app() as (_provider, app):
        dialog = await prepare_job(app, notes(tmp_path, 2))
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialog.page == "list"
        await until(lambda: dialog.jobs.rowCount() == 1)
        dialog.table.setFocus()
        dialog.table.setCurrentIndex(dialog.jobs.index(0, 0))
        QTest.keyClick(dialog.table, Qt.Key.Key_Return)
        await until(lambda: dialog.page == "job")
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        assert not dialog.isVisible()
        assert dialog.new_page.back_button.mapTo(dialog, QPoint(0, 0)).x() >= 0


async def test_the_focus_moves_to_the_files_when_its_button_is_hidden_or_disabled(
    tmp_path: Path,
) -> None:
    provider = BatchServer(all_answered)
    provider.polls = provider.cancel_polls = 50
    async with provider.http, opened(provider) as app:
        dialog = await prepare_job(app, notes(tmp_path, 2))
        page = dialog.job_page
        page.start_button.setFocus()
        QTest.keyClick(page.start_button, Qt.Key.Key_Space)
        await until(lambda: not page.start_button.isVisible())
        assert dialog.focusWidget() is page.table
        await until(lambda: "In progress" in page.status.text())
        page.cancel_button.setFocus()
        press(app, "batch-cancel")
        await until(lambda: dialog.findChildren(QMessageBox))
        (box,) = dialog.findChildren(QMessageBox)
        next(each for each in box.buttons() if each.text() == "Cancel job").click()
        await until(lambda: not page.cancel_button.isEnabled())
        assert dialog.focusWidget() is page.table


async def test_with_large_text_in_a_small_window_a_job_scrolls() -> None:
    async with AppHarness() as app:
        await fill_batches(app.backend)
        app.theme.set_look(app.theme.look._replace(text_size=200))
        await until(app.window.updatesEnabled)
        app.window.resize(800, 600)
        app.controllers.dialogs.batches.show()
        await until(lambda: app.window.findChild(BatchDialog) is not None)
        dialog = find(app.window, BatchDialog, "batch-jobs")
        await until(lambda: dialog.page == "list" and dialog.jobs.rowCount())
        dialog.table.activated.emit(dialog.jobs.index(0, 0))
        await until(lambda: dialog.page == "job" and dialog.job_page.answer.isVisible())
        table, answer = dialog.job_page.table, dialog.job_page.answer
        await until(lambda: table.geometry().bottom() < answer.geometry().top())
        dialog.show_list()
        dialog.set_jobs([])
        about = find(dialog, QLabel, "batch-introduction")
        await until(lambda: about.height() == about.heightForWidth(about.width()))
        dialog.close()


async def test_cleared_files_can_be_restored(tmp_path: Path) -> None:
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    async with AppHarness() as app:
        app.controllers.dialogs.batches.begin(files)
        page = find(app.window, BatchDialog, "batch-jobs").new_page
        page.files.clear_button.click()
        assert "a.txt" not in page.files.label.text()
        assert page.window().focusWidget() is page.files.undo_button
        page.files.add_paths([tmp_path / "c.txt"])
        page.files.undo_button.click()
        assert page.files.label.text().endswith("a.txt, b.txt, and c.txt")
        assert page.files.undo_button.isHidden()
        assert page.window().focusWidget() is page.files.clear_button


async def test_an_unfinished_job_keeps_the_choices_of_the_user(tmp_path: Path) -> None:
    paths = notes(tmp_path, 13)
    async with open_app() as (_provider, app):
        app.controllers.dialogs.batches.begin(paths[:1])
        dialog = dialog_of(app)
        page = dialog.new_page
        default_model = page.model.currentText()
        for combo in (page.prompt, page.model):
            combo.setFocus()
            QTest.keyClick(combo, Qt.Key.Key_Down)
        chosen = [page.prompt.currentText(), page.model.currentText(), page.task.toPlainText()]
        assert chosen[1] != default_model
        press(app, "batch-back")
        app.window.files_dropped.emit(paths[1:])
        await until(lambda: "Send 12 files as a batch job" in bar_of(app))
        find(app.window, BatchBar, "batch-bar").show_button.click()
        await until(lambda: not app.is_reading)
        assert dialog.page == "new"
        assert page.files.label.text().startswith("13 files and folders: note-1.md")
        kept = [page.prompt.currentText(), page.model.currentText(), page.task.toPlainText()]
        assert kept == chosen
        press(app, "batch-read")
        await until(lambda: dialog.page == "job")
        app.controllers.dialogs.batches.begin()
        assert page.prompt.currentText() == "Summarize"
        assert page.model.currentText() == default_model


async def test_a_job_of_a_removed_provider_is_refused(tmp_path: Path) -> None:
    async with open_app() as (_, app):
        app.controllers.dialogs.batches.begin(notes(tmp_path, 1))
        dialog = dialog_of(app)
        order = NewBatchJob(
            tuple(notes(tmp_path, 1)), "", "Why?", "", "gone", "gpt-5.2", None, None
        )
        dialog.new_page.preparation_requested.emit(order)
        await until(lambda: "Provider removed." in dialog.status_note.text())
