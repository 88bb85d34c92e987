"""The search index over titles, messages and the text of attachments.

Writes keep it in step with the tables: `add_entry` and `remove_entry` are called in the transaction
that changes a text. An answer is indexed when it ends, not at its checkpoints, which come twice a
second. The index stores no text, so an entry is removed with the text that it was made of.

The words are made here, because SQLite's tokenizer takes a run of Chinese or Japanese for one
word, so that nothing inside it is found, and ignores emoji. Such runs are indexed as
overlapping pairs, followed by the last character alone: 日本語 becomes 日本 本語 語. A query of two
or more characters is searched as the phrase of its pairs, one of one character as a prefix of
pairs. An emoji becomes a letter of Unicode's private use.

A document is indexed at the time of the newest message that has it.

An entry is removed from the index by computing its words again. A change here therefore needs
another number in `_WORDS_KEY`: the index is then emptied, and made again by
`library/search_rebuild`.
"""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache, lru_cache
from itertools import islice
from typing import Final, NamedTuple

from desktop_app.domain.documents.letter_folding import (
    fold,
    fold_places,
    other_spellings,
    spelled,
    unspaced_run,
)
from desktop_app.domain.graphemes import border_from, cut
from desktop_app.domain.lazy_pattern import lazy_pattern

MATCH_START: Final = "\x02"
MATCH_END: Final = "\x03"
SNIPPET_LENGTH: Final = 160
_SNIPPET_LEAD_CHARS: Final = 40
# Users type short queries. A long text, pasted by mistake, is cut.
_MAX_TERMS: Final = 32
_MAX_QUERY_CHARS: Final = 1000
_PIECE_CHARS: Final = 50_000
"""Characters that are split or searched at once: this blocks all threads."""
_OVERLAP_CHARS: Final = 2_000

# Emoji, and signs used as such, in the planes that SQLite takes for letters if they are private.
_EMOJI: Final = "\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_FIRST_PRIVATE_CODE: Final = 0xF0000
_VERSION: Final = lazy_pattern(r"(v?)([0-9]+(?:\.[0-9]+)+[^\s\"]*)", re.IGNORECASE)
_MIN_PREFIX_CHARS: Final = 4
_WORDS_KEY: Final = "store.folding_2"
_CURRENT: Final = str(1 << 62)
"""The value for an index with the words of this version; earlier versions stored others, too."""
UNINDEXED_KEY: Final = "store.unindexed"
"""The setting that exists while entries are missing: see `library/search_rebuild`."""
_TERM: Final = lazy_pattern(r'"([^"]*)"|(\S+)')
_LINE_MARKUP: Final = lazy_pattern(
    r"\n[ \t]*(?:>[ \t]?)*"
    r"(?:#{1,6}[ \t]+|[-*+][ \t]+(?:\[[ xX]\][ \t]+)?|(?:```|~~~)[^`\n]*(?=\n|$))?"
)
"""The beginning of a quote, a heading, an item or a code block in Markdown."""
_PAIRED_MARKUP: Final = lazy_pattern(
    r"(?<![\w*`~])(\*{1,3}|~~|`{1,2})(?=[^\s*`~])([^*`~]*[^\s*`~])(?:\1(?![\w*`~])|(?<=…)$)"
)
"""Bold, italic, struck-through or code text, whose end may be cut off."""
_LINK_MARKUP: Final = lazy_pattern(
    r"(?<!\w)!?\[([^\[\]]*)\]\([^()\s\x02\x03]*(?: \"[^\"\x02\x03]*\")?(?:\)|…?$)"
)
"""A link or an image whose address contains no marked match; its end may be cut off."""
_NESTED_MARKUP: Final = 2  # bold text with code in it
_LOOSE_MARKUP: Final = lazy_pattern(
    r"(?<![\w\s*])\*\*(?=\w)|(?<=[\w.,:;!?)\x03])\*\*(?![\w*])|(?<=…)\*\*"
)
"""The signs of bold text whose other end is cut off."""
_TABLE_RULE: Final = lazy_pattern(r"[|:\s-]+")
_CONTROL_OR_SPACE = lazy_pattern(r"[\x00-\x20\x7f]+")


class Term(NamedTuple):
    """A word or a quoted phrase of a query.

    Attributes:
        folded: the term, folded.
        may_be_prefix: the user may still be typing its last word, so that longer words match, too.
        others: other spellings of it, folded.
        is_doubtful: the index has the others for other words, too: "gust" for "guest".
    """

    folded: str
    may_be_prefix: bool
    others: tuple[str, ...] = ()
    is_doubtful: bool = False


@cache
def _unspaced() -> re.Pattern[str]:
    """Return the pattern for a run of emoji and of scripts without spaces between words."""
    return re.compile(f"{unspaced_run().pattern[:-2]}{_EMOJI}]+")


def index_text(text: str) -> str:
    """Return the words to index for `text`."""
    folded = fold(text)
    pieces = (folded[at : at + _PIECE_CHARS] for at in range(0, len(folded), _PIECE_CHARS))
    return "".join([_unspaced().sub(_pairs, piece) for piece in pieces])


def _pairs(run: re.Match[str]) -> str:
    """Return a run as pairs of characters, and its last character."""
    text = re.sub(f"[{_EMOJI}]", _private_character, run.group())
    return f" {' '.join([text[at : at + 2] for at in range(len(text))])} "


def _private_character(sign: re.Match[str]) -> str:
    return chr(_FIRST_PRIVATE_CODE + (ord(sign.group()) & 0xFFFF))


def match_expression(query: str, *, with_spellings: bool = True) -> str:
    """Return the FTS5 expression for a query; "" if there is nothing to search for.

    All words must occur, those between double quotes in sequence.
    """
    found = terms(query)
    if not with_spellings:
        found = [term._replace(others=()) if term.is_doubtful else term for term in found]
    return " AND ".join(map(_phrase, found))


def terms(query: str) -> list[Term]:
    """Return the words and phrases of a query.

    Only the last word may be a prefix, unless a space, a quote or a sign ("C++") ends it.
    """
    query = query[:_MAX_QUERY_CHARS]
    folded_terms = []
    for term in islice(_TERM.finditer(query), _MAX_TERMS):
        quoted, word = term.groups()
        folded = fold(quoted or word or "")  # "": nothing between two quotes
        if _words(folded):
            # A quote ends its last word.
            is_last_word = word is not None and term.end() == len(query)
            may_be_prefix = is_last_word and bool(_words(folded[-1]))
            folded_terms.append(Term(folded, may_be_prefix, *_others(quoted or word or "")))
    return folded_terms


def _others(text: str) -> tuple[tuple[str, ...], bool]:
    """Return other spellings of a term, folded, and whether they may be other words."""
    if version := _VERSION.fullmatch(text):  # the index has "v1" as one word
        return (fold(version[2] if version[1] else f"v{text}"),), False
    others = tuple(dict.fromkeys(map(fold, other_spellings(text))))
    return others, bool(others) and spelled(text) == text


@lru_cache(maxsize=8)  # it is asked for each hit
def is_doubtful(query: str) -> bool:
    """Return True if the index may find other words than those of a query: see `is_found`."""
    return any(term.is_doubtful for term in terms(query))


def is_found(text: str, query: str) -> bool:
    """Return False if a text that the index found has other words than the query.

    A very long text counts as found.
    """
    doubtful = [term for term in terms(query) if term.is_doubtful]
    if not doubtful or len(text) > _PIECE_CHARS:
        return True
    plain, with_pairs = fold(text), fold(spelled(unicodedata.normalize("NFC", text)))
    patterns = [re.compile(_body(term.folded, is_prefix=term.may_be_prefix)) for term in doubtful]
    return all(each.search(plain) or each.search(with_pairs) for each in patterns)


def has_all(text: str, query: str) -> bool:
    """Return True if a text that has no entry in the index has all words of a query."""
    missing = [(term.folded, *term.others) for term in terms(query)]
    prefixes = {term.folded for term in terms(query) if term.may_be_prefix}
    if not missing:
        return False
    for start in range(0, len(text), _PIECE_CHARS):
        piece = fold(text[start : start + _PIECE_CHARS + _OVERLAP_CHARS])
        missing = [
            spellings
            for spellings in missing
            if not any(
                # The plain search first: it takes a fiftieth of the time.
                _words(each)[0] in piece
                and re.search(_body(each, is_prefix=spellings[0] in prefixes), piece)
                for each in spellings
            )
        ]
        if not missing:
            return is_found(text, query)
    return False


def _words(folded: str) -> list[str]:
    """Return the words of a folded text; marks belong to words, and emoji are words."""
    letters = (
        char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in folded
    )
    separated = "".join(letters)
    if not any(map(str.isalnum, separated)) and not _unspaced().search(folded):
        return []
    kept = (
        char if _unspaced().match(char) else letter
        for char, letter in zip(folded, separated, strict=True)
    )
    return "".join(kept).split()


def _phrase(term: Term) -> str:
    """Return a term as a phrase of an FTS5 expression, or as one of several phrases."""
    phrases = [_single_phrase(term.folded, is_prefix=term.may_be_prefix)]
    for other in term.others:
        is_prefix = term.may_be_prefix and len(other) >= _MIN_PREFIX_CHARS
        phrases.append(_single_phrase(other, is_prefix=is_prefix))
    return phrases[0] if len(phrases) == 1 else f"({' OR '.join(phrases)})"


def _single_phrase(folded: str, *, is_prefix: bool) -> str:
    """Return a folded term as a phrase of an FTS5 expression.

    In the text, an unspaced run at the end of a term may continue. Its pairs match anyway, but a
    single character must be searched as the start of a pair.
    """
    words = _unspaced().sub(_pairs, folded).replace('"', " ").split()
    if _unspaced().match(folded[-1]):
        is_prefix = not _unspaced().match(folded[-2:-1])
        if not is_prefix:
            words.pop()
    phrase = f'"{" ".join(words)}"'
    return f"{phrase} *" if is_prefix else phrase


def snippet(text: str, query: str) -> str:
    """Return the part of `text` around the first match of `query`, on one line.

    Matches are between U+0002 and U+0003. Markdown's signs and addresses of links are left out.
    Return the beginning of the text if no match can be located: the index also finds words that the
    text spells with other characters than the query.
    """
    pattern = _query_pattern(query)
    match_start = _find(pattern, text)
    start = 0
    if match_start > _SNIPPET_LEAD_CHARS:
        start = match_start - _SNIPPET_LEAD_CHARS
        gap = re.compile(r"\s\S").search(text, start, match_start + 1)
        start = gap.start() + 1 if gap else min(border_from(text, start), match_start)
    piece = cut(text[start : start + SNIPPET_LENGTH + 1], SNIPPET_LENGTH)
    if not start or text[start - 1] == "\n":
        piece = f"\n{piece}"  # so that _LINE_MARKUP matches in the first line
    is_cut = start > 0, start + SNIPPET_LENGTH < len(text)
    line = _CONTROL_OR_SPACE.sub(" ", _LINE_MARKUP.sub("\n", _without_table_marks(piece, *is_cut)))
    for first, end in reversed(_match_ranges(pattern, line)):
        line = f"{line[:first]}{MATCH_START}{line[first:end]}{MATCH_END}{line[end:]}"
    line = line.strip()
    if start:
        line = f"…{line}"
    if start + SNIPPET_LENGTH < len(text):
        line = f"{line}…"
    line = _LINK_MARKUP.sub(r"\1", line)
    for _ in range(_NESTED_MARKUP):
        line = _PAIRED_MARKUP.sub(r"\2", line)
    return _LOOSE_MARKUP.sub("", line) if any(is_cut) else line


def _without_table_marks(piece: str, is_begun: bool, is_cut: bool) -> str:
    """Return lines with the cells of tables between dots, without the lines below their heads.

    Args:
        is_begun: True if the first line may lack its beginning.
        is_cut: True if the last line may lack its end.
    """
    lines = piece.split("\n")
    shown = []
    for number, line in enumerate(lines):
        row = line.strip()
        begins = row.startswith("|") or (is_begun and number == 0)
        ends = row.endswith("|") or (is_cut and number == len(lines) - 1)
        if "|" not in row or not (begins and ends):
            shown.append(line)
        elif not _TABLE_RULE.fullmatch(row):
            shown.append(" · ".join(filter(None, (cell.strip() for cell in row.split("|")))))
    return "\n".join(shown)


def _find(pattern: re.Pattern[str], text: str) -> int:
    """Return the place of the first match; 0 if there is none."""
    for start in range(0, len(text), _PIECE_CHARS):
        piece = text[start : start + _PIECE_CHARS + _OVERLAP_CHARS]
        if pattern.search(fold(piece)):
            return start + _match_ranges(pattern, piece)[0][0]
    return 0


def _match_ranges(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Return the ranges of a text whose folded characters match, with the accents behind them."""
    places = [*fold_places(text), len(text)]
    matches = pattern.finditer(fold(text))
    return [(places[match.start()], places[match.end()]) for match in matches if match.group()]


@lru_cache(maxsize=8)  # the hits of a search share it
def _query_pattern(query: str) -> re.Pattern[str]:
    alternatives = []
    # The longest first, because a pattern takes the first alternative that matches.
    for term in sorted(terms(query), key=lambda term: -len(term.folded)):
        spellings = (term.folded, *term.others)
        alternatives += [_body(each, is_prefix=term.may_be_prefix) for each in spellings]
    return re.compile("|".join(alternatives) or "(?!)")


def _body(folded: str, *, is_prefix: bool) -> str:
    words = _words(folded)
    body = r"[\W_]+".join(map(re.escape, words))
    # Letters may precede or follow an emoji, or a character of a script without spaces.
    if not _unspaced().match(words[0]):
        body = rf"(?<![^\W_]){body}"
    if not is_prefix and not _unspaced().match(words[-1][-1]):
        body = rf"{body}(?![^\W_])"
    return body


class EntryKind(StrEnum):
    """The kinds of text in the index.

    The `ref` of an entry is the id of its conversation or message, or the hash of its attachment.
    """

    TITLE = "title"
    MESSAGE = "message"
    ATTACHMENT = "attachment"


class Entry(NamedTuple):
    """The arguments of `add_entry`."""

    kind: EntryKind
    ref: str
    text: str
    at_micros: int


def add_entry(
    connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str, at_micros: int
) -> None:
    """Index `text`, dated `at_micros`. The text of an earlier entry must have been removed.

    Only a row that was deleted without its entry leaves one. Nobody knows its text then, so its
    words stay in the index, and lead nowhere.

    The entry's id is its time, so that FTS5 finds the newest entries first without sorting.
    """
    empty_former_index(connection)
    entry_id = _free_id_from(connection, at_micros)
    connection.execute(
        "INSERT OR REPLACE INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref)
    )
    sql = "INSERT INTO search_index (rowid, words) VALUES (?, ?)"
    connection.execute(sql, (entry_id, index_text(text)))


def add_entries(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Index many texts. In the order of their ids, FTS5 keeps them in memory until a megabyte.

    It writes a segment whenever an id is smaller than the one before, and merges these again: that
    took half of an import, whose titles are older than the messages before them.
    """
    for entry in sorted(entries, key=lambda entry: entry.at_micros):
        add_entry(connection, *entry)


def _free_id_from(connection: sqlite3.Connection, start_id: int) -> int:
    """Return an id that is at least `start_id`, and that the index does not have.

    Thousands of entries may have the same time, as in an import without times. Ranges in use are
    therefore skipped in steps of growing length.
    """
    span = 1
    while True:
        sql = "SELECT max(id) FROM search_index_docsize WHERE id >= ? AND id < ?"
        last_id: int | None = connection.execute(sql, (start_id, start_id + span)).fetchone()[0]
        if last_id is None:
            return start_id
        if last_id + 1 < start_id + span:
            return last_id + 1
        start_id += span
        span *= 2


def remove_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str, text: str) -> None:
    """Remove an entry that was indexed with `text`. Do nothing if there is no entry."""
    empty_former_index(connection)
    sql = "DELETE FROM search_entries WHERE ref = ? AND kind = ? RETURNING id"
    entry = connection.execute(sql, (ref, kind)).fetchone()
    if entry is not None:
        sql = "INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', ?, ?)"
        connection.execute(sql, (entry["id"], index_text(text)))


_DOCUMENTS: Final = """
    SELECT ma.sha256, max(m.created_at) AS at, e.id AS entry_id
    FROM message_attachments AS ma JOIN messages AS m ON m.id = ma.message_id
    LEFT JOIN search_entries AS e ON e.ref = ma.sha256 AND e.kind = 'attachment'
    WHERE ma.sha256 IN (SELECT value FROM json_each(?))
    GROUP BY ma.sha256 HAVING e.id IS NULL OR abs(e.id - at) > ?
"""
_LATE_MICROS: Final = 3600 * 1_000_000
"""A document that is sent so soon after it was attached is not indexed again."""


def misdated_documents(
    connection: sqlite3.Connection, hashes: Iterable[str]
) -> list[tuple[str, int]]:
    """Return those of the attachments that are not indexed at the time of their newest message.

    With that time, in microseconds.
    """
    rows = connection.execute(_DOCUMENTS, (json.dumps(list(hashes)), _LATE_MICROS))
    return [(row["sha256"], row["at"]) for row in rows]


def index_documents(connection: sqlite3.Connection, hashes: Iterable[str]) -> None:
    """Index attachments of messages, each at the time of the newest message that has it."""
    for sha256, at_micros in misdated_documents(connection, hashes):
        sql = "SELECT text FROM attachments WHERE sha256 = ? AND text <> ''"
        if found := connection.execute(sql, (sha256,)).fetchone():
            remove_entry(connection, EntryKind.ATTACHMENT, sha256, found["text"])
            add_entry(connection, EntryKind.ATTACHMENT, sha256, found["text"], at_micros)


def has_entry(connection: sqlite3.Connection, kind: EntryKind, ref: str) -> bool:
    sql = "SELECT 1 FROM search_entries WHERE ref = ? AND kind = ?"
    return connection.execute(sql, (ref, kind)).fetchone() is not None


def is_current(connection: sqlite3.Connection) -> bool:
    """Return True if the index is noted to have the words of this version."""
    sql = "SELECT 1 FROM settings WHERE key = ? AND value = ?"
    return connection.execute(sql, (_WORDS_KEY, _CURRENT)).fetchone() is not None


def empty_former_index(connection: sqlite3.Connection) -> None:
    """Empty an index with the words of another version, and note that all texts are missing."""
    if is_current(connection):
        return
    if connection.execute("SELECT 1 FROM search_entries LIMIT 1").fetchone() is not None:
        connection.execute("INSERT INTO search_index (search_index) VALUES ('delete-all')")
        connection.execute("DELETE FROM search_entries")
        note_unindexed(connection)
    row = (_WORDS_KEY, _CURRENT)
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", row)


def note_unindexed(connection: sqlite3.Connection) -> None:
    """Note that the texts of all rows are missing in the index."""
    sql = """SELECT coalesce(max(m.rowid), 0), (SELECT coalesce(max(rowid), 0) FROM conversations)
        FROM messages AS m"""
    messages, titles = connection.execute(sql).fetchone()
    state = json.dumps({"conversations": titles, "messages": messages, "of": messages})
    connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (UNINDEXED_KEY, state))
