"""The owner of the quick prompt, which is created on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject

from desktop_app.app.session import Session
from desktop_app.quick.ui.quick_draft import QUICK_DRAFT_KEY, UnsentQuestion
from desktop_app.shortcuts.keymap import Keymap

if TYPE_CHECKING:
    from desktop_app.composer.spelling import Spelling
    from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController


POSITION_KEY: Final = "window.quick_place"


class QuickHost(QObject):
    """Owner of the quick prompt: what it needs before it exists, and its state if it does.

    Args:
        on_hidden: called when the quick prompt was hidden, and again when a paste has ended.
    """

    def __init__(self, session: Session, on_hidden: Callable[[], None]) -> None:
        super().__init__(session.window)
        self._session = session
        self._on_hidden = on_hidden
        self._controller: QuickPromptController | None = None
        self._position: tuple[float, float] | None = None
        self._unsent = UnsentQuestion()
        self._spelling: Spelling | None = None

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
        quick = self._controller
        return quick is not None and (quick.is_visible or quick.paste_back.is_pasting)

    @property
    def has_unsent(self) -> bool:
        """Return True if a text or an attachment waits in the quick prompt to be sent."""
        return self._controller is not None and self._controller.has_unsent

    def bind(self, keymap: Keymap) -> None:
        """Apply the shortcuts of `keymap`."""
        if self._controller is not None:
            self._controller.window.set_keymap(keymap)

    def check_spelling_with(self, spelling: Spelling) -> None:
        """Underline misspelled words in the quick prompt."""
        self._spelling = spelling
        if self._controller is not None:
            self._controller.window.field.check_spelling_with(spelling)

    def save_draft(self) -> None:
        """Store the unsent question of the quick prompt."""
        if self._controller is not None:
            self._controller.save_draft()

    def restore(self, stored_settings: dict[str, Any]) -> None:
        """Load the stored position and unsent question, before the quick prompt is built."""
        self._unsent = UnsentQuestion.from_json(stored_settings.get(QUICK_DRAFT_KEY) or {})
        match stored_settings.get(POSITION_KEY):
            case [int() | float() as x, int() | float() as y]:
                self._position = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)

    def close(self) -> None:
        """Delete the quick prompt's window."""
        if self._controller is not None:
            window = self._controller.window
            self._controller = None  # timers may still ask whether it is visible
            window.deleteLater()

    def _build(self) -> QuickPromptController:
        # Imported here, because the start does not need it.
        from desktop_app.quick.ui.quick_prompt import QuickPrompt
        from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController

        session = self._session
        window = QuickPrompt(session.images.brief_transcript(lambda: ()))
        window.placement.shares = self._position
        if self._spelling is not None:
            window.field.check_spelling_with(self._spelling)
        quick = QuickPromptController(session, window, self._unsent)
        quick.paste_back.ended.connect(self._on_hidden)

        def on_hidden() -> None:
            position = window.placement.shares
            if position is not None and position != self._position:
                self._position = position
                settings = session.backend.settings
                session.tasks.start(settings.set(POSITION_KEY, list(position)))
            self._on_hidden()

        window.hidden.connect(on_hidden)
        return quick
