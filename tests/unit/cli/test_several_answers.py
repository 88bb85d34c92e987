"""Several answers to one question, with scripted answers."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from desktop_app.cli.answers.several_answers import SeveralAnswers
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
