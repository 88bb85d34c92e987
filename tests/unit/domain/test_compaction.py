"""The messages sent for a path whose beginning is compacted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.conversations.compaction import (
    Compaction,
    CompactionKind,
    SentPath,
    compaction_points,
    compactions_by_message,
    last_change,
    sent_path,
)
from desktop_app.domain.conversations.conversation import Message, MessageStatus, ModelChoice, Role
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.model_catalog import Api
from desktop_app.providers.gateway.environment_profiles import COMETAPI, OPENAI

START = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "gpt-5.2"


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def a_message(number: int, parent: int | None, role: Role, minutes: float = 0) -> Message:
    return Message(
        f"m{number}",
        "c",
        None if parent is None else f"m{parent}",
        role,
        MessageStatus.COMPLETE,
        (TextPart(f"text {number}"),),
        at(minutes),
        ModelChoice(OPENAI.id, MODEL),
    )


def a_compaction(message: str, minutes: float = 0, **changes: object) -> Compaction:
    made = Compaction(
        f"k{message}{minutes}",
        "c",
        message,
        CompactionKind.SUMMARY,
        OPENAI.id,
        MODEL,
        "what was said",
        at(minutes),
        1000,
        10,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def a_path(length: int) -> list[Message]:
    roles = (Role.USER, Role.ASSISTANT)
    return [a_message(n, n - 1 if n else None, roles[n % 2], minutes=n) for n in range(length)]


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[Message], list[int | None]]:
    """Draw the messages of a tree, each with an earlier parent or none."""
    size = draw(st.integers(1, 24))
    parents = [
        draw(st.none() | st.integers(0, number - 1)) if number else None for number in range(size)
    ]
    roles = [draw(st.sampled_from(Role)) for _ in range(size)]
    made = [a_message(n, parents[n], roles[n], minutes=n) for n in range(size)]
    return made, parents


@given(trees(), st.data())
def test_the_compaction_and_all_later_messages_of_any_branch_are_sent(
    tree: tuple[list[Message], list[int | None]], data: st.DataObject
) -> None:
    messages, parents = tree
    size = len(messages)
    points = data.draw(st.lists(st.integers(0, size - 1), max_size=4))
    undone = [data.draw(st.booleans()) for _ in points]
    compactions = [
        a_compaction(f"m{p}", n, id=f"k{n}", undone_at=at(99) if gone else None)
        for n, (p, gone) in enumerate(zip(points, undone, strict=True))
    ]
    leaf: int | None = data.draw(st.integers(0, size - 1))
    line: list[int] = []
    while leaf is not None:
        line.insert(0, leaf)
        leaf = parents[leaf]

    sent = sent_path([messages[n] for n in line], compactions, OPENAI, MODEL)

    on_path = [p for p, gone in zip(points, undone, strict=True) if p in line and not gone]
    deepest = max(on_path, key=line.index, default=None)
    behind = line if deepest is None else line[line.index(deepest) + 1 :]
    assert [m.id for m in sent.messages] == [f"m{n}" for n in behind]
    assert (sent.compaction and sent.compaction.message_id) == (
        None if deepest is None else f"m{deepest}"
    )


def test_the_newest_compaction_of_a_message_is_sent() -> None:
    path = a_path(4)
    old, new = a_compaction("m1", 10), a_compaction("m1", 20)
    assert sent_path(path, [new, old], OPENAI, MODEL).compaction == new
    assert sent_path(path, [replace(new, undone_at=at(30)), old], OPENAI, MODEL).compaction == old


def test_a_provider_state_is_sent_only_to_its_provider_and_model_family() -> None:
    path = a_path(6)
    state = a_compaction("m3", kind=CompactionKind.PROVIDER)
    whole = SentPath(None, tuple(path))
    assert sent_path(path, [state], OPENAI, "gpt-5.2-pro").compaction == state
    assert sent_path(path, [state], OPENAI, "gpt-5-mini") == whole
    assert sent_path(path, [state], COMETAPI, MODEL) == whole
    assert sent_path(path, [state], replace(OPENAI, api=Api.CHAT_COMPLETIONS), MODEL) == whole
    summary = a_compaction("m1")
    assert sent_path(path, [state, summary], COMETAPI, MODEL).compaction == summary


def test_a_token_count_is_valid_after_the_last_change_of_compactions() -> None:
    path = a_path(8)  # asked at minutes 0 to 7

    def valid(*compactions: Compaction) -> list[int]:
        changed_at = last_change(compactions)
        return [n for n, message in enumerate(path) if message.created_at > changed_at]

    made = a_compaction("m3", 4.5)
    assert valid() == [*range(8)]
    assert valid(made) == [5, 6, 7]
    assert valid(made, replace(made, undone_at=at(5.5))) == [6, 7]
    assert valid(replace(made, created_at=at(5))) == [6, 7]


def test_the_last_exchange_is_not_compacted_if_possible() -> None:
    def words(message: Message) -> bool:
        return bool(message.text)

    path = a_path(6)
    assert compaction_points(path, words) == (3, 5)
    assert compaction_points(path[:2], words) == (1,)
    assert compaction_points(path[:1], words) == ()
    failed = [*path[:5], replace(path[5], parts=())]
    assert compaction_points(failed, words) == (3,)


def test_compactions_in_force_are_found_by_message() -> None:
    path = a_path(6)
    held, gone = a_compaction("m3"), a_compaction("m1", undone_at=at(9))
    assert compactions_by_message(path, [held, gone, a_compaction("elsewhere")]) == {"m3": held}
