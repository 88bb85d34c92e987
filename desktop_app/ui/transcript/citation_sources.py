"""The passages that an answer may cite: those that came with its question, or an earlier one."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from desktop_app.domain.documents.collections import passage_link
from desktop_app.rendering.block_model import Run
from desktop_app.ui.transcript.message_items import ACTION, SOURCES, Item, Line, Part
from desktop_app.ui.widgets.foreign_text import one_line

if TYPE_CHECKING:
    from desktop_app.domain.conversations.conversation import Message
    from desktop_app.domain.conversations.message_parts import PassagesPart
    from desktop_app.domain.documents.collections import Passage

# What stands in a document's text beside its words: page and slide marks, headings, lines of tables.
_MARKS: Final = re.compile(r"^(?:\[[a-z]+ \d+\]$|#{1,6} |\|[-| :]+\|$)|\|", re.MULTILINE)
_FIRST_WORDS: Final = 160
_LISTED_WORDS: Final = 80
_MARKED: Final = 10
"""How many times longer a text may be that has its marks."""
_NOTHING: Final[Mapping[int, Passage]] = {}


class CitationSources:
    """The passages of a path, by message and by number."""

    def __init__(self) -> None:
        self._of: dict[str, Mapping[int, Passage]] = {}
        self._latest = _NOTHING

    def begin(self, path: Iterable[Message]) -> None:
        """Another path."""
        self._of, self._latest = {}, _NOTHING
        for message in path:
            self.add(message)

    def add(self, message: Message) -> None:
        """One more message behind the others."""
        found = {p.number: p for part in message.passage_parts for p in part.passages}
        if found:
            self._latest = {**self._latest, **found}
        if self._latest:
            self._of[message.id] = self._latest

    def numbers(self, message_id: str) -> frozenset[int]:
        """The numbers that a message may cite."""
        return frozenset(self._of.get(message_id, ()))

    def passage(self, message_id: str, number: int) -> Passage | None:
        """What a message cites by a number."""
        return self._of.get(message_id, _NOTHING).get(number)


def name_of(passage: Passage) -> str:
    """A citation in words: "source 3: contract.pdf, page 12"."""
    return f"source {passage.number}: {one_line(passage.source)}"


def hint_of(passage: Passage) -> str:
    """Where a citation leads, and the first words there."""
    return f"{one_line(passage.source)}\n{_first_words(passage, _FIRST_WORDS)}"


def source_lines(message: Message, unfolded: Container[int]) -> list[Item]:
    """`› 12 passages from Contracts`, and each of them where they are unfolded."""
    lines: list[Item] = []
    for number, part in enumerate(message.passage_parts):
        is_open, link = number in unfolded, f"{ACTION}{SOURCES}{number}"
        words = one_line(_count(part))
        if not part.passages:
            lines.append(Line(Part.NOTICE, (Run(words),)))
            continue
        mark = Run("⌄  " if is_open else "›  ", bold=True, link=link)
        lines.append(Line(Part.REASONING, (mark, Run(words, link=link))))
        lines += [_source_line(passage) for passage in part.passages if is_open]
    return lines


def _count(part: PassagesPart) -> str:
    count, known = len(part.passages), len(part.known)
    passages = f"{count or known} passage{'' if (count or known) == 1 else 's'} from {part.name}"
    if count:
        return f"{passages}, {known} more from before" if known else passages
    return f"{passages}, sent before" if known else f"Nothing was found in {part.name}"


def _source_line(passage: Passage) -> Line:
    source = one_line(f"[{passage.number}] {passage.source}")
    words = one_line(_first_words(passage, _LISTED_WORDS))
    return Line(
        Part.ATTACHMENT, (Run(source, link=passage_link(passage.number)), Run(f"\u2003{words}"))
    )


def _first_words(passage: Passage, most: int) -> str:
    words = " ".join(_MARKS.sub(" ", passage.text[: most * _MARKED]).split())
    return words if len(words) <= most else f"{words[:most].rsplit(' ', 1)[0]}…"
