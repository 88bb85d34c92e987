"""The prompt editor: attachments, suggestions, text, and the row of choices.

The editor keeps the text when it emits `submit_requested`; the receiver clears it after
storing the message. Everything that the editor shows about models, costs and attachments
arrives as plain values.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent
from PySide6.QtWidgets import QFrame, QSizePolicy

from desktop_app.composer.attachment_chips import AttachmentChips
from desktop_app.composer.attachment_picker import AttachmentPicker
from desktop_app.composer.choice.choice_row import ChoiceRow
from desktop_app.composer.choice.choice_view import ChoiceView
from desktop_app.composer.completion.completion_fields import CompletionField, PopupAboveEditor
from desktop_app.composer.completion.prompt_completer import PromptCompleter
from desktop_app.composer.dropped_content import DroppedContent
from desktop_app.composer.editor_height import EditorHeight
from desktop_app.composer.prompt_hint import PromptHint
from desktop_app.composer.send_action import SendAction
from desktop_app.composer.suggestions import Suggestions
from desktop_app.composer.text.prompt_text import PromptText
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.look.theme import set_role, set_style_property


class PromptEditor(QFrame):
    """The prompt editor. See the module.

    Attributes:
        field: the text.
        chips: the attachments.
        row: the controls below the text.
        hint: the line below the controls.
        suggestions: questions that can be sent without typing.
        completer: completes prompts from the library after "/".
        send_action: sends the text, or shows why that is refused.
        attachment_picker: lets the user choose attachments.

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

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("prompt-editor")
        self._is_streaming = self._is_compact = self._is_setting_text = False
        self._build()
        row = self.row
        self.send_action = SendAction(
            self.field,
            button=row.send_button,
            chips=self.chips,
            suggestions=self.suggestions,
            hint=self.hint,
        )
        self.attachment_picker = AttachmentPicker(self, row.attach_button)
        self.completer = PromptCompleter(CompletionField(self.field), PopupAboveEditor(self), self)
        self._connect()
        self.setAcceptDrops(True)
        # Not Maximum, because wrapped suggestions make the editor taller than its size hint.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._height.fit()

    def _build(self) -> None:
        self._card = QFrame()
        set_role(self._card, "prompt")
        self.chips = AttachmentChips()
        self.suggestions = Suggestions()
        self.field = PromptText()
        self.row = ChoiceRow()
        upper = column_of(
            self.chips, self.suggestions, self.field, margins=(8, 0, 2, 0), spacing=12
        )
        card_layout = column_of(
            upper, self.row, parent=self._card, margins=(6, 11, 12, 9), spacing=12
        )
        self.hint = PromptHint()
        layout = column_of(self._card, self.hint, parent=self, margins=0, spacing=6)
        self._height = EditorHeight(self, self.field, layout, card_layout)

    def set_temporary(self, is_temporary: bool) -> None:
        """Show by the frame that what is written here is not stored."""
        set_style_property(self._card, "temporary", is_temporary)

    def _connect(self) -> None:
        text = self.field
        picker = self.attachment_picker
        text.textChanged.connect(self._on_text_changed)
        text.cursorPositionChanged.connect(self.completer.update_open_list)
        text.keys.edit_last_requested.connect(self._request_edit)
        text.insertion.files_pasted.connect(self.attach_requested)
        text.focus_changed.connect(lambda on: set_style_property(self._card, "focused", on))
        for signal in (text.height_changed, self.chips.changed, self.suggestions.changed):
            signal.connect(self._height.fit)
        picker.files_chosen.connect(self.attach_requested)
        picker.command_requested.connect(self.command_requested)
        self.send_action.submit_requested.connect(self.submit_requested)
        self.row.stop_button.clicked.connect(self.stop_requested)

    def _request_edit(self) -> None:
        """Ask to edit the last message, unless attachments or a streaming answer are in the way."""
        if not (self._is_streaming or self.chips.count()):
            self.command_requested.emit("question.edit")

    def text(self) -> str:
        """Return the typed text, with its line breaks."""
        return self.field.toPlainText()

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

    def prepend(self, text: str, template_id: str = "") -> None:
        """Insert `text` before the typed text, as if the user had typed it.

        `template_id` is the library prompt that `text` comes from; "" for none.
        """
        cursor = self.field.textCursor()
        cursor.movePosition(cursor.MoveOperation.Start)
        self.field.wrap_for(text)
        cursor.insertText(text)
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
        self.attachment_picker.choice = choice
        self.hint.set_notice(choice.notice)

    def set_streaming(self, is_streaming: bool) -> None:
        """Show Stop and its hint while an answer streams, otherwise Send."""
        had_focus = self.row.send_button.hasFocus() or self.row.stop_button.hasFocus()
        self._is_streaming = is_streaming
        self.field.keys.set_can_stop(is_streaming)
        self.row.set_streaming(is_streaming)
        if had_focus:
            self.focus_text()
        self.send_action.set_streaming(is_streaming)
        self.hint.set_streaming(is_streaming)

    def set_compact(self, is_compact: bool) -> None:
        """Show fewer chips and suggestions, and no keys in the hint, if there is little room."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            for part in (self.chips, self.suggestions, self.hint):
                part.set_compact(is_compact)
            self._height.fit()

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the keys for send, stop and plain paste, which are handled in the text itself."""
        self.field.keys.set_keymap(keymap)
        self.hint.set_keymap(keymap)
        self.send_action.set_keymap(keymap)

    def update_theme(self) -> None:
        self._height.fit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Not needed at start-up.
        from desktop_app.composer.dropped_content import accept_copy, has_attachable_content

        if has_attachable_content(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        from desktop_app.composer.dropped_content import accept_copy

        self.field.insertFromMimeData(event.mimeData())
        accept_copy(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the text (a focus proxy would take controls out of tab order)."""
        self.field.setFocus(event.reason())

    def _on_text_changed(self) -> None:
        if not self._is_setting_text:
            self.completer.update_list()
            self.text_changed.emit()
