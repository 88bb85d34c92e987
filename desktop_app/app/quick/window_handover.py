"""Continues a conversation or an unsent question of the quick prompt in the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop_app.app.attachments.attachment_reader import LARGE_PASTE
from desktop_app.ui.transcript.message_items import PLACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from desktop_app.app.library.navigator import Navigator
    from desktop_app.app.state.answer_setup import AnswerSetup
    from desktop_app.app.state.prompt_draft import PromptDraft
    from desktop_app.app.state.setting_values import SettingValues
    from desktop_app.domain.conversations.conversation import Draft
    from desktop_app.ui.composer.prompt_editor import PromptEditor


class WindowHandover:
    """Opens a conversation of the quick prompt, or its unsent text, in the main window.

    Args:
        act_on_last: runs an action of the newest answer of the open conversation.
        attach_text: attaches a text to the question as a document.
        open_at_key, open_at_cap: open the settings at the API key, or a provider's spending cap.
    """

    def __init__(
        self,
        prompt: PromptEditor,
        raise_window: Callable[[], None],
        navigator: Navigator,
        *,
        act_on_last: Callable[[str], None],
        attach_text: Callable[[str], None],
        open_at_key: Callable[[], None],
        open_at_cap: Callable[[str], None],
        open_place: Callable[[str, str], None],
        draft: PromptDraft,
        values: SettingValues,
        setup: AnswerSetup,
    ) -> None:
        self._prompt, self._raise_window, self._navigator = prompt, raise_window, navigator
        self._act_on_last, self._attach_text = act_on_last, attach_text
        self._open_at_key, self._open_at_cap = open_at_key, open_at_cap
        self._draft, self._values, self._setup = draft, values, setup
        self._open_place = open_place

    async def continue_in_window(
        self, conversation_id: str, action: str, typed: Draft, accompanying: str
    ) -> None:
        """Raise the main window and continue there.

        Args:
            conversation_id: the conversation to open; "" for none.
            action: what the user chose below the answer or its error; "" for nothing.
            typed: unsent text and attachments.
            accompanying: text that another program sent to the quick prompt.
        """
        self._raise_window()
        if conversation_id:
            await self._navigator.open(conversation_id)
            if typed.text:
                gap = "\n\n" if self._prompt.text() else ""
                self._prompt.prepend(typed.text + gap, typed.template_id)
        elif typed or accompanying:
            self._begin_with(typed, accompanying)
        if typed.attachments:
            draft = self._draft.value
            attachments = tuple(dict.fromkeys((*draft.attachments, *typed.attachments)))
            self._draft.set_attachments(attachments)
        if not action:
            self._prompt.focus_text()
        if action in ("add-key", "change-key"):
            self._open_at_key()
        elif action.startswith(PLACE):
            self._open_place(conversation_id, action)
        elif action == "raise-cap":
            self._open_at_cap(self._setup.profile.id)
        elif action and conversation_id:
            self._act_on_last(action)

    def _begin_with(self, typed: Draft, accompanying: str) -> None:
        """Put the unsent text of the quick prompt into a new conversation."""
        self._navigator.open_new()
        if len(accompanying) > int(self._values[LARGE_PASTE] or 0):
            self._attach_text(accompanying)
            accompanying = ""
        words = (typed.text, accompanying, self._prompt.text())
        self._prompt.set_text("")
        text = "\n\n".join(word for word in words if word)
        self._prompt.prepend(text, typed.template_id)
