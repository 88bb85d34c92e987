"""Notices for parameters that are not sent."""

from __future__ import annotations

from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.models.model_catalog import Api, Effort
from desktop_app.domain.models.parameter_notices import api_notices, model_notices
from tests.unit.providers.samples import CATALOG, OPENAI


def test_a_parameter_that_the_model_takes_nowhere_is_named_once() -> None:
    asked = GenerationParameters(stop=("END",), seed=7)
    about = (OPENAI, CATALOG.info("gpt-5.2"), Effort.LOW)
    requested = {"stop", "seed"}
    told = model_notices(asked, asked, requested, *about)
    told += api_notices(asked, requested, *about, Api.RESPONSES)
    assert [str(each) for each in told] == [
        "“stop” wasn’t sent. GPT-5.2 Thinking supports it only with effort none.",
        "“seed” wasn’t sent. The Responses API doesn’t support it.",
    ]
