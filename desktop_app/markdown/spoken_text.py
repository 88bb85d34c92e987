"""The sentences of a growing answer, as they are read aloud, and their language.

A screen reader's user goes through a table cell by cell. Aloud, what is no sentence is said in a
few words: code, tables, long formulas, addresses and footnotes.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from desktop_app.i18n.translation import tr, tr_plural
from desktop_app.markdown.block_model import LINE_BREAK, Block, Run
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.spoken_formula import spoken_words
from desktop_app.markdown.spoken_sentences import SentenceSplitter

_MOST_FORMULA_WORDS: Final = 8
_MOST_CODE_CHARACTERS: Final = 40
_CODE_MARKS: Final = re.compile(r"[^\w.\-/+]+|_|(?<=[a-z])(?=[A-Z])")  # of names in programs
_TAG: Final = re.compile(r"</?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>")
_TABLE_RULE: Final = re.compile(r"[\s:|-]+")
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)[^\s<>\"”»]+[^\s<>\"”».,;:!?)]")
_UNSPOKEN: Final = re.compile(r"[\u2061-\u2063\ufffc]|\[\^[^\]\s]+\]|\*\*|__|~~|`")
_POSSIBLE_END: Final = re.compile(r"(?P<mark>[.!?…])(?:[\"'”’»)\]*_`]|\s»)*\s+(?=[^\s»])|[。！？]")
_WORD_BEFORE: Final = re.compile(r"[^\s(\[\"“„«]*$")
_DOTTED: Final = re.compile(r"(?:\w{1,2}\.)+\w{1,3}")  # e.g., z.B., f.eks., m.in.
# Before a capital letter, a dot after these ends no sentence.
_ABBREVIATIONS: Final = frozenset(
    "abb bd bijv bl bzw ca cf co dr env evtl ex fig fr gen ggf hr hrsg inkl jr kl mgr mlle mme mr"
    " mrs ms np nr prof resp sr st str tab tzn vgl vol vs".split()
)


class SpokenText(SentenceSplitter):
    """The splitter of an answer that is read aloud; see the module."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = 0  # of the open table
        self._has_header = False

    def finish(self) -> list[str]:
        """Return the remaining sentences, because the answer is complete."""
        return [*super().finish(), *self._close_table()]

    def _process_line(self, line: str) -> list[str]:
        if self._fence or self._is_line_begun:
            return super()._process_line(line)
        if not line.lstrip().startswith("|"):
            return [*self._close_table(), *super()._process_line(line)]
        paragraph = self._close_paragraph()
        if _TABLE_RULE.fullmatch(line):
            self._has_header = True
        else:
            self._rows += 1
        return [paragraph]

    def _take_sentences(self) -> list[str]:
        return [*self._close_table(), *super()._take_sentences()]  # of a line that has begun

    def _close_table(self) -> list[str]:
        rows, self._rows = self._rows - self._has_header, 0
        has_table, self._has_header = rows > 0 or self._has_header, False
        return [tr_plural("Table of {count} row.", "Table of {count} rows.", rows)] * has_table

    def words_of(self, source: str) -> str:
        """Return the spoken words of a sentence, given its Markdown; "" if there are none."""
        if not source.strip():
            return ""
        words = " ".join(filter(None, map(_words_of_block, render(source.strip()))))
        return " ".join(_UNSPOKEN.sub("", words.replace(LINE_BREAK, " ")).split())

    def sentence_end(self, text: str) -> int:
        """Return where the first sentence of a paragraph ends; 0 if it is not complete."""
        for end in _POSSIBLE_END.finditer(text):
            if end["mark"] is None:
                return end.end()
            if text[end.end()].islower():
                continue
            if end["mark"] != "." or not _is_abbreviation(text[: end.start()]):
                return end.end()
        return 0


def _is_abbreviation(text: str) -> bool:
    """Return True if the dot after a text belongs to its last word, or makes it an ordinal."""
    found = _WORD_BEFORE.search(text[-40:])
    word = found[0].strip("*_`") if found else ""
    is_ordinal = word.isdigit() and len(word) <= 2  # “am 3. Oktober”, not “in 2024. Then”
    is_short = len(word) == 1 or _DOTTED.fullmatch(word) is not None
    return is_short or is_ordinal or word.lower() in _ABBREVIATIONS


def _words_of_block(block: Block) -> str:
    if block.note and block.marker:
        return tr("Footnote {name}.", name=block.marker.strip("[]^:"))
    cells = [run for row in block.rows for cell in row for run in (*cell, Run(" "))]
    return "".join(map(_words_of_run, (*block.runs, *cells)))


def _words_of_run(run: Run) -> str:
    if run.note and not run.image:
        return ""
    if run.math:
        words = spoken_words([run])
        return words if len(words.split()) <= _MOST_FORMULA_WORDS else tr("a formula")
    if run.code:
        words = _CODE_MARKS.sub(" ", run.text).strip()
        return words if words and len(run.text) <= _MOST_CODE_CHARACTERS else tr("code")
    words = spoken_words([run]) if run.image else _TAG.sub("", run.text)
    return _ADDRESS.sub(lambda found: _link_words(found[0]), words)


def _link_words(address: str) -> str:
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        host = ""
    return tr("link to {host}", host=host.removeprefix("www.")) if host else tr("link")
