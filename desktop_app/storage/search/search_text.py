"""Text folding for the search: words, and scripts without spaces as pairs of characters.

SQLite's tokenizer takes a run of Chinese or Japanese for one word, so that nothing inside it is
found. Such runs are indexed as overlapping pairs, followed by the last character alone: 日本語
becomes 日本 本語 語. A query of two or more characters is searched as the phrase of its pairs, to
which the last character is added only if another word follows (日本go). A query of one character is
a prefix of pairs. The tokenizer also ignores emoji and other signs. In texts and in queries, each
therefore becomes a word of its own: a private-use character, which the tokenizer takes for a
letter.

Words are removed from the index by computing them again. A change to this folding therefore needs
a migration that rebuilds the index.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import islice, pairwise
from typing import Final, NamedTuple

from desktop_app.domain.documents.letter_folding import fold, fold_pieces, unspaced_run

MATCH_START: Final = "\x02"
MATCH_END: Final = "\x03"
SNIPPET_LENGTH: Final = 160
_SNIPPET_LEAD_CHARS: Final = 40
# Users type short queries. A long text, pasted by mistake, is cut.
_MAX_TERMS: Final = 32
_MAX_QUERY_CHARS: Final = 1000
# Characters searched at once, and those after them, in which a match may end. A match is rarely
# longer than a query (`_MAX_QUERY_CHARS`). The exact numbers are arbitrary.
_SEARCH_CHUNK_CHARS: Final = 50_000
_MATCH_OVERLAP_CHARS: Final = 2_000
_PIECE_CHARS: Final = 50_000
_MAX_INDEX_BYTES: Final = 60 << 20
"""The limit for texts of up to 16 MB, whose words take less in every script."""
_MAX_BYTES_PER_CHARACTER: Final = 7
"""The limit for each character of a larger text: a pair of ideographs and a blank."""

# Emoji, and signs used as such.
_EMOJI_RANGES = "\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_EMOJI = re.compile(f"[{_EMOJI_RANGES}]")
# The start of one of Unicode's planes for private use.
_FIRST_PRIVATE_CODE: Final = 0xF0000
_TERM = re.compile(r'"([^"]*)"|(\S+)')
_LINE_MARKUP: Final = re.compile(
    r"\n[ \t]*(?:>[ \t]?)*"
    r"(?:#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|(?:```|~~~)[^`\n]*(?=\n|$))?"
)
"""The beginning of a quote, a heading, an item or a code block in Markdown."""
_PAIRED_MARKUP: Final = re.compile(
    r"(?<![\w*`~])(\*{1,3}|~~|`{1,2})(?=[^\s*`~])([^*`~]*[^\s*`~])(?:\1(?![\w*`~])|(?<=…)$)"
)
"""Bold, italic, struck-through or code text, whose end may be cut off."""
_LINK_MARKUP: Final = re.compile(
    r"(?<!\w)!?\[([^\[\]]*)\]\([^()\s\x02\x03]*(?: \"[^\"\x02\x03]*\")?(?:\)|…?$)"
)
"""A link or an image whose address contains no marked match; its end may be cut off."""
_CONTROL_OR_SPACE = re.compile(r"[\x00-\x20\x7f]+")


class Term(NamedTuple):
    """A word or a quoted phrase of a query.

    Attributes:
        folded: the term, folded.
        may_be_prefix: the user may still be typing its last word, so that longer words match, too.
    """

    folded: str
    may_be_prefix: bool


def index_text(text: str) -> bytearray:
    """Return the words to index for `text`, as UTF-8.

    They are made in pieces, because folding blocks all threads, and as bytes, because a `str` of
    the words of 16 MB of emoji would take 200 MB. A text that grows far more than any script does
    is cut: a server can send 16 MB of characters that each become a word.
    """
    words = bytearray()
    max_bytes = max(_MAX_INDEX_BYTES, _MAX_BYTES_PER_CHARACTER * len(text))
    previous_char = ""
    for piece in fold_pieces(text):
        for offset in range(0, len(piece), _PIECE_CHARS):
            short_piece = piece[offset : offset + _PIECE_CHARS]
            words += _split_signs(_pairs_in_piece(previous_char, short_piece)).encode()
            previous_char = short_piece[-1]
        if len(words) > max_bytes:
            break
    words += _pairs_in_piece(previous_char, "").encode()
    return words


def _pairs_in_piece(previous_char: str, folded: str) -> str:
    """Return a piece of a folded text with its unspaced runs as pairs.

    Args:
        previous_char: the character before the piece. If it is unspaced, it belongs to the first
            pair.
        folded: the piece. An unspaced run at its end may continue in the next piece; "" ends the
            text.
    """
    if unspaced_run().match(previous_char):
        joined = previous_char + folded
    else:
        joined = folded

    def pairs(run: re.Match[str]) -> str:
        words = list(map("".join, pairwise(run.group())))
        if run.end() < len(joined) or not folded:  # the run ends here
            words.append(run.group()[-1])
            words.append("")  # ends the run with a blank
        return "".join([f" {word}" for word in words])

    return unspaced_run().sub(pairs, joined)


def _split_signs(folded: str) -> str:
    """Return the text with each sign as a word of its own."""
    if folded.isascii():
        return folded
    return _EMOJI.sub(lambda match: f" {_private_character(match.group())} ", folded)


def _private_character(sign: str) -> str:
    """Return the character that stands for a sign; no two signs of `_EMOJI` have the same."""
    return chr(_FIRST_PRIVATE_CODE + (ord(sign) & 0xFFFF))


def _pairs_of_run(run: str, *, is_ended: bool) -> str:
    """Return the pairs of an unspaced run of a query, and its last character if the run ends.

    A run of one character has no pairs, and is always returned.
    """
    words = list(map("".join, pairwise(run)))
    if is_ended or not words:
        words.append(run[-1])
    return f" {' '.join(words)} "


def match_expression(query: str) -> str:
    """Return the FTS5 expression for a query; "" if there is nothing to search for.

    All words must occur, those between double quotes in sequence. The last word may be a prefix:
    see `terms`.
    """
    return " AND ".join(map(_phrase, terms(query)))


def terms(query: str) -> list[Term]:
    """Return the words and phrases of a query.

    Only the last word may be a prefix, unless a space, a quote or a sign ("C++") ends it.
    """
    query = query[:_MAX_QUERY_CHARS]
    folded_terms = []
    for term in islice(_TERM.finditer(query), _MAX_TERMS):
        quoted, word = term.groups()
        folded = fold(quoted or word or "")  # "": nothing between two quotes
        if any(map(str.isalnum, folded)) or _EMOJI.search(folded):
            # A quote ends its last word.
            is_last_word = word is not None and term.end() == len(query)
            may_be_prefix = is_last_word and _is_word_character(folded[-1])
            folded_terms.append(Term(folded, may_be_prefix))
    return folded_terms


def _phrase(term: Term) -> str:
    """Return a term as a phrase of an FTS5 expression.

    In the text, an unspaced run at the end of a term may continue. Its pairs match anyway, but a
    single character must be searched as the start of a pair.
    """
    folded, is_prefix = term
    words = unspaced_run().sub(
        lambda run: _pairs_of_run(run.group(), is_ended=run.end() < len(folded)), folded
    )
    if unspaced_run().match(folded[-1]):
        is_prefix = len(words.split()[-1]) == 1
    quoted_words = _split_signs(words).replace('"', " ")
    if is_prefix:
        return f'"{quoted_words}" *'
    return f'"{quoted_words}"'


def snippet(text: str, query: str) -> str:
    """Return the part of `text` around the first match of `query`, on one line.

    Matches are between U+0002 and U+0003. Markdown's signs and addresses of links are left out.
    Return the beginning of the text if no match can be located: the index also finds words that the
    text spells with other characters than the query.
    """
    pattern = _query_pattern(query)
    first_match = _first_match(pattern, text) if pattern else None
    start = 0
    if first_match is not None and first_match.start() > _SNIPPET_LEAD_CHARS:
        match_start = first_match.start()
        start = _next_word_start(text, match_start - _SNIPPET_LEAD_CHARS, match_start)
    piece = text[start : start + SNIPPET_LENGTH]
    if not start or text[start - 1] == "\n":
        piece = f"\n{piece}"  # so that _LINE_MARKUP matches in the first line
    marked = _CONTROL_OR_SPACE.sub(" ", _LINE_MARKUP.sub("\n", piece))
    if pattern:
        marked = pattern.sub(lambda match: f"{MATCH_START}{match.group()}{MATCH_END}", marked)
    line = marked.strip()
    if start:
        line = f"…{line}"
    if start + SNIPPET_LENGTH < len(text):
        line = f"{line}…"
    return _PAIRED_MARKUP.sub(r"\2", _LINK_MARKUP.sub(r"\1", line))


def count_occurrences(text: str, query: str) -> int:
    """Count the occurrences of the words of `query` in the first 50,000 characters."""
    pattern = _query_pattern(query)
    return len(pattern.findall(text[:_SEARCH_CHUNK_CHARS])) if pattern else 0


def _first_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the match or None, as `pattern.search`, but in pieces: a search blocks all threads."""
    matches = (
        pattern.search(text, offset, offset + _SEARCH_CHUNK_CHARS + _MATCH_OVERLAP_CHARS)
        for offset in range(0, len(text), _SEARCH_CHUNK_CHARS)
    )
    return next(filter(None, matches), None)


def _next_word_start(text: str, start: int, limit: int) -> int:
    """Return the start of the next word from `start` on, or `start` if none begins by `limit`."""
    gap = re.compile(r"\s\S").search(text, start, limit + 1)
    return gap.start() + 1 if gap else start


def _query_pattern(query: str) -> re.Pattern[str] | None:
    """Return a pattern for the words of `query` in any case, with any accents.

    Return None for a query without words.
    """
    alternatives = []
    # The longest first, because a pattern takes the first alternative that matches.
    for folded, is_prefix in sorted(terms(query), key=lambda term: -len(term.folded)):
        words = [word for word in re.split(_gap_pattern(), folded) if word]
        body = _gap_pattern().join(map(_word_pattern, words))
        letter_or_digit = r"[^\W_]"
        # `_may_touch_letters` looks at the first character of its argument.
        if not _may_touch_letters(words[0]):
            body = f"(?<!{letter_or_digit}){body}"
        if not is_prefix and not _may_touch_letters(words[-1][-1]):
            body = f"{body}(?!{letter_or_digit})"
        alternatives.append(body)
    return re.compile("|".join(alternatives), re.IGNORECASE) if alternatives else None


def _may_touch_letters(text: str) -> bool:
    """Return True if `text` begins with an emoji, or a character of a script without spaces.

    Such a word needs no boundary: letters may precede or follow it.
    """
    return bool(unspaced_run().match(text) or _EMOJI.match(text))


def _is_word_character(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter).startswith("M")


@cache
def _gap_pattern() -> str:
    """Return a pattern for the characters between words.

    `re` does not count the marks in Indian and Thai words as letters, so they are excluded, as are
    signs, which are words themselves.
    """
    characters = map(chr, range(0x300, 0x10000))
    marks = "".join(char for char in characters if unicodedata.category(char).startswith("M"))
    return rf"(?:(?![{marks}{_EMOJI_RANGES}])[\W_])+"


def _word_pattern(word: str) -> str:
    """Return a pattern for a folded word with its accents, and ß or æ for ss or ae."""
    letters_by_pair = _letters_by_pair()
    pieces: list[str] = []
    index = 0
    while index < len(word):
        pair = word[index : index + 2]
        letters = letters_by_pair.get(pair)
        if letters is None:
            pieces.append(_letter_pattern(word[index]))
            index += 1
        else:
            pair_pattern = "".join(map(_letter_pattern, pair))
            pieces.append(f"(?:{pair_pattern}|[{letters}])")
            index += 2
    return "".join(pieces)


def _letter_pattern(letter: str) -> str:
    """Return a pattern for a folded letter with the accents it may have in a text."""
    accented = _unfolded_letters().get(letter)
    if accented is None and not letter.isalpha():
        return re.escape(letter)
    return f"(?:[{letter}{accented or ''}][\u0300-\u036f]*)"


@cache
def _letters_by_pair() -> dict[str, str]:
    """Return the letters that fold to a pair of letters, by pair: ss -> ßẞ."""
    return {pair: letters for pair, letters in _unfolded_letters().items() if len(pair) == 2}


@cache
def _unfolded_letters() -> dict[str, str]:
    """Return the Latin, Greek and Cyrillic letters that fold to a letter or pair, by the result.

    Computed at the first search, because it takes 30 ms.
    """
    letters_by_folded: dict[str, str] = {}
    for code in (*range(0xC0, 0x530), *range(0x1E00, 0x2000)):
        letter = chr(code)
        folded = fold(letter)
        if len(folded) <= 2 and folded != letter and folded.isalpha():
            letters_by_folded[folded] = letters_by_folded.get(folded, "") + letter
    return letters_by_folded
