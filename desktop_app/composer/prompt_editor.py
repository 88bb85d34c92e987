"""The prompt editor: attachments, suggestions, text, the row of choices, and a line of hints.

The editor keeps the text when it emits `submit_requested`; the receiver clears it after
storing the message. Everything that the editor shows about models, costs and attachments
arrives as plain values.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy

from desktop_app.composer.attachment_chips import AttachmentChips
from desktop_app.composer.choice import ChoiceView, no_choice
from desktop_app.composer.choice_row import ChoiceRow, research_note
from desktop_app.composer.dropped_content import DroppedContent, accept_copy, has_attachable_content
from desktop_app.composer.model_button import add_note
from desktop_app.composer.prompt_commands import PROMPT_COMMANDS
from desktop_app.composer.prompt_text import PromptText
from desktop_app.composer.suggestions import Suggestions
from desktop_app.i18n.translation import tr
from desktop_app.shortcuts.command import Menu, all_commands, commands_in
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.widgets.announcements import announce
from desktop_app.widgets.boxes import column_of
from desktop_app.widgets.look.shortcut_text import shortcut_text
from desktop_app.widgets.look.theme import set_role, set_style_property
from desktop_app.widgets.program_menu import (
    ProgramMenu,
    add_choice,
    add_commands,
    command_of,
    popup_above,
    run_command,
)
from desktop_app.widgets.text.foreign_text import PlainLabel, set_tooltip, spoken_text

if TYPE_CHECKING:
    from desktop_app.composer.completion import PromptCompleter

_MAX_SHARE_OF_WINDOW: Final = 0.4
"""The share of the window's height that the editor may take."""


class PromptEditor(QFrame):
    """The prompt editor. See the module.

    Args:
        field: the text; None for a new one.
        is_framed: whether a frame separates the editor from what is around it.

    Attributes:
        field: the text.
        chips: the attachments.
        row: the controls below the text.
        hint: the line below the controls: a warning or a hint, otherwise a notice or the keys.
        suggestions: questions that can be sent without typing.
        is_streaming: whether an answer streams, which Stop stops.

    Signals:
        submit_requested(str): send this text, unchanged; if an answer streams or files are being
            read, send it afterwards.
        stop_requested(): stop the answer.
        text_changed(): the text changed other than by `set_text`.
        attach_requested(list[Path]): attach these files, or a folder.
    """

    submit_requested = Signal(str)
    stop_requested = Signal()
    text_changed = Signal()
    attach_requested = Signal(list)

    def __init__(self, field: PromptText | None = None, *, is_framed: bool = True) -> None:
        super().__init__()
        self.setObjectName("prompt-editor")
        self.is_streaming = self._is_compact = self._is_setting_text = False
        self._shows_keys = True
        self._can_queue = False
        self._refusal = self._warning = self._hint = self._question_keys = ""
        self._keymap = Keymap(commands=(*PROMPT_COMMANDS, *all_commands()))  # few at first
        self._choice = no_choice()
        self._card = QFrame()
        if is_framed:
            set_role(self._card, "prompt")
        self.chips = AttachmentChips()
        self.suggestions = Suggestions()
        self.field = field or PromptText()
        self.row = ChoiceRow()
        upper_margins = (8, 0, 2, 0) if is_framed else 0
        upper = column_of(
            self.chips, self.suggestions, self.field, margins=upper_margins, spacing=12
        )
        margins = (6, 11, 12, 9) if is_framed else 0
        self._card_layout = column_of(
            upper, self.row, parent=self._card, margins=margins, spacing=12
        )
        self.hint = PlainLabel(name="hint", role="note")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._layout = column_of(self._card, self.hint, parent=self, margins=0, spacing=6)
        self._connect()
        self.setAcceptDrops(True)
        # Not Maximum, because wrapped suggestions make the editor taller than its size hint.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._show_state()
        self.fit_height()

    def _connect(self) -> None:
        text, row = self.field, self.row
        text.textChanged.connect(self._on_text_changed)
        text.send_pressed.connect(self.send)
        text.edit_last_requested.connect(self._request_edit)
        text.files_pasted.connect(self.attach_requested)
        text.focus_changed.connect(self._show_focus)
        for changed in (self.chips.changed, self.suggestions.changed):
            changed.connect(self._enable_send)
        for changed in (text.height_changed, self.chips.changed, self.suggestions.changed):
            changed.connect(self.fit_height)
        row.send_button.clicked.connect(self.send)
        row.stop_button.clicked.connect(self.stop_requested)
        row.attach_button.clicked.connect(self._open_attach_menu)

    @cached_property
    def completer(self) -> PromptCompleter:
        """Return what completes prompts from the library after "/"; the first paint has none."""
        from desktop_app.composer.completion import PromptCompleter

        return PromptCompleter(self.field, self._card)

    # ------------------------------------------------------------------ text

    def text(self) -> str:
        """Return the typed text, with its line breaks."""
        return self.field.toPlainText()

    @property
    def has_text(self) -> bool:
        """Return True if there is a text to send."""
        return bool(self.text().strip())

    def set_text(self, text: str, template_id: str = "") -> None:
        """Show a draft as `PromptText.set_text` does, without emitting `text_changed`."""
        self.completer.close()
        self._is_setting_text = True
        self.field.set_text(text, template_id)
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
            self.field.separate_from_word()
        self.field.insert_dropped(dropped)
        cursor.endEditBlock()

    def paste_plain(self) -> None:
        """Paste the clipboard's text unformatted."""
        self.focus_text()
        self.field.paste_plain()

    def suggest_spelling(self) -> None:
        """Go to the next misspelled word, and show suggestions for it."""
        self.focus_text()
        self.field.suggest_spelling()

    def focus_text(self, reason: Qt.FocusReason = Qt.FocusReason.ShortcutFocusReason) -> None:
        if not self.isHidden():  # behind a page
            self.field.setFocus(reason)

    def _request_edit(self) -> None:
        """Ask to edit the last message, unless attachments or a streaming answer are in the way."""
        if not (self.is_streaming or self.chips.has_attachments):
            run_command(self, "question.edit")

    def _on_text_changed(self) -> None:
        self._warning = ""
        self._show_state()
        if not self._is_setting_text:
            self.text_changed.emit()

    # ------------------------------------------------------------------ sending

    @property
    def can_send(self) -> bool:
        """Return True if sending is allowed now."""
        return not self._refusal

    def set_refusal(self, refusal: str, *, can_queue: bool = False) -> None:
        """Refuse sending, or allow it again with "".

        Args:
            refusal: shown if the user tries to send anyway.
            can_queue: typed text is submitted all the same, and waits.
        """
        self._refusal = refusal
        self._can_queue = can_queue
        if self._warning:  # a shown warning stays until the text changes or sending is allowed
            self._warning = refusal
        self.row.send_button.setAccessibleDescription(spoken_text(refusal))
        self._show_state()

    def send(self) -> None:
        """Send the text or the first suggestion, or show why that is refused."""
        if self._refusal and not (self.has_text and self._can_queue):
            self._warning = self._refusal
        elif self.has_text:
            self.submit()
        elif self.is_streaming:
            self.focus_text()
        elif self.suggestions.choose_first():
            pass  # it is sent
        elif self.chips.count():
            self._warning = tr("Add a message first")
        else:
            self.focus_text()
        self._show_state()
        if self._warning:
            announce(self.field, self._warning)

    def submit(self) -> None:
        """Emit `submit_requested` with the text, even if sending is refused."""
        self.submit_requested.emit(self.text())

    # ------------------------------------------------------------------ state

    def set_temporary(self, is_temporary: bool) -> None:
        """Show by the frame that what is written here is not stored."""
        set_style_property(self._card, "temporary", is_temporary)

    def set_choice(self, choice: ChoiceView) -> None:
        self._choice = choice
        self.row.set_choice(choice)
        self._show_state()

    def set_streaming(self, is_streaming: bool) -> None:
        """Show Stop and its hint while an answer streams, otherwise Send."""
        had_focus = self.row.send_button.hasFocus() or self.row.stop_button.hasFocus()
        self.is_streaming = is_streaming
        self._warning = ""
        self.field.can_stop = is_streaming
        self.row.set_streaming(is_streaming)
        if had_focus:
            self.focus_text()
        self._show_state()

    def set_compact(self, is_compact: bool) -> None:
        """Show fewer chips and suggestions, and no keys in the hint, if there is little room."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self.chips.set_compact(is_compact)
            self.suggestions.set_compact(is_compact)
            self._show_state()
            self.fit_height()

    def set_keymap(self, keymap: Keymap) -> None:
        """Set the keys for send, stop and plain paste, which are handled in the text itself."""
        self._keymap = keymap
        self.field.set_keymap(keymap)
        self._show_state()

    def set_hint(self, text: str) -> None:
        """Show a hint in place of the notice and the keys; "" removes the hint."""
        self._hint = text
        self._show_state()

    def set_question_keys(self, keys: str) -> None:
        """Set the keys that lead to a question of a tool above the prompt, "" for none."""
        self._question_keys = keys
        self._show_state()

    def set_keys_visible(self, is_visible: bool) -> None:
        """Set whether the notice or the keys are shown while there is no warning or hint."""
        self._shows_keys = is_visible
        self._show_state()

    def _show_focus(self, has_focus: bool) -> None:
        set_style_property(self._card, "focused", has_focus)
        self._show_state()

    def _show_state(self) -> None:
        """Show what the send key does now: at Send, at the first suggestion, and in the hint."""
        self._enable_send()
        send_key = self._key_name("prompt.send")
        tooltip = tr("Send")
        if send_key:
            tooltip = tr("{action} ({shortcut})", action=tooltip, shortcut=send_key)
        set_tooltip(self.row.send_button, self._refusal or tooltip)
        has_focus = self.window().focusWidget() is self.field  # even in an inactive window
        sends_suggestion = has_focus and not self.has_text and not self.is_streaming
        first_key = send_key if sends_suggestion else ""
        self.suggestions.set_state(first_key=first_key, refusal=self._refusal)
        message = self._warning or self._hint
        text = message or self._notice_or_keys(send_key)
        if text != self.hint.text():
            self.hint.setText(text)
        has_room = not self._is_compact or self.is_streaming or bool(self._choice.notice)
        self.hint.setVisible(bool(message) or (self._shows_keys and has_room))

    def _enable_send(self) -> None:
        """Enable Send if there is something to send, or to say what is missing."""
        has_content = self.has_text or self.chips.count() > 0 or not self.suggestions.is_empty
        can_send = not self._refusal or self._can_queue
        self.row.send_button.setEnabled(has_content and can_send)

    def _notice_or_keys(self, send: str) -> str:
        if self.is_streaming:
            stop = self._key_name("prompt.stop")
            if self._question_keys and stop:
                keys = self._question_keys
                return tr("{keys} to answer the question · {stop} to stop", keys=keys, stop=stop)
            if not send:
                return tr("{stop} to stop", stop=stop) if stop else ""
            if not stop:
                return tr("{send} to queue", send=send)
            return tr("{send} to queue · {stop} to stop", send=send, stop=stop)
        if self._choice.notice:
            return self._choice.notice
        is_return = self._keymap.shortcut_of("prompt.send") == "Return"
        new_line = shortcut_text("Shift+Return" if is_return else "Return")
        if not send:
            return tr("{key} for a new line", key=new_line)
        return tr("{send} to send · {key} for a new line", send=send, key=new_line)

    def _key_name(self, command_id: str) -> str:
        return shortcut_text(self._keymap.shortcut_of(command_id))

    # ------------------------------------------------------------------ attaching

    def choose_files(self) -> None:
        from desktop_app.widgets.file_dialogs import choose_files

        choose_files(self, tr("Attach files"), self.attach_requested.emit)

    def choose_folder(self) -> None:
        from desktop_app.widgets.file_dialogs import choose_folder

        choose_folder(
            self, tr("Attach folder"), lambda folder: self.attach_requested.emit([folder])
        )

    def _open_attach_menu(self) -> None:
        menu = ProgramMenu(self)
        menu.setObjectName("attach-menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        add_commands(menu, *commands_in(Menu.ATTACH))
        if self.row.searches_web is not None:
            menu.addMenu(self._web_menu(menu))
        menu.addSeparator()
        add_commands(menu, *commands_in(Menu.BESIDE))
        more_menu = ProgramMenu(tr("More"), menu)
        add_commands(more_menu, *commands_in(Menu.MORE))
        menu.addMenu(more_menu)
        action = command_of(self, "prompt.background")
        if action is not None and self._choice.background is not None:
            action.setCheckable(True)
            action.setChecked(bool(self._choice.background))
            more_menu.addAction(action)
            note = tr(
                "Keeps running at {provider}, which stores the request and the response "
                "(OpenAI: 30 days or more).",
                provider=self._choice.provider_name,
            )
            add_note(more_menu, note)
        button = self.row.attach_button
        popup_above(menu, button)

    def _web_menu(self, menu: QMenu) -> QMenu:
        row, web = self.row, ProgramMenu(tr("Web"), menu)
        is_researching = not row.research_button.isHidden()
        is_searching = bool(row.searches_web) and not is_researching

        def search(is_on: bool) -> None:
            row.research_requested.emit(False)
            row.web_requested.emit(is_on)

        for label, is_chosen, choose in (
            (tr("Off"), not (is_searching or is_researching), partial(search, False)),
            (tr("Search"), is_searching, partial(search, True)),
            (tr("Research"), is_researching, partial(row.research_requested.emit, True)),
        ):
            add_choice(web, label, is_chosen, choose)
        add_note(web, research_note())
        return web

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if has_attachable_content(event.mimeData()):
            accept_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.field.insertFromMimeData(event.mimeData())
        accept_copy(event)

    # ------------------------------------------------------------------ size and focus

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Pass the focus to the text (a focus proxy would take controls out of tab order)."""
        self.field.setFocus(event.reason())

    def update_theme(self) -> None:
        self.fit_height()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.fit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_height()

    def fit_height(self) -> None:
        """Fit the height of the text to the room that the window and the other parts leave."""
        self._card_layout.activate()  # includes widgets shown or hidden since the last event
        self.field.fit_height(self.max_text_height())
        # The card may have been laid out for the text's former height. Lay it out again, so that
        # its size hint includes the new height.
        self._card_layout.invalidate()
        self._card_layout.activate()

    def max_text_height(self) -> int:
        """Return the height in pixels that the other parts leave the text."""
        needed_height = self.sizeHint().height()
        if self._layout.hasHeightForWidth():  # suggestions may wrap
            needed_height = self._layout.totalHeightForWidth(self.width())
        limit = round(self.window().height() * _MAX_SHARE_OF_WINDOW)
        return limit - (needed_height - self.field.height())
