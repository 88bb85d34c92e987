"""Facts about a server that its replies show, as the settings store them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.models.model_catalog import Api
from desktop_app.domain.models.model_facts import ServerKind
from desktop_app.providers.server_memory import ServerMemory
from tests.unit.providers.samples import CATALOG, COMPATIBLE, OPENAI

ON_DEVICE = replace(COMPATIBLE, kind=ProviderKind.ON_DEVICE)


def days_ago(days: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


def memory_of(profile: ProviderProfile, settings: dict[str, Any]) -> ServerMemory:
    """Return a memory that writes to `settings`."""
    return ServerMemory(profile, settings, settings.__setitem__)


def test_facts_learned_in_one_run_are_known_in_the_next() -> None:
    settings: dict[str, Any] = {"other": 1}
    first = memory_of(COMPATIBLE, settings)
    assert (first.api, first.kind, first.refused) == (None, None, {})
    first.record_api(Api.CHAT_COMPLETIONS)
    first.record_kind(ServerKind.VLLM)
    first.add_refusals("a model", frozenset({"top_p", "seed"}))
    again = memory_of(COMPATIBLE, settings)
    assert (again.api, again.kind) == (Api.CHAT_COMPLETIONS, ServerKind.VLLM)
    assert again.refused == {"a model": {"top_p", "seed"}}
    at = "http://127.0.0.1:1/v1"
    assert settings == {
        "other": 1,
        f"learnt.api.home.{at}": "chat_completions",
        f"learnt.server.home.{at}": "vllm",
        f"learnt.refusals.home {at} a model": {"refused": ["seed", "top_p"], "on": days_ago(0)},
    }
    for other in (replace(COMPATIBLE, id="x"), replace(COMPATIBLE, base_url="http://x")):
        there = memory_of(other, settings)
        assert (there.api, there.kind, there.refused) == (None, None, {})


def test_refusals_are_known_for_thirty_days() -> None:
    key = "learnt.refusals.home http://127.0.0.1:1/v1 "
    ages = (29, 30, 31)
    settings = {key + str(age): {"refused": ["seed"], "on": days_ago(age)} for age in ages}
    assert memory_of(COMPATIBLE, settings).refused == {"29": {"seed"}, "30": {"seed"}}


@pytest.mark.parametrize(
    ("profile", "facts"),
    [(COMPATIBLE, {"server", "refusals", "window"}), (OPENAI, {"refusals"}), (ON_DEVICE, set())],
)
def test_only_lasting_facts_are_stored(profile: ProviderProfile, facts: set[str]) -> None:
    settings: dict[str, Any] = {}
    memory = memory_of(profile, settings)
    memory.record_kind(ServerKind.VLLM)
    memory.add_refusals("m", frozenset({"seed"}))
    memory.record_window("m", 2048)
    assert {key.split(".")[1] for key in settings} == facts


def test_behind_litellm_only_models_with_responses_are_asked_by_them() -> None:
    settings: dict[str, Any] = {}
    memory_of(COMPATIBLE, settings).record_kind(ServerKind.LITELLM)
    memory = memory_of(COMPATIBLE, settings)
    assert memory.first_api(CATALOG.info("some-model")) is Api.CHAT_COMPLETIONS
    assert memory.first_api(CATALOG.info("gpt-5.2")) is Api.RESPONSES
    assert memory_of(COMPATIBLE, {}).first_api(CATALOG.info("some-model")) is Api.RESPONSES
