"""The sources of answers: which of them the text cites, and their list as Markdown.

A source is cited if the server says so, or if its number stands in square brackets in the text, as
in `[2]` or `[1, 3]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from desktop_app.domain.conversations.conversation import Message
from desktop_app.domain.conversations.message_parts import Part, Source, SourcesPart, tool_calls
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.tools.tool_words import escape_hidden
from desktop_app.i18n.translation import tr

ADDRESS: Final = lazy_pattern(r"https?://[^\s<>\"\x00-\x1f\x7f]{1,8000}")
"""The addresses that sources may have."""
_MARKS: Final = lazy_pattern(r"\[(\d{1,9}(?:\s*[,–-]\s*\d{1,9})*)\]")
_NUMBER: Final = lazy_pattern(r"\d+")
_MARKUP_CHARACTERS: Final = lazy_pattern(r"([\\\[\]<>`*_])")
_MAX_TITLE_CHARS: Final = 200


class AnswerSources(NamedTuple):
    """The sources of an answer: those that its text cites, and the others."""

    cited: tuple[Source, ...] = ()
    read: tuple[Source, ...] = ()


def sources_of(parts: Iterable[Part]) -> tuple[Source, ...]:
    return next((part.sources for part in parts if isinstance(part, SourcesPart)), ())


def answer_sources(message: Message) -> AnswerSources:
    """Return the sources of an answer that its text cites, by their numbers, and the others."""
    sources = sources_of(message.parts)
    if not sources:
        return AnswerSources()
    marked = marked_numbers(message.text)
    cited = [each for each in sources if each.is_cited or each.number in marked]
    read = [each for each in sources if each not in cited]
    return AnswerSources(tuple(cited), tuple(read))


def citation(parts: Iterable[Part], names: Iterable[str]) -> str:
    """Return the numbers of sources as the text cites them, as in `[1, 3]`; "" for none."""
    numbers = {source.name: source.number for source in sources_of(parts)}
    cited = sorted({numbers.get(name, 0) for name in names} - {0})
    return f"[{', '.join(map(str, cited))}]" if cited else ""


def marked_numbers(text: str) -> set[int]:
    """Return the numbers from 1 in square brackets.

    >>> sorted(marked_numbers("It rains [2], [4, 5]; a[x] and [12a] are no marks."))
    [2, 4, 5]
    """
    marks = _MARKS.findall(text)
    return {int(number) for mark in marks for number in _NUMBER.findall(mark)} - {0}


def merged_sources(former: Sequence[Source], found: Iterable[Source]) -> tuple[Source, ...]:
    """Return the sources so far with those found since, numbered ones first.

    Of a number that has two sources, the later one gets the next free number: requests of an answer
    number their sources independently.
    """
    by_name = {source.name: source for source in former}
    taken = {source.number: source.name for source in former if source.number}
    for source in found:
        known = by_name.get(source.name)
        number = (known.number if known is not None else 0) or source.number
        if number and taken.setdefault(number, source.name) != source.name:
            number = max(taken) + 1
            taken[number] = source.name
        title = source.title or (known.title if known is not None else "")
        is_cited = source.is_cited or (known is not None and known.is_cited)
        by_name[source.name] = Source(number, source.address, title, is_cited)
    return tuple(sorted(by_name.values(), key=lambda each: (not each.number, each.number)))


def host_of(source: Source) -> str:
    """Return the host of a page, with codes for letters that could look like others."""
    host = escape_hidden(source.address).partition("://")[2]
    return re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2]


def source_link(source: Source) -> str:
    """Return a source as a Markdown link with the title as plain text, or the name of a file."""
    title = shorten(" ".join(source.title.split()), _MAX_TITLE_CHARS)
    title = _MARKUP_CHARACTERS.sub(r"\\\1", title) or source.address
    # Addresses have no spaces and angle brackets; parentheses would end the link early.
    address = source.address.replace("(", "%28").replace(")", "%29")
    return f"[{title}]({address})" if address else title


def unnamed_sources(message: Message) -> str:
    """Return the list of the cited sources that neither text nor results of tools name.

    A later request contains it, so that the model knows the pages of its marks.
    """
    cited = [s for s in answer_sources(message).cited if s.name not in message.text]
    if any(not call.is_hosted for call in tool_calls(message.parts)):
        return ""
    return _list_of("Sources:", cited) if cited else ""


def sources_markdown(message: Message, *, with_read: bool = True) -> str:
    """Return the list of an answer's sources below its text, as Markdown; "" for none.

    Args:
        with_read: also list the sources that the text does not cite.
    """
    cited, read = answer_sources(message)
    lists = []
    if cited:
        lists.append(_list_of(tr("Sources:"), cited))
    if read and with_read:
        lists.append(_list_of(tr("Also read:"), read))
    return "\n\n".join(lists)


def sources_below(message: Message) -> str:
    """Return the list of the cited sources as it follows the text in copies; "" for none.

    JSON stays unchanged: a list after it would make it invalid.
    """
    if message.text.lstrip().startswith(("{", "[{", '["')):
        return ""
    listed = sources_markdown(message, with_read=False)
    return f"\n\n{listed}" if listed else ""


def _list_of(heading: str, sources: Iterable[Source]) -> str:
    lines = [
        f"- [{source.number}] {source_link(source)}"
        if source.number
        else f"- {source_link(source)}"
        for source in sources
    ]
    return "\n".join((heading, "", *lines))
