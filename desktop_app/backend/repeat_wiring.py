"""Asks a prompt that repeats: in a conversation of its own, and without a user to ask."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.backend.prompt_loader import today
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import DocumentError, IllegalChoiceError, UserFacingError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.prompts.prompt import DATE, fill

if TYPE_CHECKING:
    from desktop_app.backend.backend import Backend
    from desktop_app.chat.answers.answer_run import AnswerRun
    from desktop_app.repeat.repeat import Repeat


async def begin_repeat(backend: Backend, repeat: Repeat) -> AnswerRun:
    """Store the question of a repeat in a new conversation, and return the run of its answer.

    Tools that would ask the user are refused, and a limit refuses as ever.

    Raises:
        UserFacingError: nothing was stored or sent; the error is recorded.
    """
    try:
        run = await _begin(backend, repeat)
    except UserFacingError as error:
        await backend.repeats.set_error(repeat.id, note_from_error(error))
        raise
    await backend.repeats.set_error(repeat.id, None)
    return run


async def _begin(backend: Backend, repeat: Repeat) -> AnswerRun:
    profiles = {profile.id: profile for profile in await backend.providers.profiles()}
    profile = profiles.get(repeat.choice.provider_id)
    if profile is None:
        raise IllegalChoiceError(N_("Provider removed."), hint=hints.CHOOSE_ANOTHER)
    folders = {folder.id: folder for folder in await backend.conversation_folders.all()}
    folder = folders.get(repeat.folder_id)
    moment = now()
    text = fill(repeat.prompt, {DATE: today()}).text
    title = f"{title_from(text)} · {formatting.short_date(moment.astimezone())}"
    conversation = Conversation(
        new_id(),
        title=title,
        created_at=moment,
        updated_at=moment,
        choice=repeat.choice,
        folder_id=None if folder is None else folder.id,
    )
    settings = ask_settings(await backend.values(), folder=folder).for_one_answer()
    settings = replace(settings, notes=await backend.memory.notes_in(settings.folder_id))
    for part in settings.collections:
        with suppress(DocumentError):  # their drive may be missing: what was read is asked
            await backend.collections.refresh(part.collection_id)
    backend.consent.unattended.add(conversation.id)
    return await backend.chat.begin(conversation, [], Draft(text), profile, settings)
