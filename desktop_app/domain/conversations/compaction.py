"""Compactions: what is sent in place of the older part of a long conversation.

A compaction belongs to a message: in requests it replaces everything from the first message up to
that one. Nothing is taken out of the tree. A path that does not pass through the message, or has
been cut off before it, is sent as it stands, and an undone compaction is as good as none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from desktop_app.domain.conversations.chat_request import FAMILY_MODEL, ProviderProfile
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.spending.cost import Usage


class CompactionKind(StrEnum):
    """PROVIDER: the provider's own state, which nobody else can read. SUMMARY: text."""

    PROVIDER = "provider"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Compaction:
    """What stands for the beginning of a conversation.

    Attributes:
        message_id: the last message that it stands for.
        provider_id, model: who made it.
        body: the summary's text, or the provider's items as JSON, whole.
        tokens_before, tokens_after: what it replaces, and what it takes itself.
        undone_at: since when the messages are sent again; None while it holds.
    """

    id: str
    conversation_id: str
    message_id: str
    kind: CompactionKind
    provider_id: str
    model: str
    body: str
    created_at: datetime
    tokens_before: int
    tokens_after: int
    undone_at: datetime | None = None

    def serves(self, profile: ProviderProfile, model: str) -> bool:
        """Whether `model` at `profile` can be sent this: a provider's state means something only
        to that provider's Responses API, and to the family that made it."""
        if self.kind is CompactionKind.SUMMARY:
            return True
        same = self.provider_id == profile.id and profile.api is not Api.CHAT_COMPLETIONS
        return same and model.startswith(FAMILY_MODEL)

    def held_at(self, moment: datetime) -> bool:
        """Whether it was made before `moment`, and not undone by then."""
        undone = self.undone_at is not None and self.undone_at <= moment
        return self.created_at <= moment and not undone


@dataclass(frozen=True)
class ProviderState:
    """What a provider made of a conversation: its items as JSON, whole, and what that took."""

    items: str
    usage: Usage | None


@dataclass(frozen=True)
class SentPath:
    """What of a path is sent: the compaction, where there is one, then `messages` in order."""

    compaction: Compaction | None
    messages: tuple[Message, ...]


def sent_path(
    path: Sequence[Message],
    compactions: Iterable[Compaction],
    profile: ProviderProfile,
    model: str,
    *,
    at: datetime | None = None,
) -> SentPath:
    """What `model` at `profile` is sent of `path`: the compaction furthest down the path that
    serves it, the newest of several there, and exactly the messages behind it.

    Args:
        at: as things were then; None for now.
    """
    place = {message.id: number for number, message in enumerate(path)}
    usable = [
        c
        for c in compactions
        if c.message_id in place
        and (c.undone_at is None if at is None else c.held_at(at))
        and c.serves(profile, model)
    ]
    if not usable:
        return SentPath(None, tuple(path))
    chosen = max(usable, key=lambda c: (place[c.message_id], c.created_at))
    return SentPath(chosen, tuple(path[place[chosen.message_id] + 1 :]))


def marked(path: Sequence[Message], compactions: Iterable[Compaction]) -> dict[str, Compaction]:
    """The compactions that hold on a path, by message: the newest where there are several."""
    ids = {message.id for message in path}
    held = [c for c in compactions if c.undone_at is None and c.message_id in ids]
    return {c.message_id: c for c in sorted(held, key=lambda c: c.created_at)}


def counted_with(
    path: Sequence[Message],
    number: int,
    compaction: Compaction | None,
    compactions: Sequence[Compaction],
    profile: ProviderProfile,
) -> bool:
    """Whether the answer `path[number]` was made with `compaction` (None: with none), so that what
    the provider counted for it says what would be sent today."""
    if not compactions:
        return True
    answer = path[number]
    # The model is the answer's own; of the provider only the same one counts in the first place.
    model = answer.choice.model if answer.choice is not None else ""
    if answer.choice is not None and answer.choice.provider_id != profile.id:
        profile = replace(profile, id=answer.choice.provider_id)
    then = sent_path(path[:number], compactions, profile, model, at=answer.created_at)
    return (then.compaction and then.compaction.id) == (compaction and compaction.id)


def points_for(
    messages: Sequence[Message], has_words: Callable[[Message], bool]
) -> tuple[int, ...]:
    """Up to where `messages` can be compacted, as indices of answers, the best first.

    Best is to leave the last exchange as it is: its answer can then be made anew and its question
    edited without everything being sent again. Where that leaves too much, the last answer is next.
    """
    answers = [n for n, m in enumerate(messages) if m.role is Role.ASSISTANT and has_words(m)]
    questions = [n for n, m in enumerate(messages) if m.role is Role.USER]
    before = [n for n in answers if questions and n < questions[-1]]
    return tuple(dict.fromkeys([*before[-1:], *answers[-1:]]))
