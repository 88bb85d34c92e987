"""Generates a library as large as after years of use, with word frequencies by Zipf's law.

Some of the text is Japanese. Rows and index entries are those that the program would write,
inserted faster in a few large transactions. The same parameters give the same library.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Final

from desktop_app.domain.conversations.conversation import (
    Conversation,
    Message,
    MessageStatus,
    ModelChoice,
    Role,
)
from desktop_app.domain.conversations.message_parts import TextPart
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.storage.database import Database
from desktop_app.storage.row_conversion import (
    conversation_to_row,
    searchable_text,
    to_micros,
    to_row,
)
from desktop_app.storage.row_writing import insert_rows, upsert_row
from desktop_app.storage.schema import migrate
from desktop_app.storage.search_index import EntryKind, index_text

VOCABULARY: Final = 50_000
JAPANESE_WORDS: Final = 3_000
BEGAN: Final = datetime(2020, 1, 1, tzinfo=UTC)
SPAN: Final = timedelta(days=6 * 365)
CHOICE: Final = ModelChoice("openai", "gpt-5.2", Variant.THINKING, Effort.MEDIUM)

_ONSETS = "b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t tr v w z".split()
_VOWELS = "a e i o u ai ea ou".split()
_CODAS = ["", "", "n", "r", "s", "t", "l", "nd", "st"]
_KANJI = [chr(code) for code in range(0x4E00, 0x4E00 + 1500)]
_KANA = [chr(code) for code in range(0x3042, 0x3094)]


class Words:
    """A vocabulary, most frequent words first, and a generator of texts."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        seen: dict[str, None] = {}
        while len(seen) < VOCABULARY:
            seen[self._word()] = None
        self.all = list(seen)
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
        kanji = [self.random.choices(_KANJI, k=2) for _ in range(JAPANESE_WORDS)]
        self.all_japanese = ["".join(pair) for pair in kanji]

    def _word(self) -> str:
        pick = self.random.choice
        count = pick((1, 2, 2, 3))
        return "".join(pick(_ONSETS) + pick(_VOWELS) + pick(_CODAS) for _ in range(count))

    def text(self, words: int) -> str:
        """Return a sentence of `words` words."""
        return " ".join(self.random.choices(self.all, cum_weights=self._weights, k=words)) + "."

    def japanese(self, words: int) -> str:
        """Return `words` words of two kanji with kana between them, without spaces."""
        pick, weights = self.random.choices, self._weights[:JAPANESE_WORDS]
        chosen = pick(self.all_japanese, cum_weights=weights, k=words)
        return "".join(map("".join, zip(chosen, pick(_KANA, k=words), strict=True))) + "。"


def make_library(path: Path, conversations: int, messages_each: int, seed: int = 7) -> Words:
    """Write the library to `path` and return its vocabulary."""
    words = Words(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        migrate(connection)
        step = SPAN / conversations
        for first in range(0, conversations, 1000):
            connection.execute("BEGIN")
            for number in range(first, min(first + 1000, conversations)):
                _insert(connection, words, number, BEGAN + step * number, messages_each)
            connection.execute("COMMIT")
    return words


def _insert(
    connection: sqlite3.Connection, words: Words, number: int, at: datetime, count: int
) -> None:
    id_ = f"{number:032x}"
    title = words.text(5)
    messages = list(_messages(words, id_, at, count))
    ended = messages[-1].created_at
    conversation = Conversation(id_, title, at, ended, CHOICE, leaf_id=messages[-1].id)
    upsert_row(connection, "conversations", {**conversation_to_row(conversation), "draft": ""})
    owner = {"owner_pid": None, "owner_started": None}
    for message in messages:
        insert_rows(connection, "messages", [{**to_row(message), **owner}])
        _add_entry(
            connection, EntryKind.MESSAGE, message.id, searchable_text(message.parts), message
        )
    _add_entry(connection, EntryKind.TITLE, id_, title, messages[-1], 1)


def _messages(words: Words, conversation_id: str, at: datetime, count: int) -> Iterator[Message]:
    parent = None
    is_japanese = words.random.random() < 0.05
    for number in range(count):
        is_answer = number % 2 == 1
        length = words.random.randint(30, 100) if is_answer else words.random.randint(5, 25)
        text = words.japanese(length) if is_japanese else words.text(length)
        message = Message(
            f"{conversation_id[-16:]}{number:016x}",
            conversation_id,
            parent,
            Role.ASSISTANT if is_answer else Role.USER,
            MessageStatus.COMPLETE,
            (TextPart(text),),
            at + timedelta(seconds=number),
            CHOICE,
        )
        parent = message.id
        yield message


def _add_entry(
    connection: sqlite3.Connection,
    kind: EntryKind,
    ref: str,
    text: str,
    message: Message,
    offset: int = 0,
) -> None:
    """Add an entry as `search_index.add_entry` does; no two entries share a time."""
    entry_id = to_micros(message.created_at) + offset
    connection.execute("INSERT INTO search_entries VALUES (?, ?, ?)", (entry_id, kind, ref))
    connection.execute(
        "INSERT INTO search_index (rowid, words) VALUES (?, ?)", (entry_id, index_text(text))
    )


async def open_library(path: Path) -> Database:
    """Open the library as the program does."""
    database = Database(path)
    await database.open()
    return database
