"""The initial state of a new conversation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from desktop_app.app.session import Session
from desktop_app.app.shared_lists import DEFAULT_PRESET
from desktop_app.chat.ui.open_conversation import blank_conversation
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import Conversation, ModelChoice


class NewConversation:
    """Opener of blank conversations, which also applies changed defaults to an open blank one."""

    def __init__(self, session: Session) -> None:
        self._current = session.current
        self._setup = session.setup
        self._values = session.values
        self._providers = session.providers
        self._folders = session.folders
        self._presets = session.presets
        self._drafts = session.drafts
        session.folders.changed.connect(self._leave_deleted_folder)

    @property
    def default_choice(self) -> ModelChoice:
        """Return the choice of provider, model and effort in a new conversation."""
        return self.choice_with(self._providers.default.id)

    def choice_with(self, profile_id: str) -> ModelChoice:
        """Return a new conversation's choice with this provider, or else the default one."""
        profile = self._providers.get(profile_id) or self._providers.default
        return self._providers.default_choice(profile)

    def starting_choice(self, folder_id: str | None) -> ModelChoice:
        """Return the choice of a new conversation in a folder.

        It is the folder's model, or its variant and effort, if set, at the folder's provider. If
        the folder names no provider, or a removed one, the default provider answers, without the
        folder's model.
        """
        folder = self._folders.by_id.get(folder_id or "")
        if folder is None or folder.choice is None:
            return self.default_choice
        folder_choice = folder.choice
        profile = self._providers.get(folder_choice.provider_id) or self._providers.default
        if profile.id == folder_choice.provider_id and folder_choice.model:
            return folder_choice
        default_choice = self._providers.default_choice(profile)
        if not profile.serves_gpt_family:
            return default_choice
        variant = folder_choice.variant or default_choice.variant
        effort = folder_choice.effort or default_choice.effort
        return replace(default_choice, variant=variant, effort=effort)

    def blank_with(self, conversation_id: str, title: str = "") -> Conversation:
        """Return a blank conversation in no folder, with the defaults and the default preset."""
        blank = blank_conversation(conversation_id, self.default_choice, title)
        return self._presets.apply_chosen(blank)

    def open(self, folder_id: str | None = None) -> None:
        """Open the blank conversation in a folder, None for none; its changed settings stay."""
        self._setup.forget_background()
        drafts = self._drafts
        blank = blank_conversation(drafts.blank_id, self.starting_choice(folder_id))
        folder_id = folder_id if folder_id in self._folders.by_id else None
        blank = replace(blank, folder_id=folder_id, preset_id=drafts.blank_preset_id)
        blank = self._apply_preset(blank)
        if drafts.blank_overrides or drafts.blank_preset_id:  # its settings were changed
            blank = replace(blank, overrides=drafts.blank_overrides)
        self._current.open(blank, [], {}, drafts.cached(drafts.blank_id), is_new=True)

    async def set_default(self, key: str, value: Any) -> None:
        """Store a "default.…" setting, and apply it to the open conversation if that is blank."""
        await self._values.set(key, value)
        if key == "default.provider":
            await self._providers.reload()
        if self._current.is_new:
            self._apply_defaults(with_settings=key == DEFAULT_PRESET)

    def _apply_defaults(self, *, with_settings: bool) -> None:
        conversation = self._current.conversation
        blank = replace(conversation, choice=self.starting_choice(conversation.folder_id))
        if not with_settings:
            self._setup.choose(self._apply_preset(blank).choice)
            return
        blank = replace(blank, overrides=Overrides(), preset_id=None)
        self._setup.copy_settings(blank.id, self._apply_preset(blank))

    def _leave_deleted_folder(self) -> None:
        blank = self._current.conversation
        if self._current.is_new and blank.folder_id and self._folders.folder_of(blank) is None:
            self._current.update(replace(blank, folder_id=None))

    def _apply_preset(self, blank: Conversation) -> Conversation:
        """Apply the preset; skip the default preset if the folder has its own settings."""
        folder = self._folders.folder_of(blank)
        has_folder_settings = folder is not None and (
            folder.choice is not None or bool(folder.overrides)
        )
        if has_folder_settings and blank.preset_id is None:
            return blank
        return self._presets.apply_chosen(blank)
