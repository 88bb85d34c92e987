"""Writes a conversation as plain HTML for the clipboard.

Word processors and spreadsheets paste its tables as tables. It refers to no external resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape

from desktop_app.domain.conversations.answer_sources import sources_markdown
from desktop_app.domain.conversations.conversation import Conversation, Message, Role
from desktop_app.domain.conversations.message_facts import attachment_caption, heading_of
from desktop_app.markdown.export.html_writer import right_to_left_attributes, to_html
from desktop_app.markdown.incremental.block_stream import render


def html_pieces(
    conversation: Conversation, path: Iterable[Message], name_of_model: Callable[[str], str]
) -> Iterator[str]:
    """Yield the shown path, each message under a heading, questions as they were typed."""
    title = conversation.title
    yield f"<h1{right_to_left_attributes(title)}>{escape(title)}</h1>"
    for message in path:
        for piece in _render_message(message, name_of_model):
            yield f"\n{piece}"


def _render_message(message: Message, name_of_model: Callable[[str], str]) -> Iterator[str]:
    yield f"<h2>{escape(heading_of(message, name_of_model))}</h2>"
    for attached in message.attachments:
        yield f"<p>{escape(attachment_caption(attached))}</p>"
    if message.role is Role.USER:
        words = "<br>".join(map(escape, message.text.splitlines()))
        yield f"<p{right_to_left_attributes(message.text)}>{words}</p>"
    else:
        yield to_html(render(message.text))
        if listed := sources_markdown(message):
            yield to_html(render(listed))
    if message.error is not None:
        yield f"<p><em>{escape(message.error.what_happened)}</em></p>"
