"""A conversation as Markdown: the path shown, each message under a heading, as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from desktop_app.domain.conversation import Conversation, Message, Role
from desktop_app.domain.parts import DocumentPart, ReasoningPart

ModelName = Callable[[str], str]


def written(conversation: Conversation, path: Iterable[Message], name_of_model: ModelName) -> str:
    """The text of the file."""
    pieces = [f"# {conversation.title}"]
    for message in path:
        pieces += _message(message, name_of_model)
    return "\n\n".join(pieces) + "\n"


def heading(message: Message, name_of_model: ModelName) -> str:
    """Who speaks, and when."""
    when = message.created_at.astimezone()
    return f"{_speaker(message, name_of_model)} · {when:%Y-%m-%d %H:%M}"


def _speaker(message: Message, name_of_model: ModelName) -> str:
    if message.role is Role.USER:
        return "You"
    choice = message.choice
    if choice is None or not choice.model:
        return "Answer"
    effort = f", {choice.effort.value}" if choice.effort is not None else ""
    return name_of_model(choice.model) + effort


def _message(message: Message, name_of_model: ModelName) -> Iterator[str]:
    yield f"## {heading(message, name_of_model)}"
    for attached in message.attachments:
        pages = attached.pages if isinstance(attached, DocumentPart) else None
        yield f"Attached: {attached.name}" + (f", {pages} pages" if pages else "")
    for part in message.parts:
        if isinstance(part, ReasoningPart) and part.text.strip():
            quoted = "\n".join(f"> {line}".rstrip() for line in part.text.strip().splitlines())
            yield f"> *Reasoning*\n>\n{quoted}"
    if message.text:
        yield message.text
    if message.error is not None:
        yield f"*{message.error.what_happened}*"
