"""The tables and pages of batch jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.domain.batch.batch_jobs import (
    BatchItem,
    BatchItemSummary,
    BatchJob,
    BatchStatus,
    ItemStatus,
)
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.models.variants import Effort
from desktop_app.ui.batch.batch_dialog import BatchDialog
from desktop_app.ui.batch.batch_job_page import BatchJobPage
from desktop_app.ui.batch.batch_models import BatchItemModel
from desktop_app.ui.batch.batch_new_page import (
    BatchModelOption,
    BatchNewPage,
    BatchProviderOption,
    NewBatchJob,
)
from desktop_app.ui.look.theme import apply_theme, light

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.ui.look.theme import Theme


def test_unanswered_files_keep_their_rows_while_others_are_answered() -> None:
    failed = BatchItemSummary(1, "a.pdf", ItemStatus.FAILED, 10, None, None)
    sent = BatchItemSummary(2, "b.pdf", ItemStatus.SENT, 10, None, None)
    model = BatchItemModel()
    model.set_items([failed, sent])
    model.show_unanswered_only(True)
    resets: list[None] = []
    model.modelReset.connect(lambda: resets.append(None))
    answered = sent._replace(status=ItemStatus.ANSWERED)
    model.set_items([failed, answered], (1, 1))
    assert not resets
    assert model.rows == [failed]
    model.set_items([failed, sent._replace(status=ItemStatus.FAILED)], (1, 1))
    assert len(resets) == 1
    assert len(model.rows) == 2
    model.show_unanswered_only(False)
    assert len(model.rows) == 2


def test_a_former_file_is_not_opened_while_the_chosen_file_loads(light_theme: Theme) -> None:
    page = BatchJobPage(light_theme)
    page.show_job(BatchJob("j", ModelChoice("p", "m"), "Job", "Task", datetime.now(UTC)))
    items = [BatchItemSummary(n, f"{n}.pdf", ItemStatus.ANSWERED, 1, None, None) for n in (1, 2)]
    page.set_items(items)
    opened: list[tuple[str, int]] = []
    page.open_requested.connect(lambda *at: opened.append(at))
    page.table.setCurrentIndex(page.items.index(0, 0))
    page.show_item(BatchItem("j", 1, "1.pdf", status=ItemStatus.ANSWERED, answer="x"))
    page.table.setCurrentIndex(page.items.index(1, 0))
    page.open_button.click()
    assert opened == []
    page.show_item(BatchItem("j", 2, "2.pdf", status=ItemStatus.ANSWERED, answer="y"))
    page.open_button.click()
    assert opened == [("j", 2)]


def test_a_new_job_has_its_effort_and_the_files_of_its_draft(light_theme: Theme) -> None:
    first = BatchNewPage(light_theme)
    names = [Path("/x/a\nb\u2028c.pdf"), Path("/x/c.pdf")]
    first.files.add_paths(names)
    page = BatchNewPage(light_theme)
    page.restore_draft(first.draft())
    page.task.setPlainText("Summarize")
    model = BatchModelOption("m", "M", efforts=(Effort.HIGH,))
    page.set_providers([BatchProviderOption("p", "P", models=(model,))], "p", "m", Effort.HIGH)
    orders: list[NewBatchJob] = []
    page.preparation_requested.connect(orders.append)
    page.read_button.click()
    assert orders[0].paths == tuple(names)
    assert orders[0].effort is Effort.HIGH


def test_a_draft_of_an_earlier_version_keeps_its_files(light_theme: Theme) -> None:
    page = BatchNewPage(light_theme)
    page.restore_draft({"files": "/x/a.pdf\n/x/b.pdf"})
    assert page.files.label.text() == "2 files and folders: a.pdf and b.pdf"


def test_the_chosen_file_stays_chosen_when_other_files_come_and_go(light_theme: Theme) -> None:
    page = BatchJobPage(light_theme)
    page.show_job(BatchJob("j", ModelChoice("p", "m"), "Job", "Task", datetime.now(UTC)))
    sent = BatchItemSummary(1, "1.pdf", ItemStatus.SENT, 1, None, None)
    failed = BatchItemSummary(2, "2.pdf", ItemStatus.FAILED, 1, None, None)
    page.set_items([sent, failed])
    page.table.setCurrentIndex(page.items.index(1, 0))
    page.filter.button("problems").click()
    assert page.selected_number == 2
    page.set_items([sent._replace(status=ItemStatus.FAILED), failed], (0, 0))
    assert page.selected_number == 2
    page.set_items([sent, failed._replace(status=ItemStatus.ANSWERED)], (0, 1))
    assert page.selected_number == 0


def test_the_number_of_read_files_stays_when_the_job_is_shown_again(light_theme: Theme) -> None:
    page = BatchJobPage(light_theme)
    job = BatchJob("j", ModelChoice("p", "m"), "Job", "Task", datetime.now(UTC))
    page.show_job(job)
    page.show_reading(2, 3)
    page.show_job(job)
    assert page.status.text() == "Reading files · 2 of 3 · m"
    assert page.bar.value() == 2
    page.show_job(replace(job, id="other"))
    assert "2 of 3" not in page.status.text()
    assert page.bar.value() == 0
    page.show_job(job)
    page.show_reading(3, 3)
    page.show_job(replace(job, status=BatchStatus.READY))
    assert page.status.text() == "Ready to start · 0 files · m"


def test_notes_have_more_room_than_names_of_files(qtbot: QtBot, light_theme: Theme) -> None:
    page = BatchJobPage(light_theme)
    qtbot.addWidget(page)
    page.resize(830, 600)
    page.show()
    assert page.table.columnWidth(2) > page.table.columnWidth(0)


def test_a_new_job_fits_into_a_small_window_with_large_text(
    qtbot: QtBot, qapp: QApplication, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(640, 480)
    apply_theme(qapp, light(2.0))
    dialog = BatchDialog(light(2.0), window)
    dialog.show()
    dialog.show_new()
    area = dialog.new_page.parentWidget()
    assert area is not None
    assert dialog.new_page.width() == area.width()
    dialog.set_theme(light_theme)
    qtbot.waitUntil(lambda: dialog.new_page.provider.y() == dialog.new_page.effort.y())


def test_the_current_job_stays_current_when_a_job_is_added(
    qtbot: QtBot, light_theme: Theme
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = BatchDialog(light_theme, window)
    jobs = [
        BatchJob(each, ModelChoice("p", "m"), each, "Task", datetime.now(UTC)) for each in "abc"
    ]
    dialog.set_jobs(jobs[1:])
    dialog.table.setCurrentIndex(dialog.jobs.index(1, 0))
    dialog.set_jobs(jobs)
    current = dialog.jobs.row_at(dialog.table.currentIndex())
    assert current is not None
    assert current.id == "c"
