"""Several answers to one question, with scripted answers, and the messages beside an answer."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from desktop_app.cli.answers.several_answers import SeveralAnswers
from desktop_app.cli.streams.terminal import AnswerOutput
from desktop_app.domain.answering.reply import Reply
from desktop_app.domain.answering.stream_events import Notice, TextDelta
from desktop_app.services.answers.answer_run import AnswerRun


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


async def test_an_unexpected_error_stops_the_other_requests() -> None:
    other = _EndlessRun()
    runs = [cast(AnswerRun, other), cast(AnswerRun, _FailingRun())]
    several = SeveralAnswers(runs, as_json=True, from_environment=False)
    with pytest.raises(RuntimeError):
        await several.run()
    assert other.was_stopped


def test_a_message_waits_for_the_end_of_the_answers_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = AnswerOutput(as_json=False)
    reply = cast(Reply, None)
    output.listen(Notice("first"), reply)
    assert capsys.readouterr().err == "repartee: first\n"
    output.listen(TextDelta("done"), reply)
    output.listen(Notice("second"), reply)
    assert capsys.readouterr() == ("done", "")
    output.listen(TextDelta(".\n"), reply)
    assert capsys.readouterr() == (".\n", "repartee: second\n")
