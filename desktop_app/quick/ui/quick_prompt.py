"""The quick prompt: a small window over other programs, with a field and the answer below it.

The window is created once and then only hidden, so that it appears at once. It shows a
single question and its answer; the conversation continues in the main window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QShortcut,
)
from PySide6.QtWidgets import QFrame, QWidget

from desktop_app.composer.attachment_chips import AttachmentChips
from desktop_app.composer.completion.prompt_completer import PopupBelowField, PromptCompleter
from desktop_app.composer.dropped_content import accept_copy, drop_hint, is_acceptable, read_dropped
from desktop_app.domain.models.variants import Variant
from desktop_app.i18n.translation import tr
from desktop_app.quick.ui.quick_model_button import QuickModelButton
from desktop_app.quick.ui.quick_prompt_field import QuickPromptField, describe_text
from desktop_app.quick.ui.quick_status import QuickFooter, QuickStatus
from desktop_app.quick.ui.window_placement import TOP_SHARE, WindowPlacement, X11Frame
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.accessibility.role_names import DIALOG
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import press_focused
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.icons import pixmap, set_icon
from desktop_app.widgets.look.theme import MARGIN, RADIUS_CARD, current_theme, set_role
from desktop_app.widgets.text.foreign_text import PlainLabel, PlainToolButton

# In pixels at the default text size (see `Theme.px`).
_WIDTH: Final = 680
_MIN_ANSWER_HEIGHT: Final = 96
MAX_ANSWER_SHARE: Final = 0.55
"""The largest share of the screen's height that the answer takes."""
MAX_FIELD_SHARE: Final = 0.25
"""The largest share of the screen's height that the text field takes; three lines always fit."""


class QuickPrompt(QWidget):
    """The window of the quick prompt.

    Attributes:
        field: the field for the question.
        chips: the attachments of the question.
        transcript: shows the answer.
        model_button: shows the model, and changes the variant and the effort.
        status: the messages about questions and answers.
        placement: the position of the window on the screen.
        completer: completes prompts from the library after "/".
        command_actions: the actions of the commands that have shortcuts here, by id.

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
        temporary_requested(): make this conversation temporary, or one that is stored again.
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
    temporary_requested = Signal()
    hidden = Signal()

    command_actions: Mapping[str, Callable[[], object]]

    def __init__(self, transcript: TranscriptView) -> None:
        theme = current_theme()
        super().__init__()
        self.accessible_role = DIALOG
        self.setObjectName("quick-prompt")
        self.setWindowTitle(tr("Quick prompt"))
        window_types = Qt.WindowType
        self.setWindowFlags(
            window_types.Dialog
            | window_types.FramelessWindowHint
            | window_types.WindowStaysOnTopHint
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.transcript = transcript
        self._accompanying_text = ""
        self._submitted_text = ""
        self._is_streaming = False
        self._is_expanded = False
        self.placement = WindowPlacement(self)
        self._x11_frame: X11Frame | None = None
        if QGuiApplication.platformName() == "xcb":
            self._x11_frame = X11Frame(self, theme.px(RADIUS_CARD))
        self._shortcuts: list[QShortcut] = []
        self._build()
        self.completer = PromptCompleter(
            self.field, PopupBelowField(self._popup_column, 0, self._fit)
        )
        self._connect()
        self.set_keymap(Keymap())
        self.update_theme()
        self._set_expanded(False)

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self._icon = PlainLabel()
        self.field = QuickPromptField()
        self.chips = AttachmentChips()
        self.model_button = QuickModelButton(self.field)
        self._stop_button = PlainToolButton(name="stop", role="stop", label=tr("Stop"))
        self._accompanying_label = PlainLabel(name="accompanying-text", role="note")
        self._rule = QFrame()
        set_role(self._rule, "rule")
        self.status = QuickStatus(self.field)
        self._footer = QuickFooter(self.status)
        self.setAcceptDrops(True)
        top = Qt.AlignmentFlag.AlignTop
        side_margins = (MARGIN, 0, MARGIN, 0)
        first_row = row_of(
            (self._icon, top),
            (self.field, 1),
            (self.model_button, top),
            (self._stop_button, top),
            margins=side_margins,
            spacing=11,
        )
        self._popup_column = column_of(margins=(MARGIN - 6, 0, MARGIN - 6, 0))
        self._column = column_of(
            first_row,
            self._popup_column,
            self._accompanying_label,
            row_of(self.chips, margins=side_margins),
            row_of(self._rule, margins=side_margins),
            self.transcript,
            self.status.problem_label,
            self._footer.row,
            parent=self,
            margins=(0, 11, 0, 8),
            spacing=6,
        )

    def _connect(self) -> None:
        self.command_actions = {
            "answer.copy": self.transcript.commands.copy_last_answer,
            "quick.paste": self.paste_requested.emit,
            "quick.go-on": self.open_in_window_requested.emit,
            "quick.close": self.hide,
            "quick.add-selection": self.selection_requested.emit,
            "quick.temporary": self.temporary_requested.emit,
            "prompt.paste-plain": self.field.paste_plain,
            "prompt.spelling": self.field.suggest_spelling,
            "effort.more": lambda: self.effort_step_requested.emit(1),
            "effort.less": lambda: self.effort_step_requested.emit(-1),
            **{f"variant.{v.value}": partial(self.variant_requested.emit, v) for v in Variant},
        }
        self._footer.connect_buttons(self.command_actions)
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
        self.status.changed.connect(self._fit)
        self.chips.changed.connect(self._fit)
        self.model_button.variant_requested.connect(self.variant_requested)
        self.model_button.effort_step_requested.connect(self.effort_step_requested)
        self.transcript.text_typed.connect(
            lambda _: self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        )
        self.transcript.text_typed.connect(self.field.insert_plain)
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
        placeholder = tr("Ask about this text") if text.strip() else tr("Ask anything")
        self.field.setPlaceholderText(placeholder)
        self._fit()

    def set_temporary(self, is_temporary: bool) -> None:
        """Show whether the conversation is in memory only."""
        self._footer.set_temporary(is_temporary)
        self._set_expanded(self._is_expanded)  # shows the buttons that apply now

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

    def set_keymap(self, keymap: Keymap) -> None:
        """Activate the shortcuts of a keymap and show them on the buttons."""
        for old_shortcut in self._shortcuts:
            old_shortcut.setEnabled(False)
            old_shortcut.deleteLater()
        self._shortcuts = []
        for command_id, action in self.command_actions.items():
            if keys := keymap.shortcut_of(command_id):
                shortcut = QShortcut(QKeySequence(keys), self)
                shortcut.activated.connect(action)
                self._shortcuts.append(shortcut)
        self.field.set_keymap(keymap, default_send="Return")  # there is no button to send
        self._footer.set_keymap(keymap)

    def copy_selection_or_answer(self) -> bool:
        """Copy the selected part of the answer, or all of it.

        Return False if there is no answer, or while it streams.
        """
        if self._is_streaming:
            self.status.show_status(tr("Still responding…"))
            return False
        if not self.transcript.isVisibleTo(self):
            self.status.show_status("")
            return False
        self.transcript.commands.copy_selection_or_answer()
        return True

    # ------------------------------------------------------------------ events

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._x11_frame is not None:
            painter.fillRect(self.rect(), current_theme().ground)
        painting.antialias(painter)
        radius = current_theme().px(RADIUS_CARD)
        painting.fill_background(painter, self.rect(), current_theme().ground, radius)
        painting.draw_outline(painter, self.rect(), current_theme().line, radius)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not press_focused(self, event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Let the user move the window, which has no title bar."""
        if event.button() is Qt.MouseButton.LeftButton and self.windowHandle() is not None:
            self.windowHandle().startSystemMove()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if is_acceptable(event.mimeData()):
            accept_copy(event)
            self.status.show_drop_hint(drop_hint(event.mimeData()))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.status.hide_drop_hint()

    def dropEvent(self, event: QDropEvent) -> None:
        self.status.hide_drop_hint()
        accept_copy(event)
        self.field.insert_dropped(read_dropped(event.mimeData()))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.placement.record()
        self.hidden.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()  # the window is kept, so that it appears at once the next time
        self.hide()

    # ------------------------------------------------------------------ private

    def update_theme(self) -> None:
        theme = current_theme()
        px = theme.px
        self._icon.setPixmap(pixmap("sparkles", theme.accent, px(20)))
        set_icon(self._stop_button, "square", theme.ground, px(14))
        for label in (self._accompanying_label, self.status.problem_label):
            label.setContentsMargins(px(MARGIN), 0, px(MARGIN), 0)
        if self._x11_frame is not None:
            self._x11_frame.set_radius(px(RADIUS_CARD))
        # The icon is beside the first line.
        line_height = max(self.field.height_of_lines(1), self.model_button.sizeHint().height())
        self._icon.setFixedHeight(line_height)
        self._fit()

    def _submit(self) -> None:
        text = self.field.toPlainText()
        if self._is_streaming:
            self.status.show_status(tr("Still responding…"))
        elif text.strip() or self._accompanying_text.strip():
            self._submitted_text = text
            self.submit_requested.emit(text)
        elif self.chips.count():
            self.status.show_status(tr("Add a message first"))

    def _set_expanded(self, is_expanded: bool) -> None:
        """Show or hide the transcript, small at first; it grows with the answer."""
        self._is_expanded = is_expanded
        self.transcript.setVisible(is_expanded)
        self._footer.show_buttons(has_answer=is_expanded)
        self._stop_button.setVisible(self._is_streaming)
        self.transcript.setFixedHeight(current_theme().px(_MIN_ANSWER_HEIGHT))
        self._fit()

    def _fit(self) -> None:
        """Fit the window to the answer, up to the limit.

        The transcript shrinks only if the limit does, for example because the question grows.
        """
        screen_rect = self.screen().availableGeometry()
        width = min(current_theme().px(_WIDTH), screen_rect.width())
        self._footer.fit(width)
        screen_height = screen_rect.height()
        # The user may have moved the window down.
        top = max(round(screen_height * TOP_SHARE), self.y() - screen_rect.top())
        self.field.fit_lines(round(screen_height * MAX_FIELD_SHARE))
        # The range of the scroll bar is the height of the text that is out of view.
        bar = self.transcript.verticalScrollBar()
        needed_height = self.transcript.height() + bar.maximum() - bar.minimum()
        column = self._column
        column.activate()
        other_height = column.totalSizeHint().height() - self.transcript.height()
        max_height = min(
            round(screen_height * MAX_ANSWER_SHARE), screen_height - top - other_height
        )
        answer_height = min(max(needed_height, self.transcript.height()), max_height)
        if self.transcript.isVisibleTo(self) and answer_height != self.transcript.height():
            self.transcript.setFixedHeight(
                max(answer_height, current_theme().px(_MIN_ANSWER_HEIGHT))
            )
            column.activate()
        if column.hasHeightForWidth():  # while a problem is shown, whose text wraps
            height = column.totalHeightForWidth(width)
        else:
            height = column.totalSizeHint().height()
        self.setFixedSize(width, height)
