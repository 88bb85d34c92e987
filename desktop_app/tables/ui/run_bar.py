"""The foot of a table: what asking costs, the buttons that begin it, progress, and Stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QProgressBar, QWidget

from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.tables.table import Cells, Plan, Run, RunMode, Selection, Table
from desktop_app.tables.ui.cell_texts import progress_text, run_text
from desktop_app.widgets.boxes import FlowLayout, column_of
from desktop_app.widgets.buttons.dialog_button import dialog_button
from desktop_app.widgets.forms.form_widgets import Combo, Note, Tone
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.text.foreign_text import set_tooltip, spoken_text

if TYPE_CHECKING:
    from desktop_app.tables.ui.table_view import TableView
    from desktop_app.tables.ui.tables_page import TablesPage

_TRIED_ROWS: Final = 3
_SELECTING_MS: Final = 300
_CHOSEN: Final = "chosen"
_SELECTIONS: Final = (
    (Selection.EMPTY.value, N_("Empty and out of date")),
    (Selection.FAILED.value, N_("Failed cells")),
    (_CHOSEN, N_("Selected cells")),
    (Selection.ALL.value, N_("All cells again")),
)


class RunBar(QWidget):
    """What is asked of the open table, and what asking costs: no button asks before it says that.

    Attributes:
        try_button: asks three rows.
        run_button, batch_button: ask the cells of `which`, now or by tomorrow.
        stop_button: stops what is asked.
    """

    def __init__(self, page: TablesPage, view: TableView) -> None:
        super().__init__()
        self._page, self._view, self._runs = page, view, page.runs
        self._tasks = page.session.tasks
        self._open_runs: Sequence[Run] = ()
        self._plans: dict[str, Plan | UserFacingError] = {}
        self._planning: asyncio.Future[None] | None = None
        self._plans_again = False
        self._choice = 0  # a number for the chosen cells
        self.progress = QProgressBar(textVisible=False)
        self.progress.setObjectName("table-progress")
        self.progress.hide()
        self.note = Note(object_name="table-run-note", keeps_lines=True)
        self.try_button = dialog_button(tr("Try three rows"), "table-try", "primary")
        self.which = Combo(tr("Cells to ask"), object_name="table-which")
        self.which.fill([(tr(label), value) for value, label in _SELECTIONS])
        self.run_button = dialog_button(tr("Run all"), "table-run")
        self.batch_button = dialog_button(tr("By tomorrow, half price"), "table-batch")
        self.stop_button = dialog_button(tr("Stop"), "table-stop")
        buttons = self._buttons = QWidget()
        self._flow = FlowLayout(
            self.try_button,
            self.run_button,
            self.batch_button,
            self.which,
            self.stop_button,
            parent=buttons,
            spacing=6,
        )
        column_of(self.progress, self.note, buttons, parent=self, margins=0, spacing=6)
        self._selecting = QTimer(self, singleShot=True, interval=_SELECTING_MS)
        self._selecting.timeout.connect(self.change_cells)
        self.try_button.clicked.connect(self._try_rows)
        self.run_button.clicked.connect(self._run_cells)
        self.batch_button.clicked.connect(self._run_batch)
        self.which.activated.connect(lambda _: self.change_cells())
        self.stop_button.clicked.connect(lambda: page.request(self._runs.stop, view.table_id))
        view.grid.selectionModel().selectionChanged.connect(lambda *_: self._on_selection())
        self.update_theme()

    def reset(self) -> None:
        """Forget what was asked: another table is shown."""
        self.end_planning()
        self._choice += 1
        self._plans, self._open_runs = {}, ()
        self.which.setCurrentIndex(0)

    def set_runs(self, runs: Sequence[Run]) -> None:
        """Set the runs of the table that are not over."""
        self._open_runs = runs
        self.show_state()

    def _on_selection(self) -> None:
        if self.which.currentData() == _CHOSEN:
            self._selecting.start()

    def change_cells(self) -> None:
        """Count what other cells cost; until then, these cannot be asked."""
        self._choice += 1
        for name in ("run", "batch"):
            self._plans.pop(name, None)
        self.show_state()
        self.plan_soon()

    def plan_soon(self) -> None:
        """Count what the runs would cost; again after a count that has begun."""
        if self._planning is not None and not self._planning.done():
            self._plans_again = True  # what it reads is kept
            return
        table = self._view.table
        is_asked = self._runs.is_running(self._view.table_id) or self._open_runs
        if table is None or not table.questions or not self._view.model.ids or is_asked:
            self.show_state()
            return
        self._planning = self._tasks.start(self._plan(table))

    def end_planning(self) -> None:
        if self._planning is not None:
            self._planning.cancel()
        self._planning, self._plans_again = None, False

    async def _plan(self, table: Table) -> None:
        tried = Cells(limit=_TRIED_ROWS)
        chosen = self._chosen_cells()
        reader = self._runs.reader_of(table.id)
        try:
            await self._plan_one("try", table, tried, RunMode.NOW, reader)
            await self._plan_one("batch", table, chosen, RunMode.BATCH, reader)
            plan = self._plans.get("batch")
            if isinstance(plan, Plan):
                self._plans["run"] = plan.now()
                self.show_state()
            else:
                await self._plan_one("run", table, chosen, RunMode.NOW, reader)
        finally:
            self._runs.reading.pop(table.id, None)
            self.show_state()
        self._planning = None
        if self._plans_again:
            self._plans_again = False
            self.plan_soon()

    async def _plan_one(
        self,
        name: str,
        table: Table,
        cells: Cells,
        mode: RunMode,
        reader: Callable[[int, int], None],
    ) -> None:
        plan: Plan | UserFacingError
        choice = self._choice
        try:
            plan = await self._runs.service.plan(table, cells, mode, reader)
        except UserFacingError as error:
            plan = error
        if name == "try" or choice == self._choice:  # not others meanwhile
            self._plans[name] = plan
        self.show_state()

    def _chosen_cells(self) -> Cells:
        """Return the cells that Run asks."""
        which = self.which.currentData()
        if which != _CHOSEN:
            rows = tuple(self._view.model.ids) if self._view.is_filtered else ()
            return Cells(rows=rows, selection=Selection(which))
        return self._selected_cells()

    def _selected_cells(self) -> Cells:
        """Return the selected cells of questions; all of them, corrected ones too."""
        selected, model = self._view.grid.selected_columns, self._view.model
        asked: dict[tuple[int, ...], tuple[str, ...]] = {}
        for numbers in set(selected.values()):
            found = (model.columns[n].column for n in numbers)
            asked[numbers] = tuple(dict.fromkeys(c.id for c in found if c and c.question))
        columns = tuple({column_id: None for each in asked.values() for column_id in each})
        fewer = {numbers for numbers, each in asked.items() if len(each) < len(columns)}
        others = {model.ids[row]: asked[n] for row, n in selected.items() if n in fewer}
        rows = tuple(model.ids[row] for row in selected)
        return Cells(columns or ("",), rows, selection=None, columns_of_rows=others)

    def _try_rows(self) -> None:
        if self._view.table is not None:
            self.begin(self._view.table, Cells(limit=_TRIED_ROWS))

    def _run_cells(self) -> None:
        if self._view.table is not None:
            self.begin(self._view.table, self._chosen_cells())

    def begin(self, table: Table, cells: Cells) -> None:
        self.end_planning()
        self._page.show_status("")
        self._view.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        self._runs.run_now(table, cells)

    def _run_batch(self) -> None:
        self.end_planning()
        self._view.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        self._page.request(self._runs.start_batch, self._view.table, self._chosen_cells())

    def show_state(self) -> None:
        """Show what is asked, or what asking costs."""
        table = self._view.table
        if table is None:
            return
        is_live = self._runs.is_running(table.id)
        progress = self._runs.progress.get(table.id)
        reading = self._runs.reading.get(table.id)
        run = self._open_runs[0] if self._open_runs else None
        is_asked = is_live or run is not None
        can_ask = bool(table.questions and self._view.model.ids) and not is_asked
        if self.stop_button.hasFocus() and not is_asked:
            self._view.grid.setFocus(Qt.FocusReason.OtherFocusReason)
        self.stop_button.setVisible(is_asked)
        self.try_button.setVisible(not is_asked)
        for widget in (self.run_button, self.which):
            widget.setVisible(not is_asked)
        self.try_button.setEnabled(can_ask and _can_run(self._plans.get("try")))
        self.run_button.setEnabled(can_ask and _can_run(self._plans.get("run")))
        batch = self._plans.get("batch")
        self.batch_button.setVisible(can_ask and _can_run(batch))
        self._show_prices()
        text, done, total = "", 0, 0
        if progress is not None:
            text, done, total = progress_text(progress), progress.done, progress.total
        elif reading is not None:
            done, total = reading
            text = tr("Reading files · {done} of {total}", done=done, total=total)
        elif is_live:
            text = tr("Starting…")
        elif run is not None:
            text, done, total = run_text(run), run.done, run.cells
        self.progress.setVisible(bool(total))
        self.progress.setMaximum(max(1, total))
        self.progress.setValue(done)
        self.progress.setAccessibleName(spoken_text(text))
        self._show_run_note(text, is_asked=is_asked or reading is not None)

    def _show_run_note(self, text: str, *, is_asked: bool) -> None:
        text, tone = self._run_note(text, is_asked=is_asked)
        last = self._runs.last.get(self._view.table_id)
        table = self._view.table
        if last is not None and table is not None:
            refused = [
                f"{column.name}: {last.refusals[column.id].sentences}"
                for column in table.columns
                if column.id in last.refusals
            ]
            text = "\n".join(filter(None, (text, *map(str, last.notices), *refused)))
            tone = "warning" if refused and tone == "note" else tone
        self.note.set_text(text, tone)

    def _run_note(self, text: str, *, is_asked: bool) -> tuple[str, Tone]:
        """Return what is told of the run or of its plan, and its tone."""
        progress = self._runs.progress.get(self._view.table_id)
        run = self._open_runs[0] if self._open_runs else None
        error = progress.error if progress is not None else run.error if run is not None else None
        if error is not None:
            return f"{text}\n{error.sentences}", "warning"
        if is_asked:
            return text, "note"
        plan = self._plans.get("run")
        if isinstance(plan, UserFacingError):
            is_error = not isinstance(plan, IllegalChoiceError)
            return self._complete_text or plan.sentences, "error" if is_error else "note"
        if plan is None or not plan.unreadable:
            return "", "note"
        unreadable = tr_plural(
            "{count} cell can’t be asked: its document can’t be read, or is too long.",
            "{count} cells can’t be asked: their documents can’t be read, or are too long.",
            plan.unreadable,
        )
        return unreadable, "warning"

    @property
    def _complete_text(self) -> str:
        """Return that no cell is empty; "" if one is, or others are chosen."""
        plan = self._plans.get("try")
        is_all = self.which.currentData() == Selection.EMPTY.value
        if not is_all or not isinstance(plan, IllegalChoiceError) or not self._view.model.ids:
            return ""
        if not self._view.failed:
            return tr("Every cell has an answer.")
        return tr_plural(
            "No cell is empty, but {count} failed. Choose “Failed cells” to ask it again.",
            "No cell is empty, but {count} failed. Choose “Failed cells” to ask them again.",
            self._view.failed,
        )

    def _show_prices(self) -> None:
        tried = self._plans.get("try")
        count = min(_TRIED_ROWS, max(1, len(self._view.model.ids)))
        if isinstance(tried, Plan):
            count = max(1, tried.rows)
        label = tr_plural("Try {count} row", "Try {count} rows", count)
        self.try_button.setText(_with_price(label, tried))
        plan = self._plans.get("run")
        label = tr("Run all")
        if isinstance(plan, Plan) and self.which.currentData() in (Selection.FAILED.value, _CHOSEN):
            label = tr_plural("Run {count} cell", "Run {count} cells", plan.cells)
        self.run_button.setText(_with_price(label, plan))
        batch = self._plans.get("batch")
        self.batch_button.setText(_with_price(tr("By tomorrow, half price"), batch))
        for button, each in (
            (self.try_button, tried),
            (self.run_button, plan),
            (self.batch_button, batch),
        ):
            most = each.most if isinstance(each, Plan) else None
            tooltip = "" if most is None else tr("At most {cost}", cost=formatting.money(most))
            set_tooltip(button, tooltip)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the buttons the rows that they need at this width, so that the page scrolls."""
        self._buttons.setMinimumHeight(self._flow.heightForWidth(self.width()))

    def update_theme(self) -> None:
        self.progress.setFixedHeight(current_theme().px(6))


def _can_run(plan: Plan | UserFacingError | None) -> bool:
    return isinstance(plan, Plan) and plan.cells > 0


def _with_price(label: str, plan: Plan | UserFacingError | None) -> str:
    """Return the label of a button with what it usually costs, if that is known."""
    if not isinstance(plan, Plan) or not plan.cells:
        return label
    price = tr("cost unknown") if plan.cost is None else formatting.rough_money(plan.cost)
    return f"{label} · {price}"
