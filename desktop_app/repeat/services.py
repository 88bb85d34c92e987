"""Asks a prompt that repeats: in a conversation of its own, and without a user to ask."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from desktop_app.backend.answer_settings import ask_settings
from desktop_app.chat.services import notes_in
from desktop_app.domain import hints
from desktop_app.domain.conversations.conversation import (
    Conversation,
    Draft,
    new_id,
    now,
    title_from,
)
from desktop_app.domain.error_note import note_from_error
from desktop_app.domain.errors import (
    DocumentError,
    IllegalChoiceError,
    UnreachableError,
    UserFacingError,
)
from desktop_app.domain.prompt import DATE, fill, today
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_
from desktop_app.repeat.repeat_store import RepeatStore

if TYPE_CHECKING:
    from datetime import datetime

    from desktop_app.backend.backend import Backend
    from desktop_app.chat.answers.answer_run import AnswerRun
    from desktop_app.collections.collection_service import Collections
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.error_note import ErrorNote
    from desktop_app.repeat.repeat import Repeat


_ASKED: Final = 2
"""The messages of a conversation that a repeat has begun: its question and the answer."""


def repeat_store(backend: Backend) -> RepeatStore:
    return RepeatStore(backend.database)


class Occurrence(NamedTuple):
    """A time of a repeat that this process has claimed, or that the user asks for now.

    Attributes:
        claimed_at: None if the user asks for it.
    """

    repeat: Repeat
    claimed_at: datetime | None = None


class Unreached(NamedTuple):
    """An occurrence whose provider could not be reached, so nothing was asked.

    Attributes:
        is_lost: True if its turn is over; it is asked again at the next look otherwise.
    """

    error: ErrorNote
    is_lost: bool


async def claim_due(backend: Backend, tried: Collection[str]) -> Occurrence | None:
    """Return an occurrence to ask now, which no other process gets; None if none is due.

    Args:
        tried: the ids of repeats that this look has asked.
    """
    moment = now()
    repeat = await backend.of(repeat_store).claim_due(moment, None, tried)
    return None if repeat is None else Occurrence(repeat, moment)


async def begin_repeat(backend: Backend, occurrence: Occurrence) -> AnswerRun | Unreached:
    """Store the question of a repeat in a new conversation, and return the run of its answer.

    Tools that would ask the user are refused, and a limit refuses as ever.

    Raises:
        UserFacingError: nothing was stored or sent; the error is recorded.
    """
    repeat = occurrence.repeat
    try:
        run = await _begin(backend, repeat)
    except UserFacingError as error:
        note = note_from_error(error)
        if unreached := await _give_back(backend, occurrence, note):
            return unreached
        await backend.of(repeat_store).add_run(repeat.id, "", note)
        raise
    await backend.of(repeat_store).add_run(repeat.id, run.answer.id, None)
    return run


async def end_repeat(
    backend: Backend, occurrence: Occurrence, conversation: Conversation, answer: Message
) -> Unreached | None:
    """Give an occurrence back if its answer has ended without reaching the provider.

    Its conversation is erased then, because the next try has one of its own. It stays, and the
    occurrence counts as asked, if the user has written in it meanwhile.
    """
    backend.consent.unattended.discard(conversation.id)  # the user may go on
    if answer.parts or answer.error is None or answer.error.code != UnreachableError.code:
        return None
    stored = await backend.conversations.get(conversation.id)
    messages = await backend.conversations.messages(conversation.id)
    if stored is None or stored.draft != Draft() or len(messages) != _ASKED:
        return None
    unreached = await _give_back(backend, occurrence, answer.error, answer.id)
    if unreached is not None:
        await backend.conversations.erase([conversation.id])
    return unreached


async def _give_back(
    backend: Backend, occurrence: Occurrence, error: ErrorNote, answer_id: str = ""
) -> Unreached | None:
    repeat, claimed_at = occurrence
    if claimed_at is None or error.code != UnreachableError.code:
        return None
    is_lost = await backend.of(repeat_store).give_back(repeat, claimed_at)
    await backend.of(repeat_store).add_run(repeat.id, "", error, replaced=answer_id)
    return Unreached(error, is_lost)


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
    settings = replace(settings, notes=await notes_in(backend, settings.folder_id))
    collections: Collections | None = backend.part("collections")
    if collections is not None:
        for part in settings.collections:
            with suppress(DocumentError):  # their drive may be missing: what was read is asked
                await collections.refresh(part.collection_id)
    backend.consent.unattended.add(conversation.id)
    return await backend.chat.begin(conversation, [], Draft(text), profile, settings)
