"""The dialog of evaluations: their runs side by side, and the cases that a run failed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from desktop_app.domain.conversations.conversation import MessageStatus
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.statistics import percentile
from desktop_app.i18n.formatting import duration, moment, money, number, percent
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.ui.evaluation.case_failure import failure_text
from desktop_app.ui.look import painting
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.boxes import DIALOG_MARGINS, SPRING, STRETCH, column_of, row_of
from desktop_app.ui.widgets.buttons.dialog_button import delete_button, dialog_button
from desktop_app.ui.widgets.buttons.help_button import HelpButton
from desktop_app.ui.widgets.forms.fitting_dialog import fitting_size, scroll_area_of
from desktop_app.ui.widgets.forms.form_widgets import Combo, ReadOnlyLine, retheme
from desktop_app.ui.widgets.rows.table_views import set_headings, show_as_rows, table_item
from desktop_app.ui.widgets.text.foreign_text import (
    PlainLabel,
    multiline_text,
    one_line,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from PySide6.QtGui import QShowEvent

    from desktop_app.domain.evaluation.evaluation_result import (
        CaseResult,
        Evaluation,
        EvaluationRun,
    )
    from desktop_app.ui.look.theme import Theme

SIZE: Final = (900, 600)
COLUMNS: Final = (
    N_("Model"),
    N_("Passed"),
    N_("Interval (95%)"),
    N_("Cost"),
    N_("Judge"),
    N_("Median time"),
    N_("95th percentile"),
    N_("First token"),
)
COMMAND: Final = "repartee eval CASES --variant thinking/high --variant pro"
_MIN_HEIGHT: Final = 140
"""The least height of the table of failed cases: the heading and two cases."""
MISSING: Final = "–"
_MAX_CELL_CHARS: Final = 400
"""The length at which a text is cut in the table; reports have all of it."""
_ROWS_AT_ONCE: Final = 10
"""The rows of failed cases that are added at once: Qt takes up to a millisecond to measure one."""
_TOP_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class EvaluationsDialog(QDialog):
    """The dialog of the evaluations that have ended.

    Signals:
        evaluation_requested(str): show the evaluation with this id.
        save_requested(str): save a report on the evaluation with this id.
        delete_requested(str): delete the evaluation with this id.
        undo_requested(): restore the evaluation that was deleted last.
    """

    evaluation_requested = Signal(str)
    save_requested = Signal(str)
    delete_requested = Signal(str)
    undo_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("evaluations-dialog")
        self.setWindowTitle(tr("Evaluations"))
        self.choice = Combo(theme, tr("Evaluation"), object_name="evaluation-choice")
        self.runs = QTableWidget()
        self.runs.setObjectName("evaluation-runs")
        self.failed_cases = QTableWidget()
        self.failed_cases.setObjectName("evaluation-failed-cases")
        self.note = PlainLabel(name="evaluation-note", wraps=True)
        self.command = ReadOnlyLine(tr("Command"), "evaluation-command")
        self.command.show_text(COMMAND, "")
        self._save_button = dialog_button(tr("Save report…"), "save-evaluation")
        self._delete_button = delete_button(tr("Delete"), "delete-evaluation")
        self._undo_button = dialog_button(tr("Undo"), "undo-evaluation")
        self._undo_button.hide()
        self._unlisted_rows: Iterator[list[str]] = iter(())
        self._fill_timer = QTimer(self, interval=0, singleShot=True)
        self._fill_timer.timeout.connect(self._add_screenful)
        self._build()
        self.choice.activated.connect(lambda _index: self.evaluation_requested.emit(self.current))
        self._save_button.clicked.connect(lambda: self.save_requested.emit(self.current))
        self._undo_button.clicked.connect(self.undo_requested)
        self._delete_button.clicked.connect(lambda: self.delete_requested.emit(self.current))
        self.set_theme(theme)
        self.resize(fitting_size(SIZE, theme, parent))

    def _build(self) -> None:
        for table, name in ((self.runs, tr("Runs")), (self.failed_cases, tr("Failed cases"))):
            table.setAccessibleName(spoken_text(name))
            table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
            show_as_rows(table)
            table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
            table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.failed_cases.setWordWrap(True)
        scroll_bar = self.failed_cases.verticalScrollBar()
        scroll_bar.valueChanged.connect(lambda _value: self._fill_timer.start())
        scroll_bar.rangeChanged.connect(lambda _first, _last: self._fill_timer.start())
        # The spring keeps the help button in its corner while `choice` is hidden.
        head = row_of((self.choice, 1), SPRING, HelpButton(), spacing=8)
        foot = row_of(self._undo_button, STRETCH, self._delete_button, self._save_button, spacing=8)
        page = QWidget()
        rows = (self.runs, self.note, self.command, (self.failed_cases, 1), SPRING)
        column_of(*rows, parent=page, margins=0, spacing=12)
        body = (scroll_area_of(page), 1)
        column_of(head, body, foot, parent=self, margins=DIALOG_MARGINS, spacing=12)

    @property
    def current(self) -> str:
        """Return the id of the chosen evaluation; "" for none."""
        return str(self.choice.currentData() or "")

    def set_evaluations(self, evaluations: Sequence[Evaluation]) -> None:
        """List these evaluations; keep the choice, or choose the first if it is gone."""
        current = self.current
        self.choice.clear()
        for evaluation in evaluations:
            self.choice.addItem(
                f"{evaluation.name} · {moment(evaluation.created_at)}", evaluation.id
            )
        self.choice.setCurrentIndex(max(0, self.choice.findData(current)))

    def choose(self, evaluation_id: str) -> None:
        """Choose an evaluation that is listed."""
        self.choice.setCurrentIndex(max(0, self.choice.findData(evaluation_id)))

    def offer_undo(self, name: str) -> None:
        """Offer to restore a deleted evaluation; "" withdraws the offer."""
        self._undo_button.setVisible(bool(name))
        if name:
            text = tr("“{name}” deleted", name=name)
            set_tooltip(self._undo_button, text)
            self._undo_button.setAccessibleName(spoken_text(tr("Undo: {what}", what=text)))
            announce(self._undo_button, text)
            self._undo_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_evaluation(self, evaluation: Evaluation | None) -> None:
        """Show the runs and the failed cases of an evaluation; None if there is none."""
        for widget in (
            self.runs,
            self.failed_cases,
            self.choice,
            self._save_button,
            self._delete_button,
        ):
            widget.setVisible(evaluation is not None)
        self.command.setVisible(evaluation is None)
        if evaluation is None:
            self.note.setText(
                tr("No evaluations yet. To compare models on your own cases, run this command:")
            )
            return
        failed_ids = evaluation.failed_case_ids
        refused_count = sum(run.refused_count for run in evaluation.runs)
        counts = [tr_plural("{count} case failed", "{count} cases failed", len(failed_ids))]
        if refused_count:
            counts.append(tr_plural("{count} declined", "{count} declined", refused_count))
        self.note.setText(" · ".join(counts) if failed_ids else tr("Every case passed."))
        self._show_runs(evaluation.runs)
        self._show_failed_cases(evaluation, failed_ids)

    def set_theme(self, theme: Theme) -> None:
        px = theme.px
        self.failed_cases.setMinimumHeight(px(_MIN_HEIGHT))
        self.runs.verticalHeader().setDefaultSectionSize(px(30))
        self._min_column_width = px(180)
        retheme(self, theme)
        self._fit_runs()
        self.failed_cases.resizeRowsToContents()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_failed_cases()  # the table has its width only now

    def _show_runs(self, runs: Sequence[EvaluationRun]) -> None:
        table = self.runs
        set_headings(table, list(map(tr, COLUMNS)), len(runs), range(1, len(COLUMNS)))
        for row, run in enumerate(runs):
            for column, text in enumerate(_run_figures(run)):
                alignment = painting.RIGHT if column else painting.LEFT
                table.setItem(row, column, table_item(text, alignment, text))
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._fit_runs()

    def _fit_runs(self) -> None:
        """Make the table of runs as high as four of its rows at most."""
        table = self.runs
        height = table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()
        height += sum(table.rowHeight(row) for row in range(min(table.rowCount(), 4)))
        table.setFixedHeight(height + table.horizontalScrollBar().sizeHint().height())

    def _show_failed_cases(self, evaluation: Evaluation, failed_ids: Sequence[str]) -> None:
        table = self.failed_cases
        runs = evaluation.runs
        names = [one_line(_run_name(run)) for run in runs]
        set_headings(table, [tr("Case"), tr("Question"), *names], 0)
        by_run = [{result.id: result for result in run.results} for run in runs]
        self._unlisted_rows = (
            [
                case_id,
                evaluation.input_of(case_id),
                *(_verdict(results.get(case_id)) for results in by_run),
            ]
            for case_id in failed_ids
        )
        self._add_rows()
        self._fit_failed_cases()
        table.scrollToTop()
        self._fill_timer.start()

    def _fit_failed_cases(self) -> None:
        """Divide the width of the failed cases among the columns, and fit the rows."""
        table = self.failed_cases
        if not table.columnCount():
            return
        header = table.horizontalHeader()
        mode = QHeaderView.ResizeMode
        header.setMinimumSectionSize(header.fontMetrics().height() * 4)
        columns = range(1, table.columnCount())
        width = max(self._min_column_width, *(header.sectionSizeHint(column) for column in columns))
        fits = table.viewport().width() >= width * (1 + len(columns))
        header.setSectionResizeMode(mode.Stretch if fits else mode.Interactive)
        header.setSectionResizeMode(0, mode.Interactive)
        widest_id = max(table.sizeHintForColumn(0), header.sectionSizeHint(0))
        table.setColumnWidth(0, min(widest_id, self._min_column_width))
        if not fits:
            for column in columns:
                table.setColumnWidth(column, width)
        table.resizeRowsToContents()

    def _add_screenful(self) -> None:
        """Add failed cases until there is a screenful below those that are shown."""
        scroll_bar = self.failed_cases.verticalScrollBar()
        if scroll_bar.maximum() - scroll_bar.value() < scroll_bar.pageStep() and self._add_rows():
            self._fill_timer.start()

    def _add_rows(self) -> bool:
        """Add the next failed cases to the table. Return False if all are there."""
        table = self.failed_cases
        first = table.rowCount()
        for row, cells in enumerate(islice(self._unlisted_rows, _ROWS_AT_ONCE), first):
            table.setRowCount(row + 1)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(multiline_text(text[:_MAX_CELL_CHARS]))
                item.setTextAlignment(_TOP_LEFT)
                set_tooltip(item, text[:_MAX_CELL_CHARS])
                table.setItem(row, column, item)
            table.resizeRowToContents(row)
        return table.rowCount() > first


def _run_name(run: EvaluationRun) -> str:
    """Return the variant or model, and its effort, as the window names them."""
    name = tr(Variant(run.variant).label) if run.variant in tuple(Variant) else run.model
    return f"{name} · {tr(Effort(run.effort).label)}" if run.effort in tuple(Effort) else name


def _run_figures(run: EvaluationRun) -> tuple[str, ...]:
    low, high = run.interval
    durations = [r.duration_s for r in run.results if r.duration_s is not None]
    first_token_times = [r.first_token_s for r in run.results if r.first_token_s is not None]
    passed_percent = percent(round(100 * run.share))
    return (
        _run_name(run),
        f"{number(run.passed_count)}/{number(len(run.results))} ({passed_percent})",
        f"{percent(round(100 * low))}–{percent(round(100 * high))}",
        _money(run.cost),
        _money(run.judge_cost),
        _duration(percentile(durations, 50)),
        _duration(percentile(durations, 95)),
        _duration(percentile(first_token_times, 50)),
    )


def _money(amount: Decimal | None) -> str:
    return MISSING if amount is None else money(amount)


def _duration(seconds: float | None) -> str:
    return MISSING if seconds is None else duration(seconds)


def _verdict(result: CaseResult | None) -> str:
    if result is None:
        return MISSING
    if result.has_passed:
        return tr("Passed: {answer}", answer=result.answer)
    if result.status is MessageStatus.REFUSED:
        return tr("Declined: {answer}", answer=result.answer or failure_text(result))
    return tr("Failed ({checks}): {answer}", checks=failure_text(result), answer=result.answer)
