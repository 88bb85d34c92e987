"""Splits a growing Markdown answer into sentences for a screen reader.

Each sentence is spoken once, when it is complete, without marks. At the end of code, its language
and number of lines are spoken instead of it. A table row is spoken as its cells.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.i18n.translation import tr_plural
from desktop_app.rendering.block_model import LINE_BREAK
from desktop_app.rendering.incremental.block_stream import render
from desktop_app.rendering.markdown.block_builder import CHECKED, UNCHECKED
from desktop_app.rendering.spoken_formula import spoken_words

_FENCE: Final = re.compile(
    r" {0,3}(?P<containers>(?:> ?|[-*+] |\d+[.)] )*)\s*"
    r"(?P<mark>`{3,}+(?!.*`)|~{3,})\s*(?P<language>[^\s`]*)"
)
_BEGINS: Final = re.compile(r"\s*(?:[-*+] |\d{1,9}[.)] |#{1,6} |>|\|)")
_RULE: Final = re.compile(r"[\s:|-]+")
# A sentence's end, unless a short word such as "e.g." or a lone number precedes it.
_SENTENCE_END: Final = re.compile(
    r"(?<!\b\w)(?<!\b\w\w)(?<!\d)[.!?…][\"'”’)\]*_`]*\s+(?=\S)|[。！？]"
)
_UNSPOKEN: Final = re.compile(r"[\u2061-\u2063\ufffc]|\[\^[^\]\s]+\]|\*\*|__|~~|`")
_MAX_SENTENCE_LENGTH: Final = 2_000


class SentenceSplitter:
    """Splitter of an answer whose pieces arrive one by one."""

    def __init__(self) -> None:
        self._rest = ""
        self._open = ""
        self._is_inside = False  # the beginning of this line is in `_open`
        self._fence = ""
        self._is_quoted = False  # the fence is in a quote
        self._language = ""
        self._lines = 0

    def feed(self, text: str) -> list[str]:
        """Return the sentences that are complete with this piece, in order."""
        sentences: list[str] = []
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            sentences += self._line(line)
        begins = self._fence or _BEGINS.match(self._rest) or not _is_certain_prose(self._rest)
        if self._is_inside or not begins:
            self._open, self._rest, self._is_inside = self._open + self._rest, "", True
            sentences += self._sentences()
        return [words for piece in sentences if (words := _spoken_words(piece))]

    def finish(self) -> list[str]:
        """Return the remaining sentences, because the answer is complete."""
        sentences = self.feed("\n") if self._rest or self._open else []
        if self._fence:
            sentences.append(self._code())
        if words := _spoken_words(self._flush()):
            sentences.append(words)
        return sentences

    def _line(self, line: str) -> list[str]:
        if self._is_inside:
            self._open, self._is_inside = f"{self._open}{line}\n", False
            return self._sentences()
        if self._fence:
            if self._is_quoted and not line.lstrip().startswith(">"):  # the quote has ended
                return [self._code(), *self._line(line)]
            words = (line.lstrip(" >") if self._is_quoted else line).strip()
            if words.startswith(self._fence) and not words.strip(self._fence[0]):
                return [self._code()]
            self._lines += 1
            return []
        fence = _FENCE.match(line)
        if fence is not None:
            self._fence, self._language, self._lines = fence["mark"], fence["language"], 0
            self._is_quoted = ">" in fence["containers"]
            return [self._flush()]
        if not line.strip():
            return [self._flush()]
        sentences = []
        if _BEGINS.match(line):
            sentences.append(self._flush())
            if line.lstrip().startswith("|"):
                return [*sentences, *self._row(line)]
        self._open += line + "\n"
        if line.lstrip().startswith("#"):
            return [*sentences, self._flush()]
        return [*sentences, *self._sentences()]

    def _row(self, line: str) -> list[str]:
        if _RULE.fullmatch(line):
            return []
        cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
        return [", ".join(cell for cell in cells if cell)]

    def _sentences(self) -> list[str]:
        """Return the complete sentences of the open paragraph."""
        sentences = []
        while (end := _SENTENCE_END.search(self._open)) or len(self._open) > _MAX_SENTENCE_LENGTH:
            at = (
                end.end()
                if end
                else self._open.rfind(" ", 1, _MAX_SENTENCE_LENGTH) + 1 or _MAX_SENTENCE_LENGTH
            )
            sentences.append(self._open[:at])
            self._open = self._open[at:]
        return sentences

    def _flush(self) -> str:
        words, self._open = self._open, ""
        return words

    def _code(self) -> str:
        language, self._fence = self._language, ""
        return code_summary(language, self._lines)


def _is_certain_prose(line: str) -> bool:
    """Return True if an incomplete line is certainly prose, not the start of a fence or row."""
    start = line.lstrip()
    return len(start) > 3 and start[:1] not in "`~|#->*+" and not start[:1].isdigit()


def code_summary(language: str, lines: int) -> str:
    """Return the words that are spoken for a code block."""
    if not language:
        return tr_plural("Code, {count} line", "Code, {count} lines", lines)
    return tr_plural(
        "{language} code, {count} line", "{language} code, {count} lines", lines, language=language
    )


def _spoken_words(piece: str) -> str:
    if not piece.strip():
        return ""
    texts = []
    for block in render(piece.strip()):
        if block.marker in (CHECKED, UNCHECKED):
            texts.append(block.marker)
        texts += [spoken_words(cell) for row in block.rows for cell in row]
        texts.append(spoken_words(block.runs))
    words = " ".join(filter(str.strip, texts))
    return " ".join(_UNSPOKEN.sub("", words.replace(LINE_BREAK, " ")).split())
