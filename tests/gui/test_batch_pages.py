"""The pages of batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFormLayout, QWidget

from desktop_app.batch.ui.batch_job_page import BatchJobPage
from desktop_app.batch.ui.batch_new_page import BatchFileChooser
from desktop_app.batch.ui.batch_page import BatchPage
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.providers.jobs.batch_jobs import BatchItem, BatchItemSummary, BatchJob, ItemStatus
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.forms.form_widgets import Combo, FieldLabel, line_field
from desktop_app.widgets.look.theme import current_theme
from tests.gui.recorded_calls import RecordedCalls

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from desktop_app.widgets.look.theme import Theme


def stand_in(**methods: Callable[..., None]) -> Any:
    """Return a stand-in of the controller: no page here needs more of it."""
    images = SimpleNamespace(
        brief_transcript=lambda _messages: TranscriptView(current_theme(), is_brief=True)
    )
    session = SimpleNamespace(of=lambda _kind: images)
    page = {"load_item": lambda *_: None, "request": lambda work, *on: work(*on)}
    return SimpleNamespace(**page, session=session, **methods)


BATCHES = stand_in()


def test_a_former_file_is_not_opened_while_the_chosen_file_loads(light_theme: Theme) -> None:
    opened: list[tuple[str, int]] = []
    page = BatchJobPage(stand_in(open_as_conversation=lambda *at: opened.append(at)))
    page.show_job(BatchJob("j", ModelChoice("p", "m"), "Job", "Task", datetime.now(UTC)))
    items = [BatchItemSummary(n, f"{n}.pdf", ItemStatus.ANSWERED, 1, None, None) for n in (1, 2)]
    page.set_items(items)
    page.table.choose(page.items.index(0, 0))
    page.show_item(BatchItem("j", 1, "1.pdf", "/1.pdf", status=ItemStatus.ANSWERED, answer="x"))
    page.table.choose(page.items.index(1, 0))
    page.open_button.click()
    assert opened == []
    page.show_item(BatchItem("j", 2, "2.pdf", "/2.pdf", status=ItemStatus.ANSWERED, answer="y"))
    page.open_button.click()
    assert opened == [("j", 2)]


def test_a_new_job_gets_each_file_once(light_theme: Theme) -> None:
    names = [Path("/x/a\nb\u2028c.pdf"), Path("/x/c.pdf")]
    files = BatchFileChooser()
    files.add_paths([*names, names[0]])
    assert files.paths == tuple(names)
    assert "\u2028" not in files.label.text()
    files.remove_paths(names[:1])
    assert files.paths == (names[1],)


def test_the_chosen_file_stays_chosen_when_other_files_come_and_go(light_theme: Theme) -> None:
    page = BatchJobPage(BATCHES)
    page.show_job(BatchJob("j", ModelChoice("p", "m"), "Job", "Task", datetime.now(UTC)))
    sent = BatchItemSummary(1, "1.pdf", ItemStatus.SENT, 1, None, None)
    failed = BatchItemSummary(2, "2.pdf", ItemStatus.FAILED, 1, None, None)
    page.set_items([sent, failed])
    page.table.choose(page.items.index(1, 0))
    page.filter.button("problems").click()
    assert page.selected_number == 2
    assert [row.number for row in page.items.rows] == [2]
    page.set_items([sent._replace(status=ItemStatus.FAILED), failed])
    assert page.selected_number == 2
    assert [row.number for row in page.items.rows] == [1, 2]
    page.set_items([sent, failed._replace(status=ItemStatus.ANSWERED)])
    assert page.selected_number == 0
    assert page.items.rows == []


def test_the_current_job_stays_current_when_a_job_is_added(
    qtbot: QtBot, light_theme: Theme
) -> None:
    session: Any = RecordedCalls()
    session.window = QWidget()
    session.window.pane = RecordedCalls()
    session.of = BATCHES.session.of
    session.make_sections = lambda _page: []
    qtbot.addWidget(session.window)
    dialog = BatchPage(session)
    jobs = [
        BatchJob(each, ModelChoice("p", "m"), each, "Task", datetime.now(UTC)) for each in "abc"
    ]
    dialog.set_jobs(jobs[1:])
    dialog.table.choose(dialog.jobs.index(1, 0))
    dialog.set_jobs(jobs)
    current = dialog.jobs.row_at(dialog.table.chosen_index)
    assert current is not None
    assert current.id == "c"


def test_a_label_is_level_with_its_field(qtbot: QtBot, light_theme: Theme) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    form = QFormLayout(window)
    rows = [(FieldLabel("Model", role="note"), f) for f in (Combo("A"), line_field("B", "b"))]
    for label, field in rows:
        form.addRow(label, field)
    window.show()
    for label, field in rows:
        assert abs(label.geometry().center().y() - field.geometry().center().y()) <= 1
