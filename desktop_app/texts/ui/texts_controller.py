"""Opens texts beside the conversation, and lets the model change them."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QGuiApplication, QTextCursor

from desktop_app.app.navigator import Navigator
from desktop_app.app.session import Controller, Session
from desktop_app.chat.send_context import OpenText
from desktop_app.chat.text_store import ListedText, TextStore
from desktop_app.chat.ui.chat_controller import ChatController
from desktop_app.composer.attachments.attachments_controller import RichTexts
from desktop_app.composer.drafts import AttachmentOrigins
from desktop_app.composer.prompt_list import PromptList
from desktop_app.composer.spelling import Spelling
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    Role,
    new_id,
    title_from,
)
from desktop_app.domain.conversations.message_parts import part_id
from desktop_app.domain.conversations.written_text import WrittenText, length_of
from desktop_app.domain.errors import IllegalChoiceError, StorageError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.prompt import FOR_CODE, SELECTION, fill, missing_names, program_variables_in
from desktop_app.i18n.translation import LANGUAGES, N_, paragraph, tr, tr_plural
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.texts.passage_change import change_passage, passage_with_context
from desktop_app.texts.passage_reply import is_about_something_else, is_refusal, reply_edits
from desktop_app.texts.text_files import Piece, differences
from desktop_app.texts.text_tool import INTRODUCTION, PASSAGE_INTRODUCTION, TextTool
from desktop_app.texts.ui.difference_dialogs import VersionsDialog
from desktop_app.texts.ui.feature import CHANGE_COMMANDS
from desktop_app.texts.ui.opened_text import OpenedText
from desktop_app.texts.ui.page_opener import PageOpener
from desktop_app.texts.ui.text_exports import FORMATS, TextExports
from desktop_app.texts.ui.text_list import TextList
from desktop_app.texts.ui.text_pane import TextPane
from desktop_app.texts.ui.tracked_document import TrackedDocument
from desktop_app.widgets.program_menu import ProgramMenu
from desktop_app.widgets.text.clipboard import copyable
from desktop_app.widgets.text.foreign_text import menu_text
from desktop_app.writers.model_page import page_in

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from PySide6.QtWidgets import QMenu, QWidget

_LONG_PASSAGE: Final = 1500
"""From this length in characters on, a model changes parts of a passage by the tool."""
_MAX_LISTED: Final = 12
_MAX_SHOWN_CHARS: Final = 500
"""Of a reply that is no change."""
_PAUSE_MS: Final = 300


def _free_name(name: str, taken: Container[str]) -> str:
    names = chain([name], (f"{name} {number}" for number in count(2)))
    return next(each for each in names if each not in taken)


class TextsController(Controller):
    """The texts of this run, and the pane that shows the one of the open conversation."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._store = TextStore(session.temporary)
        self._exports = session.of(TextExports)
        self._opened: dict[str, OpenedText] = {}  # the last one of each conversation
        self._texts: dict[str, OpenedText] = {}  # all of this run, by id
        self._sent: tuple[object, OpenText] | None = None
        self._change: asyncio.Future[object] | None = None
        self._is_settling = False  # what is left is said after it
        self._first_shown: int | None = None  # the change that was shown as it came
        fill = (self._fill_menu, self._fill_languages, self._fill_prompts, self._fill_texts)
        self.pane = TextPane(session.window, *fill)
        self.pane.hide()
        self._list: TextList | None = None  # the tab of the library, once it was shown
        session.events.editor_made.emit(
            self.pane.editor, self.pane.helpers, self._notifications, self.pane.title_field
        )
        self._connect_editor()
        self.pane.change_requested.connect(self.change_selection)
        self.pane.close_requested.connect(self.toggle)
        self.pane.stop_requested.connect(self._stop_change)
        session.escape_steps.append(self._stop_change)
        session.finders.append(self._find)
        self.pane.renamed.connect(self.rename)
        # What goes with the question, and its price, follow the selection after a pause.
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(session.setup.choice_changed)
        self.pane.editor.selectionChanged.connect(self._pause.start)
        self._typing = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._typing.timeout.connect(session.current.draft.changed)  # so have its chips and price
        for timer in (self._pause, self._typing):
            timer.timeout.connect(self._tasks.slot(self._show_length))
        for signal in (session.setup.choice_changed, session.current.path_changed):
            signal.connect(self._show_whether_sent)
        session.setup.open_text_of = self._open_text_of
        session.setup.has_text = self._has_text
        session.current.opened.connect(self.show_current)
        session.events.store_changed.connect(self._tasks.slot(self._reload))
        session.unwritten.append(self)
        session.end_steps.append(self._save_all)

    def _connect_editor(self) -> None:
        """Let the text check spelling and paste as the prompt does, and attach what is no text."""
        session, editor = self._session, self.pane.editor
        editor.set_plain_paste_keys(Keymap.from_settings(session.values.all))
        session.events.keys_changed.connect(editor.set_plain_paste_keys)
        editor.rich_text_pasted.connect(self._tasks.slot(session.of(RichTexts).convert))
        editor.files_pasted.connect(session.window.files_dropped)
        editor.data_pasted.connect(session.window.data_dropped)
        editor.notice_raised.connect(self._notifications.notify)
        if (spelling := session.made(Spelling)) is not None:
            editor.check_spelling_with(spelling)
        session.events.spelling_started.connect(editor.check_spelling_with)

    def _find(self, step: int) -> bool:
        """Find in the text, or go to another match, if the focus is in its pane."""
        focused: QWidget | None = self._window.focusWidget()
        if focused is None or not self.pane.isAncestorOf(focused):
            return False
        if step:
            self.pane.finder.step(step)
        else:
            self.pane.finder.open(replaces=False)
        return True

    def _demand_shown(self) -> OpenedText | None:
        """Return the text that the pane shows, or say that there is none."""
        if self.shown is None:
            self._notifications.notify(tr("No text is open."))
        return self.shown

    def replace(self) -> None:
        if self._demand_shown() is not None:
            self.pane.finder.open(replaces=True)

    async def _show_length(self) -> None:
        opened, cursor = self.shown, self.pane.editor.textCursor()
        if opened is None:
            return
        is_selection = cursor.hasSelection()
        document = opened.document
        text = document.accepted_in(cursor) if is_selection else document.accepted
        words, characters = await asyncio.to_thread(length_of, text)
        self.pane.show_length(words, characters, is_selection=is_selection)

    def _stop_change(self) -> bool:
        """Stop the change of a passage. Return True if there was one."""
        if self._change is None or self._change.done():
            return False
        self._change.cancel()
        return True

    # -------------------------------------------------------------- opening

    @property
    def shown(self) -> OpenedText | None:
        """Return the text that the pane shows; None if it is hidden."""
        opened = self._opened.get(self._current.id)
        return opened if opened is not None and opened.value.is_shown else None

    def show_current(self) -> None:
        """Show the text of the open conversation, or hide the pane."""
        temporary = self._session.temporary
        for id_ in filter(temporary.was_ever_temporary, [*self._opened]):
            if not temporary.is_temporary(id_):  # it was discarded, so nothing of it stays
                self.pane.show_document("", TrackedDocument(""))
                del self._opened[id_]
                for text in [each.value for each in self._texts.values()]:
                    if text.conversation_id == id_:
                        self._texts.pop(text.id).is_closed = True
        opened = self.shown
        if opened is None:
            self._window.outer_panes.show_side(None)
            if self._current.id not in self._opened and not self._current.is_new:
                self._tasks.start(self._load(self._current.id, only_shown=True))
        elif self.pane.editor.document() is not opened.document or not self.pane.isVisible():
            self.pane.show_document(opened.value.title, opened.document)
            self._window.outer_panes.show_side(self.pane)

    async def _load(self, conversation_id: str, *, only_shown: bool) -> None:
        text = await self._store.latest_in(conversation_id, only_shown=only_shown)
        if text is not None and conversation_id not in self._opened:
            self._opened[conversation_id] = self._texts.get(text.id) or self._add(text)
        if conversation_id == self._current.id and self.shown is not None:
            self.show_current()
            self._session.setup.choice_changed.emit()

    async def _reload(self) -> None:
        """Show what another computer wrote; what is typed here is stored later, and so wins."""
        for opened in list(self._texts.values()):
            value, was_stored = opened.value, opened.is_stored
            text = await self._store.text(value.conversation_id, value.id)
            # What was read is stale if something was typed or opened meanwhile.
            is_current = was_stored and opened.is_stored and opened.value is value
            if opened.is_closed or not is_current:
                continue
            if text is None:  # it was deleted
                self._hide(value.id)
                continue
            if (text.title, text.body, text.marks) != (value.title, value.body, value.marks):
                opened.is_closed = True
                is_last = self._opened.get(value.conversation_id) is opened
                changed = self._add(text)
                if is_last:
                    self._opened[value.conversation_id] = changed
        if self.shown is not None or self.pane.isVisible():
            self.show_current()
            self._session.setup.choice_changed.emit()

    def _add(self, text: WrittenText) -> OpenedText:
        opened = OpenedText(self._session, self._store, text)
        opened.document.changes_changed.connect(partial(self._show_changes, opened))
        opened.proposed.connect(partial(self._show_proposed, opened))
        # Not the editor's textChanged, which highlighting emits, too.
        opened.document.contentsChange.connect(lambda *_: self._typing.start())
        self._texts[text.id] = opened
        return opened

    async def open_text(self, title: str, body: str, file: str = "", file_hash: str = "") -> None:
        """Open a text beside the open conversation, or the one that has the same words already."""
        self._session.of(Navigator).keep_open(title or tr("Text"))
        conversation_id = self._current.id
        text = WrittenText(new_id(), conversation_id, "", body, file=file, file_hash=file_hash)
        found = await self._store.same_as(text)
        if found is None:
            names = {each.title for each in await self._store.listed(conversation_id)}
            names |= {
                each.value.title
                for each in self._texts.values()
                if each.value.conversation_id == conversation_id
            }
            found = replace(text, title=_free_name(title or tr("Text"), names))
        await self._show(found)

    async def open_stored(self, conversation_id: str, text_id: str, words: str = "") -> None:
        """Open a text with its conversation, at some words if it has them."""
        if self._current.id != conversation_id:
            await self._session.of(Navigator).open(conversation_id)
        text = await self._store.text(conversation_id, text_id)
        if self._current.id != conversation_id:
            return  # the user has opened another one
        if text is None:
            self._notifications.notify(tr("This text no longer exists."))
        else:
            await self._show(text)
            if words and self.shown is not None and self.shown.value.id == text_id:
                self.pane.editor.moveCursor(QTextCursor.MoveOperation.Start)
                self.pane.editor.find(words)

    async def _show(self, text: WrittenText) -> None:
        """Show a text beside its conversation, which is open, in place of the one shown."""
        conversation_id = text.conversation_id
        opened = self._texts.get(text.id) or self._add(text)
        former = self._opened.get(conversation_id)
        if former is not None and former is not opened:
            former.value = replace(former.value, is_shown=False)
            former.save()
        opened.value = replace(opened.value, is_shown=True)
        self._opened[conversation_id] = opened
        self.show_current()
        if self.shown is opened:
            self.pane.editor.setFocus()
            self._session.setup.leave_out_text(conversation_id, False)
            self._session.setup.choice_changed.emit()
        await opened.store()

    def rename(self, title: str) -> None:
        if self.shown is not None and title:
            self.shown.value = replace(self.shown.value, title=title)
            self._tasks.start(self.shown.store())

    async def open_new(self) -> None:
        await self.open_text("", "")

    async def open_answer(self, message_id: str = "") -> None:
        """Open an answer as a text, by default the last one."""
        answers = [
            message
            for message in self._current.path
            if message.role is Role.ASSISTANT and message_id in ("", message.id)
        ]
        if answers:
            body = self._session.running.newest_state(answers[-1]).text
            await self.open_text(title_from(body), body)
        else:
            self._notifications.notify(tr("There is no response to open."))

    async def open_document(self, sha256: str, name: str, text_key: str) -> None:
        conversation_id = self._current.id
        origins = self._session.of(AttachmentOrigins)
        body = await self._session.backend.attachments.text(text_key or sha256)
        await origins.load([sha256])
        path = origins.paths.get(sha256)
        exact = None if path is None else await self._exports.exact_text(path, sha256, body)
        if exact is None:
            exact = await self._exports.word_text(name, sha256)
        if self._current.id != conversation_id:
            return  # beside another conversation, it would be sent with its questions
        origin = ("", "") if path is None else (str(path), sha256)
        await self.open_text(Path(name).stem, body if exact is None else exact, *origin)
        # The text goes with the question, so the file need not: it would be paid twice.
        kept = [part for part in self._draft.value.attachments if part_id(part) != sha256]
        if self._current.id == conversation_id and len(kept) < len(self._draft.value.attachments):
            self._draft.set_attachments(kept)

    def toggle(self) -> None:
        """Hide the text, or show the last one of the conversation again."""
        opened = self._opened.get(self._current.id)
        if opened is None:
            self._tasks.start(self._show_last())
            return
        is_shown = not opened.value.is_shown
        opened.value = replace(opened.value, is_shown=is_shown)
        self.show_current()
        if is_shown:
            self.pane.editor.setFocus()
        self._session.setup.leave_out_text(self._current.id, False)
        self._tasks.start(opened.store())

    async def _show_last(self) -> None:
        conversation_id = self._current.id
        await self._load(conversation_id, only_shown=False)
        if conversation_id in self._opened:
            self.toggle()
        else:
            await self.open_new()

    # -------------------------------------------------------------- storing

    @property
    def has_unwritten(self) -> bool:
        """Return True if the last write of a text failed."""
        return any(opened.is_unwritten for opened in self._texts.values())

    async def write_again(self) -> None:
        """Write the texts whose last write failed."""
        for opened in self._texts.values():
            if opened.is_unwritten:
                with suppress(StorageError):  # it has been reported
                    await opened.store()

    def _save_all(self) -> None:
        for opened in self._texts.values():
            opened.save()

    # -------------------------------------------------------------- questions in the conversation

    def _open_text_of(self, conversation: Conversation) -> OpenText | None:
        """Return what a question has of the text: the selected passage, else all of it."""
        opened = self._opened.get(conversation.id)
        if opened is None or not opened.value.is_shown:
            return None
        cursor = self.pane.editor.textCursor()
        is_selected = opened is self.shown and cursor.hasSelection()
        span = (cursor.selectionStart(), cursor.selectionEnd()) if is_selected else None
        state = (opened, opened.document.edit_count, span)
        if self._sent is None or self._sent[0] != state:
            text = opened.document.accepted_in(cursor) if is_selected else ""
            introduction, propose = PASSAGE_INTRODUCTION, partial(opened.propose, within=cursor)
            if not text.strip():
                text, introduction = opened.document.accepted, INTRODUCTION
                propose = partial(opened.propose, within=None)
            tools = TextTool(propose).tool_set
            # The same object until it changes, so that its tokens are counted once.
            self._sent = (state, OpenText(opened.value.title, introduction, text, tools))
        return self._sent[1]

    def _has_text(self, conversation_id: str) -> bool:
        opened = self._opened.get(conversation_id)
        return opened is not None and not opened.document.isEmpty()

    def _show_whether_sent(self) -> None:
        self.pane.show_whether_sent(self._session.setup.ask_settings.open_text is not None)

    # -------------------------------------------------------------- changes of a selection

    def change_selection(self, task: str, *, is_translation: bool = False) -> None:
        """Ask the model to change the selected passage.

        Args:
            is_translation: whether the reply may have other words than the passage.
        """
        opened, cursor = self.shown, self.pane.editor.textCursor()
        passage = "" if opened is None else opened.document.accepted_in(cursor)
        if opened is None or not passage.strip():
            return
        if len(passage) > _LONG_PASSAGE and self._session.setup.takes_tools:
            if self._session.running.is_running(self._current.id):
                self._notifications.notify(tr("Still responding…"))
                return
            chat = self._session.of(ChatController)
            path = list(self._current.path_before_question)
            self._session.setup.leave_out_text(self._current.id, False)
            self._tasks.start(chat.begin(path, Draft(task), single_answer=True))
        else:
            change = partial(self._change_passage, opened, cursor, passage, task)
            self._begin_change(partial(change, is_translation=is_translation))

    def _begin_change(self, change: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._change is not None and not self._change.done():
            message = tr("Another passage is being changed. Wait for it.")
            self._notifications.notify(message, [(tr("Stop"), self._change.cancel)])
            return
        self._change = self._tasks.start(change())

    async def _change_passage(
        self,
        opened: OpenedText,
        cursor: QTextCursor,
        passage: str,
        task: str,
        *,
        is_translation: bool,
    ) -> None:
        setup, backend = self._session.setup, self._session.backend
        conversation = self._current.conversation
        if not self._session.providers.has_provider(conversation):
            raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
        # Before the user can open another conversation.
        resolved = setup.resolved
        instructions = replace(setup.ask_settings, research=False).sent_instructions
        around = passage_with_context(
            opened.document.accepted, passage, opened.document.accepted_offset(cursor)
        )
        delimiter = await backend.delimiters.delimiter_for(conversation.id)
        parts = [task, delimiter.explanation, delimiter.wrap("passage", passage)]
        if around != passage:
            parts.append(delimiter.wrap("passage-in-its-text", around))
        request = "\n\n".join(parts)
        self._notifications.announce(tr("Changing the passage…"))
        self.pane.set_busy(True)
        try:
            reply = await change_passage(
                backend.paid_calls, resolved, conversation.id, request, instructions
            )
        finally:
            self.pane.set_busy(False)
        propose = partial(self._propose_reply, opened, cursor, passage, reply)
        is_other = not is_translation and is_about_something_else(passage, reply)
        if is_other or is_refusal(passage, reply):
            copy = (tr("Copy"), partial(self._copy_words, reply))
            use = (tr("Use it"), lambda: self._tasks.start(propose()))
            words = tr("The model replied: {reply}", reply=shorten(reply, _MAX_SHOWN_CHARS))
            self._notifications.notify(words, [copy, use], stays=True)
        else:
            await propose()

    async def _propose_reply(
        self, opened: OpenedText, cursor: QTextCursor, passage: str, reply: str
    ) -> None:
        """Propose a model's reply in place of the selected passage."""
        groups = await asyncio.to_thread(reply_edits, passage, reply)
        document = opened.document
        if opened.is_closed or document.accepted_in(cursor) != passage:
            copy = (tr("Copy"), partial(self._copy_words, reply))
            self._notifications.notify(
                tr("The passage has changed meanwhile, so nothing was changed in it."), [copy]
            )
            return
        if not groups:
            self._notifications.notify(tr("The model changed nothing in this passage."))
            return
        before = document.changes
        opened.propose_at(document.accepted_offset(cursor), groups)
        self._show_proposed(opened, before)
        if opened is not self.shown:
            text = opened.value
            show = partial(self.open_stored, text.conversation_id, text.id)
            self._notifications.notify(
                tr("The change is proposed in “{title}”.", title=text.title),
                [(tr("Show"), lambda: self._tasks.start(show()))],
            )

    def _copy_words(self, words: str) -> None:
        QGuiApplication.clipboard().setText(copyable(words))

    def _fill_languages(self, menu: QMenu) -> None:
        for name in LANGUAGES.values():
            task = tr("Translate this passage into {language}.", language=name)
            translate = partial(self.change_selection, task, is_translation=True)
            menu.addAction(menu_text(name), translate)
        menu.addAction(tr("Other…"), self.pane.begin_question)

    def _fill_prompts(self, menu: QMenu) -> None:
        """Add the prompts that are about a selection and need nothing else."""
        for prompt in self._session.of(PromptList).offered_prompts:
            is_about_selection = SELECTION in program_variables_in(prompt.text)
            is_about_code = prompt.id in FOR_CODE
            if is_about_selection and not (is_about_code or missing_names(prompt.text, {})):
                task = fill(prompt.text, {SELECTION: ""}).text.strip()
                menu.addAction(menu_text(prompt.title), partial(self.change_selection, task))

    # -------------------------------------------------------------- proposed changes

    def _show_changes(self, opened: OpenedText) -> None:
        if self.pane.editor.document() is opened.document:
            count = len(opened.document.changes)
            self.pane.show_changes()
            words = tr_plural("{count} change proposed", "{count} changes proposed", count)
            if not self._is_settling:
                self._notifications.announce(words if count else tr("No change is proposed."))

    def _show_proposed(self, opened: OpenedText, before: list[int]) -> None:
        """Show the first of new changes if the selection covers it, or the review has not begun."""
        editor, changes = self.pane.editor, opened.document.changes
        new = next((each for each in changes if each not in before), None)
        if new is None or editor.document() is not opened.document:
            return
        start, cursor = opened.document.ranges(new)[0].start, editor.textCursor()
        is_covered = cursor.selectionStart() <= start <= cursor.selectionEnd()
        has_begun = bool(before) and self.pane.current_change != self._first_shown
        if (cursor.hasSelection() and is_covered) or not (has_begun or editor.hasFocus()):
            self._first_shown = new if has_begun else changes[0]
            self.pane.show_change(self._first_shown)

    def go_to_change(self, step: int) -> None:
        """Go to the next (+1) or previous (-1) change, or to the one at the cursor (0)."""
        if self._demand_shown() is not None:
            self.pane.go_to_change(step)
            self._announce_change()

    def _announce_change(self, settled: str = "") -> None:
        """Say which change is shown, and what it does, after a sentence on those settled."""
        opened, current = self.shown, self.pane.current_change
        if opened is None or current is None:
            self._notifications.announce(settled or tr("No change is proposed."))
            return
        changes = opened.document.changes
        old, new = (shorten(words, _MAX_SHOWN_CHARS) for words in opened.document.words_of(current))
        form = N_("{number} of {count}: “{old}” becomes “{new}”.")
        if not (old and new):
            removes = N_("{number} of {count}: “{old}” is removed.")
            form = removes if old else N_("{number} of {count}: “{new}” is inserted.")
        number = changes.index(current) + 1
        said = tr(form, number=number, count=len(changes), old=old, new=new)
        self._notifications.announce(paragraph(settled, said))

    def settle(self, accept: bool, is_all: bool = False) -> None:
        """Accept or reject the change at the cursor, or all.

        A change that is out of sight is shown first. Then the next one is shown.
        """
        if (opened := self._demand_shown()) is None:
            return
        if (current := self.pane.current_change) is None:
            self._notifications.notify(tr("No change is proposed."))
        elif not (is_all or self.pane.is_in_sight(current)):
            self.pane.show_change(current)
            self._announce_change()
        else:
            self._is_settling = True
            opened.document.settle(opened.document.changes if is_all else [current], accept=accept)
            self._is_settling = False
            following = self.pane.current_change
            if following is not None:
                self.pane.show_change(following)
            form = N_("Accepted, {count} left.") if accept else N_("Rejected, {count} left.")
            self._announce_change(tr(form, count=len(opened.document.changes)))

    async def show_changes(self) -> None:
        """Show the text with the cursor at the change that would be accepted."""
        await self._load(self._current.id, only_shown=False)
        opened = self._opened.get(self._current.id)
        if opened is not None and self.shown is None:
            self.toggle()
        if opened is None or not opened.document.changes:
            self._notifications.notify(tr("No change is proposed."))
        else:
            self.go_to_change(0)

    # -------------------------------------------------------------- the menu

    def _fill_menu(self, menu: QMenu) -> None:
        opened = self.shown
        if opened is None:
            return
        if page := page_in(opened.document.accepted):
            show = self._session.of(PageOpener).open
            menu.addAction(tr("Open"), self._tasks.slot(lambda *_: show(page)))
        menu.addAction(tr("Copy"), partial(self._copy, opened))
        submenu = ProgramMenu(menu_text(tr("Export")), menu)
        for format_id, (label, _, _) in FORMATS.items():
            submenu.addAction(
                menu_text(tr("{format}…", format=tr(label))),
                partial(self._exports.choose, opened, format_id),
            )
        menu.addMenu(submenu)
        if opened.value.file:
            name = Path(opened.value.file).name
            save = menu.addAction(menu_text(tr("Save to {file}…", file=name)))
            save.triggered.connect(lambda: self.save_to_file())
        sends = menu.addAction(tr("Send with the message"))
        sends.setCheckable(True)
        sends.setChecked(self._session.setup.ask_settings.open_text is not None)
        sends.triggered.connect(
            lambda is_sent: self._session.setup.leave_out_text(self._current.id, not is_sent)
        )
        versions = menu.addAction(tr("Earlier versions…"))
        versions.triggered.connect(self._tasks.slot(lambda *_: self._list_versions(opened)))
        if opened.document.changes:
            menu.addSeparator()
            menu.addActions([self._session.actions[f"text.{name}"] for name in CHANGE_COMMANDS])

    def _fill_texts(self, menu: QMenu) -> None:
        """Add the texts of the conversation, which are read now, and what can be done."""
        below = menu.addSeparator()
        menu.addAction(tr("New text"), self._tasks.slot(lambda *_: self.open_new()))
        menu.addAction(tr("Rename…"), lambda: self.pane.begin_rename())
        menu.addAction(tr("Delete"), self.delete)
        menu.addAction(tr("All texts…"), lambda: self._session.run("text.list"))
        self._tasks.start(self._add_texts(menu, below, self._current.id))

    async def _add_texts(self, menu: QMenu, below: QAction, conversation_id: str) -> None:
        texts = await self._store.listed(conversation_id)
        if below not in menu.actions():
            return  # it was filled again
        for each in texts[:_MAX_LISTED]:
            entry = QAction(menu_text(each.title), menu, checkable=True)
            entry.setChecked(self.shown is not None and each.id == self.shown.value.id)
            entry.triggered.connect(
                self._tasks.slot(lambda *_, id_=each.id: self.open_stored(conversation_id, id_))
            )
            menu.insertAction(below, entry)

    def save_to_file(self) -> None:
        """Save the text to the file that it came from, after a question."""
        if (opened := self._demand_shown()) is None:
            return
        if opened.value.file:
            self._tasks.start(self._exports.save_to_file(opened))
        else:
            self._notifications.notify(tr("This text came from no file. Export it."))

    def export(self) -> None:
        """Export the text as Markdown, or what the ending of the name says."""
        if (opened := self._demand_shown()) is not None:
            self._exports.choose(opened, "markdown")

    def _copy(self, opened: OpenedText) -> None:
        QGuiApplication.clipboard().setText(copyable(opened.document.accepted))
        self._notifications.notify(tr("Copied"))

    async def _list_versions(self, opened: OpenedText) -> None:
        """Show the earlier versions, which replace the text as one step of undo."""
        versions = await self._store.versions(opened.value)
        if not versions:
            self._notifications.notify(tr("There is no earlier version yet."))
            return

        async def compare(version_id: int) -> list[Piece]:
            body = await self._store.version(opened.value, version_id)
            return await asyncio.to_thread(differences, opened.document.accepted, body)

        async def restore(version_id: int) -> None:
            body = await self._store.version(opened.value, version_id)
            opened.keeps_version = True
            opened.document.replace_all(body)

        dialog = VersionsDialog(versions, compare, self._tasks, self._window)
        dialog.restore_requested.connect(self._tasks.slot(restore))
        dialog.open()

    async def list_all(self) -> None:
        """Show the texts of the whole library."""
        if self._list is None:
            self._list = TextList(self._window)
            self._connect_list(self._list)
        await self._fill_list(self._list)
        self._window.show_page(self._list)

    async def _fill_list(self, listing: TextList) -> None:
        listing.set_texts(await self._store.listed())

    def _connect_list(self, listing: TextList) -> None:
        """Do what is asked of the texts in the list."""

        async def delete(text: ListedText) -> None:
            await self._delete(text)
            await self._fill_list(listing)

        listing.chosen.connect(
            lambda text: self._tasks.start(self.open_stored(text.conversation_id, text.id))
        )
        listing.delete_requested.connect(self._tasks.slot(delete))
        listing.new_requested.connect(self._session.actions["text.new"].trigger)

    # -------------------------------------------------------------- the trash

    def delete(self) -> None:
        if (opened := self._demand_shown()) is not None:
            self._tasks.start(self._delete(opened.value))

    async def _delete(self, text: ListedText | WrittenText) -> None:
        opened = self._opened.get(text.conversation_id)
        was_shown = opened is not None and opened.value.id == text.id and opened.value.is_shown
        self._hide(text.id)
        await self._store.trash(text, is_trashed=True)
        self._session.events.trash_changed.emit()
        self.show_current()
        self._session.setup.choice_changed.emit()  # it goes with no question

        async def undo() -> None:
            await self._store.trash(text, is_trashed=False)
            self._session.events.trash_changed.emit()
            if self._list is not None:
                await self._fill_list(self._list)
            if was_shown and self._current.id == text.conversation_id:
                await self.open_stored(text.conversation_id, text.id)

        message = tr("Text “{title}” moved to trash", title=text.title)
        self._notifications.notify_undo(message, lambda: self._tasks.start(undo()))

    def _hide(self, text_id: str) -> None:
        """Let a text be no longer the one of its conversation, because it is in the trash."""
        if (opened := self._texts.get(text_id)) is not None:
            opened.value = replace(opened.value, is_shown=False)
            if self._opened.get(opened.value.conversation_id) is opened:
                del self._opened[opened.value.conversation_id]

    async def erase(self, text: ListedText) -> None:
        """Permanently delete a text that is in the trash."""
        if (opened := self._texts.pop(text.id, None)) is not None:
            opened.is_closed = True
        await self._store.erase(text.id)
