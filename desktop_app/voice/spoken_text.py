"""The sentences of a growing answer, as they are read aloud, and their language.

A screen reader's user goes through a table cell by cell. Aloud, what is no sentence is said in a
few words: code, tables, long formulas, addresses and footnotes.
"""

from __future__ import annotations

import re
from collections import Counter
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
# The most frequent words, and the letters, of languages in the Latin script. Several share
# some, so that none wins because of those. py3langid would add 4.6 MB and numpy.
_FREQUENT: Final = {
    "cs": "a v je na se že to s z do pro o jako za by ale jsou který nebo jeho po být není ten "
    "ě ř ů ý",
    "de": "der die und das ist nicht in den zu ein eine mit auf für von sich auch wird dem des "
    "es sie ich wenn werden oder im sind als bei einen einer nach kann aus wie haben dort "
    "ä ö ü ß",
    "en": "the and of to in is that it for you with on are this be as have not or from was can "
    "will an by your at if but which",
    "es": "de la que el en y los se del las un por con no una su para es al lo como más pero "
    "sus le ya o este sí porque esta entre cuando muy sin sobre también hay está puede ñ "
    "¿ ¡",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se "
    "il ce avec sont vous je ou cette aux mais nous être votre peut ces œ ê",
    "it": "di e il che la è per un in non una del sono le con si della i da come al lo dei nel "
    "alla più anche questo gli delle ma ha ho se o quando puoi essere ò ù ì",
    "nb": "og i det er på som en til av for at ikke med har den jeg vi kan om fra de et eller "
    "du å også men seg skal hvis dette æ ø",
    "nl": "de het een van en in is dat op te zijn voor met die niet er aan om als ook door naar "
    "uit maar bij wordt je of kan worden deze heeft",
    "pl": "w i na z się nie do to że jest o jak ale za od po są dla przez co czy lub tylko może "
    "oraz ten tym jego być jeśli które ł ż ś ć ź ą ę ń",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao "
    "ele das à seu sua ou quando muito nos já também são você isso pelo está ã õ",
    "sv": "och i att det som en på är av för med till den har de inte om ett men var jag från "
    "kan eller du så ska detta ä å",
}
_LANGUAGES_OF_WORD: Final[dict[str, set[str]]] = {}
for _language, _words in _FREQUENT.items():
    for _word in _words.split():
        _LANGUAGES_OF_WORD.setdefault(_word, set()).add(_language)
_LEAD: Final = 2
"""The frequent words by which another language must lead the default."""
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("uk", re.compile(r"[іїєґ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
_SEEN_CHARS: Final = 2_000  # of a text, for its language


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


def language_of(text: str, default: str) -> str:
    """Return the language of a text by ISO 639-1: the default unless another clearly wins."""
    text = text[:_SEEN_CHARS].lower()
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        if letters and len(script.findall(text)) * 4 >= letters:
            return language
    counts = Counter(
        language
        for word in (*re.findall(r"\w+", text), *re.findall(r"[¿¡]|(?!\w\b)[^\W\x00-\x7f]", text))
        for language in _LANGUAGES_OF_WORD.get(word, ())
    )
    best = max(counts, key=lambda language: counts[language], default=default)
    return best if counts[best] >= counts[default] + _LEAD else default
