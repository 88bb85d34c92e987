"""What a page to give away holds: its messages in order, and what it tells its readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from desktop_app.domain.conversations.answer_sources import sources_of
from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_facts import sent_passages
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, tool_calls
from desktop_app.domain.tools.tool_words import tool_title
from desktop_app.i18n.formatting import joined
from desktop_app.i18n.translation import tr, tr_plural


def contents_lines(
    title: str,
    messages: Sequence[Message],
    name_of_model: Callable[[str], str],
    *,
    with_details: bool,
) -> list[str]:
    """Return what a page names and holds, beside what was typed and answered, a line each."""
    files = [part for message in messages for part in message.attachments]
    pictures = [part.name for part in files if isinstance(part, ImagePart)]
    documents = [part.name for part in files if not isinstance(part, ImagePart)]
    passages = [each.source for message in messages for each in sent_passages(message)]
    sources = [each.title or each.address for m in messages for each in sources_of(m.parts)]
    models = [name_of_model(m.choice.model) for m in messages if m.choice and m.choice.model]
    calls = [call for message in messages for call in tool_calls(message.parts)]
    tools = [tool_title(call.display_name) for call in calls]
    has_reasoning = any(isinstance(p, ReasoningPart) for m in messages for p in m.parts)
    count = len(messages)
    lines = [
        tr_plural("“{title}”, {count} message", "“{title}”, {count} messages", count, title=title),
        *_named(tr("Models: {names}"), models),
        *_named(tr("Pictures, embedded: {names}"), pictures),
        *_named(tr("Documents, only their names: {names}"), documents),
    ]
    if with_details:
        lines += _named(tr("Passages of documents, with their text: {names}"), passages)
        lines += _named(tr("Tool calls and their results: {names}"), tools)
        lines += [tr("Includes reasoning.")] * has_reasoning
    else:
        sources = [*passages, *sources]
    lines += _named(tr("Sources, only their names: {names}"), sources)
    if not with_details:
        lines.append(tr("Left out: reasoning, tool calls, costs, and notices below the responses."))
    return lines


def _named(sentence: str, names: Iterable[str]) -> list[str]:
    unique = list(dict.fromkeys(names))
    return [sentence.format(names=joined(unique))] if unique else []


def with_versions(path: Iterable[Message], messages: Iterable[Message]) -> Iterator[Message | bool]:
    """Yield the messages of a path, each followed by its other versions with what they led to.

    Before the messages of another version is a True, after them a False. Versions may have versions
    in turn.
    """
    children: dict[str | None, list[Message]] = {}
    for message in messages:
        children.setdefault(message.parent_id, []).append(message)
    path = list(path)
    known_ids = {message.id for message in path}

    def newest_path(version: Message) -> Iterator[Message]:
        next_message: Message | None = version
        while next_message is not None:
            known_ids.add(next_message.id)
            yield next_message
            below = [m for m in children.get(next_message.id, ()) if m.id not in known_ids]
            next_message = below[-1] if below else None

    def with_siblings(shown: Iterable[Message]) -> Iterator[Message | list[Message]]:
        for message in shown:
            yield message
            for sibling in children.get(message.parent_id, ()):
                if sibling.id not in known_ids:
                    yield list(newest_path(sibling))

    open_paths = [with_siblings(path)]
    while open_paths:
        match next(open_paths[-1], None):
            case Message() as message:
                yield message
            case list() as version:
                yield True
                open_paths.append(with_siblings(version))
            case None:
                open_paths.pop()
                if open_paths:
                    yield False
