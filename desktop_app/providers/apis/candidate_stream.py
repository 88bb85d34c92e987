"""Several answers to one Chat Completions request, told apart by the index of each choice.

This module does no I/O. Each answer has its own reader. The provider counts the tokens of all
answers together; the usage is reported with the first answer. An answer that the server never began
gets no terminal event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from desktop_app.domain.answering.stream_events import CandidateEvent, Started, StreamEvent
from desktop_app.providers.apis.chat_completions import ChatCompletionsReader
from desktop_app.providers.apis.event_reader import EventReader
from desktop_app.providers.errors import error_body
from desktop_app.providers.http import json_fields


class CandidatesReader(EventReader):
    """Reader of the server-sent events of one completion with `count` choices.

    The events of the first choice are returned unchanged, the others' as CandidateEvent. The
    terminal event of the first choice comes last.
    """

    def __init__(self, provider: str, count: int) -> None:
        super().__init__(provider)
        self._first_reader = ChatCompletionsReader(provider)
        self._other_readers = {
            number: ChatCompletionsReader(provider) for number in range(1, count)
        }
        self._begun_answers: set[int] = set()

    @property
    def has_all_answers(self) -> bool:
        """Return True if every requested answer has begun."""
        return len(self._begun_answers) == len(self._other_readers)

    def _read_event(self, event: object, name: str) -> Iterable[StreamEvent]:
        if name == "error" or error_body.is_error(event):
            self.is_finished = True
            return self._in_all(lambda reader: list(reader._read_event(event, name)))
        return self._split_chunk(event, "delta")

    def read_whole(self, reply: object) -> list[StreamEvent]:
        """Return the events of a reply that came as one JSON value."""
        if not json_fields.rows(reply, "choices"):
            return self._first_reader.read_whole(reply)
        return [*self._split_chunk(reply, "message"), *self._end(has_done_mark=True)]

    def _end(self, *, has_done_mark: bool) -> list[StreamEvent]:
        """End each answer, as its reader decides."""
        self.is_finished = True
        return self._in_all(lambda reader: reader._end(has_done_mark=has_done_mark))

    def _skip(self, data: bytes) -> None:
        self._first_reader._skip(data)

    def _finish(self, terminal: StreamEvent) -> list[StreamEvent]:
        self.is_finished = True
        return self._in_all(lambda reader: reader._finish(terminal))

    def _in_all(
        self, read: Callable[[ChatCompletionsReader], list[StreamEvent]]
    ) -> list[StreamEvent]:
        """Return the events that `read` finds in each answer that has begun."""
        other_events = [
            CandidateEvent(number, event)
            for number in sorted(self._begun_answers)
            for event in read(self._other_readers[number])
        ]
        return [*other_events, *read(self._first_reader)]

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


def _choice_index(choice: Mapping[str, Any], position: int) -> int:
    number = choice.get("index")
    return number if isinstance(number, int) else position
