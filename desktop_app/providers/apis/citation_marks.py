"""The marks in a text by which models cite what a search has found.

OpenAI's search models write them in private characters, with the ids of what they cite
(`turn0search3`: the fourth result of the first search). Its search in files and gpt-oss write
【4:0†name】.
Servers usually replace them; what is left is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.providers.http import json_fields

STARTS: Final = "\ue200【"
MARK: Final = lazy_pattern(
    "\ue200(?P<kind>[a-z_]{1,40})(?P<values>(?:\ue202[^\ue200\ue201\ue202]*)*)\ue201"
    r"|【[0-9]{1,4}(?::(?P<item>[0-9]{1,4}))?†(?P<name>[^【】\n]{0,300})】"
)
END: Final = lazy_pattern("[\ue201】]")
_BEGINNING: Final = lazy_pattern(
    "\ue200[a-z_]{0,40}|\ue200[a-z_]{1,40}(?:\ue202[^\ue200\ue201\ue202]*)+"
    r"|【[0-9]{0,4}|【[0-9]{1,4}:[0-9]{0,4}|【[0-9]{1,4}(?::[0-9]{1,4})?†[^【】\n]{0,300}"
)
_MAX_CHARS: Final = 2_000
_RESULT: Final = lazy_pattern("turn([0-9]{1,4})[a-z]+([0-9]{1,4})")


def may_continue(text: str) -> bool:
    """Return True if `text` is the beginning of a mark."""
    return len(text) <= _MAX_CHARS and _BEGINNING.fullmatch(text) is not None


def is_cut_mark(text: str) -> bool:
    """Return True if the beginning of a mark is no character of the user's own text."""
    return len(text) > 1 if text.startswith("\ue200") else "†" in text


def shown_words(mark: re.Match[str]) -> str:
    """Return the words in a mark: a name that it links; "" for the ids of sources."""
    words = (mark["values"] or "").split("\ue202")[1:]
    if mark["kind"] == "entity" and words:
        try:
            entity = json_fields.parse(words[0])
        except ValueError:
            return ""
        name = entity[1] if isinstance(entity, list) and len(entity) > 1 else ""
        return name if isinstance(name, str) else ""
    return words[0] if mark["kind"] in ("url", "link_title") and words else ""


def named_results(mark: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of the results that a mark names: of the search, and among its results.

    The first number of 【4:0†name】 counts messages, so it names the search -1, the only one.
    """
    for search, item in _RESULT.findall(mark["values"] or ""):
        yield int(search), int(item)
    if mark["item"]:
        yield -1, int(mark["item"])


def annotations_at(
    mark: re.Match[str], annotations: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the annotations whose range overlaps a mark, else those that touch it.

    An annotation of a file may have one place instead of a range.
    """
    overlapping, touching = [], []
    for annotation in annotations:
        fields = json_fields.mapping(annotation, "url_citation") or annotation
        place = json_fields.count(fields, "index")
        start = json_fields.count(fields, "start_index") or place
        end = json_fields.count(fields, "end_index") or place
        if end > 0 and start < mark.end() and end > mark.start():
            overlapping.append(annotation)
        elif end > 0 and start <= mark.end() and end >= mark.start():
            touching.append(annotation)
    return overlapping or touching
