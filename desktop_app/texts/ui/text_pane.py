"""The pane of a text: its title and menu, the bar of changes, the bar of a selection, the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QTextEdit, QWidget

from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.texts.ui.text_editor import TextEditor
from desktop_app.texts.ui.text_find import TextFind
from desktop_app.texts.ui.tracked_document import TrackedDocument
from desktop_app.widgets.boxes import STRETCH, FlowLayout, column_of, row_of, set_unscaled
from desktop_app.widgets.buttons.dialog_button import IconButton, MenuButton, compact_button
from desktop_app.widgets.forms.form_widgets import line_field
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import current_theme, set_role
from desktop_app.widgets.program_menu import ProgramMenu, command_of, run_command
from desktop_app.widgets.text.foreign_text import (
    ElidedLabel,
    PlainLabel,
    PlainToolButton,
    set_tooltip,
)
from desktop_app.widgets.text.name_field import NameField

TASKS: Final = {
    "shorter": (N_("Shorter"), N_("Make this passage shorter, but keep all facts.")),
    "simpler": (N_("Simpler"), N_("Say this passage in simpler words.")),
    "fix": (N_("Fix"), N_("Correct spelling, grammar and punctuation, and nothing else.")),
}
"""The changes that a button offers: its label, and what the model is asked."""
_LABELS: Final = {
    "text.previous-change": N_("Previous change"),
    "text.next-change": N_("Next change"),
    "text.accept": N_("Accept change"),
    "text.reject": N_("Reject change"),
}


_HEAD_MARGINS: Final = (8, 6, 8, 4)
_BUTTON_MARGINS: Final = (14, 0, 10, 4)
_LOW_HEAD_MARGINS: Final = (8, 1, 8, 1)
_LOW: Final = 340
"""Pixels at the default text size: the height of a pane below which its bars are in one row."""


class _Bar(QWidget):
    """A row of buttons, which has the focus while its button that had it works."""

    accessible_role = "Grouping"

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Text"))


class TextPane(QFrame):
    """The pane beside the transcript, or in its place.

    Attributes:
        helpers: the row of what features add for writing.
        finder: the find bar.

    Signals:
        change_requested(str): ask the model for this change of the selected passage.
        close_requested(): hide the pane.
        stop_requested(): stop the change of a passage.
        renamed(str): give the text this title.
    """

    change_requested = Signal(str)
    close_requested = Signal()
    renamed = Signal(str)
    stop_requested = Signal()

    def __init__(
        self,
        window: QWidget,
        fill_menu: Callable[[QMenu], None],
        fill_languages: Callable[[QMenu], None],
        fill_prompts: Callable[[QMenu], None],
        fill_texts: Callable[[QMenu], None],
    ) -> None:
        super().__init__(window)
        self.setObjectName("text-pane")
        self.setAccessibleName(tr("Text"))
        self.setProperty("edge", "left")
        set_role(self, "side")
        self.title = MenuButton(fill_texts, has_background=False, object_name="text-title")
        set_tooltip(self.title, tr("Texts of this conversation"))
        self.title_field = NameField(tr("Title of the text"), "text-title-field")
        self.title_field.editingFinished.connect(self._end_rename)
        self.title_field.hide()
        self.editor = TextEditor()
        self.finder = TextFind(self.editor)
        self._helper_bar = QWidget()
        self.helpers = row_of(parent=self._helper_bar, margins=0, spacing=0)
        self._selection_buttons: list[QWidget] = []
        self._is_busy, self._is_sent, self._is_low = False, True, False
        self._marked: int | None = None
        self._order: list[int] = []  # of the changes
        menu_button = self._menu_button("text-menu", "ellipsis", tr("More"), fill_menu)
        close = IconButton("text-close", "x", tr("Hide text"), self.close_requested.emit)
        self._head_bar = QWidget()
        self._head = row_of(
            *(self.title, (self.title_field, 1), STRETCH),
            *(self._helper_bar, menu_button, close),
            parent=self._head_bar,
            margins=_HEAD_MARGINS,
            spacing=4,
        )
        self._changes = self._make_changes_bar()
        self._selection_bar = self._make_selection_bar(fill_languages, fill_prompts)
        self._selection_row = row_of((self._selection_bar, 1), margins=_BUTTON_MARGINS)
        self._foot = self._make_foot()
        self._question = line_field(tr("What to change"), "text-question")
        self._question.returnPressed.connect(self._ask)
        self._question.hide()
        self._changes_row = row_of((self._changes, 1), margins=(14, 0, 10, 2))
        column_of(
            self._head_bar,
            self._selection_row,
            row_of((self._question, 1), margins=(14, 0, 14, 2)),
            self._changes_row,
            row_of((self.finder, 1), margins=(10, 0, 10, 0)),
            (self.editor, 1),
            self._foot,
            parent=self,
            margins=0,
            spacing=0,
        )
        self.finder.toggled.connect(self._share_height)
        self.editor.selectionChanged.connect(self._show_selection)
        self.editor.cursorPositionChanged.connect(self._mark_current)
        self._show_selection()

    def _menu_button(
        self, name: str, icon: str, label: str, fill: Callable[[QMenu], None]
    ) -> PlainToolButton:
        menu = ProgramMenu(self)
        menu.setObjectName(f"{name}-entries")
        menu.fill_with(fill)
        button = IconButton(name, icon, label, lambda: None)
        button.clicked.connect(lambda: menu.popup(button.mapToGlobal(button.rect().bottomLeft())))
        return button

    # -------------------------------------------------------------- the bars

    def _make_foot(self) -> QWidget:
        foot = QWidget()
        self.note = ElidedLabel(name="text-note", role="note")
        self._length = PlainLabel(name="text-length", role="note")
        self._stop = compact_button(tr("Stop"), "text-stop", "filter")
        self._stop.clicked.connect(self.stop_requested)
        self._stop.hide()
        parts = ((self.note, 1), self._length, self._stop)
        row_of(*parts, parent=foot, margins=(14, 2, 14, 6), spacing=8)
        return foot

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low pane, move the bars beside the title, so that the text keeps most of the height.

        Its foot is shown only while it has something to press.
        """
        super().resizeEvent(event)
        is_low = self.height() < current_theme().px(_LOW)
        if is_low != self._is_low:
            self._is_low = is_low
            set_unscaled(self._head, _LOW_HEAD_MARGINS if is_low else _HEAD_MARGINS, 4)
            set_unscaled(self._selection_row, 0 if is_low else _BUTTON_MARGINS, 0)
            if is_low:
                self._head.insertWidget(2, self._selection_bar, 40)
                self._head.insertWidget(3, self._changes, 40)
            else:
                self._selection_row.addWidget(self._selection_bar, 1)
                self._changes_row.addWidget(self._changes, 1)
            self._show_selection()

    def _share_height(self) -> None:
        """In a low pane, show the find bar, or those of changes and of a selection, in turns."""
        gives_way = self._is_low and not self.finder.isHidden()
        has_selection = self.editor.textCursor().hasSelection()
        shows_changes = bool(self._order) and not (self._is_low and has_selection)
        self._head_bar.setVisible(not gives_way)
        self._changes.setVisible(shows_changes)
        for bar in (self._selection_bar, self._helper_bar):
            bar.setVisible(not (self._is_low and shows_changes))
        if gives_way:
            self._question.hide()

    def _make_room(self) -> None:
        """Close the find bar if it takes the place of another."""
        if self._is_low:
            self.finder.hide()

    def show_length(self, words: int, characters: int, *, is_selection: bool) -> None:
        """Show how long the text or the selected passage is."""
        parts = (
            tr_plural("{count} word", "{count} words", words),
            tr_plural("{count} character", "{count} characters", characters),
        )
        form = (
            N_("{words} · {characters} selected") if is_selection else N_("{words} · {characters}")
        )
        self._length.setText(tr(form, words=parts[0], characters=parts[1]))

    def _make_changes_bar(self) -> QWidget:
        bar = _Bar()
        self._count = ElidedLabel(name="text-changes", role="note")

        def run(command: str) -> Callable[[], None]:
            return lambda: run_command(self, command)

        self._keyed = {
            "text.previous-change": IconButton(
                "text-previous", "chevron-up", tr("Previous change"), run("text.previous-change")
            ),
            "text.next-change": IconButton(
                "text-next", "chevron-down", tr("Next change"), run("text.next-change")
            ),
            "text.accept": compact_button(tr("Accept"), "text-accept", "filter"),
            "text.reject": compact_button(tr("Reject"), "text-reject", "filter"),
        }
        for command in ("text.accept", "text.reject"):
            self._keyed[command].clicked.connect(run(command))
        row_of((self._count, 1), *self._keyed.values(), parent=bar, margins=0, spacing=4)
        return bar

    def _make_selection_bar(
        self, fill_languages: Callable[[QMenu], None], fill_prompts: Callable[[QMenu], None]
    ) -> QWidget:
        bar = _Bar()
        buttons: list[QWidget] = []
        for name, (label, task) in TASKS.items():
            button = compact_button(tr(label), f"text-{name}", "filter")
            button.clicked.connect(lambda _=False, task=task: self.change_requested.emit(tr(task)))
            buttons.append(button)
        for name, label, fill in (
            ("text-translate", tr("Translate"), fill_languages),
            ("text-prompts", tr("Prompts"), fill_prompts),
        ):
            button = compact_button(label, name, "filter")
            menu = ProgramMenu(button)
            menu.fill_with(fill)
            button.setMenu(menu)
            buttons.append(button)
        ask = compact_button(tr("Ask…"), "text-ask", "filter")
        ask.clicked.connect(self.begin_question)
        buttons.insert(-1, ask)
        FlowLayout(*buttons, parent=bar, spacing=6)
        self._selection_buttons = buttons
        return bar

    def begin_question(self) -> None:
        """Let the user type what should change in the selected passage.

        The last request is there, selected: it may have failed, or nothing was selected.
        """
        self._make_room()
        self._question.show()
        self._question.selectAll()
        self._question.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask(self) -> None:
        request = self._question.text().strip()
        if request:
            self._end_question()
            self.change_requested.emit(request)

    def _end_question(self) -> None:
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        self._question.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """On Esc, stop the change, or close the field of the question or of the title."""
        if event.key() == Qt.Key.Key_Escape and self._is_busy:
            self.stop_requested.emit()
        elif event.key() == Qt.Key.Key_Escape and self._question.isVisible():
            self._end_question()
        elif event.key() == Qt.Key.Key_Escape and self.title_field.isVisible():
            self.title_field.set_name(self.title.text())
            self._end_rename()
        else:
            super().keyPressEvent(event)

    def begin_rename(self) -> None:
        """Let the user edit the title."""
        self._make_room()
        self.title.hide()
        self.title_field.set_name(self.title.text())
        self.title_field.show()
        self.title_field.selectAll()
        self.title_field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _end_rename(self) -> None:
        if self.title_field.isHidden():
            return
        title = self.title_field.text().strip()
        if title and self.title_field.is_edited:
            self.title.setText(title)
            self.renamed.emit(title)
        self.title_field.hide()
        self.title.show()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_busy(self, is_busy: bool) -> None:
        """Say whether the model changes a passage."""
        self._is_busy = is_busy
        self._show_selection()

    def show_whether_sent(self, is_sent: bool) -> None:
        """Say whether the text goes with the next message."""
        self._is_sent = is_sent
        self._show_selection()

    def _show_selection(self) -> None:
        self._share_height()
        has_selection = self.editor.textCursor().hasSelection()
        for button in self._selection_buttons:
            button.setEnabled(has_selection and not self._is_busy)
        self._stop.setVisible(self._is_busy)
        self._foot.setVisible(self._is_busy or not self._is_low)
        if self._is_busy:
            self.note.setText(tr("Changing the passage…"))
        elif not self._is_sent:
            self.note.setText(tr("This message goes without the text."))
        elif has_selection:
            self.note.setText(tr("The selected passage goes with your message."))
        else:
            self.note.setText(tr("The text goes with your message."))

    def update_theme(self) -> None:
        self._marked = None
        self._mark_current()

    # -------------------------------------------------------------- the text and its changes

    def show_document(self, title: str, document: TrackedDocument) -> None:
        self.title.setText(title)
        self.editor.show_document(document)
        self._show_selection()
        self.show_changes()

    def show_changes(self) -> None:
        """Show how many changes are proposed, and mark the one that would be accepted."""
        self._order = self.editor.tracked.changes
        self._share_height()
        for command, button in self._keyed.items():
            action = command_of(self, command)
            label, keys = (
                tr(_LABELS[command]),
                "" if action is None else action.shortcut().toString(),
            )
            shown = tr("{action} ({shortcut})", action=label, shortcut=shortcut_text(keys))
            set_tooltip(button, shown if keys else label)
        self._marked = None
        self._mark_current()

    @property
    def current_change(self) -> int | None:
        """Return the change at the cursor, else the next one, else the first; None for none."""
        return self.editor.tracked.change_at(self.editor.textCursor().selectionStart())

    def go_to_change(self, step: int) -> None:
        """Put the cursor at the next (+1) or previous (-1) change."""
        document = self.editor.tracked
        changes, current = document.changes, self.current_change
        if current is None:
            return
        start = document.ranges(current)[0].start
        is_there = self.editor.textCursor().position() == start
        number = changes.index(current) + (step if is_there or step < 0 else 0)
        self.show_change(changes[number % len(changes)])
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_change(self, change: int) -> None:
        """Put the cursor before a change, so that no selection covers it."""
        is_in_sight = self.is_in_sight(change)
        position = self.editor.tracked.ranges(change)[0].start
        self.editor.setTextCursor(self.editor.tracked.cursor(position, position))
        if not is_in_sight:
            self.editor.centerCursor()

    def is_in_sight(self, change: int) -> bool:
        """Return True if the beginning of a change is on screen, or what is on screen is of it."""
        document = self.editor.tracked
        ranges = document.ranges(change)
        first, last = (
            self.editor.cursorRect(document.cursor(position, position))
            for position in (ranges[0].start, ranges[-1].end)
        )
        visible = self.editor.viewport().rect()
        return visible.intersects(first) or first.bottom() < 0 < visible.height() <= last.top()

    def _mark_current(self) -> None:
        document = self.editor.document()
        selections: list[QTextEdit.ExtraSelection] = []
        if isinstance(document, TrackedDocument) and document.has_changes:
            current = self.current_change
            if current is not None and current == self._marked:
                return  # painting all again at each key would take longer than the key
            self._marked = current
            for each in [] if current is None else document.ranges(current):
                selection = QTextEdit.ExtraSelection()
                selection.cursor = document.cursor(each.start, each.end)
                selection.format.setBackground(current_theme().selected)
                selections.append(selection)
            if current in self._order:
                count, number = len(self._order), self._order.index(current) + 1
                self._count.setText(
                    tr_plural(
                        "{number} of {count} change",
                        "{number} of {count} changes",
                        count,
                        number=number,
                    )
                )
        self.editor.mark("change", selections)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the text."""
        self.editor.setFocus(event.reason())
