"""The choice of API, and the parameters that a model supports there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.models.model_catalog import Api, ModelInfo
from desktop_app.domain.models.model_facts import ModelFacts
from desktop_app.domain.models.parameter_support import (
    CHAT_ONLY,
    ParameterNote,
    ParameterRefusal,
    first_api,
    is_of_family,
    output_limit_name,
    parameter_notes,
    parameter_refusals,
    sendable_effort,
    sendable_parameters,
    without_refused,
)
from desktop_app.domain.models.variants import Effort
from tests.unit.providers.samples import CATALOG, COMETAPI, COMPATIBLE, OPENAI

ON_DEVICE = ProviderProfile("on-device", "This computer", ProviderKind.ON_DEVICE, needs_key=False)
THINKING = CATALOG.info("gpt-5.2")
UNKNOWN = ModelInfo("m", "m")


@pytest.mark.parametrize(
    ("profile", "info", "known", "lacks", "api"),
    [
        (OPENAI, THINKING, None, False, Api.RESPONSES),
        (replace(OPENAI, api=Api.CHAT_COMPLETIONS), THINKING, None, False, Api.CHAT_COMPLETIONS),
        (COMETAPI, THINKING, None, True, Api.CHAT_COMPLETIONS),
        (COMPATIBLE, UNKNOWN, None, False, None),
        (COMPATIBLE, UNKNOWN, Api.CHAT_COMPLETIONS, False, Api.CHAT_COMPLETIONS),
        (COMPATIBLE, CATALOG.info("gpt-5.2-pro"), Api.CHAT_COMPLETIONS, False, Api.RESPONSES),
        (ON_DEVICE, UNKNOWN, None, False, Api.CHAT_COMPLETIONS),
    ],
)
def test_each_model_has_an_api_to_use_first(
    profile: ProviderProfile, info: ModelInfo, known: Api | None, lacks: bool, api: Api | None
) -> None:
    assert first_api(profile, info, known, lacks_responses=lacks) is api
    if not lacks:
        assert first_api(profile, info, known) is api


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("gpt-5.2", Effort.HIGH, Effort.HIGH),
        ("gpt-5.2", None, None),
        ("gpt-5.2-pro", Effort.LOW, None),
        ("new", Effort.LOW, Effort.LOW),
    ],
)
def test_only_a_supported_effort_is_sent(
    model: str, effort: Effort | None, sent: Effort | None
) -> None:
    assert sendable_effort(CATALOG.info(model), effort) is sent


@pytest.mark.parametrize(
    ("api", "limit", "sent"),
    [
        (Api.RESPONSES, 15, 16),
        (Api.RESPONSES, 16, 16),
        (Api.RESPONSES, 17, 17),
        (Api.RESPONSES, None, None),
        (Api.CHAT_COMPLETIONS, 1, 1),
    ],
)
def test_the_responses_api_gets_at_least_its_smallest_limit(
    api: Api, limit: int | None, sent: int | None
) -> None:
    asked = GenerationParameters(max_output_tokens=limit)
    assert sendable_parameters(asked, OPENAI, THINKING, None, api).max_output_tokens == sent


def test_only_chat_completions_has_penalties_and_stop() -> None:
    none = Effort.NONE
    why = parameter_refusals(OPENAI, THINKING, none, Api.RESPONSES)
    assert set(why) == set(CHAT_ONLY)
    assert why["stop"] is ParameterRefusal.NOT_IN_RESPONSES
    in_chat = parameter_refusals(OPENAI, THINKING, none, Api.CHAT_COMPLETIONS)
    assert set(in_chat) == {"reasoning_summary"}
    assert not parameter_refusals(COMPATIBLE, UNKNOWN, None, None)
    assert parameter_notes(None)["stop"] is ParameterNote.CHAT_COMPLETIONS_ONLY
    assert parameter_notes(None)["reasoning_summary"] is ParameterNote.RESPONSES_ONLY
    assert not parameter_notes(Api.RESPONSES)


def test_a_model_that_thinks_takes_no_sampling_in_either_api() -> None:
    for api in (None, *Api):
        why = parameter_refusals(OPENAI, THINKING, Effort.HIGH, api)
        assert {"temperature", "top_p", "stop"} <= set(why)
    needs = parameter_refusals(OPENAI, THINKING, Effort.HIGH, None)["stop"]
    assert needs is ParameterRefusal.NEEDS_EFFORT
    pro = CATALOG.info("gpt-5.2-pro")
    never = parameter_refusals(OPENAI, pro, Effort.HIGH, None)["temperature"]
    assert never is ParameterRefusal.NOT_SUPPORTED


def test_the_local_model_refuses_what_it_does_not_support() -> None:
    why = parameter_refusals(
        ON_DEVICE, CATALOG.info("smollm2-135m-instruct"), None, Api.CHAT_COMPLETIONS
    )
    assert set(why) == {"verbosity", "reasoning_summary", "service_tier"}


@pytest.mark.parametrize(
    ("profile", "model", "name", "has_cache_key"),
    [
        (OPENAI, "m", "max_completion_tokens", True),
        (COMPATIBLE, "m", "max_tokens", False),
        (COMPATIBLE, "openai/gpt-5.2-pro", "max_completion_tokens", True),
        (replace(OPENAI, max_tokens_field="most"), "gpt-5.2", "most", True),
    ],
)
def test_a_server_gets_the_fields_that_it_knows(
    profile: ProviderProfile, model: str, name: str, has_cache_key: bool
) -> None:
    assert output_limit_name(profile, model) == name
    assert is_of_family(profile, model) is has_cache_key


def test_entries_of_the_user_about_a_model_replace_earlier_ones() -> None:
    first, second = ModelFacts("m", window=1), ModelFacts("m", tools=False)
    profile = OPENAI.with_own_model(ModelFacts("n", window=2)).with_own_model(first)
    assert profile.own_model("m") == first
    assert profile.own_model("x") == ModelFacts("x")
    assert profile.with_own_model(second).own_model("m") == second
    assert [each.id for each in profile.with_own_model(ModelFacts("m")).own_models] == ["n"]


@pytest.mark.parametrize(
    ("name", "shown"), [(" a\n b ", "a b"), ("n" * 60, "n" * 60), ("n" * 61, "n" * 59 + "…")]
)
def test_a_long_name_of_a_provider_is_shortened(name: str, shown: str) -> None:
    assert replace(OPENAI, name=name).short_name == shown


def test_refused_parameters_are_not_sent() -> None:
    chosen = GenerationParameters(temperature=0.5, stop=("a",), candidates=3, stream=False)
    assert without_refused(chosen, {"stop", "candidates"}) == GenerationParameters(
        temperature=0.5, stream=False
    )
