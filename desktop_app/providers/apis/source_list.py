"""The sources that a reply names, with the numbers by which its text cites them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from desktop_app.domain.answering.stream_events import SourcesFound
from desktop_app.domain.conversations.answer_sources import ADDRESS
from desktop_app.domain.conversations.message_parts import Source
from desktop_app.domain.graphemes import cut
from desktop_app.providers.apis import citation_marks
from desktop_app.providers.apis.code_spans import CodeSpans
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
        self._results: dict[str, list[tuple[str, str]]] = {}  # addresses, titles; by search
        self._marks: dict[str, tuple[str, ...]] = {}
        self._text: list[str] = []  # the current one, in pieces
        self._text_key: object = None
        self._annotations: list[Mapping[str, Any]] = []  # of the current text
        self._reported: tuple[object, ...] = ((), {})

    def cite(self, annotation: Mapping[str, Any], *, is_marked: bool = False) -> str:
        """Add the page or file that an annotation cites. Return its name; "" for none.

        Chat Completions nests the fields of a page under its type.

        Args:
            is_marked: the text has a mark there. Other files of a container are no sources.
        """
        kind = json_fields.text(annotation, "type")
        page = json_fields.mapping(annotation, "url_citation") or annotation
        if kind == "url_citation":
            return self._add(
                json_fields.text(page, "url"), json_fields.text(page, "title"), is_cited=True
            )
        if kind == "file_citation" or (kind == "container_file_citation" and is_marked):
            return self._add("", json_fields.text(annotation, "filename"), is_cited=True)
        return ""

    def read_text(self, piece: str, key: object = None) -> list[SourcesFound]:
        """Add a piece of the text with this key. Return the sources that its marks cite."""
        if key != self._text_key:
            self._text, self._annotations, self._text_key = [], [], key
        self._text.append(piece)
        return self.annotate() if citation_marks.END.search(piece) else []

    def annotate(self, *annotations: Mapping[str, Any]) -> list[SourcesFound]:
        """Add annotations of the current text. Return the sources that are new."""
        for annotation in annotations:
            self.cite(annotation)
        self._annotations += annotations
        self.cite_marks("".join(self._text), self._annotations)
        return self.news()

    def cite_marks(self, text: str, annotations: Sequence[Mapping[str, Any]]) -> None:
        """Add the sources that the marks in a text cite, by their annotations or their words."""
        code = CodeSpans()
        start = 0
        for mark in citation_marks.MARK.finditer(text):
            code.feed(text[start : mark.start()])
            start = mark.end()
            if code.is_open:
                continue
            at_mark = citation_marks.annotations_at(mark, annotations)
            named = [self.cite(each, is_marked=True) for each in at_mark]
            if not any(named) and mark[0] not in self._marks:
                named = [self._add(*page, is_cited=True) for page in self._pages_of(mark)]
            if names := tuple(filter(None, named)):
                self._marks[mark[0]] = names

    def _pages_of(self, mark: re.Match[str]) -> Iterator[tuple[str, str]]:
        """Yield the addresses and titles that a mark itself names, by title or by place."""
        known = [page for pages in self._results.values() for page in pages]
        known += [(source.address, source.title) for source in self._sources.values()]
        titled = {page for page in known if page[1] and page[1] == mark["name"]}
        if len(titled) == 1:
            yield from titled
            return
        searches = list(self._results.values())
        for search, item in citation_marks.named_results(mark):
            if len(searches) == 1:
                search = 0
            found = searches[search] if 0 <= search < len(searches) else []
            # OpenAI writes "source" instead of a name.
            if item < len(found) and mark["name"] in (None, "source", found[item][1]):
                yield found[item]

    def read(self, pages: Iterable[Mapping[str, Any]], search: str = "") -> None:
        """Add pages that a search has read, in the order of its results."""
        found = [(json_fields.text(page, "url"), json_fields.text(page, "title")) for page in pages]
        self._results.update({search: found} if found else {})
        for address, title in found:
            self._add(address, title)

    def find(self, files: Iterable[str], search: str) -> None:
        """Note the files that a search has found; they are sources once the text cites them."""
        if found := [("", name) for name in files]:
            self._results[search] = found

    def number(self, addresses: Sequence[str]) -> None:
        """Add pages that the text cites by their places in a list, from 1."""
        for number, address in enumerate(addresses[:MAX_SOURCES], 1):
            self._add(address, "", number=number)

    def news(self) -> list[SourcesFound]:
        """Return an event with all sources and marks if any is new or changed."""
        state = tuple(self._sources.values()), dict(self._marks)
        if state == self._reported:
            return []
        self._reported = state
        return [SourcesFound(*state)]

    def _add(self, address: str, title: str, *, number: int = 0, is_cited: bool = False) -> str:
        """Add a source, or what is new of a known one. Return its name; "" for none."""
        title = cut(" ".join(title.split()), _MAX_TITLE_CHARS)
        name = _untagged(address or title)
        if address and not ADDRESS.fullmatch(address):
            return ""
        known = self._sources.get(name)
        if not name or (known is None and len(self._sources) >= MAX_SOURCES):
            return ""
        if known is not None:
            number = known.number or number
            address, title = known.address, known.title or title
            is_cited = is_cited or known.is_cited
        if is_cited and not number:
            number = self._count + 1
        self._count = max(self._count, number)
        source = self._sources[name] = Source(number, address, title, is_cited)
        return source.name


def _untagged(name: str) -> str:
    """Return a name without OpenAI's tag.

    >>> _untagged("https://a.example/?utm_source=openai"), _untagged("a?b=1&utm_source=openai#c")
    ('https://a.example/', 'a?b=1#c')
    """
    return _OPENAI_TAG.sub("", name)
