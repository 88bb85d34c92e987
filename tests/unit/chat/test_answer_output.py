"""The output of one and of several answers, with scripted answers."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import pytest

from desktop_app.chat.answers.answer_run import AnswerRun
from desktop_app.chat.command.answer_output import AnswerOutput
from desktop_app.cli import console
from desktop_app.domain.answering.answer_form import AnswerSchema
from desktop_app.domain.answering.stream_events import Notice, StreamEvent, TextDelta, ToolCallStep
from desktop_app.domain.conversations.conversation import Message, MessageStatus, Role, now
from desktop_app.domain.conversations.message_parts import TextPart, ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState


class _FailingRun:
    async def run(self, *_: object, **_options: object) -> None:
        raise RuntimeError("a defect")


class _EndlessRun:
    was_stopped = False

    async def run(self, *_: object, **_options: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.was_stopped = True


class _ScriptedRun:
    """An answer with these events; `on_event` is called after each of them."""

    def __init__(
        self,
        events: Sequence[StreamEvent] = (),
        on_event: Callable[[], object] = lambda: None,
        *,
        text: str = "",
        status: MessageStatus = MessageStatus.COMPLETE,
        schema: AnswerSchema | None = None,
    ) -> None:
        self._events = events
        self._on_event = on_event
        self.schema = schema
        parts = (TextPart(text),)
        self.answer = Message("a", "c", None, Role.ASSISTANT, status, parts, now())

    async def run(
        self, listen: Callable[[StreamEvent, None], None], *_: object, **_options: object
    ) -> Message:
        for event in self._events:
            listen(event, None)
            self._on_event()
        return self.answer


async def test_an_unexpected_error_stops_the_other_requests() -> None:
    other = _EndlessRun()
    runs = [cast(AnswerRun, other), cast(AnswerRun, _FailingRun())]
    with pytest.raises(RuntimeError):
        await AnswerOutput(as_json=True, is_several=True).run(runs)
    assert other.was_stopped


async def test_a_message_waits_for_the_end_of_the_answers_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)  # a pipe gets whole lines
    written: list[tuple[str, str]] = []
    events = [Notice("first"), TextDelta("done"), Notice("second"), TextDelta(".\n")]
    run = _ScriptedRun(events, lambda: written.append(capsys.readouterr()))
    output = AnswerOutput(as_json=False)
    await output.run([cast(AnswerRun, run)])
    assert written == [
        ("", "repartee: first\n"),
        ("done", ""),
        ("", ""),
        (".\n", "repartee: second\n"),
    ]
    assert output.exit_code == 0
    assert capsys.readouterr() == ("", "")


async def test_the_progress_of_a_tool_is_shown_unless_a_line_is_unfinished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(console, "show_progress", shown.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)  # a pipe gets whole lines
    call = ToolCallPart("c", "notes__search", "{}", state=ToolCallState.RUNNING)
    steps = [ToolCallStep(replace(call, result=text)) for text in ("", "5 % · step 1", "10 %")]
    run = _ScriptedRun([*steps[:2], TextDelta("So"), steps[2]])
    await AnswerOutput(as_json=False).run([cast(AnswerRun, run)])
    assert shown == ["notes/search: 5 % · step 1"]


async def test_a_text_of_a_tool_for_the_user_alone_is_written_to_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call = ToolCallPart("c", "shop__buy", "{}", state=ToolCallState.DONE, for_user="PIN 7")
    run = _ScriptedRun([ToolCallStep(call)])
    await AnswerOutput(as_json=False).run([cast(AnswerRun, run)])
    assert "repartee: PIN 7\n" in capsys.readouterr().err


SCHEMA = AnswerSchema("person", {"type": "object", "required": ["a"]})
COMPLETE, REFUSED, FAILED = MessageStatus.COMPLETE, MessageStatus.REFUSED, MessageStatus.FAILED


@pytest.mark.parametrize(
    ("answers", "code", "problem_count"),
    [
        ([('{"a": 1}', COMPLETE)], 0, 0),
        ([('{"b": 1}', COMPLETE)], 4, 1),
        ([('{"b": 1}', FAILED)], 1, 0),
        ([("", REFUSED)], 3, 0),
        ([('{"a": 1}', COMPLETE), ('{"b": 1}', COMPLETE)], 4, 1),
        ([('{"a": 1}', COMPLETE), ("", REFUSED)], 3, 0),
        ([("", FAILED), ("", REFUSED)], 1, 0),
    ],
)
async def test_complete_answers_are_checked_against_the_schema(
    answers: list[tuple[str, MessageStatus]],
    code: int,
    problem_count: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [_ScriptedRun(text=text, status=status, schema=SCHEMA) for text, status in answers]
    output = AnswerOutput(as_json=True)
    await output.run([cast(AnswerRun, run) for run in runs])
    output.close(runs[0].answer, conversation_id=None)
    assert output.exit_code == code
    fields = json.loads(capsys.readouterr().out)
    each = fields["answers"] if len(answers) > 1 else [fields]
    assert [answer["answer"] for answer in each] == [text for text, _ in answers]
    assert sum(len(answer["schema_problems"]) for answer in each) == problem_count


async def test_problems_of_several_answers_are_written_below_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [_ScriptedRun([TextDelta("{}")], text="{}", schema=SCHEMA) for _ in range(2)]
    output = AnswerOutput(as_json=False)
    await output.run([cast(AnswerRun, run) for run in runs])
    written = capsys.readouterr()
    assert written.out == "==  ==\n{}\n\n==  ==\n{}\n"
    assert written.err.count("The response doesn’t match the schema.") == 2
