"""What an answer was asked, as two hashes: of the question, and of the row that it was asked about.

An answer is out of date if one of them is another today, or if it was made with an answer that is.
Columns are hashed by their ids, so that a new name changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from desktop_app.domain.conversations.message_parts import parts_to_json
from desktop_app.tables.table import Cell, Column, Question, Row, Table
from desktop_app.tables.template import (
    DOCUMENT,
    Reference,
    asks_about_document,
    filled,
    find_reference,
    words,
)

HASH_CHARS: Final = 16
"""Of each of the hashes: two equal ones by chance in 5 billion questions."""


_KEPT: Final = 8
_ANY: Final = datetime.fromtimestamp(0, UTC)


class Dependencies(NamedTuple):
    """What the questions of a table depend on.

    Attributes:
        hashes: of the questions, by the ids of their columns.
        needs: the columns with questions that a question names itself, in the order in which they
            are asked.
    """

    hashes: Mapping[str, str]
    needs: Mapping[str, tuple[str, ...]]


def asked_hash(table: Table, column: Column, row: Row, cells: Mapping[str, Cell]) -> str:
    """Return what a cell is asked: the hash of the question, then that of the row."""
    return dependencies(table.columns).hashes[column.id] + row_hash(table, column, row, cells)


def row_hash(table: Table, column: Column, row: Row, cells: Mapping[str, Cell]) -> str:
    """Return the hash of the values and documents of a row that a question is asked about."""
    question = column.question
    assert question is not None
    about: list[object] = []
    for word in [] if question.is_literal else words(question.prompt):
        if (found := find_reference(table, word)) is not None:
            about += _texts(found.column, found.part, cells)
        elif word.casefold() == DOCUMENT:
            about.append([part.name for part in row.parts])
    if asks_about_document(table, question):
        for part in row.parts:
            chosen = getattr(part, "chosen", None)
            about.append([part.sha256, None if chosen is None else repr(chosen)])
        if not (row.parts or question.is_literal or question.sends_documents):
            data = (each for each in table.columns if each.question is None)
            about += [text for each in data for text in _texts(each, None, cells) if text[1]]
    return _hash(about)


def _texts(column: Column, part: str | None, cells: Mapping[str, Cell]) -> list[tuple[str, str]]:
    cell = cells.get(column.id)
    parts = column.parts if part is None else (part,)
    return [(f"{column.id}/{each}", "" if cell is None else cell.text(each)) for each in parts]


_known: list[tuple[tuple[Column, ...], Dependencies]] = []
"""The last results. Columns cannot be hashed: a check may be a JSON Schema."""


def dependencies(columns: tuple[Column, ...]) -> Dependencies:
    """Return what the questions among the columns of a table depend on."""
    for known, found in tuple(_known):
        if known is columns or known == columns:
            return found
    found = _dependencies(columns)
    _known[:] = [(columns, found), *_known[: _KEPT - 1]]
    return found


def _dependencies(columns: tuple[Column, ...]) -> Dependencies:
    table = Table("", "", _ANY, _ANY, columns)
    hashes, needs = {}, {}
    for column in table.questions:
        question = column.question
        assert question is not None
        named = [] if question.is_literal else words(question.prompt)
        found = {word: find_reference(table, word) for word in named}
        hashes[column.id] = _question_hash(table, question, found)
        asked = (each.column.id for each in found.values() if each and each.column.question)
        needs[column.id] = tuple(dict.fromkeys(asked))
    return Dependencies(hashes, needs)


def _question_hash(table: Table, question: Question, found: Mapping[str, Reference | None]) -> str:
    places = {word: f"{{{{{each.column.id}/{each.part}}}}}" for word, each in found.items() if each}
    values = {
        "prompt": filled(question.prompt, places).strip(),
        "choice": msgspec.to_builtins(question.choice),
        "fields": msgspec.to_builtins(question.fields),
        "overrides": question.overrides.to_json(),
        "passages": parts_to_json(question.passages),
        "sends": [
            question.is_literal,
            question.sends_documents,
            asks_about_document(table, question),
        ],
    }
    return _hash(values)


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARS]
