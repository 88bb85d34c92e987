"""The panel beside the grid: a cell with its whole answer, or two answers of a row.

It shows what a cell of the grid has no room for: the answer, where it stands in the documents, what
it cost, and why it failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from desktop_app.composer.attachments.images_controller import ImagesController
from desktop_app.documents.ui.document_viewer import DocumentViewer, ViewerTarget
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, new_id, now
from desktop_app.domain.conversations.message_parts import DocumentPart, TextPart
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.text_search import differing_words
from desktop_app.tables.table import WHOLE, Cell, Citation, Column, Row, Table, is_unproven
from desktop_app.tables.ui.cell_texts import GridColumn, cell_facts, cell_problem
from desktop_app.widgets.boxes import FlowLayout, column_of, row_of
from desktop_app.widgets.buttons.dialog_button import IconButton, MenuButton, dialog_button
from desktop_app.widgets.forms.form_widgets import Note
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.side_by_side import SideBySide
from desktop_app.widgets.text.foreign_text import ElidedLabel, PlainButton, menu_text, spoken_text
from desktop_app.widgets.windows import has_focus_within

if TYPE_CHECKING:
    from desktop_app.app.session import Session
    from desktop_app.transcript.view import TranscriptView

_MAX_CITATIONS: Final = 12
_COPY: Final = frozenset({"copy"})
_ASK: Final = frozenset({"retry", "retry-with"})
_IN_CONVERSATION: Final = frozenset({"branch", "review", "more"})
"""The actions for which the answer is opened as a conversation."""


class CellPanel(QWidget):
    """The cell that is open, and what can be done with it.

    Signals:
        closed(): the user has closed the panel.
        correct_requested(), conversation_requested(): of the open cell.
        ask_requested(str id): ask this column again in the row of the open cell; "" for the cell's.
        compare_requested(str id): show the answer of this column beside that of the cell; "" ends
            it.
        kept(str id): the user keeps the answer of this column in the compared row.
    """

    closed = Signal()
    correct_requested = Signal()
    ask_requested = Signal(str)
    conversation_requested = Signal()
    compare_requested = Signal(str)
    kept = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("table-cell")
        self._session = session
        self._table: Table | None = None
        self._column = GridColumn(None)
        self._compared: tuple[str, str] = ("", "")
        self._shown = ""
        self.title = ElidedLabel(name="table-cell-title", role="strong")
        close = IconButton("table-cell-close", "x", tr("Close"), self.closed.emit)
        self.facts = Note(object_name="table-cell-facts")
        self.problem = Note(object_name="table-cell-problem")
        self._citations = QWidget()
        self._citation_row = FlowLayout(parent=self._citations, spacing=6)
        self.quotes = Note(object_name="table-cell-quotes", keeps_lines=True)
        self.answer = self._transcript("table-cell-answer", tr("Response"))
        self._left = self._transcript("table-answer-1-text", tr("Response"))
        self._right = self._transcript("table-answer-2-text", tr("Response"))
        self.side_by_side = SideBySide((self._left, self._right), "table-answer")
        self.side_by_side.kept.connect(lambda n: self.kept.emit(self._compared[n]))
        self.side_by_side.hide()
        self.correct_button = dialog_button(tr("Correct…"), "table-cell-correct")
        self.ask_button = dialog_button(tr("Ask again"), "table-cell-ask")
        self.open_button = dialog_button(tr("Open as conversation"), "table-cell-open")
        self.compare_button = MenuButton(self._fill_compare, object_name="table-cell-compare")
        self.compare_button.setText(tr("Compare with"))
        for number, view in enumerate((self._left, self._right, self.answer)):
            view.action_requested.connect(partial(self._run_action, number))
        self.correct_button.clicked.connect(self.correct_requested)
        self.ask_button.clicked.connect(lambda: self.ask_requested.emit(""))
        self.open_button.clicked.connect(self.conversation_requested)
        buttons = FlowLayout(
            self.correct_button, self.ask_button, self.compare_button, self.open_button, spacing=6
        )
        column_of(
            row_of((self.title, 1), close, spacing=6),
            self.facts,
            self.problem,
            self._citations,
            self.quotes,
            (self.answer, 1),
            (self.side_by_side, 1),
            buttons,
            parent=self,
            margins=(8, 4, 0, 4),
            spacing=6,
        )
        self.update_theme()

    def _transcript(self, name: str, label: str) -> TranscriptView:
        transcript = self._session.of(ImagesController).brief_transcript(list)
        transcript.setObjectName(name)
        transcript.setAccessibleName(spoken_text(label))
        return transcript

    def _run_action(self, number: int, _answer_id: str, action: str) -> None:
        """Ask again, or open the conversation, in which an answer can be marked and branched."""
        if action in _ASK:
            self.ask_requested.emit((*self._compared, "")[number])
        elif action in _IN_CONVERSATION:
            self.conversation_requested.emit()

    # ------------------------------------------------------------ one cell

    def show_cell(self, table: Table, row: Row, column: GridColumn, cell: Cell) -> None:
        """Show a cell with its whole values."""
        self._table, self._column = table, column
        self._show_parts(is_comparison=False)
        self._show_title(f"{row.name} · {column.title}")
        is_question = column.is_question
        self.facts.set_text(cell_facts(cell) if is_question else "")
        problem = cell_problem(cell)
        if row.error is not None and is_question and not problem:
            problem = row.error.what_happened
        self.problem.set_text(problem, "error" if cell.error else "warning")
        value = None if column.column is None else cell.shown(column.column, column.part)
        self._show_citations(row, column.part, () if value is None else value.citations)
        text = "" if value is None else value.text
        can_open = is_question and bool(cell.answer)
        asks = _ASK if is_question else frozenset()
        opens = _IN_CONVERSATION if can_open else frozenset()
        self._show_text(self.answer, text, _COPY | asks | opens)
        self.correct_button.show()
        self.ask_button.setVisible(is_question)
        self.open_button.setVisible(can_open)
        others = [each for each in table.questions if each != column.column]
        self.compare_button.setVisible(is_question and bool(others))

    def prepare(self) -> None:
        """Show a text while hidden, so that the first cell opens in 15 ms instead of 20."""
        if not self.answer.property("shown"):
            self._show_text(self.answer, "…", _COPY)

    def _show_parts(self, *, is_comparison: bool) -> None:
        had_focus = has_focus_within(self.answer) or has_focus_within(self.side_by_side)
        self.answer.setVisible(not is_comparison)
        self.side_by_side.setVisible(is_comparison)
        if had_focus:
            shown = self._left if is_comparison else self.answer
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_title(self, text: str) -> None:
        self.title.setText(text)
        self.setAccessibleName(spoken_text(text))

    def _show_text(self, view: TranscriptView, text: str, actions: frozenset[str]) -> None:
        key = f"{sorted(actions)}:{text}"
        if view.property("shown") == key:
            return  # scrolled, perhaps
        view.setProperty("shown", key)
        view.commands.offered = actions
        complete = MessageStatus.COMPLETE
        parts = (TextPart(text),)
        answer = Message(new_id(), "", None, Role.ASSISTANT, complete, parts, now())
        view.set_messages([answer] if text else [])
        view.scroll_to_message(answer.id)

    def _show_citations(self, row: Row, part: str, citations: Sequence[Citation]) -> None:
        """Show where a value stands: the page, and the words that say so beside it."""
        while (item := self._citation_row.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, citation in enumerate(citations[:_MAX_CITATIONS]):
            button = PlainButton(
                citation_text(citation), name=f"table-citation-{number}", role="link"
            )
            button.setAutoDefault(False)
            button.clicked.connect(partial(self.open_citation, row, citation))
            self._citation_row.addWidget(button)
        self._citations.setVisible(bool(citations))
        words = [tr("“{quote}”", quote=each.quote) for each in citations if each.quote]
        if doubted := any(is_unproven(part, each) for each in citations):
            words.append(tr("The words were not found in the document."))
        self.quotes.set_text("\n".join(words[:_MAX_CITATIONS]), "warning" if doubted else "note")

    def open_citation(self, row: Row, citation: Citation, *_: object) -> None:
        """Show the page of a document that a value was taken from, with the words marked."""
        documents = (part for part in row.parts if isinstance(part, DocumentPart))
        part = next((each for each in documents if each.sha256 == citation.sha256), None)
        span = (citation.start, citation.end) if citation.is_found else None
        position = ""
        if citation.page is not None:
            position = tr("page {number}", number=formatting.number(citation.page))
        self._session.of(DocumentViewer).open(
            ViewerTarget(
                citation.sha256,
                part.name if part else row.name,
                citation.page,
                position or row.name,
                span,
                citation.quote if span else "",
                part.text_key if part else "",
            )
        )

    # ------------------------------------------------------------ two answers

    @property
    def compared_column(self) -> str:
        """Return the id of the column beside that of the open cell; "" for none."""
        return "" if self.side_by_side.isHidden() else self._compared[1]

    def show_comparison(
        self, table: Table, row: Row, columns: tuple[Column, Column], cells: tuple[Cell, Cell]
    ) -> None:
        """Show the answers of two columns in a row."""
        self._table, self._column = table, GridColumn(columns[0], columns[0].parts[0])
        self._compared = (columns[0].id, columns[1].id)
        self._show_parts(is_comparison=True)
        self._show_title(row.name)
        for note in (self.facts, self.problem, self.quotes):
            note.set_text("")
        self._citations.hide()
        views = (self._left, self._right)
        for answer, view, column, cell in zip(
            self.side_by_side.answers, views, columns, cells, strict=True
        ):
            answer.show_facts(column.name, cell_facts(cell))
            self._show_text(view, whole_text(column, cell) or cell_problem(cell), _COPY | _ASK)
        for button in (self.correct_button, self.ask_button, self.open_button):
            button.hide()
        self.compare_button.show()
        self._session.tasks.start(self._mark_differences())

    async def _mark_differences(self) -> None:
        compared, views = self._compared, (self._left, self._right)
        for view in views:
            view.differences.mark_words((), current_theme())
        words = [view.differences.words() for view in views]
        found = await asyncio.to_thread(differing_words, words)
        if compared == self._compared and self.isVisible():
            columns = self.side_by_side.answers
            for view, differs, answer in zip(views, found, columns, strict=True):
                view.differences.mark_words(differs, current_theme())
                count = sum(differs)
                text = tr_plural("{count} word differs", "{count} words differ", count)
                answer.setAccessibleDescription(spoken_text(text))

    def _fill_compare(self, menu: QMenu) -> None:
        if self._table is None:
            return
        current = self.compared_column
        for column in self._table.questions:
            if self._column.column is None or column.id != self._column.column.id:
                action = menu.addAction(menu_text(column.name))
                action.setCheckable(True)
                action.setChecked(column.id == current)
                action.triggered.connect(partial(self._request_comparison, column.id))
        if current:
            menu.addSeparator()
            end = menu.addAction(menu_text(tr("Show one response")))
            end.triggered.connect(lambda: self.compare_requested.emit(""))

    def _request_comparison(self, column_id: str, *_: object) -> None:
        self.compare_requested.emit(column_id)

    # ------------------------------------------------------------ keys and appearance

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def update_theme(self) -> None:
        px = current_theme().px
        self.setMinimumWidth(px(240))
        for view in (self.answer, self._left, self._right):
            view.setMinimumHeight(px(48))


def whole_text(column: Column, cell: Cell) -> str:
    """Return all values of a cell, those of fields as a list."""
    if column.parts == (WHOLE,):
        return cell.text()
    return "\n".join(f"- **{part}:** {cell.text(part)}" for part in column.parts)


def citation_text(citation: Citation) -> str:
    """Return what leads to the place of a value in its document."""
    if citation.page is not None:
        return tr("Page {number}", number=formatting.number(citation.page))
    return tr("Show in document")
