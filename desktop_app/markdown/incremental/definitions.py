"""The link and footnote definitions of a growing source, which parsing any part of it needs."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from desktop_app.markdown.incremental.open_tail import Parse
from desktop_app.markdown.parsing.citations import CITED
from desktop_app.markdown.parsing.loose_lists import (
    mark_loose_lists,
    may_become_item,
    restore_lists,
)
from desktop_app.markdown.parsing.parser import EXPECTS_NOTES, parser

if TYPE_CHECKING:
    from markdown_it.token import Token

    from desktop_app.markdown.incremental.open_tail import ParserContext

# Escapes are matched first. Otherwise each escaped bracket would start a search of its own, which
# reads a thousand characters.
_LABEL: Final = re.compile(r"\\.|\[((?:\\.|[^\[\]\\]){1,999})\]", re.DOTALL)


class Definitions:
    """The definitions so far, which every parse of a part of the source uses and extends."""

    def __init__(self, cited: frozenset[int]) -> None:
        """`cited` are the numbers of the passages that the source may cite."""
        self._cited = cited
        self._references: dict[str, Any] = {}
        self._notes: set[str] = set()  # the labels of footnotes after ":", as the parser has them
        self._expects_notes = True  # marks count as footnotes before their definitions arrive

    def mark_complete(self) -> None:
        """Expect no more definitions, because the source is complete."""
        self._expects_notes = False

    def parse(
        self,
        source: str,
        context: ParserContext,
        *,
        expects_notes: bool = True,
        is_final: bool = False,
    ) -> Parse:
        """Parse a part of the source, and record the definitions that it adds."""
        known_count = len(self._references)
        env = self.env(expects_notes=expects_notes)
        tokens = parser().parse(source, env)
        resumed = restore_lists(tokens, context.continued_lists)
        is_undecided = not is_final and (context.inside or may_become_item(source))
        end = source.count("\n") if is_undecided else len(source)
        tail_lines = range(context.lines, end)
        mark_loose_lists(tokens, source, env, tail_lines, marks_above=context.marks_above)
        parse = Parse(tokens, context, source, resumed)
        for label in islice(reversed(self._references), len(self._references) - known_count):
            parse.labels[label] = self._references[label]["map"][0]
        if len(env["footnotes"]["refs"]) > len(self._notes):
            for label, line in _lines_of_notes(tokens).items():
                if ":" + label not in self._notes:
                    self._notes.add(":" + label)
                    parse.labels["^" + label] = line
        return parse

    def env(self, *, expects_notes: bool = True) -> dict[str, Any]:
        """Return the known definitions as the parser's environment."""
        footnotes = {"refs": dict.fromkeys(self._notes, -1), "list": {}}
        return {
            "references": self._references,
            "footnotes": footnotes,
            CITED: self._cited,
            EXPECTS_NOTES: expects_notes and self._expects_notes,
        }

    def is_defined(self, name: str) -> bool:
        """Return True if a link, or a footnote ("^" and its label), is defined."""
        return name in self._references or (name[:1] == "^" and f":{name[1:]}" in self._notes)

    def forget_labels(self, labels: dict[str, int]) -> None:
        """Remove definitions that are not settled yet, because they are parsed again."""
        for label in labels:
            if label.startswith("^"):
                self._notes.discard(":" + label[1:])
            self._references.pop(label, None)


def _lines_of_notes(tokens: list[Token]) -> dict[str, int]:
    """Return the line of each footnote's first definition."""
    lines: dict[str, int] = {}
    for token in tokens:
        if token.type == "footnote_reference_open" and token.map is not None:
            lines.setdefault(token.meta["label"], token.map[0])
    return lines


def names_in(text: str) -> set[str]:
    """Return the labels that a text may name: normalized, and for footnotes also as written."""
    from markdown_it.common.utils import normalizeReference

    names: set[str] = set()
    if "[" not in text:
        return names
    for match in _LABEL.finditer(text):
        if name := match[1]:  # None for an escape
            names.add(normalizeReference(name))
            if name.startswith("^"):
                names.add(name)
    return names
