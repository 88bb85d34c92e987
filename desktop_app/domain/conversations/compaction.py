"""Compactions: replacements for the older part of a long conversation in requests.

A compaction belongs to a message: in requests it replaces that message and all before it. The
messages stay in the conversation. A path that does not contain the message is sent without the
compaction, and so is a path whose compaction was undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from desktop_app.domain.answering.chat_request import FAMILY_MODEL, ProviderProfile
from desktop_app.domain.conversations.conversation import Message, Role
from desktop_app.domain.cost import Usage
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.value import Value


class CompactionKind(StrEnum):
    """The form of a compaction.

    PROVIDER: the provider's own state, which nobody else can read. SUMMARY: text.
    """

    PROVIDER = "provider"
    SUMMARY = "summary"


class Compaction(Value, frozen=True):
    """A replacement for the beginning of a conversation.

    Attributes:
        message_id: the last message that it replaces.
        provider_id, model: the provider and model that made it.
        body: the summary's text, or the provider's items as JSON.
        tokens_before: the tokens of the messages that it replaces.
        tokens_after: the tokens of the compaction.
        undone_at: the time when it was undone; None if it was not.
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

    def is_usable_by(self, profile: ProviderProfile, model: str) -> bool:
        """Return True if `model` at `profile` can use this compaction.

        A provider's state means something only to that provider's Responses API, and to the model
        family that made it.
        """
        if self.kind is CompactionKind.SUMMARY:
            return True
        is_same_api = self.provider_id == profile.id and profile.api is not Api.CHAT_COMPLETIONS
        return is_same_api and model.startswith(FAMILY_MODEL)


class ProviderState(Value, frozen=True):
    """A provider's compacted state: its items as JSON, and the usage of the call, if reported."""

    items: str
    usage: Usage | None


class SentPath(Value, frozen=True):
    """The part of a path that is sent: a compaction, if any, then `messages` in order."""

    compaction: Compaction | None
    messages: tuple[Message, ...]


def sent_path(
    path: Sequence[Message], compactions: Sequence[Compaction], profile: ProviderProfile, model: str
) -> SentPath:
    """Return the part of `path` that is sent to `model` at `profile`.

    It begins with the compaction that replaces the most messages; of several, with the newest.
    """
    if not compactions:
        return SentPath(None, tuple(path))
    index_by_id = {message.id: number for number, message in enumerate(path)}
    usable = [
        c
        for c in compactions
        if c.message_id in index_by_id and c.undone_at is None and c.is_usable_by(profile, model)
    ]
    if not usable:
        return SentPath(None, tuple(path))
    latest = max(usable, key=lambda c: (index_by_id[c.message_id], c.created_at))
    return SentPath(latest, tuple(path[index_by_id[latest.message_id] + 1 :]))


def compactions_by_message(
    path: Sequence[Message], compactions: Iterable[Compaction]
) -> dict[str, Compaction]:
    """Return the newest compaction in force of each message of a path, by message id."""
    ids = {message.id for message in path}
    in_force = [c for c in compactions if c.undone_at is None and c.message_id in ids]
    return {c.message_id: c for c in sorted(in_force, key=lambda c: c.created_at)}


def last_change(compactions: Iterable[Compaction]) -> datetime:
    """Return the time when a compaction was last made or undone.

    The token count that came with an earlier answer is not valid for the next request.
    """
    times = [each.undone_at or each.created_at for each in compactions]
    return max(times, default=datetime.min.replace(tzinfo=UTC))


def compaction_points(
    messages: Sequence[Message], has_content: Callable[[Message], bool]
) -> tuple[int, ...]:
    """Return the indices of the answers up to which `messages` can be compacted, best first.

    The best one leaves the last exchange out, so that its question can be edited and its answer
    regenerated without sending all messages again. The second best is the last answer.
    """
    answers = [n for n, m in enumerate(messages) if m.role is Role.ASSISTANT and has_content(m)]
    questions = [n for n, m in enumerate(messages) if m.role is Role.USER]
    earlier_answers = [n for n in answers if questions and n < questions[-1]]
    return tuple(dict.fromkeys([*earlier_answers[-1:], *answers[-1:]]))
