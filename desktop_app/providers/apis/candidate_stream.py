"""Several answers to one Chat Completions request, told apart by the index of each choice.

This module does no I/O. Each answer has its own reader. The provider counts the tokens of all
answers together; the usage is reported with the first answer. An answer that the server never began
gets no terminal event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from desktop_app.domain.answering.stream_events import CandidateEvent, Started, StreamEvent
from desktop_app.providers.apis.chat_completions import DONE, ChatCompletionsReader
from desktop_app.providers.errors import error_body
from desktop_app.providers.http.reply import json_fields


class CandidatesReader:
    """Reader of the server-sent events of one completion with `count` choices.

    The events of the first choice are returned unchanged, the others' as CandidateEvent. The
    terminal event of the first choice comes last; `is_finished` is True from then on.
    """

    def __init__(self, provider: str, count: int) -> None:
        self._first_reader = ChatCompletionsReader(provider)
        self._other_readers = {
            number: ChatCompletionsReader(provider) for number in range(1, count)
        }
        self._begun_answers: set[int] = set()

    @property
    def is_finished(self) -> bool:
        """Return True once the terminal event has come."""
        return self._first_reader.is_finished

    @property
    def has_all_answers(self) -> bool:
        """Return True if every requested answer has begun."""
        return len(self._begun_answers) == len(self._other_readers)

    def read(self, data: bytes | bytearray, name: str = "") -> list[StreamEvent]:
        """Return the stream events of an SSE event with this name and data."""
        if self.is_finished or not data.strip():
            return []
        chunk = _parse_chunk(data, name)
        if chunk is not None:
            return list(self._split_chunk(chunk, "delta"))
        # The end, or an error, applies to all answers.
        return [*self._read_in_begun_answers(data, name), *self._first_reader.read(data, name)]

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a reply that came as one JSON value."""
        if not json_fields.rows(reply, "choices"):
            return self._first_reader.read_whole(reply)
        events = list(self._split_chunk(reply, "message"))
        return [*events, *self._read_in_begun_answers(DONE), *self._first_reader.read(DONE)]

    def end(self) -> list[StreamEvent]:
        """End the stream. Each answer ends as its reader decides."""
        other_events = [
            CandidateEvent(number, event)
            for number in sorted(self._begun_answers)
            for event in self._other_readers[number].end()
        ]
        return [*other_events, *self._first_reader.end()]

    def _read_in_begun_answers(
        self, data: bytes | bytearray, name: str = ""
    ) -> list[CandidateEvent]:
        return [
            CandidateEvent(number, event)
            for number in sorted(self._begun_answers)
            for event in self._other_readers[number].read(data, name)
        ]

    def _split_chunk(self, chunk: object, key: str) -> Iterator[StreamEvent]:
        """Yield the events of each choice in a chunk, read by the reader of its answer."""
        chunk_fields: Mapping[str, Any] = chunk if isinstance(chunk, Mapping) else {}
        choices = json_fields.rows(chunk, "choices")
        numbers = [_choice_index(choice, position) for position, choice in enumerate(choices)]
        first_choices = [
            choice for number, choice in zip(numbers, choices, strict=True) if number == 0
        ]
        yield from self._first_reader.read_chunk({**chunk_fields, "choices": first_choices}, key)
        for number, choice in zip(numbers, choices, strict=True):
            if number in self._other_readers:
                self._begun_answers.add(number)
                choice = {**choice, "usage": None}
                for event in self._other_readers[number].read_chunk({"choices": [choice]}, key):
                    if not isinstance(event, Started):
                        yield CandidateEvent(number, event)


def _parse_chunk(data: bytes | bytearray, name: str) -> object:
    """Return the decoded chunk, or None for the end, an error or invalid JSON."""
    if data.strip() == DONE or name == "error":
        return None
    try:
        chunk = json_fields.parse(data)
    except ValueError:
        return None
    return None if error_body.is_error(chunk) else chunk


def _choice_index(choice: Mapping[str, Any], position: int) -> int:
    number = choice.get("index")
    return number if isinstance(number, int) else position
