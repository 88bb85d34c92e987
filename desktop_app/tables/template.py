"""The prompts of columns: `{{column}}`, `{{document}}`, and the order in which they are asked.

Data are put into the prompt as they are. A hostile line of a file can change its own answer only,
because it is asked alone, and without tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from desktop_app.domain.errors import IllegalChoiceError
from desktop_app.domain.graphemes import shorten
from desktop_app.i18n.translation import N_
from desktop_app.tables.checks import FILLED
from desktop_app.tables.table import WHOLE, Column, Question, Table

DOCUMENT: Final = "document"
"""The word for the documents of a row; a column of this name takes its place."""
_WORD: Final = re.compile(r"\{\{([^{}\n]{1,240})\}\}")
_MAX_SHOWN_CHARS: Final = 60
_MAX_NAME_CHARS: Final = 24
"""Of a column's name, which stands before each of its fields."""


class Reference(NamedTuple):
    """A column that a prompt or a check names; `part` is None for all of its values."""

    column: Column
    part: str | None


def words(text: str) -> list[str]:
    """Return the words in `{{…}}`, each once."""
    found = (match[1].strip() for match in _WORD.finditer(text))
    return list(dict.fromkeys(filter(None, found)))


def short_name(prompt: str) -> str:
    """Return the first words of a question, as the name of its column; "" for words in `{{…}}`.

    >>> [short_name(text) for text in ("Who pays, and until when?", "Sort: {{text}}", "{{q}}")]
    ['Who pays and until when', 'Sort text', '']
    """
    if not re.sub(r"\W", "", _WORD.sub("", prompt)):
        return ""
    name = ""
    for word in re.findall(r"[^\s{}]+", prompt):
        if name and len(name) + len(word) >= _MAX_NAME_CHARS:
            break
        name = f"{name} {word.strip('.,:;!?#*-–—…')}".strip()
    return name[: 2 * _MAX_NAME_CHARS]


def find_reference(table: Table, word: str) -> Reference | None:
    """Return the column that a word names; None if there is none.

    A field is named as its heading is: `{{Terms: notice period}}`.
    """
    if (column := table.column(word)) is not None:
        return Reference(column, WHOLE if column.parts == (WHOLE,) else None)
    folded = word.casefold()
    for column in table.columns:
        for part in column.parts:
            if part != WHOLE and column.title(part).casefold() == folded:
                return Reference(column, part)
    return None


def references(table: Table, question: Question) -> list[Reference]:
    """Return the columns that a question names in its prompt, its checks and its condition."""
    found = (find_reference(table, word) for text in _texts(question) for word in words(text))
    return [each for each in found if each is not None]


def asks_about_document(table: Table, question: Question) -> bool:
    """Return True if the documents of a row are sent with a question.

    They are if `{{document}}` stands in it, if it names no column at all, and if it says so. If it
    names no column, a row without documents is asked about its data.
    """
    if question.is_literal or question.sends_documents:
        return True
    named = words(question.prompt)
    if any(word.casefold() == DOCUMENT and table.column(word) is None for word in named):
        return True
    return not any(find_reference(table, word) for word in named)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its words, by the words as they are written."""
    return _WORD.sub(lambda match: values.get(match[1].strip(), match[0]), text)


def require_answerable(table: Table, columns: Iterable[Column]) -> None:
    """Raise unless the questions of some columns can be asked.

    Raises:
        IllegalChoiceError: a prompt is empty, a word names no column, or a column names itself, if
            only through others.
    """
    for column in columns:
        question = column.question
        if question is None:
            continue
        if not question.prompt.strip():
            raise IllegalChoiceError(
                N_("The question of column “{name}” is empty."), name=column.name
            )
        for word in (word for text in _texts(question) for word in words(text)):
            if find_reference(table, word) is None and word.casefold() != DOCUMENT:
                raise IllegalChoiceError(
                    N_("Column “{name}” names “{word}”, but there is no such column."),
                    hint=N_("The columns are: {known}."),
                    name=column.name,
                    word=shorten(word, _MAX_SHOWN_CHARS),
                    known=", ".join(
                        each.title(part) for each in table.columns for part in each.parts
                    ),
                )
        if circle := _circle(table, column):
            raise IllegalChoiceError(
                N_("Column “{name}” names itself.")
                if len(circle) == 1
                else N_("Columns name each other in a circle: {names}."),
                hint=N_("Remove one of the names in double braces."),
                name=column.name,
                names=" → ".join([*(each.name for each in circle), column.name]),
            )


def levels(table: Table, columns: Sequence[Column]) -> list[list[Column]]:
    """Return the columns in the order in which they can be asked, those of a level together.

    The prompts form no circle: see `require_answerable`.
    """
    depths: dict[str, int] = {}

    def depth(column: Column) -> int:
        if column.id not in depths:
            named = references(table, column.question) if column.question else []
            below = [depth(each.column) for each in named if each.column.question is not None]
            depths[column.id] = 1 + max(below, default=-1)
        return depths[column.id]

    found: dict[int, list[Column]] = {}
    for column in columns:
        found.setdefault(depth(column), []).append(column)
    return [found[level] for level in sorted(found)]


def _texts(question: Question) -> list[str]:
    prompt = "" if question.is_literal else question.prompt
    word = f"{{{{{question.condition.word}}}}}" if question.condition else ""
    checked = (check.value for check in question.checks if check.kind in FILLED)
    return [prompt, word, *checked]


def _circle(table: Table, start: Column) -> list[Column]:
    """Return the columns from `start` on that lead back to it by their prompts; [] if none do."""
    seen: set[str] = set()

    def walk(column: Column) -> list[Column]:
        for each in references(table, column.question) if column.question else ():
            if each.column.id == start.id:
                return [column]
            if each.column.id not in seen:
                seen.add(each.column.id)
                if path := walk(each.column):
                    return [column, *path]
        return []

    return walk(start)
