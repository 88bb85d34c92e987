"""A server of the user's own: the model it proposes, and the window when it stops."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent

from desktop_app.app.provider_list import Providers
from desktop_app.app.window_request import HiddenRequest
from desktop_app.budget.ledger import from_nanos
from desktop_app.chat.ui.answer_actions import AnswerActions
from desktop_app.chat.ui.choice_controller import ChoiceController
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.quick.ui.quick_prompt_controller import QuickPromptController
from tests.end2end.prepared_server import Prepared, PreparedServer
from tests.gui.app.app_harness import AppHarness, until
from tests.helpers.closed_port import closed_port
from tests.helpers.family import FAMILY_ENVIRONMENT
from tests.integration.cli.replies import CHAT, refusal, whole_of_the_asked
from tests.unit.providers.loopback import LoopbackServer, replies

if TYPE_CHECKING:
    import pytest

OWN = ("nomic-embed-text", "qwen3-8b", "gemma3")
ANSWERS = {
    "story": Prepared("Once upon a time there was a lighthouse. " * 20, stops_after=60),
    "cut": Prepared("This far and no further, they said.", cut_after=24),
    "blue": Prepared("Because of **Rayleigh** scattering.", reasoning="**Weighing colors**"),
}
PRICED = {
    "data": [
        {
            "id": "vendor/small",
            "pricing": {"prompt": "0.000002", "completion": "0.00001"},
            "context_length": 32_000,
        }
    ]
}
REFUSED = refusal(404, "x")


def chosen_model(app: AppHarness) -> str:
    """Return the model in the choice row."""
    return app.window.prompt.row.choice.short_name


def move_mouse(app: AppHarness) -> None:
    """Move the mouse over the window, its first use, from which on the server's list is read."""
    handle = app.window.windowHandle()
    assert handle is not None
    at, none = QPointF(300, 300), Qt.MouseButton.NoButton
    kind, held = QEvent.Type.MouseMove, Qt.KeyboardModifier.NoModifier
    QCoreApplication.sendEvent(handle, QMouseEvent(kind, at, at, none, none, held))


def variants(app: AppHarness) -> list[Variant]:
    """Return the variants in the menu."""
    return [e.variant for e in app.window.prompt.row.choice.models if e.variant]


def environment(base_url: str, **more: str) -> dict[str, str]:
    return {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "not-a-key", **more}


async def test_the_first_start_proposes_the_first_chat_model() -> None:
    async with (
        LoopbackServer(REFUSED, CHAT, models=OWN) as server,
        AppHarness(has_real_providers=True, environment=environment(server.base_url)) as app,
    ):
        await until(lambda: chosen_model(app) == "qwen3-8b")
        choice = app.window.prompt.row.choice
        assert (choice.offers_variants, choice.display_effort, variants(app)) == (False, None, [])
        app.type("Why?")
        await until(lambda: "tokens" in app.estimate_tooltip)
        assert "$" not in app.estimate
        app.enter()
        await until(lambda: bool(server.requests))
        await app.settled()
        assert {r.json["model"] for r in server.requests} == {"qwen3-8b"}


async def test_a_hidden_program_reads_the_list_for_a_question_that_waits_for_it() -> None:
    async with (
        LoopbackServer(REFUSED, CHAT, models=OWN) as server,
        AppHarness(
            has_real_providers=True,
            environment=environment(server.base_url),
            request=HiddenRequest(stays=True),
        ) as app,
    ):
        await app.written()
        assert server.listed == []
        app.session.of(QuickPromptController).open_with("")
        quick = app.session.of(QuickPromptController).window
        await until(lambda: server.listed)  # which also opens the connection
        quick.prompt.submit_requested.emit("Why?")
        await until(lambda: any(r.method == "POST" for r in server.requests))
        await app.settled()
        assert {r.json["model"] for r in server.requests if r.method == "POST"} == {"qwen3-8b"}
        assert quick.prompt.row.model_button.choice.short_name == "qwen3-8b"
        await until(lambda: chosen_model(app) == "qwen3-8b")  # the window has the same list


async def test_the_variants_are_those_that_the_server_lists() -> None:
    async with (
        LoopbackServer(REFUSED, CHAT, models=("gpt-4o", "gpt-5.2")) as server,
        AppHarness(has_real_providers=True, environment=environment(server.base_url)) as app,
    ):
        move_mouse(app)
        await until(lambda: variants(app) == [Variant.THINKING])
        choice = app.window.prompt.row.choice
        assert (choice.variant, choice.offers_variants) == (Variant.THINKING, False)
        assert (choice.short_name, Effort.MINIMAL in choice.listed_efforts) == ("Thinking", False)
        app.controllers.of(ChoiceController).choose_variant(Variant.PRO)
        assert app.state.setup.choice.variant is Variant.THINKING


async def test_without_a_list_the_window_asks_for_a_model() -> None:
    async with (
        LoopbackServer(REFUSED) as server,
        AppHarness(has_real_providers=True, environment=environment(server.base_url)) as app,
    ):
        app.type("Why?")
        app.enter()
        await until(lambda: "has no default model" in app.said)
        assert "set OPENAI_MODEL" in app.said
        assert [r.method for r in server.requests if r.method == "POST"] == []
        await until(lambda: chosen_model(app) == "No model")


async def test_the_price_that_the_server_lists_is_estimated_and_paid() -> None:
    async with (
        LoopbackServer(replies(200, PRICED), whole_of_the_asked) as server,
        AppHarness(has_real_providers=True, environment=environment(server.base_url)) as app,
    ):
        move_mouse(app)
        await until(lambda: chosen_model(app) == "vendor/small")
        app.type("Why? " * 50)
        await until(lambda: "$" in app.estimate)
        app.enter()
        await until(lambda: len(server.requests) > 1)
        await app.settled()
        [(model, tokens_in, tokens_out, cost)] = app.stored(
            "SELECT model, input_tokens, output_tokens, cost FROM ledger"
        )
        assert model == "vendor/small"
        assert from_nanos(cost) == (2 * Decimal(tokens_in) + 10 * Decimal(tokens_out)) / 10**6


async def test_a_stopped_server_is_used_once_it_runs_again() -> None:
    with closed_port() as port:
        there = environment(f"http://127.0.0.1:{port}/v1", **FAMILY_ENVIRONMENT)
        async with AppHarness(has_real_providers=True, environment=there) as app:
            app.type("Why is the sky blue?")
            app.enter()
            await until(lambda: f"Nothing is listening at 127.0.0.1:{port}" in app.transcript)
            async with PreparedServer(ANSWERS, port=port):
                app.controllers.of(AnswerActions).act_on_last("retry")
                await until(lambda: "Rayleigh" in app.transcript)
                await app.settled()


async def test_a_question_that_is_sent_twice_while_a_model_is_looked_for_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refresh, may_refresh = Providers.refresh_listing, asyncio.Event()

    async def refresh_late(*arguments: Any, **options: Any) -> None:
        await may_refresh.wait()
        await refresh(*arguments, **options)

    async with (
        LoopbackServer(CHAT, CHAT, models=OWN) as server,
        AppHarness(
            has_real_providers=True,
            environment=environment(server.base_url),
            request=HiddenRequest(stays=True),
        ) as app,
    ):
        monkeypatch.setattr(Providers, "refresh_listing", refresh_late)
        for _ in range(2):
            app.window.prompt.submit_requested.emit("Why?")
        may_refresh.set()
        await until(lambda: any(r.method == "POST" for r in server.requests))
        await app.settled()
        assert [role for role, _, _ in app.messages()] == ["user", "assistant"]


async def test_answers_over_http() -> None:
    async with (
        PreparedServer(ANSWERS) as server,
        AppHarness(
            has_real_providers=True,
            environment={
                "OPENAI_BASE_URL": server.base_url,
                "OPENAI_API_KEY": "not-a-key",
                **FAMILY_ENVIRONMENT,
            },
        ) as app,
    ):
        app.type("Why is the sky blue?")
        await until(lambda: "tokens" in app.estimate_tooltip)
        app.enter()
        await until(lambda: "Rayleigh" in app.transcript)
        await app.settled()
        assert "Weighing colors" in app.transcript
        assert app.messages()[1][1:] == ("complete", "Because of **Rayleigh** scattering.")
        assert server.bodies[0]["model"] == "gpt-5.2"
        assert server.bodies[0]["reasoning"]["effort"] == "medium"
        await until(lambda: app.window.header.context.text() == "12k of 272k")
        app.window.conversations.new_requested.emit()
        app.type("cut it short")
        app.enter()
        await until(lambda: "Retry" in app.transcript)
        await app.settled()
        assert app.messages()[3][1:] == ("failed", "This far and no further,")
        assert "This far and no further," in app.transcript
        app.window.conversations.new_requested.emit()
        app.type("Tell me a story")
        app.enter()
        await until(lambda: "lighthouse" in app.transcript)
        app.click("stop")
        await app.settled()
        assert app.messages()[5][1] == "cancelled"
        assert app.messages()[5][2].startswith("Once upon a time")
