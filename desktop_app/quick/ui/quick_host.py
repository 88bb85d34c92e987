"""The creation of the quick prompt, and its connections with the window's session."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject

from desktop_app.app.session import Session
from desktop_app.app.shortcuts import Shortcuts
from desktop_app.composer.attachments.preview_controller import PreviewController
from desktop_app.domain.conversations.conversation import Draft
from desktop_app.quick.ui.quick_draft import QUICK_DRAFT_KEY, UnsentQuestion
from desktop_app.shortcuts.keymap import Keymap
from desktop_app.transcript.message_items import OPEN_PLACE
from desktop_app.transcript.view import TranscriptView
from desktop_app.widgets.look.theme import current_theme
from desktop_app.widgets.program_menu import open_context_menu

if TYPE_CHECKING:
    from desktop_app.composer.spelling import Spelling
    from desktop_app.desktop.session_bus import SessionBus
    from desktop_app.quick.ui.paste_back import PasteBack
    from desktop_app.quick.ui.quick_prompt import QuickPrompt
    from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController


POSITION_KEY: Final = "window.quick_place"


class QuickHost(QObject):
    """Owner of the quick prompt, which is created on first use.

    Args:
        raise_window: brings the window to the front.
        on_hidden: called when the quick prompt was hidden, and again when a paste has ended.
        end: ends the program.
    """

    def __init__(
        self,
        session: Session,
        raise_window: Callable[[], None],
        end: Callable[[], None],
        on_hidden: Callable[[], None],
    ) -> None:
        super().__init__(session.window)
        self._window = session.window
        self._session = session
        self._raise_window = raise_window
        self._end = end
        self._on_hidden = on_hidden
        self._controller: QuickPromptController | None = None
        self.paste_back: PasteBack
        self._position: tuple[float, float] | None = None
        self._unsent = UnsentQuestion()
        self._spelling: Spelling | None = None
        self._quick_window: QuickPrompt
        self._bus: SessionBus | None = None

    def set_bus(self, bus: SessionBus) -> None:
        """Set the session bus, whose portal pastes if this process cannot send keys."""
        self._bus = bus

    @property
    def controller(self) -> QuickPromptController:
        """Return the quick prompt's controller, created on first access."""
        if self._controller is None:
            self._controller = self._build()
        return self._controller

    def is_showing(self, conversation_id: str) -> bool:
        """Return True if the quick prompt shows this conversation."""
        return self._controller is not None and self._controller.is_showing(conversation_id)

    @property
    def is_visible(self) -> bool:
        """Return True if the quick prompt is visible, or hidden only while it pastes."""
        return self._controller is not None and (
            self._controller.is_visible or self.paste_back.is_pasting
        )

    @property
    def has_unsent(self) -> bool:
        """Return True if a text or an attachment waits in the quick prompt to be sent."""
        return self._controller is not None and self._controller.has_unsent

    def bind(self, keymap: Keymap) -> None:
        """Apply the shortcuts of `keymap`."""
        if self._controller is not None:
            self._quick_window.set_keymap(keymap)
            self._shortcuts.bind(keymap)

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline misspelled words in the quick prompt."""
        self._spelling = spelling
        if self._controller is not None:
            self._quick_window.field.check_spelling_with(spelling)

    def save_draft(self) -> None:
        """Store the unsent question of the quick prompt."""
        if self._controller is not None:
            self._controller.draft.save()

    def restore(self, stored_settings: dict[str, Any]) -> None:
        """Load the stored position and unsent question, before the quick prompt is built."""
        self._unsent = UnsentQuestion.from_json(stored_settings.get(QUICK_DRAFT_KEY) or {})
        match stored_settings.get(POSITION_KEY):
            case [int() | float() as x, int() | float() as y]:
                self._position = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)

    def _store_position(self) -> None:
        position = self._quick_window.placement.shares
        if position != self._position and position is not None:
            self._position = position
            state = self._session
            state.tasks.start(state.backend.settings.set(POSITION_KEY, list(position)))

    def close(self) -> None:
        """Delete the quick prompt's window."""
        if self._controller is not None:
            self._controller = None  # timers may still ask whether it is visible
            self._quick_window.deleteLater()

    def _build(self) -> QuickPromptController:
        # Imported here, because the start does not need it.
        from desktop_app.quick.ui.paste_back import PasteBack
        from desktop_app.quick.ui.quick_attachments import QuickAttachments
        from desktop_app.quick.ui.quick_conversation import (
            QuickAnswers,
            QuickChoice,
            QuickConversation,
            QuickHistory,
        )
        from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController

        session = self._session
        quick_window = self._quick_window = self._make_window()
        conversation = QuickConversation(quick_window, session)
        QuickChoice(quick_window, conversation, session.choices)
        QuickAnswers(quick_window, session.running, conversation, session.messages)
        quick = QuickPromptController(
            quick_window,
            session,
            session.running,
            conversation,
            attachments=QuickAttachments(
                quick_window, session, conversation, session.image_chips, session.attachment_reader
            ),
            history=QuickHistory(quick_window, session),
            continue_in_window=self._continue_in_window,
            markdown_of=session.drops.markdown_or_text,
        )
        quick.restore_draft(self._unsent)
        session.prompts_controller.configure_completer(
            quick_window.completer, quick.accompanying.fill_in
        )
        quick.question_stored.connect(session.list_presenter.upsert)
        self._make_previews(quick)
        paste_back = self.paste_back = PasteBack(quick_window, session, lambda: self._bus)
        paste_back.ended.connect(self._on_hidden)
        quick_window.hidden.connect(self._on_hidden)
        self._make_shortcuts()
        return quick

    def _make_window(self) -> QuickPrompt:
        from desktop_app.quick.ui.quick_prompt import QuickPrompt

        session = self._session
        theme = current_theme()
        transcript = TranscriptView(theme, is_brief=True)
        transcript.formula_display.set_typesetter(session.typesetter)
        transcript.highlighter.set_lexer(session.lexer)
        session.images.show_images_in(transcript, lambda: ())
        quick_window = QuickPrompt(transcript)
        quick_window.placement.restore(self._position)
        if self._spelling is not None:
            quick_window.field.check_spelling_with(self._spelling)
        quick_window.hidden.connect(self._store_position)
        return quick_window

    async def _continue_in_window(
        self, conversation_id: str, action: str, typed_draft: Draft, accompanying_text: str
    ) -> bool:
        """Raise the main window and continue there.

        Return False, and take nothing over, if the user opened another conversation meanwhile.

        Args:
            conversation_id: the conversation to open; "" for none.
            action: what the user chose below the answer or its error; "" for nothing.
            typed_draft: unsent text and attachments.
            accompanying_text: text that another program sent to the quick prompt.
        """
        session, prompt = self._session, self._window.prompt
        self._raise_window()
        if conversation_id:
            await session.navigator.open(conversation_id)
            is_deleted = session.list_presenter.cache.get(conversation_id) is None
            if conversation_id != session.current.id and not is_deleted:
                return False
            if typed_draft.text:
                gap = "\n\n" if prompt.text() else ""
                prompt.prepend(typed_draft.text + gap, typed_draft.template_id)
        elif typed_draft.has_question or accompanying_text:
            self._begin_conversation(typed_draft, accompanying_text)
        if typed_draft.attachments:
            draft = session.current.draft
            attachments = dict.fromkeys((*draft.value.attachments, *typed_draft.attachments))
            draft.set_attachments(tuple(attachments))
        if not action:
            prompt.focus_text()
        elif action in ("add-key", "change-key"):
            session.providers_controller.open_at_key()
        elif action.startswith(OPEN_PLACE):
            session.places.open_action(conversation_id, action)
        elif action == "raise-cap":
            session.providers_controller.open_at_cap(session.setup.profile.id)
        elif conversation_id == session.current.id:  # else it was deleted
            session.answer_actions.act_on_last(action)
        return True

    def _begin_conversation(self, typed_draft: Draft, accompanying_text: str) -> None:
        """Put the unsent text of the quick prompt into a new conversation."""
        session, prompt = self._session, self._window.prompt
        session.navigator.open_new()
        if len(accompanying_text) > session.values.large_paste:
            session.attachments.attach_text(accompanying_text)
            accompanying_text = ""
        texts = (typed_draft.text, accompanying_text, prompt.text())
        prompt.set_text("")
        prompt.prepend("\n\n".join(filter(None, texts)), typed_draft.template_id)

    def _make_previews(self, quick: QuickPromptController) -> None:
        quick_window, session = self._quick_window, self._session
        PreviewController(
            quick_window,
            prompt=quick_window,
            holder=quick.attachments,
            image_chips=session.image_chips,
            notify=quick_window.status.show_status,
            setup=session.setup,
            tasks=session.tasks,
            chat_service=session.backend.chat,
            sources=session.sources,
        )

    def _make_shortcuts(self) -> None:
        quick_window, session = self._quick_window, self._session
        self._shortcuts = Shortcuts(
            quick_window,
            {
                "app.quit": self._end,
                "help.open": session.help.open,
                "menu.open": lambda: open_context_menu(quick_window),
            },
        )
        keymap = Keymap.from_settings(session.values.all)
        quick_window.set_keymap(keymap)
        self._shortcuts.bind(keymap)
