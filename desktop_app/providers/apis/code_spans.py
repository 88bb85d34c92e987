"""Tells whether the end of a growing Markdown text is inside code."""

from __future__ import annotations

import re
from typing import Final

_TOKENS: Final = re.compile(r"\n|`+|~+|[^\n`~]+")
_SPECIAL: Final = re.compile("[\n`~]")
_MIN_FENCE: Final = 3
_PREFIX: Final = frozenset(" \t>*+-.)0123456789")
"""The characters before a fence: indentation, and the marks of quotes and list items."""


class CodeSpans:
    """The open fence or code span at the end of a text.

    The result depends on the text alone, not on its pieces. Indented code does not count, because
    list items are indented too.
    """

    def __init__(self) -> None:
        self._fence = ""  # the characters that opened the fence; "" outside of one
        self._may_open = ""  # a fence that this line opens, unless it has another backtick
        self._may_close = False  # this line closes the fence, unless it has more than spaces
        self._span = 0  # the backticks that opened the span
        self._run = ""  # backticks or tildes at the end, of which more may come
        self._is_at_start = True  # of a line
        self._is_blank = True  # the line has no text

    def feed(self, text: str) -> None:
        if not self._run and not _SPECIAL.search(text):
            self._on_words(text)
            return
        for token in _TOKENS.findall(text):
            if self._run and token[0] != self._run[0]:
                self._end_run()
            if token == "\n":
                self._end_line()
            elif token[0] in "`~":
                self._run += token
            else:
                self._on_words(token)

    @property
    def is_open(self) -> bool:
        """Return True if text that follows now is code, provided that no backtick is first."""
        if self._run:
            self._end_run()
        return bool(self._fence or self._may_open or self._span)

    def _on_words(self, text: str) -> None:
        if text.isspace() or not text:
            return
        self._is_blank = False
        self._may_close = False
        if self._is_at_start and not _PREFIX.issuperset(text):
            self._is_at_start = False

    def _end_run(self) -> None:
        run, self._run = self._run, ""
        is_fence = self._is_at_start and len(run) >= _MIN_FENCE
        self._is_at_start = self._is_blank = False
        if self._fence:
            self._may_close = is_fence and run.startswith(self._fence)
        elif is_fence and not self._span:
            self._may_open = run
        elif run[0] == "`":
            if self._may_open.startswith("`"):  # a span, on one line
                self._span, self._may_open = len(self._may_open), ""
            if not self._span:
                self._span = len(run)
            elif self._span == len(run):
                self._span = 0

    def _end_line(self) -> None:
        if self._may_close:
            self._fence = ""
        elif self._may_open:
            self._fence = self._may_open
        if self._is_blank:  # a span does not go beyond its paragraph
            self._span = 0
        self._may_open, self._may_close = "", False
        self._is_at_start = self._is_blank = True
