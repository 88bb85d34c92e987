"""The choice of model: variants, efforts, prices, and the keys that enable providers."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from desktop_app.chat.ui.answer_actions import AnswerActions
from desktop_app.composer.available_models import view_of
from desktop_app.composer.choice import ChoiceView
from desktop_app.domain.answering.chat_request import ProviderKind, ProviderProfile
from desktop_app.domain.errors import AuthenticationError
from desktop_app.domain.models.model_catalog import ModelCatalog, ModelInfo
from desktop_app.domain.models.model_entry import ModelEntry
from desktop_app.domain.models.variants import Effort, Variant
from desktop_app.domain.network.custom_fields import CustomField
from desktop_app.domain.network.origin import origin
from desktop_app.providers.gateway.environment_profiles import COMETAPI, OPENAI
from desktop_app.providers.models.choice_resolution import ProviderModels, ResolvedChoice
from desktop_app.providers.ui.key_section import KeySection
from desktop_app.providers.ui.providers_controller import ProvidersController
from desktop_app.settings.ui.responses_tab import CONVERSATION
from tests.gui.app.app_harness import AppHarness, until
from tests.gui.app.settings_pages import (
    answer_field,
    answer_note,
    connection_result,
    press_test,
    provider_page,
)
from tests.helpers.secrets import key_for
from tests.helpers.widgets import find

KEYED = {"OPENAI_API_KEY": "not-a-key"}
COMET = {"COMETAPI_KEY": "not-a-key"}
ALT = Qt.KeyboardModifier.AltModifier
SERVER = ProviderProfile(
    "ollama",
    "Ollama",
    ProviderKind.COMPATIBLE,
    "http://127.0.0.1:11434/v1",
    models=("llama3", "qwen"),
    needs_key=False,
)


def row(app: AppHarness) -> ChoiceView:
    """Return the state of the choice row."""
    return app.window.prompt.row.choice


def entry(app: AppHarness, name: str) -> ModelEntry:
    """Return a line of the model menu."""
    return next(e for e in row(app).models if e.name == name)


@pytest.mark.parametrize(
    ("model", "offers", "listed"),
    [
        (ModelInfo("m", "M", efforts=(Effort.LOW, Effort.MAX)), True, "low max"),
        (ModelInfo("m", "M", efforts=(Effort("default"),)), True, "default"),
        (ModelInfo("m", "M", efforts=()), False, ""),
        # Unknown efforts are all offered, if the model is known to reason.
        (ModelInfo("m", "M", reasons=True), True, "none minimal low medium high xhigh max"),
        (ModelInfo("m", "M"), False, "none minimal low medium high xhigh max"),
    ],
)
def test_the_efforts_are_those_of_the_model(model: ModelInfo, offers: bool, listed: str) -> None:
    view = view_of(
        ResolvedChoice(SERVER, model, None, None), (), ProviderModels(SERVER, ModelCatalog([]))
    )
    assert view.offers_effort is offers
    assert [effort.value for effort in view.listed_efforts] == listed.split()
    assert not set(view.effort_refusals) & set(view.listed_efforts)


def key_note(app: AppHarness, profile_id: str) -> str:
    """Return what the panel says about the storage of a key."""
    return provider_page(app, profile_id).findChildren(KeySection)[0].note.text()


# ---------------------------------------------------------------- variant, effort, model


# ---------------------------------------------------------------- costs


async def test_the_estimate_follows_the_typing_and_the_defaults() -> None:
    async with AppHarness(environment=KEYED) as app:
        # The estimate follows the typing.
        app.type("one two three")
        await until(lambda: app.estimate)
        assert app.estimate == "≈ $0.01"  # 1,000 tokens at $14 a million
        assert "Input: ≈ 7 tokens" in app.estimate_tooltip
        app.type(" four")
        await until(lambda: "Input: ≈ 8 tokens" in app.estimate_tooltip)
        turn = await app.ask("")
        turn.end("done")
        await app.settled()
        await until(lambda: app.estimate == "")
        header = app.window.header
        await until(lambda: header.context.text() == "1.1k of 272k")
        await until(lambda: "$0.005" in header.title.toolTip())
        app.type("more")
        # What the provider counted, less its reasoning, and what is new.
        await until(lambda: "Input: ≈ 1,155 tokens" in app.estimate_tooltip)
        app.new_conversation()
        await until(lambda: app.estimate == "")
        await until(lambda: "$" not in header.title.toolTip())
        assert not header.context.isVisible()

        # Defaults apply to an empty conversation at once.
        await app.start_over()
        for key, value, expected in (
            ("default.effort", "low", ("env-openai", Variant.THINKING, Effort.LOW)),
            ("default.variant", "pro", ("env-openai", Variant.PRO, Effort.MEDIUM)),
        ):
            app.window.settings.pages.change(key, value)
            await app.written()
            shown = row(app)
            assert (shown.provider_id, shown.variant, shown.effort) == expected
        await app.ask_and_answer("One", "1")
        app.window.settings.pages.change("default.effort", "high")
        await app.written()
        assert row(app).effort is Effort.MEDIUM


# ---------------------------------------------------------------- keys


async def test_a_key_is_for_the_session_and_used_at_once() -> None:
    async with AppHarness() as app:
        # Without a keyring a key is for the session and that is said.
        app.window.outer_panes.show_settings(True)
        app.state.of(ProvidersController).select_profile(OPENAI.id)
        await app.written()
        assert key_note(app, OPENAI.id).startswith("Saved in your keyring, or kept")
        app.state.tasks.start(app.state.of(ProvidersController).enter_key(OPENAI.id, "not-a-key"))
        await app.written()
        assert key_note(app, OPENAI.id) == "No keyring has taken it, so it isn’t stored."
        app.state.tasks.start(app.state.of(ProvidersController).remove_key(OPENAI.id))
        await app.written()
        assert key_note(app, OPENAI.id).startswith("Saved in your keyring, or kept")
        assert app.setting("default.provider") == ""
        assert row(app).model_name == "SmolLM2 135M"
        dump = app.stored("SELECT group_concat(value) FROM settings")
        assert "not-a-key" not in str(dump)

        # A new key switches an empty conversation.
        await app.start_over()
        app.window.outer_panes.show_settings(True)
        app.state.tasks.start(app.state.of(ProvidersController).enter_key(OPENAI.id, "not-a-key"))
        await app.written()
        assert row(app).variant is Variant.THINKING
        assert row(app).provider_id == OPENAI.id
        use = find(provider_page(app, OPENAI.id), QAbstractButton, "use-for-new")
        assert use.isChecked()
        assert not app.window.empty_state.key_line.isVisible()
        turn = await app.ask("One")
        assert turn.profile.id == OPENAI.id
        turn.end("1")
        await app.settled()

        # A session key is not reported missing at the next start.
        await app.start_over()
        app.state.tasks.start(app.state.of(ProvidersController).enter_key(OPENAI.id, "not-a-key"))
        await app.written()
    async with AppHarness() as app:
        assert row(app).model_name == "SmolLM2 135M"
        assert app.said == ""


async def test_each_conversation_has_its_own_choice() -> None:
    async with AppHarness(environment=COMET) as app:
        # Settings reach the request.
        for key, value in (
            ("answer.system_prompt", "Be brief."),
            ("answer.temperature", 0.5),
            ("answer.verbosity", "low"),
        ):
            app.window.settings.pages.change(key, value)
        await app.written()
        app.window.settings.pages.by_name["answer"].page.show_scope(CONVERSATION)
        assert answer_note(app, "answer.temperature") == (
            "GPT-5.2 Thinking supports this setting only with effort set to None."
        )
        turn = await app.ask("One")
        assert turn.request.instructions == "Be brief."
        assert turn.request.parameters.temperature is None
        assert turn.request.parameters.verbosity == "low"
        turn.end("1")
        await app.settled()
        app.window.prompt.row.model_button.effort_requested.emit(Effort.NONE)
        await until(answer_field(app, "answer.temperature").isEnabled)
        turn = await app.ask("Two")
        assert turn.request.parameters.temperature == 0.5
        turn.end("2")
        await app.settled()

        # One conversation can use another provider.
        await app.start_over()
        await app.backend.settings.save_profile(SERVER)
        await app.state.providers.reload()
        await until(lambda: any(e.name == "qwen" for e in row(app).models))
        names = [e.name for e in row(app).models if e.provider_name == "OpenAI"]
        assert names == []  # there is no key for it
        app.window.prompt.row.model_button.model_requested.emit(entry(app, "qwen"))
        assert row(app).model_name == "qwen"
        assert not row(app).offers_effort
        turn = await app.ask("One")
        assert (turn.request.model, turn.request.effort) == ("qwen", None)
        assert turn.profile.id == "ollama"
        turn.end("1")
        await app.settled()
        app.state.tasks.start(app.state.of(ProvidersController).remove_profile("ollama"))
        await app.written()
        assert row(app).model_name == "Provider removed. Choose another."
        assert app.hint == "Provider removed. Choose another."
        app.press(Qt.Key.Key_3, ALT)  # chooses no provider
        assert row(app).model_name == "Provider removed. Choose another."
        app.type("Two")
        app.enter()
        assert app.hint == "Provider removed. Choose another."
        app.controllers.of(AnswerActions).act_on_last("retry")
        await until(lambda: app.said.startswith("Provider removed. Choose another."))
        assert len(app.providers.turns) == 1
        app.window.prompt.row.model_button.model_requested.emit(entry(app, "GPT-5.2 Thinking"))
        assert not app.said.startswith("Provider removed")
        turn = await app.ask("")
        assert (turn.request.model, turn.profile.name, turn.asked) == (
            "gpt-5.2",
            "CometAPI (environment)",
            "Two",
        )
        turn.end("2")
        await app.settled()

        # Each conversation has its own choice.
        await app.start_over()
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.MEDIUM)
        app.window.prompt.row.model_button.effort_requested.emit(Effort.XHIGH)
        turn = await app.ask("One")
        one = app.open_id
        assert (turn.request.model, turn.request.effort) == ("gpt-5.2", Effort.XHIGH)
        turn.end("1")
        await app.settled()
        assert "Thinking · Extra high" in app.transcript
        app.new_conversation()
        assert row(app).effort is Effort.MEDIUM
        app.press(Qt.Key.Key_3, ALT)
        turn = await app.ask("Two")
        assert (turn.request.model, turn.request.effort) == ("gpt-5.2-pro", Effort.MEDIUM)
        turn.end("2")
        await app.settled()
        await app.open_conversation(one)
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.XHIGH)
    async with AppHarness(environment=COMET) as app:
        assert (row(app).variant, row(app).effort) == (Variant.THINKING, Effort.XHIGH)


@pytest.mark.attack("secrets")
async def test_providers_are_tested_priced_and_have_secret_headers() -> None:
    async with AppHarness() as app:
        # A secret header is stored in the vault and removed with its name.
        vault = app.backend.vault
        field = CustomField("X-Key", is_secret=True)
        app.window.outer_panes.show_settings(True)
        app.state.tasks.start(
            app.state.of(ProvidersController).save_field(OPENAI.id, field, "w0rd-0123456789")
        )
        await app.written()
        [profile] = [p for p in app.state.providers.all if p.id == OPENAI.id]
        assert profile.custom_fields == (field,)
        name, where = profile.custom_field_id(field), origin(OPENAI.base_url)
        assert (await vault.place(name, where)).is_usable
        dump = app.stored("SELECT group_concat(body) FROM profiles")
        assert "X-Key" in str(dump)
        assert "w0rd" not in str(dump)
        app.state.tasks.start(
            app.state.of(ProvidersController).save(replace(profile, custom_fields=()))
        )
        await app.written()
        assert not (await vault.place(name, where)).is_usable

        # The price of a provider counts.
        await app.start_over()
        await app.backend.vault.set(COMETAPI.id, key_for(COMETAPI.base_url, "not-a-key"))
        app.state.tasks.start(
            app.state.of(ProvidersController).save(
                replace(COMETAPI, price_multiplier=Decimal("0.5"))
            )
        )
        app.window.settings.pages.change("default.provider", COMETAPI.id)
        await app.written()
        shown = row(app)
        expected = (COMETAPI.id, Variant.THINKING, Effort.MEDIUM)
        assert (shown.provider_id, shown.variant, shown.effort) == expected
        await app.ask_and_answer("One", "1")
        assert app.state.current.path[-1].cost == Decimal("0.002275")

        # Testing a connection shows the result and stores the models.
        await app.start_over()
        app.providers.models_of = {
            OPENAI.id: AuthenticationError(
                "The key was not accepted.", hint="Check or replace the key in {provider_page}."
            ),
            COMETAPI.id: ("a",) * 38,
            SERVER.id: ("llama3", "gpt-5.2"),
        }
        app.state.tasks.start(app.state.of(ProvidersController).save(replace(SERVER, models=())))
        await app.written()
        await press_test(app, OPENAI.id)
        assert connection_result(app, OPENAI.id) == (
            False,
            "The key was not accepted. Check or replace the key in Settings › Accounts.",
        )
        for id_, count in ((COMETAPI.id, 38), (SERVER.id, 2)):
            await press_test(app, id_)
            is_ok, words = connection_result(app, id_)
            assert is_ok
            assert re.fullmatch(rf"Connected in \d+\.\d s, {count} models found\.", words)
        [stored] = [p for p in await app.backend.settings.profiles() if p.id == SERVER.id]
        assert stored.models == ("llama3", "gpt-5.2")
