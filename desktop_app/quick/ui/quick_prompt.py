"""The quick prompt: a small window over other programs, with a field and the answer below it.

The window is created once and then only hidden, so that it appears at once. It shows a
single question and its answer; the conversation continues in the main window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFont,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.composer.dropped_content import (
    FileDropFilter,
    accept_copy,
    drop_hint,
    is_acceptable,
    read_dropped,
)
from desktop_app.composer.prompt_editor import PromptEditor
from desktop_app.composer.prompt_text import PromptText
from desktop_app.composer.written_field import pressed_keys
from desktop_app.domain.places import Place
from desktop_app.i18n.translation import N_, tr, tr_plural
from desktop_app.quick.ui.window_placement import TOP_SHARE, WindowPlacement, X11Frame
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.accessible_roles import install_roles
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of, row_of
from desktop_app.widgets.buttons.dialog_button import press_focused
from desktop_app.widgets.cards.notifications import Notifications
from desktop_app.widgets.look import painting
from desktop_app.widgets.look.icons import pixmap
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import MARGIN, RADIUS_CARD, Theme, current_theme, set_role
from desktop_app.widgets.text.foreign_text import ElidedLabel, PlainButton, PlainLabel

# In pixels at the default text size (see `Theme.px`).
_WIDTH: Final = 680
_MIN_ANSWER_HEIGHT: Final = 96
MAX_ANSWER_SHARE: Final = 0.55
"""The largest share of the screen's height that the answer takes."""
MAX_FIELD_SHARE: Final = 0.25
"""The largest share of the screen's height that the text field takes; three lines always fit."""
_MAX_LINES: Final = 6
"""The lines of the question that are shown without scrolling."""
_MAX_COUNTED_CHARACTERS: Final = 200_000
"""Characters of a text whose words are counted without a noticeable delay."""
_BUTTONS: Final = (
    ("quick.paste", N_("Paste"), "paste-back"),
    ("quick.go-on", N_("Continue in Repartee"), "go-on"),
    ("quick.add-selection", N_("Add selection"), "add-selection"),
    ("quick.temporary", N_("Make temporary"), "temporary"),
    ("quick.close", N_("Close"), "close"),
)
"""The buttons below the answer, which has its own to copy it: command, label, object name."""


class QuickPrompt(QWidget):
    """The window of the quick prompt.

    Attributes:
        prompt: the prompt for the question.
        field: its text.
        transcript: shows the answer.
        status: a few words in the footer, such as the cost of the answer.
        notifications: errors, and what can be undone.
        placement: the position of the window on the screen.
        commands: the actions of the commands that have keys here, by id.

    Signals:
        hidden(): the window was hidden.
        place_requested(Place): a link to a place of the main window was followed.
    """

    hidden = Signal()
    place_requested = Signal(object)

    def __init__(self, transcript: TranscriptView) -> None:
        super().__init__()
        self.accessible_role = "Dialog"
        self.setObjectName("quick-prompt")
        self.setWindowTitle(tr("Quick prompt"))
        types = Qt.WindowType
        self.setWindowFlags(types.Dialog | types.FramelessWindowHint | types.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAcceptDrops(True)
        self.transcript = transcript
        self.placement = WindowPlacement(self)
        self._x11_frame: X11Frame | None = None
        if QGuiApplication.platformName() == "xcb":
            self._x11_frame = X11Frame(self)
        self._lay_out()
        self.commands: dict[str, QAction] = {}
        self.add_commands(
            {
                "answer.copy": self.transcript.commands.copy_last_answer,
                "quick.close": self.hide,
                "prompt.paste-plain": self.field.paste_plain,
                "prompt.spelling": self.field.suggest_spelling,
            }
        )
        self._connect()
        self.set_keymap(Keymap())
        self.update_theme()
        install_roles(self)
        self._set_expanded(False)

    # ------------------------------------------------------------------ building

    def _lay_out(self) -> None:
        self._icon = PlainLabel()
        self.field = QuickPromptField()
        self.prompt = QuickPromptEditor(self.field)
        FileDropFilter(self.prompt)
        self._accompanying_label = PlainLabel(name="accompanying-text", role="note")
        self._rule = QFrame()
        set_role(self._rule, "rule")
        self.status = ElidedLabel(name="figures", role="note")
        self.status.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self._status_text = ""  # while the label shows the effect of a drop
        self.notifications = Notifications()
        self._buttons = {id_: HintButton(tr(label), name=name) for id_, label, name in _BUTTONS}
        self._buttons["quick.paste"].setToolTip(tr("Paste into the window behind"))
        self._buttons["quick.temporary"].setCheckable(True)
        side_margins = (MARGIN, 0, MARGIN, 0)
        first_row = row_of(
            (self._icon, Qt.AlignmentFlag.AlignTop),
            (self.prompt, 1),
            margins=side_margins,
            spacing=11,
        )
        buttons = self._buttons.values()
        self._footer = row_of(*buttons, (self.status, 1), margins=side_margins, spacing=10)
        self._column = column_of(
            first_row,
            self._accompanying_label,
            row_of(self._rule, margins=side_margins),
            self.transcript,
            row_of(self.notifications, margins=side_margins),
            self._footer,
            parent=self,
            margins=(0, 11, 0, 8),
            spacing=6,
        )

    def _connect(self) -> None:
        for command_id, button in self._buttons.items():
            button.clicked.connect(lambda _=False, id_=command_id: self.run(id_))
        self.notifications.focus_lost.connect(self.field.setFocus)
        for widget in (self.field, self.transcript):
            widget.notice_raised.connect(self.show_status)
        self.transcript.text_typed.connect(self._type_on)
        # Queued, because the range changes during edits, when nothing may be laid out.
        self.transcript.verticalScrollBar().rangeChanged.connect(
            self._fit, Qt.ConnectionType.QueuedConnection
        )

    def add_commands(self, functions: Mapping[str, Callable[[], object]]) -> None:
        """Make the actions of commands, which `set_keymap` gives their keys."""
        for command_id, run in functions.items():
            action = self.commands[command_id] = QAction(self)
            action.triggered.connect(lambda _=False, run=run: run())
            self.addAction(action)

    def set_keymap(self, keymap: Keymap) -> None:
        """Give all actions their keys, and show them on the buttons."""
        for command_id, action in self.commands.items():
            action.setShortcut(QKeySequence(keymap.shortcut_of(command_id)))
        self.prompt.set_keymap(keymap)
        for command_id, button in self._buttons.items():
            button.set_keys(keymap.shortcut_of(command_id))

    def run(self, command_id: str) -> None:
        """Run the action of a command."""
        self.commands[command_id].trigger()

    # ------------------------------------------------------------------ content and state

    def clear(self) -> None:
        """Show an empty field, and no answer."""
        self.field.clear()
        self.show_status("")
        self.transcript.set_messages([])
        self.transcript.hide()
        self.set_temporary(False)

    def open(self) -> None:
        """Show the window where it belongs, ready for typing."""
        self.prompt.completer.close()
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
        self.prompt.set_accompanied(bool(text.strip()))
        if len(text) > _MAX_COUNTED_CHARACTERS:
            description = tr("Text: {count} characters", count=len(text))
        else:
            count = len(text.split())
            description = tr_plural("Text: {count} word", "Text: {count} words", count)
        self._accompanying_label.setText(description)
        self._accompanying_label.setVisible(bool(text.strip()))
        placeholder = tr("Ask about this text") if text.strip() else tr("Ask anything")
        self.field.setPlaceholderText(placeholder)
        self._fit()

    def show_status(self, text: str, *, is_announced: bool = True) -> None:
        """Show a few words in the footer, and announce them."""
        self._status_text = text
        self.status.setText(text)
        if is_announced:
            announce(self.field, text)
        self._fit()

    def request_place(self, place: Place) -> None:
        """Open a place that a notification links to, in the main window."""
        self.place_requested.emit(place)

    def set_temporary(self, is_temporary: bool) -> None:
        """Show whether the conversation is in memory only."""
        button = self._buttons["quick.temporary"]
        button.setChecked(is_temporary)
        button.setText(tr("Temporary") if is_temporary else tr("Make temporary"))
        self._set_expanded(not self.transcript.isHidden())  # shows the buttons that apply now

    def set_streaming(self, is_streaming: bool) -> None:
        """Expand the window and show Stop while an answer is streaming."""
        if is_streaming:
            self.show_status("")
            self._set_expanded(True)
        self.prompt.set_streaming(is_streaming)

    def copy_selection_or_answer(self) -> bool:
        """Copy the selected part of the answer, or all of it.

        Return False if there is no answer, or while it streams.
        """
        if self.prompt.is_streaming:
            self.show_status(tr("Still responding…"))
            return False
        if not self.transcript.isVisibleTo(self):
            self.show_status("")
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
        painting.draw_outline(painter, self.rect(), current_theme().outline, radius)

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
            self.status.setText(drop_hint(event.mimeData()))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self.status.setText(self._status_text)

    def dropEvent(self, event: QDropEvent) -> None:
        self.status.setText(self._status_text)
        accept_copy(event)
        self.field.insert_dropped(read_dropped(event.mimeData()))

    def event(self, event: QEvent) -> bool:
        """Fit the window after a notification has changed."""
        is_done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._fit()
        return is_done

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
        self._accompanying_label.setContentsMargins(px(MARGIN), 0, px(MARGIN), 0)
        self._icon.setFixedHeight(self.field.height_of_lines(1))  # beside the first line
        self._fit()

    def _type_on(self, text: str) -> None:
        """Continue in the field what was typed while the answer had the focus."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.insert_plain(text)

    def _set_expanded(self, is_expanded: bool) -> None:
        """Show or hide the transcript, small at first; it grows with the answer."""
        self.transcript.setVisible(is_expanded)
        buttons = self._buttons
        is_temporary = buttons["quick.temporary"].isChecked()
        buttons["quick.paste"].setVisible(is_expanded)
        buttons["quick.go-on"].setVisible(is_expanded and not is_temporary)
        buttons["quick.add-selection"].setVisible(not is_expanded)
        buttons["quick.temporary"].setVisible(not is_expanded or is_temporary)
        self.transcript.setFixedHeight(current_theme().px(_MIN_ANSWER_HEIGHT))
        self._fit()

    def _fit(self) -> None:
        """Fit the window to the answer, up to the limit.

        The transcript shrinks only if the limit does, for example because the question grows.
        """
        screen_rect = self.screen().availableGeometry()
        width = min(current_theme().px(_WIDTH), screen_rect.width())
        self._fit_footer(width)
        screen_height = screen_rect.height()
        # The user may have moved the window down.
        top = max(round(screen_height * TOP_SHARE), self.y() - screen_rect.top())
        # The range of the scroll bar is the height of the text that is out of view.
        bar = self.transcript.verticalScrollBar()
        needed_height = self.transcript.height() + bar.maximum() - bar.minimum()
        column = self._column
        column.activate()
        other_height = self._needed_height(width) - self.transcript.height()
        max_height = min(
            round(screen_height * MAX_ANSWER_SHARE), screen_height - top - other_height
        )
        answer_height = min(max(needed_height, self.transcript.height()), max_height)
        if self.transcript.isVisibleTo(self) and answer_height != self.transcript.height():
            self.transcript.setFixedHeight(
                max(answer_height, current_theme().px(_MIN_ANSWER_HEIGHT))
            )
            column.activate()
        self.setFixedSize(width, self._needed_height(width))

    def _needed_height(self, width: int) -> int:
        if self._column.hasHeightForWidth():  # while a notification is shown, whose text wraps
            return self._column.totalHeightForWidth(width)
        return self._column.totalSizeHint().height()

    def _fit_footer(self, width: int) -> None:
        """Show the shortcuts of the buttons if there is room for them in `width` pixels."""
        visible_hints = [hint for hint in self._buttons.values() if not hint.isHidden()]
        other_width = self._footer.spacing() * len(visible_hints) + 2 * current_theme().px(MARGIN)
        other_width += painting.text_width(self.status.text(), current_theme().note())
        has_room = sum(hint.full_width for hint in visible_hints) <= width - other_width
        for hint in self._buttons.values():
            hint.set_keys_visible(has_room)


class HintButton(PlainButton):
    """A quiet button with its shortcut's key cap before the label, if there is room for it."""

    def __init__(self, label: str, *, name: str = "") -> None:
        super().__init__(label, name=name)
        self._keys = ""
        self._shows_keys = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_keys(self, keys: str) -> None:
        """Show a shortcut (portable text); "" shows the label alone."""
        self._keys = shortcut_text(keys)
        self.updateGeometry()
        self.update()

    def set_keys_visible(self, is_visible: bool) -> None:
        """Show the shortcut, or only the label if there is no room."""
        if is_visible != self._shows_keys:
            self._shows_keys = is_visible
            self.updateGeometry()
            self.update()

    def width_with(self, keys: str) -> int:
        """Return the width of the label and a key cap before it; "" is none."""
        theme = current_theme()
        width = painting.text_width(self.text(), theme.note()) + 1
        return width + painting.key_size(theme, keys)[0] + theme.px(8) if keys else width

    @property
    def full_width(self) -> int:
        """Return the width with the shortcut."""
        return self.width_with(self._keys)

    def sizeHint(self) -> QSize:
        return QSize(
            self.width_with(self._keys if self._shows_keys else ""), current_theme().px(22)
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = painting.painter_of(self)
        theme = current_theme()
        label_rect = ring_rect = self.rect()
        if self._keys and self._shows_keys:
            width, height = painting.key_size(theme, self._keys)
            ring_rect = QRect(0, (self.height() - height) // 2, width, height)
            painting.draw_key(painter, theme, ring_rect, self._keys, theme.dim)
            label_rect = self.rect().adjusted(width + theme.px(8), 0, 0, 0)
        if self.hasFocus():
            painting.draw_outline(painter, ring_rect, theme.accent, theme.px(5), 2)
        color = theme.text if self.underMouse() or self.hasFocus() else theme.dim
        painting.draw_text(painter, label_rect, self.text(), theme.note(), color)


class QuickPromptEditor(PromptEditor):
    """The prompt without a frame, and without the menu of what the main window adds."""

    _is_accompanied = False

    def __init__(self, field: PromptText) -> None:
        super().__init__(field, is_framed=False)
        # Assistive technology finds the main window's parts by their names.
        for part in (self, self.hint, *self.row.findChildren(QWidget)):
            if (name := part.objectName()) not in ("", "model", "stop"):
                part.setObjectName(f"quick-{name}")
        self.row.attach_button.hide()
        self.set_keys_visible(False)

    def set_accompanied(self, is_accompanied: bool) -> None:
        """Set whether a text is sent along, even without a question."""
        self._is_accompanied = is_accompanied
        self._show_state()

    @property
    def has_text(self) -> bool:
        return self._is_accompanied or super().has_text

    def max_text_height(self) -> int:
        max_height = round(self.screen().availableGeometry().height() * MAX_FIELD_SHARE)
        return min(self.field.height_of_lines(_MAX_LINES), max_height)


class QuickPromptField(PromptText):
    """Text field with large letters, in which Up and Down recall earlier questions.

    They do so where the cursor cannot move a line up or down.

    Attributes:
        text_before_recall: the text that was typed before a question was recalled.
    """

    def __init__(self) -> None:
        super().__init__(font_of=_large_font)
        self.text_before_recall = ""
        self._history: list[str] = []  # the newest first
        self._index = -1  # of the recalled question; -1 for the text that the user types
        self.setPlaceholderText(tr("Ask anything"))
        set_role(self, "card-text")

    def set_history(self, questions: Iterable[str]) -> None:
        """Set the questions to recall, the newest first."""
        recalled = self._history[self._index] if self._index >= 0 else None
        self._history = list(dict.fromkeys(questions))
        self._index = self._history.index(recalled) if recalled in self._history else -1

    def end_recall(self) -> None:
        """Begin again with the typed text, because no recalled question is shown."""
        self._index = -1

    @property
    def is_recalling(self) -> bool:
        """Return True while a recalled question is shown unchanged."""
        recalled = self._history[self._index] if self._index >= 0 else None
        return recalled is not None and self.toPlainText().strip() == recalled.strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = QTextCursor.MoveOperation
        step, move = {"Up": (+1, moves.Up), "Down": (-1, moves.Down)}.get(
            pressed_keys(event), (0, moves.NoMove)
        )
        # The cursor is a copy: moving it does not move the text's cursor.
        if self.is_composing or not step or self.textCursor().movePosition(move):
            super().keyPressEvent(event)
            return
        index = self._index + step
        if self._index < 0:
            self.text_before_recall = self.toPlainText()
            # After an answer, the newest question is already shown.
            if index == 0 and self._history[:1] == [self.text_before_recall]:
                index = 1
        if -1 <= index < len(self._history):
            self._index = index
            self.set_text(self.text_before_recall if index < 0 else self._history[index])


def _large_font(theme: Theme) -> QFont:
    font = theme.reading()
    font.setPointSizeF(theme.points(19))
    return font
