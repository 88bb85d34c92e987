"""The prompt editor: attachments, suggestions, text, and the row of choices.

The editor keeps the text when it emits `submit_requested`; the receiver clears it after
storing the message. Everything that the editor shows about models, costs and attachments
arrives as plain values.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.commands.keymap import Keymap
from desktop_app.i18n.translation import N_, tr
from desktop_app.ui.composer.attachment_chips import AttachmentChips
from desktop_app.ui.composer.choice.choice_row import ChoiceRow
from desktop_app.ui.composer.completion.completion_fields import CompletionField, PopupAboveEditor
from desktop_app.ui.composer.completion.prompt_completer import PromptCompleter
from desktop_app.ui.composer.prompt_hint import PromptHint
from desktop_app.ui.composer.suggestions import Suggestions
from desktop_app.ui.composer.text.prompt_text import PromptText
from desktop_app.ui.composer.text.text_height import fit_height
from desktop_app.ui.look.shortcut_text import shortcut_text
from desktop_app.ui.look.theme import Theme, set_role, set_style_property
from desktop_app.ui.widgets.boxes import column_of, scale_boxes
from desktop_app.ui.widgets.program_menu import ProgramMenu
from desktop_app.ui.widgets.text.foreign_text import menu_text, set_tooltip, spoken_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent, QResizeEvent, QShowEvent

    from desktop_app.ui.composer.choice.choice_view import ChoiceView
    from desktop_app.ui.composer.dropped_content import DroppedContent

_MAX_SHARE_OF_WINDOW: Final = 0.4
"""The share of the window's height that the editor may take."""

_ATTACH_COMMANDS: Final = {
    "prompt.attach": N_("Attach files…"),
    "prompt.attach-folder": N_("Attach folder…"),
    "collections.ask": N_("Ask a collection…"),
    "collections.show": N_("Collections"),
}


class PromptEditor(QFrame):
    """The prompt editor. See the module.

    Attributes:
        field: the text.
        chips: the attachments.
        row: the controls below the text.
        hint: the line below the controls.
        suggestions: questions that can be sent without typing.
        completer: completes prompts from the library after "/".

    Signals:
        submit_requested(str): send this text, unchanged; if an answer streams or files are being
            read, send it afterwards.
        stop_requested(): stop the answer.
        text_changed(): the text changed other than by `set_text`.
        attach_requested(list[Path]): attach these files.
        command_requested(str): run the command with this id.
    """

    submit_requested = Signal(str)
    stop_requested = Signal()
    text_changed = Signal()
    attach_requested = Signal(list)
    command_requested = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("prompt-editor")
        self._send_key = shortcut_text(Keymap().shortcut_of("prompt.send"))
        self._is_streaming = self._is_compact = False
        self._refusal = ""
        self._can_queue = False
        self._is_setting_text = False
        self._filtered_window: QWidget | None = None
        self._build(theme)
        self.completer = PromptCompleter(
            CompletionField(self.field), PopupAboveEditor(self), theme, self
        )
        self._connect()
        self.setAcceptDrops(True)
        # Not Maximum, because wrapped suggestions make the editor taller than its size hint.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        scale_boxes(self, theme)
        self._fit()

    def _build(self, theme: Theme) -> None:
        self._card = QFrame()
        set_role(self._card, "prompt")
        self.chips = AttachmentChips(theme)
        self.suggestions = Suggestions(theme)
        self.field = PromptText(theme)
        self.row = ChoiceRow(theme)
        upper = column_of(
            self.chips, self.suggestions, self.field, margins=(8, 0, 2, 0), spacing=12
        )
        self._card_layout = column_of(
            upper, self.row, parent=self._card, margins=(6, 11, 12, 9), spacing=12
        )
        self.hint = PromptHint()
        self._layout = column_of(self._card, self.hint, parent=self, margins=0, spacing=6)

    def _connect(self) -> None:
        text, row = self.field, self.row
        text.textChanged.connect(self._on_text_changed)
        text.cursorPositionChanged.connect(self.completer.update_open_list)
        text.keys.send_pressed.connect(self.send)
        text.keys.edit_last_requested.connect(self._request_edit)
        text.insertion.files_pasted.connect(self.attach_requested)
        text.focus_changed.connect(lambda on: set_style_property(self._card, "focused", on))
        text.height_changed.connect(self._fit)
        row.attach_button.clicked.connect(self.choose_files)
        row.attach_button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        row.attach_button.customContextMenuRequested.connect(lambda _: self._open_attach_menu())
        row.attach_menu_button.clicked.connect(self._open_attach_menu)
        row.send_button.clicked.connect(self.send)
        self.chips.changed.connect(self._fit)
        row.stop_button.clicked.connect(self.stop_requested)

    def _request_edit(self) -> None:
        """Ask to edit the last message, unless attachments or a streaming answer are in the way."""
        if not (self._is_streaming or self.chips.count()):
            self.command_requested.emit("question.edit")

    def text(self) -> str:
        """Return the typed text, with its line breaks."""
        return self.field.toPlainText()

    @property
    def template_id(self) -> str:
        """Return the id of the library prompt in the text, "" for none."""
        return self.field.template_id

    def set_text(self, text: str, template_id: str = "") -> None:
        """Show a draft with the cursor at its end, without emitting `text_changed`.

        `template_id` is the library prompt that the text comes from; "" for none.
        """
        self.completer.close()
        self._is_setting_text = True
        self.field.setPlainText(text)
        self.field.mark_template(template_id, 0, self.field.document().characterCount() - 1)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        self._is_setting_text = False

    def submit(self) -> None:
        """Emit `submit_requested` with the text, even if sending is refused."""
        self.submit_requested.emit(self.text())

    def prepend(self, words: str, template_id: str = "") -> None:
        """Insert `words` before the text, as if the user had typed them.

        `template_id` is the library prompt that the words come from; "" for none.
        """
        cursor = self.field.textCursor()
        cursor.movePosition(cursor.MoveOperation.Start)
        self.field.wrap_for(words)
        cursor.insertText(words)
        self.field.mark_template(template_id, 0, cursor.position())
        self.field.moveCursor(cursor.MoveOperation.End)

    def insert_dropped(self, dropped: DroppedContent) -> None:
        """Insert or attach content that was dropped elsewhere, as if it had been pasted here."""
        cursor = self.field.textCursor()
        cursor.beginEditBlock()  # a single undo step
        if dropped.is_text:
            self.field.insertion.separate_from_word()
        self.field.insertion.insert_dropped(dropped)
        cursor.endEditBlock()

    def paste_plain(self) -> None:
        """Paste the clipboard's text unformatted."""
        self.focus_text()
        self.field.insertion.paste_plain()

    def suggest_spelling(self) -> None:
        """Go to the next misspelled word, and show suggestions for it."""
        self.focus_text()
        self.field.suggest_spelling()

    def focus_text(self, reason: Qt.FocusReason = Qt.FocusReason.ShortcutFocusReason) -> None:
        self.field.setFocus(reason)

    def set_choice(self, choice: ChoiceView) -> None:
        """Show the model that will answer."""
        self.row.set_choice(choice)
        self.hint.set_notice(choice.notice)

    def set_suggestions(self, items: Sequence[tuple[str, str, str]]) -> None:
        """Show suggestions, each with its id, label and icon name."""
        self.suggestions.set_suggestions(items)
        self.suggestions.set_refusal(self._refusal)
        self._show_enter_key()
        self._fit()

    def set_streaming(self, is_streaming: bool) -> None:
        """Show Stop and its hint while an answer streams, otherwise Send."""
        had_focus = self.row.send_button.hasFocus() or self.row.stop_button.hasFocus()
        self._is_streaming = is_streaming
        self.field.keys.set_can_stop(is_streaming)
        self.row.set_streaming(is_streaming)
        if had_focus:
            self.focus_text()
        self._show_enter_key()
        self.hint.set_streaming(is_streaming)

    def set_compact(self, is_compact: bool) -> None:
        """Show fewer chips and suggestions, and no keys in the hint, if there is little room."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            for part in (self.chips, self.suggestions, self.hint):
                part.set_compact(is_compact)
            self._fit()

    @property
    def can_send(self) -> bool:
        """Return True if sending is allowed now."""
        return not self._refusal

    def set_can_send(self, can_send: bool, refusal: str = "", *, can_queue: bool = False) -> None:
        """Allow or refuse sending; `refusal` is shown if the user tries anyway.

        With `can_queue`, the refusal is temporary: sending typed text still emits
        `submit_requested`.
        """
        self._refusal = "" if can_send else (refusal or tr("Can’t send right now"))
        self._can_queue = can_queue
        if self.hint.warning:  # it stays until the text changes or sending is allowed
            self.hint.warn(self._refusal)
        self.row.send_button.setEnabled(can_send or can_queue)
        self._show_send_tooltip()
        self.row.send_button.setAccessibleDescription(spoken_text(self._refusal))
        self.suggestions.set_refusal(self._refusal)

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the keys for send, stop and plain paste, which are handled in the text itself."""
        self._send_key = shortcut_text(keymap.shortcut_of("prompt.send"))
        self.field.keys.set_keymap(keymap)
        self.hint.set_keymap(keymap)
        self._show_send_tooltip()
        self._show_enter_key()

    def set_theme(self, theme: Theme) -> None:
        self.chips.set_theme(theme)
        self.suggestions.set_theme(theme)
        self.field.set_theme(theme)
        self.completer.set_theme(theme)
        self.row.set_theme(theme)
        scale_boxes(self, theme)
        self._fit()

    def _open_attach_menu(self) -> None:
        menu = ProgramMenu(self)
        menu.setObjectName("attach-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for command, words in _ATTACH_COMMANDS.items():
            menu.addAction(menu_text(tr(words)), partial(self.command_requested.emit, command))
        attach = self.row.attach_button
        menu.popup(attach.mapToGlobal(attach.rect().topLeft()))

    def choose_files(self) -> None:
        """Let the user choose files; emit `attach_requested` with them."""
        from desktop_app.ui.widgets.file_dialogs import choose_files  # not needed at start-up

        choose_files(self, tr("Attach files"), self.attach_requested.emit)

    def choose_folder(self) -> None:
        """Let the user choose a folder to attach; emit `attach_requested` with it."""
        from desktop_app.ui.widgets.file_dialogs import choose_folder

        choose_folder(
            self, tr("Attach folder"), lambda folder: self.attach_requested.emit([folder])
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Not needed at start-up.
        from desktop_app.ui.composer.dropped_content import accept_copy, has_attachable_content

        if has_attachable_content(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        from desktop_app.ui.composer.dropped_content import accept_copy

        self.field.insertFromMimeData(event.mimeData())
        accept_copy(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the text (a focus proxy would take controls out of tab order)."""
        self.field.setFocus(event.reason())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._filtered_window is not self.window():
            if self._filtered_window is not None:
                self._filtered_window.removeEventFilter(self)
            self._filtered_window = self.window()
            # The limit of the height depends on the height of the window.
            self._filtered_window.installEventFilter(self)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._filtered_window and event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self._card_layout.activate()  # includes widgets shown or hidden since the last event
        wanted = self.sizeHint().height()
        if self._layout.hasHeightForWidth():  # suggestions may wrap
            wanted = self._layout.totalHeightForWidth(self.width())
        other_height = wanted - self.field.height()
        limit = round(self.window().height() * _MAX_SHARE_OF_WINDOW)
        fit_height(self.field, limit - other_height)
        # The card may have been laid out for the text's former height. Lay it out again, so that
        # its size hint includes the new height.
        self._card_layout.invalidate()
        self._card_layout.activate()

    def send(self) -> None:
        """Send the text or the first suggestion, or show why that is refused."""
        is_typed = bool(self.text().strip())
        if self._refusal and not (is_typed and self._can_queue):
            self.hint.warn(self._refusal)
        elif is_typed:
            self.submit_requested.emit(self.text())
        elif self._is_streaming:
            self.focus_text()
        elif self.suggestions.choose_first():
            return
        elif self.chips.count():
            self.hint.warn(tr("Add a message first"))
        else:
            self.focus_text()

    def _on_text_changed(self) -> None:
        self._show_enter_key()
        if self.hint.warning:
            self.hint.warn("")
        if not self._is_setting_text:
            self.completer.update_list()
            self.text_changed.emit()

    def _show_enter_key(self) -> None:
        """Show the send key at the first suggestion while that key sends the suggestion."""
        takes_first = not self.text().strip() and not self._is_streaming
        self.suggestions.set_first_key(self._send_key if takes_first else "")

    def _show_send_tooltip(self) -> None:
        """Show why nothing can be sent, otherwise the keys that send."""
        words = tr("Send")
        if self._send_key:
            words = tr("{action} ({shortcut})", action=words, shortcut=self._send_key)
        set_tooltip(self.row.send_button, self._refusal or words)
