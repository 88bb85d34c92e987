"""Several answers to one question, with scripted answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from desktop_app.cli.answers.several_answers import SeveralAnswers
from desktop_app.cli.streams.terminal import answer_fields, answers_fields
from desktop_app.services.answers.answer_run import AnswerRun
from tests.unit.storage.samples import a_conversation, a_question, an_answer


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
    several = SeveralAnswers(
        runs, as_json=True, from_environment=False, find_full_text_file=lambda _: None
    )
    with pytest.raises(RuntimeError):
        await several.run()
    assert other.was_stopped


def test_tiny_costs_have_no_exponent_in_json() -> None:
    answer = replace(
        an_answer(a_question(a_conversation("Costs"), "Why?")), cost=Decimal("0.0000009")
    )
    fields = answer_fields(answer)
    assert fields["cost_usd"] == "0.0000009"
    assert answers_fields([fields], answer.status)["cost_usd"] == "0.0000009"
