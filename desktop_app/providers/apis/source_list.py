"""The sources that a reply names, with the numbers by which its text cites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.answering.stream_events import SourcesFound
from desktop_app.domain.conversations.answer_sources import ADDRESS
from desktop_app.domain.conversations.message_parts import Source
from desktop_app.providers.http import json_fields

MAX_SOURCES: Final = 500
"""Sources of a reply; research reads some hundred pages."""
_MAX_TITLE_CHARS: Final = 300
_OPENAI_TAG: Final = re.compile(r"[?&]utm_source=openai(?=#|$)")
"""OpenAI appends it to the addresses of citations, but not to those of the pages that were read."""


class SourceList:
    """The sources of one reply. Cited ones are numbered from 1, in the order of their citation."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}  # by name without OpenAI's tag
        self._count = 0  # the highest number
        self._reported: tuple[Source, ...] = ()

    def cite(self, annotation: Mapping[str, Any]) -> int:
        """Add the page or file that an annotation cites. Return its number; 0 for none.

        Chat Completions nests the fields of a page under its type.
        """
        kind = json_fields.text(annotation, "type")
        page = json_fields.mapping(annotation, "url_citation") or annotation
        if kind == "url_citation":
            return self._add(
                json_fields.text(page, "url"), json_fields.text(page, "title"), is_cited=True
            )
        if kind == "file_citation":
            return self._add("", json_fields.text(annotation, "filename"), is_cited=True)
        return 0

    def read(self, pages: Iterable[Mapping[str, Any]]) -> None:
        """Add pages that a search has read."""
        for page in pages:
            self._add(json_fields.text(page, "url"), json_fields.text(page, "title"))

    def number(self, addresses: Sequence[str]) -> None:
        """Add pages that the text cites by their places in a list, from 1."""
        for number, address in enumerate(addresses[:MAX_SOURCES], 1):
            self._add(address, "", number=number)

    def news(self) -> list[SourcesFound]:
        """Return an event with all sources if one was added or changed since the last call."""
        sources = tuple(self._sources.values())
        if sources == self._reported:
            return []
        self._reported = sources
        return [SourcesFound(sources)]

    def _add(self, address: str, title: str, *, number: int = 0, is_cited: bool = False) -> int:
        """Add a source, or what is new of a known one. Return its number; 0 for none."""
        title = " ".join(title.split())[:_MAX_TITLE_CHARS]
        name = _untagged(address or title)
        if address and not ADDRESS.fullmatch(address):
            return 0
        known = self._sources.get(name)
        if not name or (known is None and len(self._sources) >= MAX_SOURCES):
            return 0
        if known is not None:
            number = known.number or number
            address, title = known.address, known.title or title
            is_cited = is_cited or known.is_cited
        if is_cited and not number:
            number = self._count + 1
        self._count = max(self._count, number)
        self._sources[name] = Source(number, address, title, is_cited)
        return number


def _untagged(name: str) -> str:
    """Return a name without OpenAI's tag.

    >>> _untagged("https://a.example/?utm_source=openai"), _untagged("a?b=1&utm_source=openai#c")
    ('https://a.example/', 'a?b=1#c')
    """
    return _OPENAI_TAG.sub("", name)
