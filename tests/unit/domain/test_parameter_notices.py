"""Notices for parameters that are not sent."""

from __future__ import annotations

import pytest

from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.parameter_support import api_notices, model_notices
from desktop_app.domain.models.variants import Effort
from tests.unit.providers.samples import CATALOG, OPENAI


@pytest.mark.parametrize(
    ("api", "said"),
    [
        (Api.RESPONSES, ["stop", "The Responses API doesn’t support it."]),
        (Api.CHAT_COMPLETIONS, ["stop", "GPT-5.2 Thinking supports it only with effort none."]),
    ],
)
def test_another_effort_is_advised_only_if_the_api_takes_the_parameter(
    api: Api, said: list[str]
) -> None:
    asked, requested = GenerationParameters(stop=("END",)), {"stop"}
    about = (OPENAI, CATALOG.info("gpt-5.2"), Effort.LOW)
    told = model_notices(asked, asked, requested, *about)
    told += api_notices(asked, requested, *about, api)
    assert [str(each) for each in told] == [f"“{said[0]}” wasn’t sent. {said[1]}"]


def test_a_parameter_that_the_model_takes_nowhere_is_named_once() -> None:
    asked = GenerationParameters(temperature=0.5, seed=7)
    about = (OPENAI, CATALOG.info("gpt-5.2"), Effort.LOW)
    requested = {"temperature", "seed"}
    told = model_notices(asked, asked, requested, *about)
    told += api_notices(asked, requested, *about, Api.RESPONSES)
    assert [str(each) for each in told] == [
        "“temperature” wasn’t sent. GPT-5.2 Thinking supports it only with effort none.",
        "“seed” wasn’t sent. The Responses API doesn’t support it.",
    ]


@pytest.mark.parametrize(("sent", "count"), [(499, 1), (500, 0)])
def test_a_limit_is_named_only_if_it_was_lowered(sent: int, count: int) -> None:
    asked = GenerationParameters(max_output_tokens=500)
    about = (OPENAI, CATALOG.info("gpt-5.2"), Effort.LOW)
    lowered = GenerationParameters(max_output_tokens=sent)
    assert len(model_notices(asked, lowered, {"max_output_tokens"}, *about)) == count
