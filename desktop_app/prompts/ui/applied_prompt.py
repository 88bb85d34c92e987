"""Prompts with settings: applied to conversations, and made of their settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QMenu

from desktop_app.app.open_conversation import DEFAULT_PRESET
from desktop_app.app.session import Controller, ConversationSession, Session
from desktop_app.composer.prompt_list import PromptList
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, new_id
from desktop_app.domain.prompt import Prompt
from desktop_app.i18n.translation import tr
from desktop_app.prompts.ui.prompts_controller import PromptsController
from desktop_app.widgets.program_menu import add_choice, add_commands
from desktop_app.widgets.text.foreign_text import menu_text


class AppliedPrompt(Controller):
    """Connection of the prompts with settings with the open conversation and the header's menu."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._header = session.window.pane.header
        self._values = session.values
        self._list = session.of(PromptList)
        self._prompts = session.of(PromptsController)
        self._prompts.apply_settings = self.apply
        self._header.preset_menu_requested.connect(self._fill_menu)
        for signal in (self._current.opened, self._setup.choice_changed, self._list.changed):
            signal.connect(self._show_in_header)

    def prompt_of(self, conversation: Conversation) -> Prompt | None:
        """Return the prompt that was last applied to a conversation, if it is still offered."""
        return self._list.presets.get(conversation.preset_id or "")

    def apply_chosen(self, conversation: Conversation) -> Conversation:
        """Apply a new conversation's own prompt, else the default, if it is still offered."""
        prompt_id = conversation.preset_id or str(self._values[DEFAULT_PRESET])
        prompt = self._list.presets.get(prompt_id)
        return conversation if prompt is None else self._applied(prompt, conversation)

    def _applied(self, prompt: Prompt, conversation: Conversation) -> Conversation:
        """Return a conversation with a prompt's settings, if it has any.

        The provider is the prompt's, or the conversation's if the prompt names none that exists.
        If that provider serves no variants, the prompt's variant is left out. Settings that the
        model does not support stay; the settings panel shows them as refused.
        """
        if prompt.overrides is None:
            return conversation
        if self._providers.get(prompt.provider_id) is None:
            prompt = replace(prompt, provider_id="", model="")
        profile = self._providers.get(prompt.provider_id) or self._setup.profile_of(conversation)
        choice = prompt.choice_from(
            conversation.choice, serves_gpt_family=profile.serves_gpt_family
        )
        overrides = prompt.overrides or Overrides()
        return replace(conversation, choice=choice, overrides=overrides, preset_id=prompt.id)

    def _is_changed(self, conversation: Conversation, prompt: Prompt) -> bool:
        """Return True if a conversation's settings differ from its prompt's."""
        applied = self._applied(prompt, conversation)
        return (applied.choice, applied.overrides) != (conversation.choice, conversation.overrides)

    # -------------------------------------------------------------- in the open conversation

    def use(self, prompt_id: str) -> None:
        """Apply the settings of a prompt to the open conversation."""
        prompt = self._list.find(prompt_id)
        if prompt is not None:
            self.apply(self._session.main, prompt)

    def apply(self, view: ConversationSession, prompt: Prompt) -> None:
        """Apply the settings of a prompt to a conversation; offer Undo."""
        self._change(
            view,
            lambda conversation: self._applied(prompt, conversation),
            tr("“{name}” applied", name=prompt.title),
        )

    def _change(
        self,
        view: ConversationSession,
        change: Callable[[Conversation], Conversation],
        message: str,
    ) -> None:
        former = view.current.conversation
        applied = change(former)
        if applied == former:
            return
        view.setup.copy_settings(former.id, applied)

        def restored(current: Conversation) -> Conversation:
            return current.with_settings_of(former)

        view.notices.notify_undo(message, lambda: view.setup.change_settings(former.id, restored))

    def save_here(self) -> None:
        """Create a prompt from the open conversation's settings, and edit its name.

        The prompt contains the instructions even if they come from the defaults or the folder,
        because those may differ elsewhere.
        """
        conversation = self._current.conversation
        instructions = self._setup.ask_settings.instructions
        if conversation.overrides.instructions is None and instructions:
            conversation = replace(
                conversation, overrides=replace(conversation.overrides, instructions=instructions)
            )
        prompt = Prompt(new_id(), tr("New prompt")).with_settings_of(
            replace(conversation, choice=self._setup.choice)
        )
        self._prompts.manage()
        self._prompts.add(prompt)
        self._setup.copy_settings(self._current.id, replace(conversation, preset_id=prompt.id))

    def _update(self, prompt: Prompt) -> None:
        """Change a prompt to the open conversation's settings."""
        stored = self._prompts.prompt(prompt.id)
        if stored is None:
            return
        self._prompts.save(stored.with_settings_of(self._current.conversation))
        self._notifications.notify_undo(
            tr("“{name}” updated", name=prompt.title), lambda: self._prompts.save(stored)
        )

    def set_default(self, prompt_id: str) -> None:
        """Use a prompt for new conversations; "" for none."""
        set_default = self._session.new_conversation.set_default
        self._tasks.start(set_default(DEFAULT_PRESET, prompt_id))

    # -------------------------------------------------------------- the header

    def choose(self) -> None:
        """Open the menu of prompts with settings, or the page that makes some if there are none."""
        if self._list.presets:
            self._header.open_preset_menu()
        else:
            self._prompts.manage()

    def _show_in_header(self) -> None:
        conversation = self._current.conversation
        prompt = self.prompt_of(conversation)
        self._header.set_preset(
            "" if prompt is None else prompt.title,
            is_changed=prompt is not None and self._is_changed(conversation, prompt),
        )

    def _fill_menu(self, menu: QMenu) -> None:
        conversation = self._current.conversation
        current = self.prompt_of(conversation)
        for prompt in self._list.presets.values():
            add_choice(menu, prompt.title, prompt is current, partial(self.use, prompt.id))
        unset = partial(
            self._change,
            self._session.main,
            lambda former: replace(former, overrides=Overrides(), preset_id=None),
            tr("Prompt removed. The defaults apply."),
        )
        add_choice(menu, tr("No prompt"), current is None, unset)
        menu.addSeparator()
        if current is not None and self._is_changed(conversation, current):
            change = menu.addAction(menu_text(tr("Update “{name}”", name=current.title)))
            change.triggered.connect(lambda: self._update(current))
        add_commands(menu, "presets.save", "prompts.manage")
