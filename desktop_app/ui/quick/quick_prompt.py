"""The quick prompt: a small window over other programs, with a field and the answer below it.

The window is created once and then only hidden, so that it appears at once. It shows a
single question and its answer; the conversation continues in the main window.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QPainter, QPainterPath, QRegion, QShortcut
from PySide6.QtWidgets import QFrame, QMenu, QWidget

from desktop_app.commands.keymap import Keymap
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.ui.composer.attachment_chips import AttachmentChips, Chip
from desktop_app.ui.composer.choice_view import ChoiceView, no_choice
from desktop_app.ui.composer.completion.completion_fields import CompletionField, PopupBelowField
from desktop_app.ui.composer.completion.prompt_completer import PromptCompleter
from desktop_app.ui.composer.dropped_content import (
    accept_copy,
    drop_hint,
    is_acceptable,
    read_dropped,
)
from desktop_app.ui.look import painting
from desktop_app.ui.look.icons import pixmap, set_icon
from desktop_app.ui.look.theme import MARGIN, RADIUS_CARD, Theme, set_role
from desktop_app.ui.quick.quick_prompt_field import QuickPromptField, describe_text
from desktop_app.ui.quick.quick_prompt_menu import fill_menu
from desktop_app.ui.quick.quick_status import QuickStatus
from desktop_app.ui.quick.task_list import skip_task_lists
from desktop_app.ui.quick.window_placement import TOP_SHARE, WindowPlacement
from desktop_app.ui.widgets.accessibility.announcements import announce
from desktop_app.ui.widgets.accessibility.mnemonics import KEEPS_LETTER
from desktop_app.ui.widgets.accessibility.role_names import DIALOG
from desktop_app.ui.widgets.boxes import column_of, row_of, scale_boxes
from desktop_app.ui.widgets.buttons.enter_key import press_focused
from desktop_app.ui.widgets.buttons.hint_button import HintButton
from desktop_app.ui.widgets.buttons.menu_button import MenuButton
from desktop_app.ui.widgets.text.foreign_text import (
    PlainLabel,
    PlainToolButton,
    set_tooltip,
    spoken_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDragLeaveEvent,
        QDropEvent,
        QHideEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
        QShowEvent,
    )

    from desktop_app.ui.composer.spelling import Spelling
    from desktop_app.ui.transcript.view import TranscriptView

_WIDTH: Final = 680
_MIN_ANSWER_HEIGHT: Final = 96
MAX_SHARE_OF_SCREEN: Final = 0.55
"""The largest share of the screen's height that the answer takes."""
MAX_SHARE_OF_FIELD: Final = 0.25
"""The largest share of the screen's height that a text field of over three lines takes."""


class QuickPrompt(QWidget):
    """The window of the quick prompt.

    Attributes:
        field: the field for the question.
        chips: the attachments of the question.
        transcript: shows the answer.
        choice: the choice that is shown.
        theme: the current theme.
        status: the messages about questions and answers.
        placement: the position of the window on the screen.
        completer: completes prompts from the library after "/".

    Signals:
        submit_requested(str): send this text.
        text_changed(): the typed text has changed.
        files_dropped(list[Path]): attach these dropped or pasted files.
        large_text_dropped(str text, str html): a very long text was dropped or pasted; `html` is ""
            if it has no formatting.
        stop_requested(): stop the answer.
        open_in_window_requested(): show the conversation in the main window.
        variant_requested(Variant): answer with this variant.
        effort_step_requested(int): answer with more (+1) or less (-1) effort.
        selection_requested(): add the text that is selected in another program.
        paste_requested(): paste the answer into the window of another program.
        unsaved_requested(): switch whether this conversation is stored.
        hidden(): the window was hidden.
    """

    submit_requested = Signal(str)
    text_changed = Signal()
    files_dropped = Signal(list)
    large_text_dropped = Signal(str, str)
    stop_requested = Signal()
    open_in_window_requested = Signal()
    variant_requested = Signal(object)
    effort_step_requested = Signal(int)
    selection_requested = Signal()
    paste_requested = Signal()
    unsaved_requested = Signal()
    hidden = Signal()

    def __init__(self, theme: Theme, transcript: TranscriptView) -> None:
        super().__init__()
        self.accessible_role = DIALOG
        self.setObjectName("quick-prompt")
        self.setWindowTitle(tr("Quick prompt"))
        kind = Qt.WindowType
        self.setWindowFlags(kind.Dialog | kind.FramelessWindowHint | kind.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.transcript = transcript
        self.theme = theme
        self.choice = no_choice()
        self._accompanying_text = self._submitted_text = ""
        self._is_streaming = self._is_expanded = False
        self.placement = WindowPlacement(self)
        # Without a compositor, X11 shows transparent corners in black.
        self._is_on_x11 = QGuiApplication.platformName() == "xcb"
        self._shortcuts: list[QShortcut] = []
        self._build()
        self.completer = PromptCompleter(
            CompletionField(self.field),
            PopupBelowField(self._popup_column, 0, self._fit),
            theme,
            self,
        )
        self._connect()
        self.set_keymap(Keymap())
        self._apply_theme(theme)
        self._set_expanded(False)

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self._icon = PlainLabel()
        self.field = QuickPromptField(self.theme)
        self.chips = AttachmentChips(self.theme)
        self.setAcceptDrops(True)
        self._model_button = MenuButton(self.theme, self._fill_menu, object_name="variant")
        self._stop_button = PlainToolButton(name="stop", role="stop", label=tr("Stop"))
        self._accompanying_label = PlainLabel(name="accompanying-text", role="note")
        self._rule = QFrame()
        set_role(self._rule, "rule")
        self.status = QuickStatus(self.theme, self.field)
        self._copy_button = HintButton(tr("Copy"), self.theme)
        self._paste_button = HintButton(tr("Paste"), self.theme, name="paste-back")
        self._paste_button.setToolTip(tr("Paste into the window behind"))
        self._open_button = HintButton(tr("Continue in Repartee"), self.theme)
        self._selection_button = HintButton(tr("Add selection"), self.theme, name="add-selection")
        self._unsaved_button = HintButton(tr("Don’t save"), self.theme, name="unsaved")
        self._unsaved_button.setCheckable(True)
        self._close_button = HintButton(tr("Close"), self.theme)
        self._close_button.setProperty(KEEPS_LETTER, True)
        self._lay_out()

    def _lay_out(self) -> None:
        top, sides = Qt.AlignmentFlag.AlignTop, (MARGIN, 0, MARGIN, 0)
        first_row = row_of(
            (self._icon, top),
            (self.field, 1),
            (self._model_button, top),
            (self._stop_button, top),
            margins=sides,
            spacing=11,
        )
        self._hints = (
            self.status.remedy_button,
            self._copy_button,
            self._paste_button,
            self._open_button,
            self._selection_button,
            self._unsaved_button,
            self._close_button,
        )
        self._footer = row_of(*self._hints, (self.status.label, 1), margins=sides, spacing=10)
        self._popup_column = column_of(margins=(MARGIN - 6, 0, MARGIN - 6, 0))
        self._column = column_of(
            first_row,
            self._popup_column,
            self._accompanying_label,
            row_of(self.chips, margins=sides),
            row_of(self._rule, margins=sides),
            self.transcript,
            self.status.problem_label,
            self._footer,
            parent=self,
            margins=(0, 11, 0, 8),
            spacing=6,
        )

    def _connect(self) -> None:
        self.field.send_pressed.connect(self._submit)
        self.field.textChanged.connect(self.completer.update_list)
        self.field.textChanged.connect(self.text_changed)
        self.field.cursorPositionChanged.connect(self.completer.update_open_list)
        self.field.height_changed.connect(self._fit)
        self.field.files_pasted.connect(self.files_dropped)
        self.field.large_text_pasted.connect(lambda text: self.large_text_dropped.emit(text, ""))
        self.field.large_rich_text_pasted.connect(self.large_text_dropped)
        self.field.notice_raised.connect(self.status.show_status)
        self._stop_button.clicked.connect(self.stop_requested)
        self._copy_button.clicked.connect(self._copy_answer)
        self._paste_button.clicked.connect(self.paste_requested)
        self._open_button.clicked.connect(self.open_in_window_requested)
        self.status.changed.connect(self._fit)
        self._selection_button.clicked.connect(self.selection_requested)
        self._unsaved_button.clicked.connect(self.unsaved_requested)
        self._close_button.clicked.connect(self.hide)
        self.transcript.text_typed.connect(self._type_into_field)
        self.transcript.notice_raised.connect(self.status.show_status)
        # Queued, because the range changes during edits, when nothing may be laid out.
        self.transcript.verticalScrollBar().rangeChanged.connect(
            self._fit, Qt.ConnectionType.QueuedConnection
        )

    # ------------------------------------------------------------------ content and state

    def open_with(self, text: str, *, keeps_content: bool = False) -> None:
        """Show the window, ready for typing; `text` is sent along with the question.

        The typed text and a finished answer are cleared, unless `keeps_content`. If an answer
        is streaming, both stay.
        """
        self.completer.close()
        if not self._is_streaming and not keeps_content:
            self.field.clear()
            self.status.show_status("")
            self.transcript.set_messages([])
            self._set_expanded(False)
        self.set_accompanying_text(text)
        if not self.isVisible():
            self.placement.place()
        self.show_again()

    def show_again(self) -> None:
        """Show the window as it was, ready for typing."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.field.setFocus(Qt.FocusReason.ActiveWindowFocusReason)

    def set_accompanying_text(self, text: str) -> None:
        """Set the text that is sent along with the question."""
        self._accompanying_text = text
        self._accompanying_label.setText(describe_text(text))
        self._accompanying_label.setVisible(bool(self._accompanying_label.text()))
        self.field.setPlaceholderText(
            tr("Ask about this text") if text.strip() else tr("Ask anything")
        )
        self._fit()

    def set_text(self, text: str, template_id: str = "") -> None:
        """Replace the typed text; `template_id` is the library prompt it comes from, or ""."""
        self.field.set_text(text)
        self.field.mark_template(template_id, 0, self.field.document().characterCount() - 1)

    def set_unsaved(self, is_unsaved: bool) -> None:
        """Show whether the conversation is kept off the disk."""
        self._unsaved_button.setChecked(is_unsaved)
        self._unsaved_button.setText(tr("Not saved") if is_unsaved else tr("Don’t save"))
        self._set_expanded(self._is_expanded)

    def _type_into_field(self, text: str) -> None:
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.insert_plain(text)

    def text(self) -> str:
        return self.field.toPlainText()

    @property
    def template_id(self) -> str:
        """Return the id of the library prompt in the field, "" for none."""
        return self.field.template_id

    def set_chips(self, chips: Sequence[Chip]) -> None:
        """Show the attachments of the question."""
        self.chips.set_chips(chips)
        self._fit()

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that answers."""
        self.choice, before = choice, self._model_button.accessibleName()
        words = choice.short_name
        accepted = [e for e in choice.listed_efforts if e not in choice.effort_refusals]
        if choice.shown_effort is not None and len(accepted) > 1:
            words = f"{words} · {tr(choice.shown_effort.label)}"
        self._model_button.setText(words)
        self._model_button.setAccessibleName(spoken_text(tr("Model: {name}", name=words)))
        set_tooltip(self._model_button, choice.notice)
        if self.isVisible() and self._model_button.accessibleName() != before:
            self.announce(words)

    def announce(self, words: str) -> None:
        """Have a screen reader speak words."""
        announce(self.field, words)

    def set_streaming(self, is_streaming: bool) -> None:
        """Expand the window and show Stop while an answer is streaming."""
        self._is_streaming = is_streaming
        if is_streaming:
            self.status.show_status("")
            self._set_expanded(True)
            # A follow-up replaces the question, but nothing that was typed after it.
            if self.field.toPlainText() == self._submitted_text:
                self.field.selectAll()
        self._stop_button.setVisible(is_streaming)

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline words that are misspelled."""
        self.field.check_spelling_with(spelling, self.theme)

    def set_keymap(self, keymap: Keymap) -> None:
        """Activate the shortcuts of a keymap and show them on the buttons."""
        for old in self._shortcuts:
            old.setEnabled(False)
            old.deleteLater()
        self._shortcuts = []
        for command_id, action in self._actions().items():
            if keys := keymap.shortcut_of(command_id):
                shortcut = QShortcut(QKeySequence(keys), self)
                shortcut.activated.connect(action)
                self._shortcuts.append(shortcut)
        self.field.set_keymap(keymap)
        self._copy_button.set_keys(keymap.shortcut_of("answer.copy"))
        self._paste_button.set_keys(keymap.shortcut_of("quick.paste"))
        self._open_button.set_keys(keymap.shortcut_of("quick.go-on"))
        self._close_button.set_keys(keymap.shortcut_of("quick.close"))
        self._selection_button.set_keys(keymap.shortcut_of("quick.add-selection"))
        self._unsaved_button.set_keys(keymap.shortcut_of("quick.temporary"))

    def set_theme(self, theme: Theme) -> None:
        """Apply a theme, also to the transcript."""
        self.transcript.set_theme(theme)
        self._apply_theme(theme)

    # ------------------------------------------------------------------ events

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._is_on_x11:
            painter.fillRect(self.rect(), self.theme.ground)
        painting.antialias(painter)
        radius = self.theme.px(RADIUS_CARD)
        painting.fill_background(painter, self.rect(), self.theme.ground, radius)
        painting.draw_outline(painter, self.rect(), self.theme.line, radius)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_on_x11:
            shape, radius = QPainterPath(), self.theme.px(RADIUS_CARD)
            shape.addRoundedRect(QRectF(self.rect()), radius, radius)
            self.setMask(QRegion(shape.toFillPolygon().toPolygon()))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Show the effect of a drop in place of the status."""
        if is_acceptable(event.mimeData()):
            accept_copy(event)
            self.status.show_drop_hint(drop_hint(event.mimeData()))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.status.hide_drop_hint()

    def dropEvent(self, event: QDropEvent) -> None:
        self.status.hide_drop_hint()
        accept_copy(event)
        self.field.insert_dropped(read_dropped(event.mimeData()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Let the user move the window, which has no title bar."""
        if event.button() is Qt.MouseButton.LeftButton and self.windowHandle() is not None:
            self.windowHandle().startSystemMove()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_on_x11 and not event.spontaneous():
            skip_task_lists(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.placement.record()
        self.hidden.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.hide()

    # ------------------------------------------------------------------ private

    def _apply_theme(self, theme: Theme) -> None:
        self.theme = theme
        px = theme.px
        self.field.set_theme(theme)
        self._icon.setPixmap(pixmap("sparkles", theme.accent, px(20)))
        set_icon(self._stop_button, "square", theme.ground, px(14))
        scale_boxes(self, theme)
        self.completer.set_theme(theme)
        self.chips.set_theme(theme)
        for label in (self._accompanying_label, self.status.problem_label):
            label.setContentsMargins(px(MARGIN), 0, px(MARGIN), 0)
        for widget in (self._model_button, *self._hints):
            widget.set_theme(theme)
        # The icon is beside the first line.
        line_height = max(self.field.height_of(1), self._model_button.sizeHint().height())
        self._icon.setFixedHeight(line_height)
        self._fit()

    def _actions(self) -> dict[str, Callable[[], object]]:
        return {
            "answer.copy": self._copy_answer,
            "quick.paste": self.paste_requested.emit,
            "quick.go-on": self.open_in_window_requested.emit,
            "quick.close": self.hide,
            "quick.add-selection": self.selection_requested.emit,
            "quick.temporary": self.unsaved_requested.emit,
            "prompt.paste-plain": self.field.paste_plain,
            "prompt.spelling": self.field.suggest_spelling,
            "effort.more": lambda: self.effort_step_requested.emit(1),
            "effort.less": lambda: self.effort_step_requested.emit(-1),
            **{f"variant.{v.value}": partial(self.variant_requested.emit, v) for v in Variant},
        }

    def _submit(self) -> None:
        text = self.field.toPlainText()
        if self._is_streaming:
            self.status.show_status(tr("Still responding…"))
        elif text.strip() or self._accompanying_text.strip():
            self._submitted_text = text
            self.submit_requested.emit(text)
        elif self.chips.count():
            self.status.show_status(tr("Add a message first"))

    def _copy_answer(self) -> None:
        self.transcript.commands.copy_last_answer()

    def copy_selection_or_answer(self) -> bool:
        """Copy the selected part of the answer, or all of it.

        Return False if there is no answer, or while it streams.
        """
        if self._is_streaming or not self.transcript.isVisibleTo(self):
            self.status.show_status(tr("Still responding…") if self._is_streaming else "")
            return False
        self.transcript.commands.copy_selection_or_answer()
        return True

    def _fill_menu(self, menu: QMenu) -> None:
        fill_menu(menu, self.choice, self.variant_requested.emit, self.effort_step_requested.emit)

    def _set_expanded(self, is_expanded: bool) -> None:
        """Show or hide the transcript, small at first; it grows with the answer."""
        self._is_expanded, is_unsaved = is_expanded, self._unsaved_button.isChecked()
        for widget in (self.transcript, self._copy_button, self._paste_button):
            widget.setVisible(is_expanded)
        self._open_button.setVisible(is_expanded and not is_unsaved)
        self._selection_button.setVisible(not is_expanded)
        self._unsaved_button.setVisible(not is_expanded or is_unsaved)
        self._stop_button.setVisible(self._is_streaming)
        self.transcript.setFixedHeight(self.theme.px(_MIN_ANSWER_HEIGHT))
        self._fit()

    def _fit(self) -> None:
        """Fit the window to the answer, up to the limit.

        The transcript shrinks only if the limit does, for example because the question grows.
        """
        self._fit_footer()
        available = self.screen().availableGeometry()
        room = available.height()
        top = max(round(room * TOP_SHARE), self.y() - available.top())  # the user may move it
        self.field.fit_lines(round(room * MAX_SHARE_OF_FIELD))
        bar = self.transcript.verticalScrollBar()
        wanted = self.transcript.height() + bar.maximum() - bar.minimum()
        column = self._column
        column.activate()
        rest = column.totalSizeHint().height() - self.transcript.height()
        limit = min(round(room * MAX_SHARE_OF_SCREEN), room - top - rest)
        fitting = min(max(wanted, self.transcript.height()), limit)
        if self.transcript.isVisibleTo(self) and fitting != self.transcript.height():
            self.transcript.setFixedHeight(max(fitting, self.theme.px(_MIN_ANSWER_HEIGHT)))
            column.activate()
        width = min(self.theme.px(_WIDTH), available.width())
        wraps = column.hasHeightForWidth()  # only while a problem is shown
        height = column.totalHeightForWidth(width) if wraps else column.totalSizeHint().height()
        self.setFixedSize(width, height)

    def _fit_footer(self) -> None:
        """Show the shortcuts of the buttons if there is room for them."""
        shown = [hint for hint in self._hints if hint.isVisibleTo(self)]
        spaces = self._footer.spacing() * len(shown) + 2 * self.theme.px(MARGIN)
        spaces += painting.text_width(self.status.label.text(), self.theme.note())
        room = min(self.theme.px(_WIDTH), self.screen().availableGeometry().width()) - spaces
        fits = sum(hint.full_width for hint in shown) <= room
        for hint in self._hints:
            hint.set_keys_visible(fits)
