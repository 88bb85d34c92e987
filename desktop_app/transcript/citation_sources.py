"""The passages that each answer may cite, and the lines that list them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain.conversations.message_parts import PassagesPart
from desktop_app.domain.documents.collections import Passage, passage_link
from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.block_model import Run
from desktop_app.transcript.message_items import (
    ACTION,
    TOGGLE_PASSAGES,
    Item,
    Line,
    LineKind,
    section_line,
)
from desktop_app.widgets.text.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message

# Markup in a document's text: page and slide marks, headings, table lines.
_MARKUP: Final = re.compile(r"^(?:\[[a-z]+ \d+\]$|#{1,6} |\|[-| :]+\|$)|\|", re.MULTILINE)
_TOOLTIP_CHARACTERS: Final = 160
"""Characters of a passage in the tooltip of a citation."""
_LISTED_CHARACTERS: Final = 80
"""Characters of a passage in the list of sources."""
_MARKUP_FACTOR: Final = 10
"""The first words are taken from this many times as many characters, to allow for markup."""
_NO_PASSAGES: Final[Mapping[int, Passage]] = {}


class CitationSources:
    """The passages that each message of a path may cite, by number.

    These are the passages that were sent with the message's question or an earlier question.
    """

    def __init__(self) -> None:
        self._by_message: dict[str, Mapping[int, Passage]] = {}
        self._latest = _NO_PASSAGES

    def begin_path(self, path: Iterable[Message]) -> None:
        """Replace all passages by those of another path."""
        self._by_message = {}
        self._latest = _NO_PASSAGES
        for message in path:
            self.add_message(message)

    def add_message(self, message: Message) -> None:
        """Add the next message of the path."""
        for part in message.parts:  # `passage_parts` takes three times as long
            if isinstance(part, PassagesPart) and part.passages:
                passages = {passage.number: passage for passage in part.passages}
                self._latest = {**self._latest, **passages}
        if self._latest:
            self._by_message[message.id] = self._latest

    def numbers(self, message_id: str) -> frozenset[int]:
        """Return the numbers that a message may cite."""
        return frozenset(self._by_message.get(message_id, ()))

    def passage(self, message_id: str, number: int) -> Passage | None:
        """Return the passage that a message cites by a number; None if there is none."""
        return self._by_message.get(message_id, _NO_PASSAGES).get(number)


def citation_name(passage: Passage) -> str:
    """Return the name of a citation: "Source 3: contract.pdf, page 12"."""
    return tr("Source {number}: {source}", number=passage.number, source=one_line(passage.source))


def citation_tooltip(passage: Passage) -> str:
    """Return the tooltip of a citation: its source and the first words of the passage."""
    return f"{one_line(passage.source)}\n{_first_words(passage, _TOOLTIP_CHARACTERS)}"


def source_lines(message: Message, unfolded: Container[str]) -> list[Item]:
    """Return `› 12 passages from Contracts` per collection, and its passages if unfolded.

    `unfolded` has the actions of the unfolded collections.
    """
    lines: list[Item] = []
    for number, part in enumerate(message.passage_parts):
        count_text = _count_text(part)
        if not part.passages:
            lines.append(Line(LineKind.NOTICE, (Run(one_line(count_text)),)))
            continue
        action = f"{TOGGLE_PASSAGES}{number}"
        is_unfolded = action in unfolded
        lines.append(section_line(count_text, ACTION + action, is_unfolded=is_unfolded))
        if is_unfolded:
            lines += map(_source_line, part.passages)
    return lines


def _count_text(part: PassagesPart) -> str:
    name = part.name
    count = len(part.passages)
    sent_earlier = len(part.known)
    if not count and not sent_earlier:
        return tr("Nothing found in {name}", name=name)
    if not sent_earlier:
        return tr_plural(
            "{count} passage from {name}", "{count} passages from {name}", count, name=name
        )
    if not count:
        return tr_plural(
            "{count} passage from {name}, sent earlier",
            "{count} passages from {name}, sent earlier",
            sent_earlier,
            name=name,
        )
    return tr_plural(
        "{count} passage from {name}, {known} more sent earlier",
        "{count} passages from {name}, {known} more sent earlier",
        count,
        known=sent_earlier,
        name=name,
    )


def _source_line(passage: Passage) -> Line:
    source = one_line(f"[{passage.number}] {passage.source}")
    beginning = one_line(_first_words(passage, _LISTED_CHARACTERS))
    return Line(
        LineKind.ATTACHMENT,
        (Run(source, link=passage_link(passage.number)), Run(f"\u2003{beginning}")),
    )


def _first_words(passage: Passage, limit: int) -> str:
    text = " ".join(_MARKUP.sub(" ", passage.text[: limit * _MARKUP_FACTOR]).split())
    return text if len(text) <= limit else f"{text[:limit].rsplit(' ', 1)[0]}…"
