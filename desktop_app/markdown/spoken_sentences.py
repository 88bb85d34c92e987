"""Splits a growing Markdown answer into sentences for a screen reader.

Each sentence is spoken once, when it is complete, without Markdown's marks. Code is not spoken:
only its language and number of lines are, at its end. The cells of a table row are a sentence.
"""

from __future__ import annotations

import re
from typing import Final

from desktop_app.i18n.translation import tr_plural
from desktop_app.markdown.block_model import LINE_BREAK, Runs
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.block_builder import CHECKED, UNCHECKED
from desktop_app.markdown.spoken_formula import spoken_words

_FENCE: Final = re.compile(
    r" {0,3}(?P<containers>(?:> ?|[-*+] |\d+[.)] )*)\s*"
    r"(?P<mark>`{3,}+(?!.*`)|~{3,})\s*(?P<language>[^\s`]*)"
)
_BLOCK_START: Final = re.compile(r"\s*(?:[-*+] |\d{1,9}[.)] |#{1,6} |>|\|)")
_TABLE_RULE: Final = re.compile(r"[\s:|-]+")
# A sentence's end, unless a short word such as "e.g." or a digit precedes it.
_SENTENCE_END: Final = re.compile(
    r"(?<!\b\w)(?<!\b\w\w)(?<!\d)[.!?…][\"'”’)\]*_`]*\s+(?=\S)|[。！？]"
)
_UNSPOKEN: Final = re.compile(r"[\u2061-\u2063\ufffc]|\[\^[^\]\s]+\]|\*\*|__|~~|`")
_MAX_SENTENCE_LENGTH: Final = 2_000
"""Characters; a longer sentence is spoken in parts. An arbitrary number."""


class SentenceSplitter:
    """Splitter of an answer whose text arrives in pieces."""

    def __init__(self) -> None:
        self._incomplete_line = ""  # not part of `_paragraph` yet
        self._paragraph = ""  # the open paragraph, without the sentences that were returned
        self._is_line_begun = False  # the beginning of the current line is in `_paragraph`
        self._fence = ""  # the backticks or tildes of the open fence
        self._is_quoted = False  # the fence is in a quote
        self._language = ""
        self._line_count = 0

    def feed(self, text: str) -> list[str]:
        """Return the sentences that are complete with this piece, in order."""
        sentences: list[str] = []
        text = (self._incomplete_line + text).replace("\r\n", "\n")
        *lines, last_line = text.split("\n")
        for line in lines:
            sentences += self._process_line(line)
        is_prose = not self._fence and _is_certain_prose(last_line)
        if not self._fence and len(last_line) > _MAX_SENTENCE_LENGTH and not self._is_line_begun:
            # Neither a fence nor a row that is worth reading as one; its words are not held back.
            sentences.append(self._close_paragraph())
            is_prose = True
        if self._is_line_begun or is_prose:
            self._paragraph += last_line
            last_line = ""
            self._is_line_begun = True
            sentences += self._take_sentences()
        if self._fence:
            # The beginning of a line shows whether the line ends the code. The rest is not spoken.
            last_line = last_line[:_MAX_SENTENCE_LENGTH]
        self._incomplete_line = last_line
        return [words for sentence in sentences if (words := self.words_of(sentence))]

    def finish(self) -> list[str]:
        """Return the remaining sentences, because the answer is complete."""
        sentences: list[str] = []
        if self._incomplete_line or self._paragraph:
            sentences += self.feed("\n")
        if self._fence:
            sentences.append(self._close_code())
        if words := self.words_of(self._close_paragraph()):
            sentences.append(words)
        return sentences

    def words_of(self, source: str) -> str:
        """Return the spoken words of a sentence, given its Markdown; "" if there are none."""
        return _words_of_sentence(source)

    def sentence_end(self, text: str) -> int:
        """Return where the first sentence of a paragraph ends; 0 if it is not complete."""
        end = _SENTENCE_END.search(text)
        return end.end() if end else 0

    def _process_line(self, line: str) -> list[str]:
        if self._is_line_begun:
            self._paragraph += f"{line}\n"
            self._is_line_begun = False
            return self._take_sentences()
        if self._fence:
            if self._is_quoted and not line.lstrip().startswith(">"):  # the quote has ended
                return [self._close_code(), *self._process_line(line)]
            if self._is_quoted:
                line = line.lstrip(" >")
            code = line.strip()
            # A closing fence is at least as long as the opening one, and has nothing after it.
            if code.startswith(self._fence) and not code.strip(self._fence[0]):
                return [self._close_code()]
            self._line_count += 1
            return []
        fence = _FENCE.match(line)
        if fence is not None:
            self._fence = fence["mark"]
            self._language = fence["language"]
            self._line_count = 0
            self._is_quoted = ">" in fence["containers"]
            return [self._close_paragraph()]
        if not line.strip():
            return [self._close_paragraph()]
        sentences = []
        if _BLOCK_START.match(line):
            sentences.append(self._close_paragraph())
            if line.lstrip().startswith("|"):
                if _TABLE_RULE.fullmatch(line):
                    return sentences
                cells = (cell.strip() for cell in line.strip().strip("|").split("|"))
                return [*sentences, ", ".join(cell for cell in cells if cell)]
        self._paragraph += line + "\n"
        if line.lstrip().startswith("#"):
            return [*sentences, self._close_paragraph()]
        return [*sentences, *self._take_sentences()]

    def _take_sentences(self) -> list[str]:
        """Remove the complete sentences from the open paragraph, and return them."""
        sentences = []
        text = self._paragraph
        start = 0
        while True:
            beginning = text[start : start + _MAX_SENTENCE_LENGTH]
            cut = self.sentence_end(beginning)
            if not cut and len(text) - start > _MAX_SENTENCE_LENGTH:
                cut = beginning.rfind(" ", 1) + 1 or _MAX_SENTENCE_LENGTH
            if not cut:
                break
            sentences.append(beginning[:cut])
            start += cut
        self._paragraph = text[start:]
        return sentences

    def _close_paragraph(self) -> str:
        """Return the rest of the open paragraph, and begin another one."""
        paragraph = self._paragraph
        self._paragraph = ""
        return paragraph

    def _close_code(self) -> str:
        """Leave the code block, and return the words for it."""
        self._fence = ""
        return code_summary(self._language, self._line_count)


def _is_certain_prose(line: str) -> bool:
    """Return True if an incomplete line is certainly prose, not the start of a fence or row."""
    if _BLOCK_START.match(line):
        return False
    words = line.lstrip()
    if len(words) <= 3:  # too short to be certain
        return False
    return words[0] not in "`~|#->*+" and not words[0].isdigit()


def code_summary(language: str, line_count: int) -> str:
    """Return the words that are spoken in place of a code block."""
    if not language:
        return tr_plural("Code, {count} line", "Code, {count} lines", line_count)
    return tr_plural(
        "{language} code, {count} line",
        "{language} code, {count} lines",
        line_count,
        language=language,
    )


def _words_of_sentence(source: str) -> str:
    """Return the spoken words of a sentence, given its Markdown; "" if there are none."""
    if not source.strip():
        return ""
    texts = []
    for block in render(source.strip()):
        if block.marker[-1:] in (CHECKED, UNCHECKED):
            texts.append(block.marker[-1:])
        texts += [_without_marks(cell) for row in block.rows for cell in row]
        texts.append(_without_marks(block.runs))
    words = " ".join(filter(str.strip, texts))
    return " ".join(_UNSPOKEN.sub("", words.replace(LINE_BREAK, " ")).split())


def _without_marks(runs: Runs) -> str:
    """Return the spoken words of runs without the marks of footnotes."""
    return spoken_words(run for run in runs if run.image or not run.note)
