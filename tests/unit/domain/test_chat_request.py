"""Requests without refused parameters, and facts about provider profiles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from desktop_app.domain.answering.chat_request import (
    ChatRequest,
    ImageData,
    ProviderKind,
    ProviderProfile,
)
from desktop_app.domain.answering.generation import GenerationParameters
from desktop_app.domain.models.variants import Effort
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.tools.tool import ToolDefinition

FULL = ChatRequest(
    "m",
    (),
    effort=Effort.LOW,
    parameters=GenerationParameters(
        temperature=0.0,
        top_p=0.5,
        max_output_tokens=5,
        verbosity="low",
        reasoning_summary="auto",
        presence_penalty=0.0,
        frequency_penalty=0.0,
        stop=("x",),
    ),
)


@pytest.mark.parametrize(
    ("param", "attribute"),
    [
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("max_output_tokens", "max_output_tokens"),
        ("max_tokens", "max_output_tokens"),
        ("max_completion_tokens", "max_output_tokens"),
        ("text.verbosity", "verbosity"),
        ("verbosity", "verbosity"),
        ("reasoning.summary", "reasoning_summary"),
        ("presence_penalty", "presence_penalty"),
        ("stop", "stop"),
    ],
)
def test_a_refused_setting_alone_is_left_out_once(param: str, attribute: str) -> None:
    lighter = FULL.without_parameter(param)
    assert lighter is not None
    assert getattr(lighter.parameters, attribute) == getattr(GenerationParameters(), attribute)
    assert lighter.effort is Effort.LOW
    assert lighter.without_parameter(param) is None
    others = [name for name in GenerationParameters.__dataclass_fields__ if name != attribute]
    for name in others:
        assert getattr(lighter.parameters, name) == getattr(FULL.parameters, name)


@pytest.mark.parametrize("param", ["effort", "reasoning.effort", "reasoning_effort", "reasoning"])
def test_a_refused_effort_is_left_out_once(param: str) -> None:
    lighter = FULL.without_parameter(param)
    assert lighter is not None
    assert lighter.effort is None
    assert lighter.parameters == FULL.parameters
    assert lighter.without_parameter(param) is None


def test_refused_tools_are_not_sent_either() -> None:
    chosen = replace(FULL.parameters, tools=("clock",))
    tools = (ToolDefinition("clock", "Tells the time."),)
    lighter = replace(FULL, parameters=chosen, tools=tools, tool_choice="auto").without_parameter(
        "tools"
    )
    assert lighter is not None
    assert (lighter.tools, lighter.tool_choice, lighter.parameters.tools) == ((), "", ())


def test_streaming_is_switched_off() -> None:
    lighter = FULL.without_parameter("stream")
    assert lighter is not None
    assert lighter.parameters.stream is False
    assert lighter.without_parameter("stream") is None


@pytest.mark.parametrize(
    "param", ["", "model", "input", "store", "messages[0].content", "n", "__eq__", "a.__hash__"]
)
def test_a_required_field_cannot_be_left_out(param: str) -> None:
    assert FULL.without_parameter(param) is None


@pytest.mark.parametrize("param", ["background", "store"])
def test_a_refused_background_run_is_requested_directly(param: str) -> None:
    lighter = replace(FULL, background=True).without_parameter(param)
    assert lighter == FULL
    assert lighter.without_parameter(param) is None


def test_a_request_without_a_background_run_may_be_stored() -> None:
    assert replace(FULL, store=True).without_parameter("store") is None
    assert FULL.without_parameter("background") is None


def test_a_refused_setting_leaves_the_background_as_it_is() -> None:
    waiting = replace(FULL, background=True)
    lighter = FULL.without_parameter("temperature")
    assert lighter is not None
    assert waiting.without_parameter("temperature") == replace(lighter, background=True)


def test_keys_and_passwords_of_a_provider_have_different_names() -> None:
    fields = (
        CustomField("X-Key", is_secret=True),
        CustomField("X-Team", "red"),
        CustomField("key", is_secret=True, in_query=True),
    )
    profile = ProviderProfile("own", "Own", ProviderKind.COMPATIBLE, custom_fields=fields)
    assert profile.proxy_password_id == "own.proxy"
    assert profile.secret_field_ids == {"own.header.x-key", "own.query.key"}


@pytest.mark.parametrize(
    ("kind", "said", "has_batches"),
    [
        (ProviderKind.OPENAI, None, True),
        (ProviderKind.OPENAI, False, False),
        (ProviderKind.COMETAPI, None, False),
        (ProviderKind.COMPATIBLE, None, False),
        (ProviderKind.COMPATIBLE, True, True),
        (ProviderKind.ON_DEVICE, True, False),
    ],
)
def test_openai_and_servers_that_the_user_marked_offer_batches(
    kind: ProviderKind, said: bool | None, has_batches: bool
) -> None:
    assert ProviderProfile("p", "P", kind, offers_batches=said).has_batches is has_batches


def test_representations_of_images_have_no_bytes() -> None:
    assert "secret" not in repr(ImageData("image/png", b"secret"))


def test_openai_and_cometapi_serve_the_gpt_family() -> None:
    serving = {kind for kind in ProviderKind if ProviderProfile("", "", kind).serves_gpt_family}
    assert serving == {ProviderKind.OPENAI, ProviderKind.COMETAPI}


@pytest.mark.parametrize(("letters", "shown"), [(60, "n" * 60), (61, "n" * 59 + "…")])
def test_long_names_of_providers_are_cut(letters: int, shown: str) -> None:
    profile = ProviderProfile("p", "n" * letters, ProviderKind.COMPATIBLE, "https://host/v1")
    assert profile.short_name == shown
