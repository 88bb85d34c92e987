"""The provider, the model and the settings that a command's options choose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.backend.backend import Backend
from desktop_app.chat.command import chosen_model
from desktop_app.chat.command.answer_parameters import (
    MAX_INSTRUCTIONS_BYTES,
    apply_preset,
    settings_of,
)
from desktop_app.chat.command.chosen_model import (
    answering_profile,
    choice_of,
    fetch_listing_if_stale,
    fetch_window_if_uncertain,
    find_profile,
)
from desktop_app.chat.send_context import AskSettings
from desktop_app.cli.command_line import Options
from desktop_app.domain.answering.chat_request import FAMILY_MODEL, ProviderKind, ProviderProfile
from desktop_app.domain.answering.generation import Overrides
from desktop_app.domain.conversations.conversation import ModelChoice
from desktop_app.domain.errors import IllegalChoiceError, NetworkError
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.prompt import Prompt
from desktop_app.prompts.services import prompts
from desktop_app.providers.models.choice_resolution import ON_DEVICE_MODEL
from desktop_app.settings.values import with_defaults
from tests.helpers.closed_port import closed_port
from tests.helpers.linux_only import linux_only
from tests.helpers.started_backend import started_backend
from tests.unit.providers.loopback import LoopbackServer
from tests.unit.providers.samples import COMPATIBLE

FAMILY_SERVER = replace(COMPATIBLE, id="gateway", name="Gateway", models=(FAMILY_MODEL,))
LOW = Effort.LOW
NAMES = ("provider", "model", "variant", "effort", "preset", "instructions", "system")
PARAMETERS = ("temperature", "top_p", "max_tokens", "stop", "verbosity", "n", "seed")


def options(**given: Any) -> Options:
    return Options(
        **dict.fromkeys((*NAMES, *PARAMETERS)) | {"has_preset_effort": False, "stop": []} | given
    )


@asynccontextmanager
async def opened_backend(
    *profiles: ProviderProfile, environment: dict[str, str] | None = None
) -> AsyncIterator[Backend]:
    async with started_backend(environment) as backend:
        for profile in profiles:
            await backend.settings.save_profile(profile)
        yield backend


@asynccontextmanager
async def served(
    *scripts: Any, models: tuple[str, ...] = (), **changes: Any
) -> AsyncIterator[tuple[Backend, LoopbackServer, ProviderProfile]]:
    """Yield a backend, a server that the user has added to it, and the server's profile."""
    async with LoopbackServer(*scripts, models=models) as server:
        profile = replace(COMPATIBLE, base_url=server.base_url, **changes)
        async with opened_backend(profile) as backend:
            yield backend, server, profile


async def test_a_provider_has_several_names() -> None:
    ids = {
        "openai": "openai",
        "OpenAI": "openai",
        "ON_DEVICE": "on-device",
        "on this computer": "on-device",
        "my server": "home",
        "compatible": "home",
        None: "on-device",
    }
    async with opened_backend(COMPATIBLE) as backend:
        assert {name: (await find_profile(backend, name)).id for name in ids} == ids


@pytest.mark.parametrize(
    ("given", "specs", "is_listed"),
    [
        ({}, [], True),
        ({"model": "a"}, [], False),
        ({}, [{"model": "a"}, {}], True),
        ({}, [{"model": "a"}, {"model": "b"}], False),
        ({"variant": "pro"}, [], True),
    ],
)
async def test_the_servers_models_are_fetched_unless_each_answer_names_a_model(
    given: dict[str, str], specs: list[dict[str, str]], is_listed: bool
) -> None:
    async with served(models=("a", "b")) as (backend, server, profile):
        asked = [options(**spec) for spec in specs]
        found = await answering_profile(backend, options(provider="home", **given), asked)
        assert found == profile
        assert len(server.listed) == is_listed
        assert (backend.listings.known_listing(profile) is not None) is is_listed


async def test_a_list_that_does_not_come_is_named_as_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chosen_model, "_NEEDED_LISTING_TIMEOUT_S", 0)
    async with served(models=("a", "b")) as (backend, _, _):
        with pytest.raises(NetworkError) as caught:
            await answering_profile(backend, options(provider="home"))
    assert "list its models in time" in caught.value.what_happened


async def test_a_known_list_of_models_is_not_fetched_again() -> None:
    async with served(models=("a",)) as (backend, server, profile):
        for _ in range(2):
            await fetch_listing_if_stale(backend, profile)
        known = replace(profile, models=("a",))
        await backend.settings.save_profile(known)
        assert await answering_profile(backend, options(provider="home")) == known
        assert (await answering_profile(backend, options(provider="openai"))).id == "openai"
        assert len(server.listed) == 1


async def test_an_unreachable_server_is_an_error() -> None:
    with closed_port() as port:
        profile = replace(COMPATIBLE, base_url=f"http://127.0.0.1:{port}/v1")
        async with opened_backend(profile) as backend:
            with pytest.raises(NetworkError):
                await answering_profile(backend, options(provider="home"))


@pytest.mark.parametrize(
    ("kind", "model", "variant", "is_listed"),
    [
        (ProviderKind.COMPATIBLE, "llama", None, True),
        (ProviderKind.COMPATIBLE, "gpt-5-mini", None, True),
        (ProviderKind.COMPATIBLE, "", Variant.PRO, False),
        (ProviderKind.COMPATIBLE, "gpt-5.2", None, False),
        (ProviderKind.OPENAI, "gpt-5-mini", None, False),
        (ProviderKind.OPENAI, "llama", None, True),
        (ProviderKind.ON_DEVICE, "llama", None, False),
    ],
)
async def test_the_list_of_models_is_fetched_if_it_may_tell_the_context_window(
    kind: ProviderKind, model: str, variant: Variant | None, is_listed: bool
) -> None:
    async with served(models=("llama",)) as (backend, server, profile):
        own = replace(profile, kind=kind)
        await fetch_window_if_uncertain(backend, own, ModelChoice(profile.id, model, variant))
        assert len(server.listed) == is_listed


CHOICES: list[tuple[str, dict[str, str], ModelChoice]] = [
    ("openai", {}, ModelChoice("openai", "", Variant.THINKING, Effort.MEDIUM)),
    ("openai", {"variant": "pro"}, ModelChoice("openai", "", Variant.PRO, Effort.MEDIUM)),
    ("openai", {"effort": "high"}, ModelChoice("openai", "", Variant.THINKING, Effort.HIGH)),
    ("openai", {"model": "gpt-4o"}, ModelChoice("openai", "gpt-4o")),
    ("openai", {"model": "o-1", "effort": "low"}, ModelChoice("openai", "o-1", None, LOW)),
    ("gateway", {"variant": "instant"}, ModelChoice("gateway", "", Variant.INSTANT, Effort.MEDIUM)),
    (
        "on-device",
        {"model": "/x/a.GGUF"},
        ModelChoice("on-device", str(Path("/x/a.GGUF").absolute())),
    ),
    ("on-device", {"model": ON_DEVICE_MODEL}, ModelChoice("on-device", ON_DEVICE_MODEL)),
]


@linux_only("arguments that are no UTF-8")
async def test_a_model_is_named_in_unicode() -> None:
    async with opened_backend() as backend:
        profile = await find_profile(backend, "openai")
        chosen = await choice_of(backend, profile, options(model="o\udce9"))
        assert chosen == ModelChoice("openai", "o\ufffd")


async def test_the_options_choose_a_model() -> None:
    async with opened_backend(FAMILY_SERVER) as backend:
        for provider, given, choice in CHOICES:
            profile = await find_profile(backend, provider)
            assert await choice_of(backend, profile, options(**given)) == choice


PRESETS = [
    Prompt(f"p{number}", title, position=number, **{"overrides": Overrides(), **fields})
    for number, (title, fields) in enumerate(
        (
            ("Fast", {"provider_id": "openai", "variant": Variant.INSTANT, "effort": LOW}),
            ("Exact", {"model": "gpt-4o", "effort": Effort.HIGH}),
            ("Style", {"overrides": Overrides("Be brief.").with_parameter("candidates", 3)}),
            ("Own", {"provider_id": "home", "model": "llama"}),
            (
                "Family at home",
                {"provider_id": "home", "variant": Variant.PRO, "effort": Effort.HIGH},
            ),
        ),
        1,
    )
]


async def test_a_preset_fills_in_missing_options() -> None:
    cases: list[tuple[dict[str, str], int, tuple[str | None, ...]]] = [
        ({"preset": "FAST"}, 0, ("openai", None, "instant", "low")),
        # The request gets the nearest effort that the variant supports.
        ({"preset": "P1", "variant": "pro"}, 0, ("openai", None, "pro", "low")),
        (
            {"preset": "p1", "variant": "pro", "effort": "xhigh"},
            0,
            ("openai", None, "pro", "xhigh"),
        ),
        ({"preset": "p1", "effort": "high"}, 0, ("openai", None, "instant", "high")),
        ({"preset": "p1", "model": "gpt-4o"}, 0, ("openai", "gpt-4o", None, None)),
        ({"preset": "p1", "provider": "home"}, 0, ("home", None, None, None)),
        ({"preset": "p2"}, 1, (None, "gpt-4o", None, "high")),
        ({"preset": "p2", "effort": "low"}, 1, (None, "gpt-4o", None, "low")),
        ({"preset": "style"}, 2, (None, None, None, None)),
        ({"preset": "p4"}, 3, ("home", "llama", None, None)),
        ({"preset": "p5"}, 4, ("home", None, None, None)),
        ({"preset": "p5", "variant": "pro"}, 4, ("home", None, "pro", None)),
    ]
    async with served(models=("llama",)) as (backend, _, _):
        await backend.of(prompts).save(PRESETS)
        assert await apply_preset(backend, options()) is None
        for given, number, expected in cases:
            asked = options(**given)
            found = await apply_preset(backend, asked)
            assert found is not None
            assert found.id == PRESETS[number].id
            assert (asked.provider, asked.model, asked.variant, asked.effort) == expected, given
            is_from_preset = "effort" not in given and asked.effort is not None
            assert asked.has_preset_effort is is_from_preset, given
        with pytest.raises(IllegalChoiceError) as refused:
            await apply_preset(backend, options(preset="none"))
        assert "There is no preset" in refused.value.message
        assert "Fast, Exact, Style, Own" in str(refused.value.params["known"])


async def test_options_come_before_the_preset_and_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "instructions.txt"
    file.write_bytes(b"\xef\xbb\xbf" + "Réponds.".encode())
    values = with_defaults({"answer.system_prompt": "Mine.", "answer.temperature": 0.5})

    def found(preset: Prompt | None = None, **given: Any) -> AskSettings:
        return settings_of(values, options(**given), preset)

    usual = found()
    assert usual.instructions == "Mine."
    # A command gives one answer, unless an option or the preset asks for more.
    assert (usual.parameters.temperature, usual.parameters.candidates) == (0.5, 1)
    assert usual.requested == frozenset()
    styled = found(PRESETS[2])
    assert (styled.instructions, styled.parameters.candidates) == ("Be brief.", 3)
    assert styled.requested == {"candidates"}
    assert found(PRESETS[2], n=2).parameters.candidates == 2
    assert found(PRESETS[2], instructions="").instructions == ""
    assert found(system=str(file), instructions="no").instructions == "Réponds."
    given = found(max_tokens=9, stop=["a", "b", "c", "d"], verbosity="low", seed=7, top_p=0.5)
    assert given.parameters == replace(
        usual.parameters,
        max_output_tokens=9,
        stop=("a", "b", "c", "d"),
        verbosity="low",
        seed=7,
        top_p=0.5,
    )
    assert given.requested == {"max_output_tokens", "stop", "verbosity", "seed", "top_p"}
    with pytest.raises(IllegalChoiceError) as refused:
        found(stop=["a"] * 5)
    assert "stop sequences are supported" in refused.value.message


@pytest.mark.parametrize("content", [None, b"\xff", b"a" * (MAX_INSTRUCTIONS_BYTES + 1)])
def test_an_unusable_file_of_instructions_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "system.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(IllegalChoiceError) as refused:
        settings_of({}, options(system=str(file)), None)
    assert "Can’t read the instructions in" in refused.value.message
    assert refused.value.params == {"file": str(file)}
